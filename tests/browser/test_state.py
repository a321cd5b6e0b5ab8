"""What a learner left is there again: after a kernel restart, and in another front end."""

from driver import go, open_quiz, restart_and_run
from hands import Mouse
from playwright.sync_api import expect

from conftest import PATIENCE


def test_state_survives_a_restart_and_another_front_end(page, server, fresh):
    view = open_quiz(page, server, "lab")
    drawn = leave(page, view)
    leads_to_the_lesson(page, view)
    as_left(restart_and_run(page), drawn)
    for front in ("notebook", "voila"):
        window = page.context
        page.close()
        page = window.new_page()
        page.set_default_timeout(PATIENCE)
        view = open_quiz(page, server, front)
        as_left(view, drawn)
        leads_to_the_lesson(page, view)


def leads_to_the_lesson(page, view):
    """The card's link opens the lesson at its section, in the same front end."""
    there = view.locator(".ftl-links a").evaluate("a => a.href")
    assert there.startswith(page.url.partition("/quizzes/")[0])
    assert "/notebooks/99_sample.ipynb#" in there
    assert page.request.get(there).ok


def leave(page, view):
    """Answer, open hints and steps, draw new numbers, leave drafts unsent; returns the prompt with those numbers."""
    hands = Mouse(page, view)
    hands.pick("w.trainable")
    hands.press("Check answer")
    expect(view.locator(".ftl-verdict")).to_have_text("✗ Wrong")
    hands.press("Hint 1 of 2")
    expect(view.locator(".ftl-box li")).to_have_count(1)
    hands.press("Show steps")
    expect(view.get_by_text("Step by step")).to_be_visible()
    go(view, 1)
    hands.pick("It finds some")
    go(view, 2)
    hands.press("New numbers")
    expect(view.locator(".ftl-prompt")).not_to_contain_text("85 true and 15 false")
    drawn = view.locator(".ftl-prompt").text_content()
    hands.write("Your answer", "0.9")
    go(view, 5)
    hands.press("Move down, place 1")
    go(view, 9)
    hands.write("Your code", "def recall(tp, fn):\n    return 1\n")
    go(view, 4)
    hands.write("Your answer", "model.eval()")
    view.get_by_label("Your answer").press("Enter")
    expect(view.locator(".ftl-verdict")).to_have_text("✓ Right")
    return drawn


def as_left(view, drawn):
    """Everything that ``leave`` did is shown."""
    expect(view.locator(".ftl-score")).to_have_text("1 of 10 points · 1 right · 1 wrong · 8 to go")
    go(view, 0)
    expect(view.locator(".ftl-verdict")).to_have_text("✗ Wrong")
    expect(view.get_by_label("w.trainable")).to_be_checked()
    expect(view.get_by_text("That is the name in another library")).to_be_visible()
    expect(view.get_by_role("button", name="Hint 2 of 2")).to_be_visible()
    expect(view.get_by_text("Which attribute does the training step read?")).to_be_visible()
    expect(view.get_by_text("Step by step")).to_be_visible()
    go(view, 1)
    expect(view.get_by_label("It finds some")).to_be_checked()
    expect(view.locator(".ftl-verdict")).to_have_count(0)
    go(view, 2)
    expect(view.locator(".ftl-prompt")).to_have_text(drawn)
    expect(view.get_by_label("Your answer")).to_have_value("0.9")
    go(view, 5)
    expect(view.locator(".ftl-item").nth(1)).to_contain_text("give the trainable parameters")
    go(view, 9)
    expect(view.get_by_label("Your code")).to_have_value("def recall(tp, fn):\n    return 1\n")
    go(view, 4)
    expect(view.get_by_label("Your answer")).to_have_value("model.eval()")
    expect(view.locator(".ftl-verdict")).to_have_text("✓ Right")
