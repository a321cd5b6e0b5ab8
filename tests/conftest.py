"""Every test runs with a learner's folder of its own: nobody's real progress is touched."""

import asyncio
import os

import pytest
from hypothesis import settings

# Two threads add in another order than one; `make test` sets this, and it holds for a bare `pytest`, too.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine is no fault of the code: no test asserts how long an example takes.
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty FTLIB_HOME for one test."""
    monkeypatch.setenv("FTLIB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def no_loop(request):
    """No event loop runs around a test: the one that the browser tests leave running would make widgets wait for a page."""
    running = None if request.node.get_closest_marker("browser") else asyncio._get_running_loop()
    if running is None:
        yield
        return
    asyncio._set_running_loop(None)
    yield
    asyncio._set_running_loop(running)
