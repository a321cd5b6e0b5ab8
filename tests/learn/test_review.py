"""Cards: what is missed comes back, when the scheduler says, the same on every machine."""

from datetime import UTC, datetime, timedelta

import fsrs
import pytest
import small_course
from hypothesis import given, settings
from hypothesis import strategies as st

from ftlib.learn.progress import Attempt, Progress, iso
from ftlib.learn.questions import Option, Question
from ftlib.learn.review import Review, cards, misconceptions, review

START = datetime(2026, 3, 1, tzinfo=UTC)
QUESTIONS = {
    f"0{n}-q": Question(
        f"0{n}-q",
        "choice",
        "easy",
        "c",
        "S",
        "?",
        options=(Option("a", "x", False, "no", slug), Option("b", "y", True)),
    )
    for n, slug in enumerate(("m-one", "m-one", "m-two"))
}


def attempt(question, verdict, after, slips=()):
    score = {"right": 1.0, "wrong": 0.0}.get(verdict, 0.5)
    return Attempt(
        question_id=question,
        lesson="02",
        concept="c",
        kind="choice",
        answer="a",
        verdict=verdict,
        score=score,
        misconceptions=tuple(slips),
        time=iso(START + timedelta(**after)),
    )


def test_a_missed_misconception_makes_a_card_for_every_question_that_can_show_it():
    [card] = cards([attempt("00-q", "wrong", {}, ["m-one"])], QUESTIONS)
    assert (card.key, card.questions, card.reviews, card.lapses) == ("m-one", ("00-q", "01-q"), 1, 1)
    assert card.due == iso(START + timedelta(minutes=10))


def test_without_a_misconception_the_question_itself_comes_back():
    [card] = cards([attempt("02-q", "partly right", {})], QUESTIONS)
    assert (card.key, card.questions) == ("02-q", ("02-q",))


@pytest.mark.parametrize("verdict", ["right", "not attempted", "invalid"])
def test_nothing_missed_makes_no_card(verdict):
    assert cards([attempt("00-q", verdict, {})], QUESTIONS) == []


def test_the_due_time_is_the_scheduler_s():
    """Right answers at another question that could show the same move the card as fsrs itself does."""
    history = [("00-q", "wrong", {}), ("01-q", "right", {"minutes": 12}), ("00-q", "right", {"days": 4})]
    history += [("01-q", "wrong", {"days": 40}), ("00-q", "right", {"days": 40, "minutes": 15})]
    [card] = cards([attempt(q, v, t, ["m-one"] if v == "wrong" else ()) for q, v, t in history], QUESTIONS)
    steps = (timedelta(minutes=10),)
    scheduler = fsrs.Scheduler(learning_steps=steps, relearning_steps=steps, enable_fuzzing=False)
    expected = fsrs.Card(card_id=1, due=START)
    for _, verdict, after in history:
        rating = fsrs.Rating.Good if verdict == "right" else fsrs.Rating.Again
        expected, _ = scheduler.review_card(expected, rating, START + timedelta(**after))
    assert card.due == iso(expected.due)
    assert (card.reviews, card.lapses) == (5, 2)


def test_right_answers_push_a_card_further_and_further():
    history, gaps, now = [attempt("00-q", "wrong", {}, ["m-one"])], [], START
    for _ in range(5):
        due = datetime.fromisoformat(cards(history, QUESTIONS)[0].due)
        gaps.append(due - now)
        now = due
        history.append(attempt("00-q", "right", {"seconds": (now - START).total_seconds()}))
    assert gaps == sorted(gaps)
    assert gaps[0] == timedelta(minutes=10)
    assert gaps[-1] > timedelta(days=7)


STORIES = st.lists(
    st.tuples(
        st.sampled_from(sorted(QUESTIONS)),
        st.sampled_from(["right", "wrong", "invalid"]),
        st.integers(0, 10**7),
    ),
    max_size=15,
)


@given(STORIES)
@settings(max_examples=50, deadline=None)
def test_the_same_attempts_make_the_same_cards_in_whatever_order_they_come(story):
    story = {second: (q, v) for q, v, second in story}
    made = [
        attempt(q, v, {"seconds": s}, [QUESTIONS[q].options[0].misconception] if v == "wrong" else ())
        for s, (q, v) in story.items()
    ]
    found = cards(made, QUESTIONS)
    assert found == cards(made[::-1], QUESTIONS)
    missed = {QUESTIONS[q].options[0].misconception for q, v in story.values() if v == "wrong"}
    assert {card.key for card in found} == missed
    assert [card.due for card in found] == sorted(card.due for card in found)


def test_unknown_questions_and_misconceptions_are_passed_over():
    assert cards([attempt("99-gone", "wrong", {}, ["m-one"])], QUESTIONS) == []
    assert cards([attempt("00-q", "wrong", {}, ["m-gone"])], QUESTIONS) == []


def test_a_sitting_from_the_store(tmp_path, monkeypatch, home):
    monkeypatch.setenv("FTLIB_COURSE", str(small_course.write(tmp_path / "course")))
    now = [START]
    store = Progress(clock=lambda: now[0])
    deck = review(store=store)
    assert (deck.cards(), deck.next(), str(deck)) == ([], None, "0 of 0 cards are due")
    question = deck.questions["02-batchnorm-easy"]
    slug = misconceptions(question)[0]
    store.record(attempt(question.id, "wrong", {}, [slug]))
    assert deck.next() is None
    assert "next: forgets batchnorm: due 2026-03-01 00:10 UTC" in str(deck)
    now[0] += timedelta(minutes=11)
    asked = []
    for _ in range(3):
        session = deck.next()
        asked.append((session.question.id, session.seed))
        assert session.verdict == "not attempted"
        session.attempt("a")
        now[0] += timedelta(minutes=11)
    assert len({q for q, _ in asked}) == 3  # another question each time
    assert [seed for _, seed in asked] == [1, 2, 3]
    assert deck.cards()[0].lapses == 4
    deck.next().attempt("b")
    assert deck.due() == []
    assert {a.context for a in store.attempts()} == {"quiz", "review"}


def test_a_question_that_two_cards_ask_is_not_shown_answered(tmp_path, home):
    options = (
        Option("a", "x", False, "no", "m-one"),
        Option("b", "y", False, "no", "m-two"),
        Option("c", "z", True),
    )
    question = Question("00-q", "choice", "easy", "c", "S", "?", options=options)
    now = [START]
    store = Progress(clock=lambda: now[0])
    for slip in ("m-one", "m-two"):
        store.record(attempt("00-q", "wrong", {}, [slip]))
    deck = Review(store, {"00-q": question})
    now[0] += timedelta(minutes=11)
    for _ in range(4):  # one card after the other, both on the same question
        asked = deck.next()
        assert not asked.answered
        asked.attempt("a")
        now[0] += timedelta(minutes=2)


def test_a_card_says_how_often_it_was_missed():
    found = cards([attempt("00-q", "wrong", {}, ["m-one"])], QUESTIONS)
    assert str(found[0]).endswith("missed once")
