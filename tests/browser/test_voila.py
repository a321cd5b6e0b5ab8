"""Voila serves a quiz as a page without code."""

from driver import open_quiz
from playwright.sync_api import expect


def test_no_code_is_visible(page, server, fresh):
    view = open_quiz(page, server, "voila")
    expect(page.get_by_role("heading", name="A sample", exact=True)).to_be_visible()
    assert "from ftlib" not in page.inner_text("body")
    assert page.locator(".jp-CodeCell .jp-InputArea:visible, .cm-editor:visible").count() == 0
    expect(view.locator("mjx-container, .MathJax").first).to_be_visible()
