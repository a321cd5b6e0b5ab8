"""Real servers on loopback and a real Chromium; each is started once a worker, when a test first asks for it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from find_chromium import find_chromium

DATA = Path(__file__).parents[1] / "learn" / "data"
PATIENCE = 40_000  # milliseconds: on a busy machine a kernel may take long; nothing waits longer than it must
OFFLINE = [  # keep the browser from calling home
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-first-run",
    "--no-pings",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
CONFIG = {
    "LabApp": {"expose_app_in_browser": True},
    "JupyterNotebookApp": {"expose_app_in_browser": True},
    "ServerApp": {"allow_root": True, "open_browser": False, "disable_check_xsrf": True},
    "IdentityProvider": {"token": ""},
}
NOTEBOOKS = {
    "sample": 'quiz("sample.toml")',
    "strength": "strength_test()",
    "challenge": "challenge()",
    "review": "review()",
    "progress": "progress_page()",
}
SLOW_LINE = """
window.WebSocket = class extends window.WebSocket {
  set onmessage(act) { super.onmessage = act && (event => setTimeout(() => act(event), %d)); }
};
"""
NO_NEWS = {"checkForUpdates": False, "fetchNews": "false"}
COMMANDS = {
    "lab": ["-m", "jupyterlab", "--no-browser"],
    "notebook": ["-m", "notebook", "--no-browser"],
    "voila": ["-m", "voila", "--no-browser"],
}


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def chromium():
    """The browser, headless."""
    path = find_chromium()
    if not path:
        pytest.skip("no Chromium: install one, or name it in FTLIB_CHROMIUM")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OFFLINE)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def course(tmp_path_factory):
    """A folder with the sample bank as a quiz notebook, and a lesson for its links to lead to."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(DATA, root / "quizzes", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "notebooks").mkdir()
    write_notebook(root / "notebooks" / "99_sample.ipynb", ["# Sample"], [])
    shutil.copy(DATA / "sample.toml", root / "quizzes" / "99_sample.toml")
    shutil.copy(DATA.parents[2] / "quizzes" / "concepts.toml", root / "quizzes")
    for name, show in NOTEBOOKS.items():
        code = f"from ftlib.learn import *\n\n{show}"
        write_notebook(root / "quizzes" / f"{name}.ipynb", [f"# A {name}"], [code])
    return root


def write_notebook(path: Path, texts, cells):
    """A notebook as the course's builder writes them: unexecuted, kernel python3."""
    import nbformat.v4 as v4

    made = v4.new_notebook(
        cells=[v4.new_markdown_cell(t) for t in texts] + [v4.new_code_cell(c) for c in cells]
    )
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(json.dumps(made), encoding="utf-8")


@pytest.fixture(scope="session")
def server(course, tmp_path_factory):
    """``server("lab")`` → its address; "lab", "notebook" and "voila" run side by side on free ports.

    All three share one learner's folder, ``server.home``.
    """
    running = {}
    config = tmp_path_factory.mktemp("jupyter")
    configure(config)

    def start(kind):
        if kind not in running:
            running[kind] = start_server(kind, course, config)
        return running[kind][0]

    start.home = config / "home"
    start.addresses = lambda: [address for kind, (address, _) in running.items() if kind != "voila"]
    yield start
    stop_servers(running.values())


def stop_servers(running):
    """End the servers that ``start_server`` gave."""
    for _, process in running:
        process.terminate()
    for _, process in running:
        process.wait(timeout=30)


def configure(config: Path):
    """Settings of the servers: no token (they listen on loopback only), no news, no update checks."""
    (config / "jupyter_server_config.json").write_text(json.dumps(CONFIG))
    settings = config / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(NO_NEWS))


def start_server(kind, course, config):
    """Start one front end on a course's folder; returns its address and its process."""
    port = _free_port()
    folders = {name: str(config / name) for name in ("data", "runtime", "settings", "workspaces")}
    env = os.environ | {
        "FTLIB_HOME": str(config / "home"),
        "FTLIB_COURSE": str(course),
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": folders["data"],
        "JUPYTER_RUNTIME_DIR": folders["runtime"],
        "JUPYTERLAB_SETTINGS_DIR": folders["settings"],
        "JUPYTERLAB_WORKSPACES_DIR": folders["workspaces"],
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "OMP_NUM_THREADS": "1",
    }
    own = {"voila": [f"--port={port}", "--Voila.ip=127.0.0.1", str(course)]}
    usual = [
        f"--port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={course}",
    ]
    log = open(config / f"{kind}.log", "w")  # noqa: SIM115 - lives as long as the server
    process = subprocess.Popen(
        [sys.executable, *COMMANDS[kind], *own.get(kind, usual)],
        env=env,
        cwd=course,
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    address = f"http://127.0.0.1:{port}"
    _wait(address, process, config / f"{kind}.log")
    return address, process


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(address, process, log, seconds=90):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            return urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not come up:\n{log.read_text()[-2000:]}")


@pytest.fixture
def fresh(server):
    """A learner who has answered nothing yet, and no kernel left from another test."""
    for old in server.home.glob("progress*"):
        old.unlink()
    yield server.home
    for address in server.addresses():
        for session in json.load(urllib.request.urlopen(f"{address}/api/sessions")):
            gone = urllib.request.Request(f"{address}/api/sessions/{session['id']}", method="DELETE")
            urllib.request.urlopen(gone).close()


@pytest.fixture
def slow_line(page):
    """``slow_line(ms)``: what kernels say reaches the page that much later; call it before a page is opened."""
    return lambda ms: page.add_init_script(SLOW_LINE % ms)


@pytest.fixture
def page(chromium):
    """A fresh browser window."""
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    made = context.new_page()
    made.set_default_timeout(PATIENCE)
    yield made
    context.close()
