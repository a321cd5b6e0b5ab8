"""Files that strangers handed in, read as data: from a folder, and from zips in it, nothing unpacked.

:func:`collect` yields every file's bytes, or why it was not read. Nothing is written or run, links are not
followed, and no file, however it is made, takes more than :data:`LARGEST` bytes of memory at a time.
"""

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import msgspec

from ftlib.errors import InputError

LARGEST = 1_000_000  # bytes a submission; a real one has a few thousand
LARGEST_ZIP = 1 << 30  # bytes, as it lies there and unpacked
LARGEST_DIRECTORY = 32 << 20  # bytes of a zip's table of contents
MOST_ENTRIES = 100_000
BOMB_RATIO, BOMB_FROM = 100, 65_536  # answers shrink to a tenth at most
_JUNK = re.compile(r"(^|/)(__MACOSX/|\._[^/]*$|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\.git/)", re.IGNORECASE)


class Found(msgspec.Struct, frozen=True):
    """One file: its name within what was handed in, and its bytes, or a reason and a detail why not."""

    name: str
    data: bytes | None = None
    reason: str = ""
    detail: str = ""


def collect(place: Path, leave_out=()) -> Iterator[Found]:
    """Every file of a folder (and its folders), of a zip, or one file; in no particular order.

    ``leave_out`` are paths to pass over. Files that operating systems leave behind (``.DS_Store``, ``__MACOSX``)
    are passed over too. Raises InputError where there is no such place.
    """
    place = Path(place)
    if not place.exists():
        raise InputError(f"{place} does not exist; expected a folder or a zip of submissions.")
    skip = {Path(path).resolve() for path in leave_out}
    if place.is_dir():
        yield from _folder(place, "", skip)
    else:
        yield from _file(place, shown(place.name))


def shown(name: str) -> str:
    """A file's name as it can be printed anywhere: odd characters as escapes, cut at 300.

    >>> shown("a\\nb.json")
    'a\\\\nb.json'
    """
    text = name[:300]
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _folder(folder, inside, skip):
    try:
        entries = os.scandir(folder)
    except OSError as fault:
        yield Found(inside or shown(folder.name), reason="unreadable", detail=str(fault.strerror))
        return
    with entries:
        for entry in entries:
            name = inside + shown(entry.name)
            if entry.is_symlink():
                yield Found(name, reason="link", detail="links are not followed; hand in the file itself")
            elif _JUNK.search(name + ("/" if entry.is_dir() else "")) or _is_in(entry, skip):
                continue
            elif entry.is_dir():
                yield from _folder(Path(entry.path), name + "/", skip)
            else:
                yield from _file(entry.path, name)


def _is_in(entry, skip):
    return any(entry.name == path.name and Path(entry.path).resolve() == path for path in skip)


def _file(path, name):
    kind = name.rpartition(".")[2].lower()
    if kind not in ("json", "zip"):
        yield Found(name, reason="foreign", detail="neither a submission (.json) nor a .zip")
        return
    try:
        with _opened(path) as file:
            if kind == "zip":
                yield from _zip(file, name)
            else:
                yield _read(file, name)
    except OSError as fault:
        yield Found(name, reason="unreadable", detail=fault.strerror or str(fault))


def _opened(path):
    """A plain file, opened without following a link or waiting for a pipe."""
    flags = (
        os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    )
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(0, "not a plain file")
    return open(handle, "rb")


def _read(file, name):
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        return Found(
            name, reason="oversized", detail=f"over {LARGEST:,} bytes; a submission has a few thousand"
        )
    return Found(name, data)


