"""Strength test, challenge, review and progress page as widgets, driven through their buttons."""

from datetime import UTC, datetime, timedelta

import ipywidgets as W
import pytest
import small_course
from test_widget import press, sent, widgets

from ftlib.errors import InputError
from ftlib.learn import challenge, progress_page, review, strength_test
from ftlib.learn.bank import find_question
from ftlib.learn.challenge_view import ChallengeView
from ftlib.learn.progress import Progress
from ftlib.learn.session import Session
from ftlib.learn.views import ReviewView, StrengthView, view_of


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self):
        self.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self):
        return self.now

    def pass_by(self, **time):
        self.now += timedelta(**time)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(tmp_path, monkeypatch, home, clock):
    monkeypatch.setenv("FTLIB_COURSE", str(small_course.write(tmp_path / "course")))
    monkeypatch.chdir(tmp_path / "course" / "quizzes")
    return Progress(tmp_path / "progress.sqlite3", clock=clock)


def answer(card, right=True):
    """Enter an answer in a card's own controls and press its button."""
    question = card.session.question
    card.controls.put(
        ("b" if right else "a") if question.kind == "choice" else str(question.answer if right else 0.001)
    )
    press(card, "Check answer")


def texts(view):
    return " ".join(w.value for w in widgets(view) if isinstance(getattr(w, "value", None), str))


# -- strength test ------------------------------------------------------------------------------------------------


def test_a_strength_test_from_first_to_last(store):
    view = StrengthView(strength_test(store=store))
    for number in range(10):
        assert f"Question {view.here + 1} of 10" in view.card._head.value
        assert f"{number} of 10 answered" in view._head.value
        answer(view.card, right=view.card.session.question.concept != "cost")
        press(view, "Next question" if number < 9 else "See the result")
    assert "the result" in view._head.value
    said = texts(view)
    assert "weak" in said
    assert "strong" in said
    assert '<a href="../notebooks/05_tradeoff.ipynb#About-cost"' in said
    press(view, "Take another test")
    again = next(w for w in widgets(view) if isinstance(w, StrengthView) and w is not view)
    assert "0 of 10 answered" in again._head.value


def test_the_first_answer_counts_and_no_other_is_taken(store):
    view = StrengthView(strength_test(store=store))
    answer(view.card, right=False)
    assert [b.description for b in widgets(view.card) if b is view.card._check] == ["Answered"]
    before = view.card.controls.answer()
    view.card.controls.put("b" if view.card.session.question.kind == "choice" else "1")
    view.card.controls.on_change()
    assert view.card.controls.answer() == before
    view.card.check()
    assert len(store.attempts(context="strength")) == 1


def test_a_strength_test_offers_no_help_and_can_be_taken_up_again(store):
    view = StrengthView(strength_test(store=store))
    words = [w.description for w in widgets(view.card) if hasattr(w, "description")]
    assert not [word for word in words if word.startswith(("Hint", "Show steps", "New numbers"))]
    answer(view.card)
    again = StrengthView(strength_test(store=store))
    assert (again.here, again.test.run.id) == (1, view.test.run.id)
    again.go(0)
    assert again.card._check.disabled


# -- challenge ----------------------------------------------------------------------------------------------------


def test_a_challenge_won_at_the_first_try(store):
    view = ChallengeView(challenge(store=store))
    press(view, "Start")
    for number in range(5):
        assert f"Problem {number + 1} of 5" in view.card._head.value
        assert "s left" in view._head.value or "seconds" in view._head.value
        answer(view.card)
        assert "solved" in view._head.value
        press(view, "Next problem" if number < 4 else "See the result")
    assert "gold badge" in view._head.value
    assert "10 of 10 points" in view._head.value


def test_two_tries_then_on(store):
    view = ChallengeView(challenge(store=store))
    press(view, "Start")
    answer(view.card, right=False)
    assert "1 try left" in view._head.value
    answer(view.card, right=False)
    assert "missed" in view._head.value
    assert view.card._check.disabled
    press(view, "Next problem")
    press(view, "Skip this problem")
    assert "Problem 3 of 5" in view.card._head.value


