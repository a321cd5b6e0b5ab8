"""Strength test, challenge, review and progress with answers in them: state, focus and what axe says, both themes."""

import re
from datetime import timedelta

import pytest
from driver import open_quiz
from hands import Keyboard, has_focus
from playwright.sync_api import expect
from test_access import sticks_out, violations

from ftlib.learn.bank import find_question
from ftlib.learn.progress import Progress
from ftlib.learn.records import utc_now
from ftlib.learn.session import Session

THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


@pytest.fixture
def answered(fresh, course, monkeypatch):
    """A learner who missed one question an hour ago and got another right: a card is due, two concepts are known."""
    monkeypatch.setenv("FTLIB_COURSE", str(course))
    store = Progress(fresh / "progress.sqlite3", clock=lambda: utc_now() - timedelta(hours=1))
    Session(find_question("99-flag"), store=store).attempt("a")
    Session(find_question("99-word"), store=store).attempt("eval")
    Session(find_question("99-share"), store=store).attempt("14.3")
    return fresh


@THEMES
def test_a_card_that_is_due_is_answered_by_keyboard(theme, page, server, answered):
    view = open_quiz(page, server, "voila", theme, "review")
    expect(view.locator(".ftl-score")).to_have_text("1 of 1 card due")
    assert not re.search("typo.in.attribute", page.content()), (
        "the misconception's name gives the answer away"
    )
    assert violations(page, view) == []
    keys = Keyboard(page, view)
    keys.pick("w.requires_grad")
    keys.press("Check answer")
    expect(view.locator(".ftl-verdict")).to_have_text("✓ Right")
    assert violations(page, view) == []
    keys.press("Done for now")
    expect(view.get_by_text("The next card comes back in")).to_be_visible()
    has_focus(page, "Look again")
    assert violations(page, view) == []


@THEMES
def test_progress_keeps_the_focus_and_the_open_table(theme, page, server, answered):
    view = open_quiz(page, server, "lab", theme, "progress")
    expect(view.locator(".ftl-score")).to_contain_text("1 weak")
    keys, concepts = Keyboard(page, view), view.locator(".ftl-nav").nth(1)
    name = concepts.locator(".ftl-pill").nth(1).text_content()
    concepts.locator(".ftl-pill").nth(1).press("Enter")
    expect(concepts.locator(".ftl-here")).to_have_text(name)
    has_focus(page, name)
    view.locator("summary").first.click()
    keys.press("I did this: lesson")
    expect(view.locator(".ftl-item", has_text="Lesson")).to_contain_text("taken 1 time")
    has_focus(page, "I did this: lesson")
    assert view.locator("details[open]").count() == 1
    assert violations(page, view) == []


@THEMES
def test_a_strength_test_ends_with_a_table(theme, page, server, fresh):
    view = open_quiz(page, server, "notebook", theme, "strength")
    field = view.locator(".ftl-card :is(input, textarea)").first
    if field.get_attribute("type") in ("radio", "checkbox"):
        field.check(force=True)
    else:
        field.fill("3")
    view.get_by_role("button", name="Check answer").click()
    expect(view.get_by_role("button", name="Answered")).to_be_disabled()
    expect(view.locator(".ftl-card :is(input, textarea):enabled")).to_have_count(0)
    assert violations(page, view) == []
    Keyboard(page, view).press("End now and see the result")
    has_focus(page, "Take another test")
    expect(view.locator("table")).to_contain_text("Not answered")
    assert violations(page, view) == []


@THEMES
def test_a_challenge_by_keyboard_to_its_result(theme, page, server, fresh):
    view = open_quiz(page, server, "lab", theme, "challenge")
    keys = Keyboard(page, view)
    keys.press("Start")
    for number in range(5):
        expect(view.locator(".ftl-where")).to_have_text(f"Problem {number + 1} of 5")
        page.wait_for_function("() => document.activeElement.closest('.ftl-card') !== null")
        assert violations(page, view) == []
        keys.press("Skip this problem")
    has_focus(page, "Another challenge")
    expect(view.locator("table")).to_contain_text("Skipped")
    assert violations(page, view) == []
    keys.press("Another challenge")
    has_focus(page, "Start")


@pytest.mark.parametrize("name", ["strength", "challenge", "review", "progress"])
def test_a_file_that_is_no_store_is_named_and_left_alone(name, page, server, fresh):
    fresh.mkdir(exist_ok=True)
    foreign = fresh / "progress.sqlite3"
    foreign.write_text("notes of somebody else\n" * 40)
    view = open_quiz(page, server, "voila", "light", name)
    expect(view.get_by_role("alert")).to_contain_text("Your answers are not being saved")
    assert violations(page, view) == []
    assert foreign.read_text() == "notes of somebody else\n" * 40


@pytest.mark.parametrize("name", ["strength", "challenge", "review", "progress"])
def test_they_fit_a_narrow_window(name, page, server, answered):
    page.set_viewport_size({"width": 480, "height": 900})
    view = open_quiz(page, server, "voila", "light", name)
    assert sticks_out(view) == []
    if name == "progress":
        view.locator("summary").first.click()
        assert sticks_out(view) == []
