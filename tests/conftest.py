"""Every test runs with a learner's folder of its own: nobody's real progress is touched."""

import pytest


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty FTLIB_HOME for one test."""
    monkeypatch.setenv("FTLIB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
