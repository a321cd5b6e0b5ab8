"""Drives the front ends: open a notebook, run it, restart its kernel, find the quiz."""

from playwright.sync_api import expect

BUSY_SECONDS = 60_000
IDLE = """() => {
  const shown = (window.jupyterapp || window.jupyterlab)?.shell?.currentWidget?.sessionContext;
  return shown?.isReady && shown.session?.kernel?.status === 'idle' && !document.querySelector('#jupyterlab-splash');
}"""


def open_lab(page, address, name, theme="light"):
    """JupyterLab with one notebook, in the light or dark theme."""
    page.goto(f"{address}/lab/tree/quizzes/{name}.ipynb?reset")
    _ready(page)
    if theme == "dark":
        _command(page, "apputils:change-theme", {"theme": "JupyterLab Dark"})
        page.wait_for_selector('body[data-jp-theme-light="false"]', state="attached")


def open_notebook7(page, address, name):
    """Notebook 7 with one notebook."""
    page.goto(f"{address}/notebooks/quizzes/{name}.ipynb")
    _ready(page)


def open_voila(page, address, name):
    """The same notebook served by Voila."""
    page.goto(f"{address}/voila/render/quizzes/{name}.ipynb")
    return quiz(page)


def _ready(page):
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=BUSY_SECONDS)
    page.wait_for_function(IDLE, timeout=BUSY_SECONDS)


def run_all(page):
    """Run every cell; returns the quiz once it is there."""
    _command(page, "notebook:run-all-cells")
    return quiz(page)


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
    expect(found.locator(".ftl-card")).to_be_visible()
    return found


def _command(page, name, args=None):
    """Carry out a command of the front end without waiting for it: the page shows when it is done."""
    call = "([name, args]) => { (window.jupyterapp || window.jupyterlab).commands.execute(name, args); }"
    page.evaluate(call, [name, args or {}])
