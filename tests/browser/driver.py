"""Drives the front ends: open a notebook, run it, restart its kernel, find the quiz."""

import re

from playwright.sync_api import expect

BUSY_SECONDS = 60_000
IDLE = """() => {
  const shown = (window.jupyterapp || window.jupyterlab)?.shell?.currentWidget?.sessionContext;
  return shown?.isReady && shown.session?.kernel?.status === 'idle' && !document.querySelector('#jupyterlab-splash');
}"""


def open_quiz(page, server, front, theme="light", name="sample"):
    """The sample quiz in a front end ("lab", "notebook" or "voila"), run; returns its part of the page.

    ``name`` is another notebook: "strength", "challenge", "review" or "progress".
    """
    if front == "voila":
        dark = "?theme=dark" if theme == "dark" else ""
        page.goto(f"{server('voila')}/voila/render/quizzes/{name}.ipynb{dark}")
        return quiz(page)
    path = {"lab": "lab/tree/{}?reset", "notebook": "notebooks/{}"}[front]
    _open(page, f"{server(front)}/{path.format(f'quizzes/{name}.ipynb')}", theme)
    _command(page, "notebook:run-all-cells")
    return quiz(page)


def open_lab(page, address, name, theme="light"):
    """JupyterLab with a notebook of the course's ``quizzes``, its kernel ready, nothing run."""
    _open(page, f"{address}/lab/tree/quizzes/{name}.ipynb?reset", theme)


def _open(page, address, theme):
    page.goto(address)
    _ready(page)
    name, light = {"light": ("JupyterLab Light", "true"), "dark": ("JupyterLab Dark", "false")}[theme]
    _command(page, "apputils:change-theme", {"theme": name})
    page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")


def _ready(page):
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=BUSY_SECONDS)
    page.wait_for_function(IDLE, timeout=BUSY_SECONDS)


def restart_and_run(page):
    """Restart the kernel and run every cell, as the menu does; returns the new quiz."""
    gone = page.locator(".ftl-head").element_handle()
    _command(page, "notebook:restart-run-all")
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    gone.wait_for_element_state("hidden", timeout=BUSY_SECONDS)
    return quiz(page)


def quiz(page):
    """The quiz's part of the page."""
    found = page.locator(".ftl").first
    expect(found.locator(".ftl-head h2")).to_be_visible(timeout=BUSY_SECONDS)
    return found


def go(view, number):
    """Open the question with this number, from 0, with the row of numbered buttons."""
    view.locator(".ftl-pill").nth(number).click()
    expect(view.locator(".ftl-where")).to_have_text(re.compile(f"^Question {number + 1} of "))


def _command(page, name, args=None):
    """Carry out a command of the front end without waiting for it: the page shows when it is done."""
    call = "([name, args]) => { (window.jupyterapp || window.jupyterlab).commands.execute(name, args); }"
    page.evaluate(call, [name, args or {}])
