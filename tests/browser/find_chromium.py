"""Print the path of a Chromium-like browser, or exit with status 1. Standard library only."""

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find_chromium() -> str | None:
    """The browser that FTLIB_CHROMIUM names, else the first of NAMES on PATH, else None."""
    named = os.environ.get("FTLIB_CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)


if __name__ == "__main__":
    found = find_chromium()
    print(found or "no Chromium on PATH; set FTLIB_CHROMIUM to one")
    sys.exit(0 if found else 1)
