"""Screen readers, contrast, names, narrow windows: what axe and the accessibility tree say of the quiz."""

import re
from pathlib import Path

import pytest
from driver import go, open_quiz
from hands import ANSWERS, Mouse
from playwright.sync_api import expect

GRAVE = ("serious", "critical")
CONTROL = re.compile(r"- (button|radio|checkbox|textbox|spinbutton|combobox|link|slider)\b(.*)")


def violations(page, view):
    """Serious and critical violations in the quiz's part of the page: rule, element, what to do."""
    import axe_playwright_python

    if not page.evaluate("() => !!window.axe"):
        page.evaluate(
            Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
        )
    found = page.evaluate("el => axe.run(el, {resultTypes: ['violations']})", view.element_handle())
    return [
        (rule["id"], node["html"][:160], node["failureSummary"][:300])
        for rule in found["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_serious(theme, page, server, fresh):
    view = open_quiz(page, server, "lab", theme)
    hands = Mouse(page, view)
    for number, answer in enumerate(ANSWERS):
        go(view, number)
        assert violations(page, view) == [], f"question {number + 1} before it is answered"
        answer(hands, number % 2 == 0)
        hands.press("Check answer")
        expect(view.locator(".ftl-verdict")).to_have_text("✓ Right" if number % 2 == 0 else "✗ Wrong")
        hands.press("Hint 1")
        hands.press("Show steps")
        expect(view.get_by_text("Step by step")).to_be_visible()
        assert violations(page, view) == [], f"question {number + 1} once it is answered"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["strength", "challenge", "review", "progress"])
def test_axe_finds_nothing_serious_in_the_other_views(name, theme, page, server, fresh):
    view = open_quiz(page, server, "voila", theme, name)
    assert violations(page, view) == []
    if name == "progress":
        view.locator("summary").first.click()
    elif name == "challenge":
        view.get_by_role("button", name="Start").click()
        expect(view.locator(".ftl-clock")).to_be_visible()
    elif name == "strength":
        view.get_by_role("button", name="Check answer").click()
        expect(view.locator(".ftl-verdict")).to_contain_text("Not attempted")
    assert violations(page, view) == []
    assert page.evaluate("document.body.dataset.jpThemeLight") == str(theme == "light").lower()


def test_axe_can_fail(page):
    page.set_content(
        '<main class="ftl"><button></button><p style="color:#aaa;background:#fff">pale</p></main>'
    )
    assert {rule for rule, *_ in violations(page, page.locator(".ftl"))} == {"button-name", "color-contrast"}


def test_every_control_has_a_name_and_a_place(page, server, fresh):
    view = open_quiz(page, server, "voila")
    for number in range(len(ANSWERS)):
        go(view, number)
        controls = CONTROL.findall(view.aria_snapshot())
        assert controls
        nameless = [kind for kind, rest in controls if '"' not in rest]
        assert not nameless, f"question {number + 1}: {nameless} without a name"
    go(view, 0)
    expect(view.get_by_role("radio", name="B. w.requires_grad = False")).to_be_visible()
    go(view, 7)
    expect(view.get_by_role("textbox", name="True positives (TP)")).to_be_visible()


def test_narrow_windows_wrap(page, server, fresh):
    page.set_viewport_size({"width": 480, "height": 900})
    view = open_quiz(page, server, "voila")
    for number in range(len(ANSWERS)):
        go(view, number)
        assert sticks_out(view) == [], f"question {number + 1}"


def sticks_out(view):
    """The first parts of a view that reach over the window's right edge; maths and tables may scroll by themselves."""
    return view.evaluate(
        "quiz => [...quiz.querySelectorAll('*')].filter(el => el.getClientRects().length"
        " && !el.closest('mjx-container, .ftl-scroll') && el.getBoundingClientRect().right > innerWidth + 1)"
        ".map(el => el.outerHTML.slice(0, 120)).slice(0, 3)"
    )


@pytest.mark.parametrize("number", [1, 6], ids=["multi", "match"])
def test_no_option_moves_while_an_answer_is_changed(number, page, server, fresh):
    """After a verdict the first change takes the marks away; whoever aims at the next option must still hit it."""
    view = open_quiz(page, server, "voila")
    go(view, number)
    hands = Mouse(page, view)
    ANSWERS[number](hands, False)
    hands.press("Check answer")
    expect(view.locator(".ftl-verdict")).to_have_text("✗ Wrong")
    marks = view.locator(".ftl-mark")
    expect(marks.first).to_be_visible()
    there = places(view)
    ANSWERS[number](hands, True)
    expect(view.get_by_text("You have changed your answer since")).to_be_visible()
    expect(marks.first).to_be_hidden()
    assert places(view) == there


def places(view):
    """Where the options stand in their card, each as top and height."""
    return view.evaluate(
        "quiz => [...quiz.querySelectorAll('.ftl-answer label')].map(el => el.getBoundingClientRect())"
        ".map(box => [box.top - quiz.getBoundingClientRect().top, box.height])"
    )
