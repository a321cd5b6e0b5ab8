"""Concept × ten ways, and what to do next."""

from datetime import UTC, datetime, timedelta

import pytest
import small_course

from ftlib.learn.progress import Attempt, Progress
from ftlib.learn.ways import WAYS, next_steps, ways_table, where

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def course(tmp_path, monkeypatch, home):
    folder = small_course.write(tmp_path / "course")
    monkeypatch.setenv("FTLIB_COURSE", str(folder))
    return folder


@pytest.fixture
def store(course):
    return Progress(clock=lambda: NOW + timedelta(days=1))


def answer(store, concept, score, context="quiz", question="q", lesson="02_freezing", slips=()):
    verdict = {1.0: "right", 0.0: "wrong"}[score]
    store.record(
        Attempt(
            question_id=f"{lesson[:2]}-{concept}-{question}",
            lesson=lesson,
            concept=concept,
            kind="choice",
            answer="b",
            verdict=verdict,
            score=score,
            context=context,
            misconceptions=tuple(slips),
            time="2026-03-01T00:00:00Z",
        )
    )


def test_there_are_ten_ways_and_every_concept_has_each(store):
    assert len({way.slug for way in WAYS}) == 10
    rows = ways_table(store)
    assert [row.concept for row in rows] == [c for pair in small_course.LESSONS.values() for c in pair]
    assert all(list(row.ways) == [way.slug for way in WAYS] for row in rows)
    assert {row.level for row in rows} == {"new"}
    assert rows[0].title == "On batchnorm"


def test_attempts_and_visits_fill_the_table(store):
    answer(store, "batchnorm", 1.0)
    answer(store, "batchnorm", 0.0, "challenge")
    answer(store, "batchnorm", 1.0, "review")
    answer(store, "precision", 1.0, lesson="04_metrics")
    store.visit("experiment", "batchnorm")
    rows = {row.concept: row for row in ways_table(store)}
    taken = {slug: cell.times for slug, cell in rows["batchnorm"].ways.items() if cell.taken}
    assert taken == {"practice": 1, "challenge": 1, "recall": 1, "experiment": 1}
    assert rows["precision"].ways["metrics"].taken
    assert rows["batchnorm"].level == "growing"


def test_links_lead_to_pages_that_exist(store, course):
    cells = ways_table(store)[0].ways
    assert cells["lesson"].link == "notebooks/02_freezing.ipynb#About-batchnorm"
    assert cells["project"].link == cells["practice"].link == ""
    (course / "quizzes" / "02_freezing.ipynb").write_text("{}")
    (course / "quizzes" / "ways.toml").write_text('[batchnorm]\nvisualise = "04_metrics.ipynb#See-it"\n')
    cells = ways_table(store)[0].ways
    assert cells["practice"].link == "quizzes/02_freezing.ipynb"
    assert cells["visualise"].link == "notebooks/04_metrics.ipynb#See-it"
    assert (
        where("02_freezing", "What is 100 % & more?")
        == "notebooks/02_freezing.ipynb#What-is-100-%25-%26-more%3F"
    )


def test_what_to_do_next(store):
    assert str(next_steps(store)[0]) == (
        "Begin: On batchnorm — not tried yet (notebooks/02_freezing.ipynb#About-batchnorm)"
    )
    answer(store, "flags", 0.0, question="easy", slips=["forgets-flags"])
    first, second, third = next_steps(store)
    assert (first.what, first.why) == ("Review your cards", "1 due")
    assert second.what == "Read again: On flags"
    assert third.what == "Begin: On batchnorm"
    assert len(next_steps(store, most=50)) == 7


def test_all_strong_leads_to_the_challenge(store):
    for lesson, concepts in small_course.LESSONS.items():
        for concept in concepts:
            for question in ("x", "y"):
                answer(store, concept, 1.0, question=question, lesson=lesson)
    assert [step.what for step in next_steps(store)] == ["Take a challenge"]
