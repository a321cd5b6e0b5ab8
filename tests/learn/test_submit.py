"""The file a learner hands in: what is in it, what is refused, and that it can be read again."""

import json

import pytest
import small_course
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ftlib.errors import InputError, SubmissionError
from ftlib.learn.progress import Attempt, Progress
from ftlib.learn.submit import LONGEST_NAME, Refused, clean_name, parse_submission, write_submission

GOOD = {
    "format": "ftlib-submission",
    "version": 1,
    "learner": "ada",
    "written": "2026-03-01T12:00:00Z",
    "answers": [{"question": "02-a", "seed": 0, "answer": "b"}],
}


@pytest.fixture(autouse=True)
def course(tmp_path, monkeypatch, home):
    monkeypatch.setenv("FTLIB_COURSE", str(small_course.write(tmp_path / "course")))
    monkeypatch.chdir(tmp_path)
    for name in ("FTLIB_LEARNER", "JUPYTERHUB_USER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def store():
    return Progress()


def attempt(question, answer="b", verdict="right", context="quiz", seed=0):
    lesson = next(name for name in small_course.LESSONS if name[:2] == question[:2])
    return Attempt(
        question_id=question,
        lesson=lesson,
        concept="c",
        kind="choice",
        answer=answer,
        verdict=verdict,
        score=1.0,
        context=context,
        seed=seed,
    )


def read_or_refused(data):
    """Parse; a refusal must carry its reason, and nothing else may be raised."""
    try:
        return parse_submission(data)
    except Refused as refused:
        reason = refused.reason
    assert reason


def refusal(data) -> Refused:
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    with pytest.raises(Refused) as caught:
        parse_submission(data)
    return caught.value


def test_the_latest_answer_to_each_question_is_written(store):
    store.record(attempt("04-precision-easy", "a", "wrong"))
    store.record(attempt("02-flags-easy", "a", "wrong"))
    store.record(attempt("02-flags-easy", "b"))
    store.record(attempt("02-flags-number", "0.8", seed=7))
    store.record(attempt("02-flags-hard", "zzz", "invalid"))
    store.record(attempt("02-flags-medium", "a", context="strength"))
    path = write_submission(learner="Ada L.", store=store)
    assert path.name == "submission-Ada_L.json"
    whole = json.loads(path.read_text(encoding="utf-8"))
    assert (whole["format"], whole["version"], whole["learner"]) == ("ftlib-submission", 1, "Ada L.")
    assert whole["answers"] == [  # in the order of the banks
        {"question": "02-flags-easy", "seed": 0, "answer": "b"},
        {"question": "02-flags-number", "seed": 7, "answer": "0.8"},
        {"question": "04-precision-easy", "seed": 0, "answer": "a"},
    ]
    assert set(whole["versions"]["banks"]) == {"02_freezing", "04_metrics"}
    assert "score" not in path.read_text(encoding="utf-8")
    found = parse_submission(path.read_bytes())
    assert [(g.question, g.seed) for g in found.answers][1] == ("02-flags-number", 7)


def test_one_lesson_only(store):
    store.record(attempt("04-precision-easy"))
    store.record(attempt("02-flags-easy"))
    path = write_submission(lesson="04", learner="ada", store=store)
    assert path.name == "submission-ada-04_metrics.json"
    assert [g.question for g in parse_submission(path.read_bytes()).answers] == ["04-precision-easy"]
    with pytest.raises(SubmissionError, match="nothing to hand in"):
        write_submission(lesson="05", learner="ada", store=store)


def test_nobody_named(store, monkeypatch):
    store.record(attempt("02-flags-easy"))
    with pytest.raises(SubmissionError, match="--learner"):
        write_submission(store=store)
    write_submission(learner="ada", store=store)
    assert json.loads(write_submission(store=store).read_text())["learner"] == "ada"
    assert Progress().learner == "ada"


def test_a_stranger_s_file_is_not_replaced(store, tmp_path):
    store.record(attempt("02-flags-easy"))
    essay = tmp_path / "essay.json"
    essay.write_text('{"my": "essay"}')
    with pytest.raises(InputError, match="left alone"):
        write_submission(essay, learner="ada", store=store)
    assert essay.read_text() == '{"my": "essay"}'
    mine = tmp_path / "mine.json"
    write_submission(mine, learner="ada", store=store)
    write_submission(mine, learner="ada", store=store)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"format": "other"}, "foreign"),
        ({"version": 2}, "newer"),
        ({"learner": ""}, "malformed"),
        ({"learner": "x" * (LONGEST_NAME + 1)}, "malformed"),
        ({"learner": "a\u202eb"}, "malformed"),
        ({"learner": 7}, "malformed"),
        ({"written": "yesterday"}, "malformed"),
        ({"answers": {"02-a": "b"}}, "malformed"),
        ({"answers": [{"question": "02-a"}]}, "malformed"),
        ({"answers": [{"question": "02-a", "answer": 1, "seed": -1}]}, "malformed"),
        ({"answers": [{"question": "02-a", "answer": 1, "seed": 1.5}]}, "malformed"),
        ({"answers": [{"question": "02-a", "answer": 1}] * 2}, "malformed"),
        ({"answers": [{"question": str(n), "answer": 1} for n in range(5001)]}, "oversized"),
    ],
)
def test_what_is_refused(change, reason):
    assert refusal({**GOOD, **change}).reason == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "truncated"),
        (b"  \n", "truncated"),
        (json.dumps(GOOD).encode()[:-5], "truncated"),
        (b"not json", "malformed"),
        (b"\xff\xfe\x00", "malformed"),
        (b"[1, 2]", "foreign"),
        (b"{}", "foreign"),
        (b'{"cells": [], "nbformat": 4}', "foreign"),
        (b"[" * 100_000, "foreign"),
        (b'{"a":' * 100_000, "malformed"),
        (json.dumps(GOOD).replace('"b"', "[" * 5000 + "]" * 5000).encode(), "malformed"),
    ],
)
def test_what_is_no_submission(data, reason):
    assert refusal(data).reason == reason


def test_a_mark_before_the_text_and_unknown_fields_are_passed_over():
    found = parse_submission(b"\xef\xbb\xbf" + json.dumps({**GOOD, "score": 100, "grade": "A"}).encode())
    assert found.learner == "ada"
    assert not hasattr(found, "score")


def test_an_id_has_one_form():
    assert clean_name("  Zoe\u0308  K ") == "Zoë K"


@given(st.binary(max_size=400))
@example(b'{"format":"ftlib-submission","version":1,"learner":"\\ud800","written":"2026-01-01","answers":[]}')
def test_any_bytes_are_read_or_refused(data):
    read_or_refused(data)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.fixed_dictionaries({}, optional={name: JSON for name in (*GOOD, "versions")}))
@settings(max_examples=60)
def test_any_json_in_any_field_is_read_or_refused(change):
    read_or_refused(json.dumps({**GOOD, **change}).encode("utf-8", "surrogatepass"))
