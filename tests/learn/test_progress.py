"""The progress file: what goes in comes out; a foreign, newer or damaged file is left as it is."""

import csv
import hashlib
import json
import os
import sqlite3
import stat
import sys
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ftlib.errors import InputError, StoreError
from ftlib.learn import store
from ftlib.learn.export import safe_cell
from ftlib.learn.progress import Attempt, Progress, iso, level
from ftlib.learn.records import Run

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def attempt(question="02-a", score=1.0, **more) -> Attempt:
    verdict = {1.0: "right", 0.0: "wrong"}.get(score, "partly right")
    given = dict(
        lesson="02_freezing", concept="batchnorm", kind="choice", answer="b", verdict=verdict, score=score
    )
    return Attempt(question_id=question, **{**given, **more})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "er" / "progress.sqlite3"


@pytest.fixture
def progress(path):
    return Progress(path, clock=lambda: MOMENT)


def fingerprint(folder):
    """Name → hash of every file in a folder: two equal ones mean that nothing was touched."""
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()}


# -- what goes in comes out


def test_default_place_is_the_home_folder(home):
    assert Progress().path == home / "progress.sqlite3"


def test_record_fills_in_id_time_and_learner(progress, monkeypatch):
    monkeypatch.setenv("JUPYTERHUB_USER", "ada")
    saved = progress.record(attempt())
    assert len(saved.id) == 32
    assert (saved.time, saved.learner) == ("2026-03-01T12:30:00.000000Z", "ada")
    assert progress.attempts() == [saved]
    monkeypatch.setenv("FTLIB_LEARNER", "bea")
    assert progress.learner == "bea"
    progress.learner = "cleo"
    assert progress.record(attempt()).learner == "cleo"


@given(answer=JSON, score=st.floats(0, 1), seed=st.integers(0, 2**32), slips=st.lists(st.text(), max_size=3))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_answer_comes_back_as_it_was(progress, answer, score, seed, slips):
    saved = progress.record(attempt(answer=answer, score=score, seed=seed, misconceptions=tuple(slips)))
    assert Progress(progress.path).attempts()[-1] == saved
    assert saved.answer == answer


def test_recording_one_id_twice_saves_it_once(progress):
    first = progress.record(attempt())
    progress.record(first)
    assert progress.attempts() == [first]


def test_filters_and_latest(progress):
    a, b = progress.record(attempt("02-a", 0.0)), progress.record(attempt("02-a", 1.0))
    c = progress.record(attempt("03-c", lesson="03_head", concept="heads", context="review", run="r1"))
    assert progress.latest("02-a") == b
    assert progress.latest("03-c") is None
    assert progress.latest("03-c", context=None) == progress.latest("03-c", "review", run="r1") == c
    assert progress.attempts(lesson="02_freezing") == progress.attempts(concept="batchnorm") == [a, b]
    assert progress.attempts(run="r1") == progress.attempts(context="review", question_id="03-c") == [c]
    assert progress.attempts(since="2026-03-02") == []


def test_unknown_context_and_unsavable_answer_are_refused(progress):
    with pytest.raises(InputError, match="quiz, strength"):
        progress.record(attempt(context="exam"))
    with pytest.raises(InputError, match="cannot save"):
        progress.record(attempt(answer={"x": object()}))
    assert progress.attempts() == []


def test_a_question_is_found_as_it_was_left(progress):
    assert (progress.view("02-a").hints, progress.view("02-a").draft) == (0, None)
    progress.set_view("02-a", hints=2)
    progress.set_view("02-a", steps=True, draft={"tp": "8"})
    progress.set_view("02-a", "review", draft=["b"], seed=7)
    again = Progress(progress.path)
    view = again.view("02-a")
    assert (view.hints, view.steps, view.draft, view.seed) == (2, True, {"tp": "8"}, None)
    assert again.view("02-a", "review").seed == 7
    progress.record(attempt("02-a"))
    assert again.view("02-a").draft is None
    assert again.view("02-a").hints == 2
    assert again.view("02-a", "review").draft == ["b"]


