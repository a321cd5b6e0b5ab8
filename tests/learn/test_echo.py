"""The page's answer is waited for: asked once, called once, never for ever, and a check leaves nothing behind."""

import asyncio
from pathlib import Path

import pytest

from ftlib.learn import echo
from ftlib.learn.bank import load_bank
from ftlib.learn.card import QuestionCard
from ftlib.learn.echo import Echo
from ftlib.learn.session import Session


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(echo, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(echo, "LATER_SECONDS", 0.02)
    monkeypatch.setattr(echo, "MUTE_SECONDS", 0.01)


def answers(asked):
    """What the page does: one step, from 0 to 1 or back."""
    assert asked.playing
    asked.set_state({"value": 1 - asked.value})


def in_a_loop(act):
    async def run():
        return await act()

    return asyncio.run(run())


def test_it_calls_at_once_without_a_loop():
    called = []
    Echo().ask(lambda: called.append("now"))
    assert called == ["now"]


def test_it_waits_for_the_answer_and_calls_once():
    async def act():
        asked, called = Echo(), []
        for turn in (1, 2, 3):
            asked.ask(lambda turn=turn: called.append(turn))
            assert (len(called), asked.waiting, asked.playing) == (turn - 1, True, True)
            answers(asked)
            assert (called[-1], asked.waiting, asked.playing) == (turn, False, False)
        await asyncio.sleep(0)
        return called

    assert in_a_loop(act) == [1, 2, 3]


def test_an_answer_on_its_way_does_not_count_for_a_later_question():
    async def act():
        asked, called = Echo(), []
        asked.ask(lambda: called.append("first"))
        asked.ask(lambda: called.append("second"))
        answers(asked)
        assert called == []
        assert asked.waiting
        answers(asked)
        return called

    assert in_a_loop(act) == ["second"]


def test_what_was_dropped_is_not_called():
    async def act():
        asked, called = Echo(), []
        asked.ask(lambda: called.append("never"))
        asked.drop()
        asked.set_state({"value": 1})
        return called, asked.waiting

    assert in_a_loop(act) == ([], False)


def test_a_silent_page_is_not_waited_for_for_ever(quick):
    async def act():
        asked, done = Echo(), asyncio.Event()
        asked.ask(done.set)
        await asyncio.wait_for(done.wait(), 10)
        assert (asked.waiting, asked.playing) == (False, False)
        asked.set_state({"value": 1})  # the answer comes after all, and nothing is called twice
        done.clear()
        asked.ask(done.set)
        answers(asked)
        return done.is_set()

    assert in_a_loop(act)


@pytest.fixture
def card():
    bank = load_bank(Path(__file__).parent / "data" / "sample.toml")
    return QuestionCard(Session(next(q for q in bank.questions if q.id == "99-word")))


def test_letters_that_come_after_the_click_are_checked(card):
    async def act():
        card.controls.fields[0].set_state({"value": "mod"})
        card.ask_check()
        assert "ftl-verdict" not in card._feedback.value
        card.controls.fields[0].set_state({"value": "model.eval()"})
        answers(card._echo)
        return card._feedback.value

    assert "Right" in in_a_loop(act)


def test_a_check_of_an_answer_that_rests_is_done_at_once(card, monkeypatch):
    async def act():
        card.controls.fields[0].set_state({"value": "model.eval()"})
        monkeypatch.setattr("ftlib.learn.card.LATER_SECONDS", -1.0)
        card.ask_check()
        return card._feedback.value

    assert "Right" in in_a_loop(act)


def test_a_check_on_its_way_is_done_before_the_card_is_left(card):
    async def act():
        card.controls.fields[0].set_state({"value": "model.eval()"})
        card.ask_check()
        card.leave()
        assert not card._echo.waiting
        return card.session.result.verdict

    assert in_a_loop(act) == "right"
