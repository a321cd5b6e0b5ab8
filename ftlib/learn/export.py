"""Writing tables and records for people and spreadsheets: whole files, harmless cells."""

import contextlib
import csv
import os
import re
from pathlib import Path

import msgspec

from ftlib.errors import InputError
from ftlib.learn.records import Attempt

_PLAIN_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?%?")
_FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")


def safe_cell(value):
    """A CSV cell that no spreadsheet runs: a text that begins like a formula gets an apostrophe before it.

    Plain numbers are left alone, also negative ones; control characters other than line ends and tabs, and
    halves of characters that UTF-8 cannot hold, become "�".

    >>> print(safe_cell("=1+1"), safe_cell("-0.5"), safe_cell("- 5"), safe_cell(0.5))
    '=1+1 -0.5 '- 5 0.5
    """
    if not isinstance(value, str):
        return value
    text = _CONTROL.sub("\ufffd", value)
    risky = text.lstrip(" \u00a0\ufeff").startswith(_FORMULA_STARTS) and not _PLAIN_NUMBER.fullmatch(text)
    return "'" + text if risky else text


_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@contextlib.contextmanager
def whole_file(path: Path):
    """A text file that appears under its name only when it is complete; an older one stays until then."""
    half = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with half.open("w", encoding="utf-8", newline="") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(half, path)
    except OSError as fault:
        raise InputError(f"cannot write {path}: {fault}. Expected a folder that can be written.") from fault
    finally:
        with contextlib.suppress(OSError):
            half.unlink(missing_ok=True)


def to_csv(attempts: list[Attempt], path: Path) -> Path:
    """Attempts as CSV: one row each, columns as the fields of Attempt; lists and mappings as JSON text."""
    with whole_file(path) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(_COLUMNS)
        for attempt in attempts:
            table.writerow([safe_cell(_as_text(getattr(attempt, name))) for name in _COLUMNS])
    return path


def to_json(attempts: list[Attempt], path: Path) -> Path:
    """Attempts as one readable JSON document with a format marker."""
    whole = {"format": "ftlib-progress", "version": 1, "attempts": attempts}
    with whole_file(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n")
    return path


_COLUMNS = ("time", *(name for name in Attempt.__struct_fields__ if name not in ("time", "id")), "id")


def _as_text(value):
    if value is None:
        return ""
    return value if isinstance(value, str | int | float) else msgspec.json.encode(value).decode()