def test_mastery_follows_the_two_latest_attempts_at_each_question(progress):
    assert progress.mastery() == {}
    progress.record(attempt("02-a", 0.0))
    assert progress.mastery()["batchnorm"].level == "weak"
    progress.record(attempt("02-a", 1.0))
    assert progress.mastery()["batchnorm"].score == 0.5  # put right: half until right again
    progress.record(attempt("02-a", 1.0))
    assert progress.mastery()["batchnorm"].level == "growing"  # one question is no proof of strength
    progress.record(attempt("02-b", 1.0))
    known = progress.mastery()["batchnorm"]
    assert (known.level, known.score, known.attempts, known.questions) == ("strong", 1.0, 4, 2)


def test_what_was_not_attempted_does_not_count(progress):
    for verdict in ("not attempted", "invalid"):
        progress.record(attempt(verdict=verdict, score=0.0))
    assert progress.mastery() == {}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 0.5, 1.0])), max_size=12))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_mastery_agrees_with_a_plain_loop(tmp_path, answers):
    progress = Progress(tmp_path / f"{datetime.now(UTC).timestamp()}.sqlite3")
    for question, score in answers:
        progress.record(attempt(question, score))
    scores = [[s for q, s in answers if q == wanted][-2:] for wanted in sorted({q for q, _ in answers})]
    means = [sum(pair) / len(pair) for pair in scores]
    expected = sum(means) / len(means) if means else None
    found = progress.mastery().get("batchnorm")
    assert (found and found.score) == (expected if expected is None else pytest.approx(expected))
    if found:
        assert found.level == level(expected, len(means))


def test_visits_runs_and_settings(progress):
    progress.visit("lesson", "batchnorm")
    progress.visit("lesson", "batchnorm")
    assert progress.visits() == {("lesson", "batchnorm"): 2}
    run = progress.save_run(Run("r1", "challenge", 3, iso(MOMENT), None, {"items": ["02-a"]}))
    done = progress.save_run(Run("r1", "challenge", 3, run.started, iso(MOMENT), {"badge": "gold"}))
    assert progress.runs("challenge") == progress.runs() == [done]
    assert progress.runs("strength") == []
    progress.set_setting("theme", "dark")
    assert (progress.setting("theme"), progress.setting("other")) == ("dark", None)


def test_runs_come_in_the_order_they_were_begun_though_the_clock_went_back(progress):
    first = progress.save_run(Run("r1", "strength", 1, "2027-01-01T00:00:00.000000Z", None, {}))
    second = progress.save_run(Run("r0", "strength", 2, "2026-01-01T00:00:00.000000Z", None, {}))
    done = progress.save_run(Run("r1", "strength", 1, first.started, "2027-01-02T00:00:00.000000Z", {}))
    assert progress.runs("strength") == [done, second]


def test_a_number_too_large_for_the_file_is_refused(progress):
    with pytest.raises(InputError, match="too large"):
        progress.record(attempt(seed=2**70))
    assert progress.attempts() == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("FTLIB_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(StoreError, match="FTLIB_HOME"):
        Progress()


# -- export


def test_exports_hold_every_attempt(progress, tmp_path):
    saved = [
        progress.record(attempt(answer=value, score=0.0))
        for value in ("=1+1", ["a", "c"], {"tp": "8"}, "a\r\n=b")
    ]
    rows = list(csv.DictReader(progress.export_csv(tmp_path / "out.csv").open(newline="", encoding="utf-8")))
    assert [row["id"] for row in rows] == [a.id for a in saved]
    assert [row["answer"] for row in rows] == ["'=1+1", '["a","c"]', '{"tp":"8"}', "a\r\n=b"]
    whole = json.loads(progress.export_json(tmp_path / "out.json").read_text(encoding="utf-8"))
    assert (whole["format"], whole["version"]) == ("ftlib-progress", 1)
    assert [row["answer"] for row in whole["attempts"]] == [a.answer for a in saved]
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", " =1", "＝1"]
)
def test_formula_cells_are_neutralised(text):
    assert safe_cell(text).startswith("'")


