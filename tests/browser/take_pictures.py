"""Takes the README's pictures from a real JupyterLab, in both themes: notebooks/pictures/*.png.

.venv/bin/python tests/browser/take_pictures.py
"""

import shutil
import tempfile
from pathlib import Path

from driver import _command, go, open_lab, open_quiz
from find_chromium import find_chromium
from hands import Mouse
from playwright.sync_api import expect, sync_playwright

import conftest as lab
from ftlib.learn import load_bank
from ftlib.learn.render import plain

COURSE = Path(__file__).parents[2]
PICTURES = COURSE / "notebooks" / "pictures"


def main():
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        course, config = Path(folder) / "course", Path(folder) / "config"
        config.mkdir()
        lab.configure(config)
        shutil.copytree(COURSE / "quizzes", course / "quizzes")
        shutil.copytree(COURSE / "notebooks", course / "notebooks")
        cell = "from ftlib.measure import FreezeExplorer\n\nFreezeExplorer()"
        lab.write_notebook(course / "quizzes" / "explorer.ipynb", ["# Freezing"], [cell])
        expect.set_options(timeout=lab.PATIENCE)
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=lab.OFFLINE)
        started = lab.start_server("lab", course, config)
        try:
            for theme in ("light", "dark"):
                shutil.rmtree(config / "home", ignore_errors=True)  # a learner who has answered nothing yet
                for take in (take_quiz, take_explorer):
                    window = browser.new_context(viewport={"width": 1280, "height": 1600})
                    page = window.new_page()
                    page.set_default_timeout(lab.PATIENCE)
                    take(page, started[0], theme)
                    window.close()
        finally:
            lab.stop_servers([started])
            browser.close()


def take_quiz(page, address, theme):
    """The self-check of lesson 06, answered wrong: the verdict, why, and a hint."""
    view = open_quiz(page, lambda front: address, "lab", theme, "06_accuracy_paradox")
    number, asked = next(
        found for found in enumerate(load_bank("06").questions) if "self-check" in found[1].tags
    )
    go(view, number)
    wrong = next(option for option in asked.options if not option.correct)
    Mouse(page, view).pick(plain(wrong.text))
    view.get_by_role("button", name="Check answer").click()
    expect(view.locator(".ftl-verdict")).to_be_visible()
    view.get_by_role("button", name="Hint 1").click()
    expect(view.locator(".ftl-box li").first).to_be_visible()
    view.locator(".ftl-card").first.screenshot(path=PICTURES / f"quiz_{theme}.png")


def take_explorer(page, address, theme):
    """What freezing saves: the recorded costs of a real network, stage by stage."""
    open_lab(page, address, "explorer", theme)
    _command(page, "application:toggle-left-area")
    _command(page, "notebook:run-all-cells")
    page.locator(".ftx-grid svg").first.wait_for(timeout=lab.PATIENCE)
    page.locator(".ftx").first.screenshot(path=PICTURES / f"explorer_{theme}.png")


if __name__ == "__main__":
    main()