def _zip(file, name):
    fault = _zip_fault(file)
    if fault:
        yield Found(name, None, *fault)
        return
    try:
        archive = zipfile.ZipFile(file)
    except _ZIP_FAULTS as fault:
        yield Found(name, reason="malformed", detail=f"not a readable zip: {fault}")
        return
    entries = archive.infolist()
    fault = _contents_fault(entries, os.fstat(file.fileno()).st_size)
    if fault:
        yield Found(name, None, *fault)
        return
    for entry in entries:
        inside = f"{name}/{shown(entry.filename)}"
        fault = _entry_fault(entry)
        if fault:
            yield Found(inside, None, *fault)
        elif not entry.is_dir() and not _JUNK.search(entry.filename):
            yield _unzipped(archive, entry, inside)


def _zip_fault(file):
    """Why a zip is not even opened: its size, or the size of its table of contents, which zipfile reads whole."""
    size = file.seek(0, os.SEEK_END)
    if size > LARGEST_ZIP:
        return "oversized", f"over {LARGEST_ZIP:,} bytes; hand it over in parts"
    file.seek(max(0, size - 65_557))
    tail = file.read()
    file.seek(0)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or len(tail) - place < 22:
        return "malformed", "not a zip, or cut off: its end is missing"
    count, directory = struct.unpack_from("<HI", tail, place + 10)
    if (directory == 0xFFFFFFFF and size > LARGEST_DIRECTORY) or LARGEST_DIRECTORY < directory < 0xFFFFFFFF:
        return (
            "zip bomb",
            f"its table of contents is over {LARGEST_DIRECTORY:,} bytes ({count} entries or more)",
        )
    return None


def _contents_fault(entries, size):
    """Why a whole zip is refused: more than it can hold, or entries that lie over each other."""
    if len(entries) > MOST_ENTRIES:
        return "zip bomb", f"{len(entries):,} entries; at most {MOST_ENTRIES:,} are read"
    if sum(entry.compress_size for entry in entries) > size:
        return "zip bomb", "its entries lie over each other: together they are larger than the zip"
    whole = sum(entry.file_size for entry in entries if entry.file_size <= LARGEST)
    if whole > LARGEST_ZIP:
        return "zip bomb", f"it unpacks to {whole:,} bytes"
    return None


def _entry_fault(entry):
    """Why an entry is not read, or None."""
    mode = stat.S_IFMT(entry.external_attr >> 16)
    if _climbs_out(entry.orig_filename) or _climbs_out(entry.filename):
        return "climbs out", "its path leads out of the zip"
    if mode == stat.S_IFLNK:
        return "link", "links are not followed; hand in the file itself"
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "unreadable", "not a plain file"
    if entry.is_dir() or _JUNK.search(entry.filename):
        return None
    if entry.filename.lower().endswith(".zip"):
        return "nested zip", "a zip inside a zip is not opened; take it out first"
    if not entry.filename.lower().endswith(".json"):
        return "foreign", "neither a submission (.json) nor a .zip"
    if entry.flag_bits & 0x1:
        return "encrypted", "it needs a password; hand it in without one"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "unreadable", f"compressed by method {entry.compress_type}; only plain and deflated are read"
    if entry.file_size > max(BOMB_FROM, BOMB_RATIO * entry.compress_size):
        return "zip bomb", f"{entry.compress_size:,} bytes that unpack to {entry.file_size:,}"
    if entry.file_size > LARGEST:
        return "oversized", f"over {LARGEST:,} bytes; a submission has a few thousand"
    return None


def _climbs_out(name):
    parts = PurePosixPath(name.replace("\\", "/"))
    return ".." in parts.parts or parts.is_absolute() or re.match(r"[A-Za-z]:", name) or "\x00" in name


def _unzipped(archive, entry, name):
    try:
        with archive.open(entry) as file:
            return _read(file, name)
    except _ZIP_FAULTS as fault:
        return Found(name, reason="malformed", detail=f"cannot be unpacked: {fault}")


# What zipfile and zlib raise for bytes that are no zip, cut off, or lie about themselves.
_ZIP_FAULTS = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    struct.error,
)
_ZIP_FAULTS += (OverflowError, NotImplementedError, zlib.error, IndexError, KeyError, MemoryError)
