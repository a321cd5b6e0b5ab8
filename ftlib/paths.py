"""Where things lie: the learner's own folder, the cache, the course's content.

Standard library only, so that every room may use it at no cost.
"""

import os
import sys
from pathlib import Path

from ftlib.errors import InputError, StoreError


def home() -> Path:
    """The learner's own folder (progress, settings). ``FTLIB_HOME`` overrides it.

    Without it: ``%LOCALAPPDATA%/ftlib`` on Windows, ``~/Library/Application
    Support/ftlib`` on macOS, ``$XDG_DATA_HOME/ftlib`` or ``~/.local/share/ftlib``
    elsewhere. The folder is made when first asked for.
    """
    named = os.environ.get("FTLIB_HOME")
    folder = Path(named).expanduser() if named else _user_data() / "ftlib"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise StoreError(
            f"The folder {folder} cannot be made ({fault.strerror}); set FTLIB_HOME to one that can be written."
        ) from fault
    return folder


def cache() -> Path:
    """The folder of things that can be made again (cached features, decoded images)."""
    folder = home() / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def course() -> Path:
    """The folder that holds ``notebooks/`` and ``quizzes/``.

    ``FTLIB_COURSE`` names it; else it is the checkout ftlib runs from, else the
    nearest folder above the working folder that holds ``quizzes/``.
    """
    named = os.environ.get("FTLIB_COURSE")
    checkout = Path(__file__).resolve().parents[1]
    here = Path.cwd().resolve()
    candidates = [Path(named).expanduser()] if named else [checkout, here, *here.parents]
    for folder in candidates:
        if (folder / "quizzes").is_dir():
            return folder
    raise InputError(
        f"no course found: looked for a folder 'quizzes' in {', '.join(map(str, candidates[:3]))}. "
        "Run from the course's folder, or set FTLIB_COURSE to it."
    )


def _user_data() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