@pytest.mark.parametrize("value", ["plain", "-0.5", "+3", "85%", "a=b", "", 0.5, -3, None])
def test_harmless_cells_are_left_alone(value):
    assert safe_cell(value) == value


@given(st.text(alphabet=st.characters(exclude_categories=[])))
def test_any_cell_can_be_written(text):
    safe_cell(text).encode()


# -- versions


def make_version_1(path):
    """A file as version 1 wrote it, with one attempt, built without the code under test's helpers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as db:
        for statement in store._VERSION_1:
            db.execute(statement)
        db.execute(
            "INSERT INTO attempts (id, time, learner, lesson, question_id, concept, kind, context, seed, answer,"
            " verdict, score, misconceptions, seconds) VALUES ('i1', '2026-01-01T00:00:00.000000Z', 'ada',"
            " '02_freezing', '02-a', 'batchnorm', 'choice', 'quiz', 0, '\"b\"', 'right', 1.0, '[]', NULL)"
        )
        db.execute("INSERT INTO views (question_id, context, hints) VALUES ('02-a', 'quiz', 2)")
        db.execute(f"PRAGMA application_id = {store.APPLICATION_ID}")
        db.execute("PRAGMA user_version = 1")
    db.close()


def schema(path):
    with sqlite3.connect(path) as db:
        found = {
            name: db.execute(f"PRAGMA table_info({name})").fetchall()
            for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        version = db.execute("PRAGMA user_version").fetchone()
    db.close()
    return found, version


def test_version_1_is_migrated_and_a_copy_kept(path, tmp_path):
    make_version_1(path)
    progress = Progress(path)
    old = progress.attempts()
    assert [(a.id, a.answer, a.run) for a in old] == [("i1", "b", "")]
    assert progress.view("02-a").hints == 2
    new = progress.record(attempt(run="r1"))
    assert progress.attempts() == [*old, new]
    assert schema(path) == schema(Progress(tmp_path / "fresh.sqlite3").path)
    kept = path.with_name("progress.version-1.sqlite3")
    assert schema(kept)[1] == (1,)
    Progress(path)
    assert sorted(f.name for f in path.parent.iterdir()) == ["progress.sqlite3", "progress.version-1.sqlite3"]


def test_a_migration_that_stops_midway_changes_nothing(path, monkeypatch):
    make_version_1(path)
    before = schema(path)
    monkeypatch.setitem(store._STEPS, 2, (*store._VERSION_2, "CREATE TABLE runs (twice)"))
    with pytest.raises(StoreError):
        Progress(path)
    assert schema(path) == before
    monkeypatch.undo()
    assert len(Progress(path).attempts()) == 1


# -- files that are not ours to write


def newer(path):
    Progress(path)
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()


def other_program(path):
    path.parent.mkdir(parents=True)
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE bookmarks (url)")
    db.close()


def other_program_wal(path):
    """Foreign, in WAL mode, with rows only in its write-ahead file: opening it for writing would merge them."""
    path.parent.mkdir(parents=True)
    db = sqlite3.connect(path)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("CREATE TABLE bookmarks (url)")
    db.commit()
    copies = {f: f.read_bytes() for f in path.parent.iterdir()}
    db.close()
    for file, data in copies.items():
        file.write_bytes(data)


def text_file(path):
    path.parent.mkdir(parents=True)
    path.write_text("dear diary\n" * 200, encoding="utf-8")


def cut_short(path):
    progress = Progress(path)
    for n in range(60):
        progress.record(attempt(f"02-{n}", answer="x" * 200))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)


def overwritten_page(path):
    progress = Progress(path)
    for n in range(60):
        progress.record(attempt(f"02-{n}", answer="x" * 200))
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xa5" * 4096)


FAULTS = {
    newer: "newer ftlib",
    other_program: "another program",
    other_program_wal: "another program",
    text_file: "no SQLite database",
    cut_short: "damaged",
    overwritten_page: "damaged",
}


@pytest.mark.parametrize("make", FAULTS, ids=lambda make: make.__name__)
def test_a_file_not_ours_is_named_and_left_alone(make, path):
    make(path)
    before = fingerprint(path.parent)
    with pytest.raises(StoreError, match=FAULTS[make]) as caught:
        Progress(path)
    assert str(path) in str(caught.value)
    assert "start-afresh" in str(caught.value)
    after = fingerprint(path.parent)
    assert {name: after[name] for name in before if not name.endswith("-shm")} == {
        name: before[name] for name in before if not name.endswith("-shm")
    }
    assert set(after) == set(before)


@pytest.mark.parametrize("make", FAULTS, ids=lambda make: make.__name__)
def test_starting_afresh_keeps_the_old_file(make, path):
    make(path)
    before = path.read_bytes()
    fresh = Progress.start_afresh(path)
    assert fresh.set_aside.parent == path.parent
    assert fresh.set_aside.read_bytes() == before
    assert fresh.attempts() == []
    fresh.record(attempt())
    twice = Progress.start_afresh(path)
    assert twice.set_aside != fresh.set_aside
    assert len(Progress(twice.set_aside).attempts()) == 1


def test_a_file_that_changes_while_in_use_is_not_written(progress):
    progress.record(attempt())
    with sqlite3.connect(progress.path) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    before = progress.path.read_bytes()
    with pytest.raises(StoreError, match="newer"):
        progress.record(attempt())
    with pytest.raises(StoreError, match="newer"):
        progress.attempts()
    assert progress.path.read_bytes() == before


def test_a_file_removed_while_in_use_is_begun_again(progress):
    progress.record(attempt())
    progress.path.unlink()
    assert progress.attempts() == []
    saved = progress.record(attempt())
    assert progress.attempts() == [saved]


@pytest.mark.parametrize("column", ["answer", "misconceptions", "score"])
def test_an_edited_row_is_named(progress, column):
    progress.record(attempt())
    with sqlite3.connect(progress.path) as db:
        db.execute(f"UPDATE attempts SET {column} = '{{oops'")
    db.close()
    with pytest.raises(StoreError, match="attempt 1"):
        progress.attempts()


@given(st.binary(max_size=3000), st.integers(0, 40000))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_give_a_store_or_a_clear_error(tmp_path, noise, place):
    """Whole files of noise, and noise laid over a good file: StoreError or a store, and no other error."""
    good = tmp_path / "good.sqlite3"
    if not good.exists():
        for n in range(20):
            Progress(good).record(attempt(f"02-{n}"))
    data = bytearray(good.read_bytes())
    data[place : place + len(noise)] = noise
    for name, content in (("noise", noise), ("laid-over", bytes(data))):
        file = tmp_path / f"{name}.sqlite3"
        file.write_bytes(content)
        try:
            progress = Progress(file)
        except StoreError:
            assert file.read_bytes() == content
            continue
        try:
            progress.attempts()
            progress.mastery()
            progress.record(attempt())
        except StoreError:
            pass


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_read_only_folder_is_named(progress):
    progress.path.chmod(stat.S_IRUSR)
    with pytest.raises(StoreError, match="nothing was saved"):
        progress.record(attempt())


def test_a_folder_in_the_file_s_place_is_named(tmp_path):
    with pytest.raises(StoreError, match="cannot be used"):
        Progress(tmp_path)


def test_a_file_held_by_another_program_is_named(progress, monkeypatch):
    monkeypatch.setattr(store, "BUSY_SECONDS", 0.05)
    holder = sqlite3.connect(progress.path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="nothing was saved"):
        progress.record(attempt())
    holder.execute("ROLLBACK")
    holder.close()
    progress.record(attempt())


def test_threads_share_one_store(progress):
    def work(name):
        for n in range(25):
            progress.record(attempt(f"{name}-{n}"))

    threads = [threading.Thread(target=work, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({a.question_id for a in progress.attempts()}) == 100
