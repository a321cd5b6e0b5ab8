"""Every kind of question, wrong and then right, by mouse and by keyboard alone, in three front ends."""

import json

import pytest
from driver import go, open_quiz
from hands import ANSWERS, HANDS
from playwright.sync_api import expect


@pytest.mark.parametrize("how", HANDS)
@pytest.mark.parametrize("front", ["lab", "notebook", "voila"])
def test_every_kind(front, how, page, server, fresh):
    _answer_all(front, how, page, server)


@pytest.mark.parametrize("lag", [100, 300])
def test_every_kind_over_a_slow_line(lag, page, server, fresh, slow_line):
    slow_line(lag)
    _answer_all("lab", "keyboard", page, server)


@pytest.mark.parametrize("front", ["lab", "notebook", "voila"])
def test_the_last_letters_are_checked_however_slow_the_line(front, page, server, fresh, slow_line):
    """Typed letter by letter, then Enter: the page holds most letters back until it hears of the first."""
    slow_line(600)
    view = open_quiz(page, server, front)
    go(view, 4)
    view.get_by_label("Your answer").press_sequentially("model.eval()")
    page.keyboard.press("Enter")
    expect(view.locator(".ftl-verdict")).to_have_text("✓ Right")


def test_the_whole_id_is_handed_in_over_a_slow_line(page, server, fresh, course, slow_line):
    slow_line(600)
    view = open_quiz(page, server, "lab")
    HANDS["mouse"](page, view).pick("w.requires_grad")
    view.get_by_role("button", name="Check answer").click()
    expect(view.locator(".ftl-verdict")).to_have_text("✓ Right")
    view.get_by_role("button", name="Hand in your answers").click()
    view.get_by_label("Your id").press_sequentially("anna.berg-42")
    view.get_by_role("button", name="Write the file").click()
    file = course / "quizzes" / view.locator(".ftl-hand-in [role=alert] code").text_content()
    assert json.loads(file.read_text())["learner"] == "anna.berg-42"
    file.unlink()


def _answer_all(front, how, page, server):
    view = open_quiz(page, server, front)
    hands = HANDS[how](page, view)
    for number, answer in enumerate(ANSWERS):
        expect(view.locator(".ftl-where")).to_have_text(f"Question {number + 1} of {len(ANSWERS)}")
        for right, word in ((False, "Wrong"), (True, "Right")):
            answer(hands, right)
            hands.press("Check answer")
            expect(view.locator(".ftl-verdict")).to_have_text(f"{'✓' if right else '✗'} {word}")
        hands.press("Next question" if number + 1 < len(ANSWERS) else "To the start")
    expect(view.locator(".ftl-score")).to_have_text("10 of 10 points · 10 right · all answered")
    if how == "keyboard":
        _goes_on_into_the_card(page)


def _goes_on_into_the_card(page):
    """After "Next question" the focus is on the last control before the card, so Tab leads into the new question."""
    page.wait_for_function("() => document.activeElement.textContent === 'Next ›'")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.closest('.ftl-card') !== null")