def test_an_answer_after_the_time_is_not_taken(store, clock):
    view = ChallengeView(challenge(store=store))
    press(view, "Start")
    clock.pass_by(minutes=5)
    answer(view.card)
    assert "time up" in view._head.value
    assert view.card._check.description == "Time is up"
    assert "Time is up. This problem gives no points." in view.card._feedback.value
    assert all(field.disabled for field in view.card.controls.fields)
    assert store.attempts(context="challenge") == []


def test_without_a_clock_there_is_time(store, clock):
    view = ChallengeView(challenge(store=store))
    pace = next(w for w in widgets(view) if isinstance(w, W.RadioButtons))
    pace.value = "No clock"
    press(view, "Start")
    assert "ftl-clock" not in view._head.value
    clock.pass_by(hours=3)
    answer(view.card)
    assert "solved" in view._head.value
    with pytest.raises(InputError, match="running already"):
        view.game.set_pace(2)


# -- review -------------------------------------------------------------------------------------------------------


def test_a_missed_misconception_comes_back_and_goes(store, clock):
    Session(find_question("02-flags-easy"), store=store, clock=lambda: 0.0).attempt("a")
    assert "Nothing is due now" in texts(ReviewView(review(store=store)))
    clock.pass_by(minutes=11)
    view = ReviewView(review(store=store))
    assert "1 of 1 card due" in view._head.value
    assert "Recall: On flags" in view.card._head.value
    assert "forgets" not in sent(view), "the name of the misconception says what is wrong"
    answer(view.card)
    assert "0 of 1 card due" in view._head.value
    press(view, "Done for now")
    assert "The next card comes back in 24 hours." in texts(view)
    clock.pass_by(days=1)
    press(view, "Look again")
    assert "1 of 1 card due" in view._head.value


def test_no_cards_without_mistakes(store):
    assert "No cards yet" in texts(ReviewView(review(store=store)))


# -- all of them --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [strength_test, challenge, review])
def test_a_notebook_shows_the_view_and_its_stand_in(store, make):
    thing = make(store=store)
    bundle = thing._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/plain"] == repr(view_of(thing))
    assert "Run this cell" in bundle["text/html"]


def test_there_is_no_view_of_anything_else():
    with pytest.raises(InputError, match="no view for int"):
        view_of(3)


def test_no_key_is_sent_with_a_question(store):
    for view in (StrengthView(strength_test(store=store)), ChallengeView(challenge(store=store))):
        seen = sent(view)
        assert "thatforgets" not in seen
        assert "Itisb" not in seen


# -- progress -----------------------------------------------------------------------------------------------------


def test_the_progress_page_shows_levels_ways_and_next_steps(store):
    for name in ("02-flags-easy", "02-flags-medium"):
        Session(find_question(name), store=store).attempt("b")
    Session(find_question("04-recall-easy"), store=store).attempt("a")
    page = progress_page(store=store)
    assert "6 concepts" in page._head.value
    assert "1 strong" in page._head.value
    assert "1 weak" in page._head.value
    assert "Read again: On recall" in page._next.value
    assert "../notebooks/04_metrics.ipynb#About-recall" in page._next.value
    tables = "".join(table.value for table in page._tables.children)
    assert tables.count("<details") == 3
    assert tables.count("taken 2") == 1


def test_a_way_that_was_taken_is_noted(store):
    page = progress_page(store=store)
    press(page, "On recall") if page.concept == "recall" else page.choose("recall")
    press(page, "I did this: lesson")
    assert store.visits() == {("lesson", "recall"): 1}
    assert "taken 1 time" in texts(page)


def test_the_page_stands_in_as_text(store):
    bundle = progress_page(store=store)._repr_mimebundle_()
    assert "No answers yet" in bundle["text/plain"]
    assert "What to do next" in bundle["text/html"]
