"""The course's own quizzes as Voila serves them: no code, nothing sticks out, nothing for axe, in each of them."""

import re
from pathlib import Path

import pytest
from driver import quiz
from playwright.sync_api import expect
from test_access import sticks_out, violations

from conftest import start_server, stop_servers

COURSE = Path(__file__).parents[2]
WORDS = re.compile(
    "Check answer|This is the second step"
)  # the second step of the self-check waits for the first
QUIZZES = sorted(path.stem for path in (COURSE / "quizzes").glob("0*.ipynb"))


@pytest.fixture(scope="module")
def voila(tmp_path_factory):
    """Voila on the checkout itself, which it only reads; answers go to a folder of their own."""
    started = start_server("voila", COURSE, tmp_path_factory.mktemp("real"))
    yield started[0]
    stop_servers([started])


def test_there_are_quizzes():
    assert len(QUIZZES) >= 8


@pytest.mark.parametrize("name", QUIZZES)
def test_a_quiz_is_served_without_code_and_fits_a_narrow_window(name, voila, page):
    page.set_viewport_size({"width": 480, "height": 900})
    page.goto(f"{voila}/voila/render/quizzes/{name}.ipynb")
    view = quiz(page)
    assert "from ftlib" not in page.inner_text("body")
    assert page.locator(".jp-CodeCell .jp-InputArea:visible, .cm-editor:visible").count() == 0
    for number, pill in enumerate(view.locator(".ftl-pill").all()):
        pill.click()
        expect(pill).to_have_class(re.compile("ftl-here"))
        expect(view.locator(".ftl-card").get_by_text(WORDS).first).to_be_visible()
        assert sticks_out(view) == [], f"question {number + 1}"
    assert violations(page, view) == []
