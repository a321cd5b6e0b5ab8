"""The strength test: what is drawn, what its answers say of each concept, and that it can be taken up again."""

import pytest
import small_course
from hypothesis import given, settings
from hypothesis import strategies as st

from ftlib.errors import BankError
from ftlib.learn.bank import load_banks
from ftlib.learn.progress import Progress
from ftlib.learn.questions import Question
from ftlib.learn.strength import draw, strength_test

ALL = [name for pair in small_course.LESSONS.values() for name in pair]


@pytest.fixture(autouse=True)
def course(tmp_path, monkeypatch, home):
    monkeypatch.setenv("FTLIB_COURSE", str(small_course.write(tmp_path / "course")))


@pytest.fixture
def store(tmp_path):
    return Progress(tmp_path / "progress.sqlite3")


def right(session):
    return {"choice": "b", "numeric": repr(session.question.answer)}[session.question.kind]


def answer_all(test, wrong=()):
    for number in range(len(test)):
        session = test.session(number)
        session.attempt(
            "a"
            if session.question.concept in wrong and session.question.kind == "choice"
            else "0.0001"
            if session.question.concept in wrong
            else right(session)
        )


def test_ten_questions_across_difficulties_and_concepts(store):
    test = strength_test(seed=5, store=store)
    asked = [test.questions[item.question] for item in test.items]
    assert [q.difficulty for q in asked] == ["easy"] * 3 + ["medium"] * 4 + ["hard"] * 3
    assert len({q.id for q in asked}) == 10
    assert {q.concept for q in asked} == set(ALL)
    assert all(q.kind != "code" for q in asked)
    assert all(item.seed > 0 for item in test.items)


@given(st.integers(), st.integers(1, 25))
@settings(max_examples=40, deadline=None)
def test_a_draw_is_the_same_everywhere_and_fair(seed, n):
    questions = [
        Question(
            f"{i:02}-q", "text", ("easy", "medium", "hard")[i % 3], f"c{i % 7}", "S", "?", lesson=f"l{i % 4}"
        )
        for i in range(30)
    ]
    drawn = draw(questions, seed, n=n)
    assert drawn == draw(questions[::-1], seed, n=n)
    concepts = [int(item.question[:2]) % 7 for item in drawn]
    assert len(drawn) == len({item.question for item in drawn}) == n
    assert len(set(concepts)) >= min(n, 5)
    fresh = draw(questions, seed, n=n, avoid={item.question for item in drawn})
    assert n > 10 or not {i.question for i in drawn} & {i.question for i in fresh}


def test_other_seeds_draw_others(store):
    draws = {tuple(i.question for i in strength_test(seed=s, store=store).items) for s in range(8)}
    assert len(draws) == 8


def test_fewer_questions_than_ten_are_all_asked():
    questions = [Question(f"0{i}-q", "text", "hard", "c", "S", "?") for i in range(4)]
    assert {item.question for item in draw(questions, 1)} == {q.id for q in questions}


def test_all_right_is_strong_and_wrong_is_weak_with_a_link(store):
    test = strength_test(seed=2, store=store)
    answer_all(test, wrong={"batchnorm"})
    report = test.finish()
    levels = {c.concept: c.level for c in report.concepts}
    assert levels["batchnorm"] == "weak"
    assert set(levels.values()) <= {"weak", "strong", "growing"}
    assert report.concepts[0].concept == "batchnorm"
    assert report.concepts[0].link == "notebooks/02_freezing.ipynb#About-batchnorm"
    assert "weak     On batchnorm" in str(report)
    missed = sum(test.questions[i.question].concept == "batchnorm" for i in test.items)
    assert report.score == 10 - missed
    assert f"{10 - missed} of 10 points" in str(report)


def test_one_easy_question_right_is_not_yet_strong(store):
    test = strength_test(seed=2, store=store)
    answer_all(test)
    asked = [test.questions[i.question] for i in test.items]
    for line in test.report().concepts:
        mine = [q.difficulty for q in asked if q.concept == line.concept]
        assert line.level == ("growing" if mine == ["easy"] else "strong")


def test_the_first_answer_counts(store):
    test = strength_test(seed=2, store=store)
    session = test.session(0)
    session.attempt("a" if session.question.kind == "choice" else "0.0001")
    test.session(0).attempt(right(session))
    assert test.report().score == 0


def test_unanswered_is_new_and_not_weak(store):
    report = strength_test(seed=2, store=store).report()
    assert {c.level for c in report.concepts} == {"new"}
    assert report.answered == 0


def test_it_is_taken_up_where_it_was_left_and_then_drawn_anew(store):
    first = strength_test(store=store)
    first.session(0).attempt(right(first.session(0)))
    again = strength_test(store=Progress(store.path))
    assert again.items == first.items
    assert list(again.answers()) == [first.items[0].question]
    assert again.session(0).verdict == "right"
    again.finish()
    second = strength_test(store=store)
    assert second.run.seed == first.run.seed + 1
    assert second.answers() == {}
    assert not {i.question for i in first.items} & {i.question for i in second.items}
    answer_all(second)
    assert strength_test(store=store).run.id != second.run.id


def test_a_question_taken_out_of_the_bank_is_passed_over(store):
    first = strength_test(store=store)
    banks = [
        b.__class__(
            b.schema, b.lesson, b.title, tuple(q for q in b.questions if q.id != first.items[3].question)
        )
        for b in load_banks()
    ]
    assert len(strength_test(store=store, banks=banks)) == 9


def test_no_questions_is_said(store):
    with pytest.raises(BankError, match="no questions"):
        strength_test(store=store, banks=[])
