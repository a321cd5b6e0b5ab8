"""One FTLIB_HOME for the whole run, inside the checkout: nobody's real progress is touched.

The folder is named before any kernel starts, so notebooks under nbval use it too. Its cache of
features is kept between runs (entries are keyed by weights, transform and data); its progress is not.
"""

import os
from pathlib import Path

HOME = Path(__file__).parent / ".ftlib" / "test"


def pytest_configure(config):
    os.environ["FTLIB_HOME"] = str(HOME)
    HOME.mkdir(parents=True, exist_ok=True)
    if not hasattr(config, "workerinput"):  # the controller alone, before its workers start
        for old in HOME.glob("progress*"):
            old.unlink()
