"""The file that holds a learner's progress: opened, checked, migrated, never overwritten.

Chosen, and why:

- **Rollback journal, not WAL.** WAL needs memory shared by every process, so it fails on the
  network home folders that classrooms have, and it leaves answers in a second file that a copy
  of ``progress.sqlite3`` misses. A rollback journal needs working file locks only.
- **synchronous=EXTRA.** When :func:`writing` returns, the rows *and* the removal of the journal
  are on disk: neither kill -9 nor a power cut takes an acknowledged answer back. It costs a few
  milliseconds an answer, and a person answers every few seconds.
- **One connection an operation.** Nothing is held between answers, so several kernels, threads
  and forked processes share the file, and a file set aside by one is not written by another.
- **The file is only ever opened through SQLite.** Closing any other handle on it would drop the
  locks that this process holds (POSIX locks belong to the process).

Where the network file system's locks are broken SQLite reports an error, which becomes a
:class:`~ftlib.errors.StoreError`: set ``FTLIB_HOME`` to a folder on a local disk then.
"""

import contextlib
import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from ftlib.errors import InputError, StoreError

APPLICATION_ID = 0x66746C62  # "ftlb": marks the file as ours in SQLite's own header
SCHEMA_VERSION = 2
BUSY_SECONDS = 30.0

_VERSION_1 = (
    """CREATE TABLE attempts (
        n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, time TEXT NOT NULL, learner TEXT NOT NULL,
        lesson TEXT NOT NULL, question_id TEXT NOT NULL, concept TEXT NOT NULL, kind TEXT NOT NULL,
        context TEXT NOT NULL, seed INTEGER NOT NULL, answer TEXT NOT NULL, verdict TEXT NOT NULL,
        score REAL NOT NULL, misconceptions TEXT NOT NULL, seconds REAL)""",
    "CREATE INDEX attempts_by_question ON attempts (question_id, context, n)",
    """CREATE TABLE views (question_id TEXT NOT NULL, context TEXT NOT NULL, hints INTEGER NOT NULL DEFAULT 0,
        steps INTEGER NOT NULL DEFAULT 0, draft TEXT, seed INTEGER, PRIMARY KEY (question_id, context))""",
    """CREATE TABLE visits (way TEXT NOT NULL, concept TEXT NOT NULL, first TEXT NOT NULL, latest TEXT NOT NULL,
        times INTEGER NOT NULL, PRIMARY KEY (way, concept))""",
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
)
_VERSION_2 = (
    "ALTER TABLE attempts ADD COLUMN run TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX attempts_by_run ON attempts (run, n)",
    """CREATE TABLE runs (id TEXT PRIMARY KEY, kind TEXT NOT NULL, seed INTEGER NOT NULL, started TEXT NOT NULL,
        finished TEXT, facts TEXT NOT NULL)""",
)
_STEPS = {1: _VERSION_1, 2: _VERSION_2}  # what turns version n - 1 into version n


@contextlib.contextmanager
def reading(path: Path):
    """A connection for looking at the progress file; one consistent view, nothing is written."""
    with _connected(path, "DEFERRED") as connection:
        yield connection


@contextlib.contextmanager
def writing(path: Path):
    """A connection in one write transaction: all of it is on disk when the block ends, or none of it is."""
    with _connected(path, "IMMEDIATE") as connection:
        yield connection


def prepare(path: Path) -> None:
    """Make the file, or check one that is there and bring it up to date.

    Raises StoreError, and changes nothing, where the file is foreign, newer or damaged. A file of an older
    version is copied to ``<name>.version-<n>.sqlite3`` before it is changed.
    """
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            _look_only(path)
        connection = _connect(path)
        with contextlib.closing(connection):
            _check(connection, path)
            if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
                raise _damaged(path)
            if _version(connection) < SCHEMA_VERSION:
                _migrate(connection, path)


def set_aside(path: Path) -> Path | None:
    """Rename the progress file (and its journal) out of the way; return its new place, or None without one.

    The new name is ``<name>.set-aside-<UTC time>.sqlite3`` beside it. Nothing is deleted or replaced.
    """
    if not path.exists():
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    target = path.with_name(f"{path.stem}.set-aside-{stamp}{path.suffix}")
    with _explained(path):
        os.rename(path, target)
        for tail in ("-journal", "-wal", "-shm"):
            beside = path.with_name(path.name + tail)
            if beside.exists():
                os.rename(beside, target.with_name(target.name + tail))
    return target


@contextlib.contextmanager
def _connected(path, how):
    if not path.exists():
        prepare(path)  # removed or set aside while this kernel was running: begin again
    with _explained(path), contextlib.closing(_connect(path)) as connection:
        connection.execute(f"BEGIN {how}")
        try:
            _check(connection, path)
            if _version(connection) == 0:  # a process was killed while it made the file
                _apply(connection, 0)
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise


def _connect(path):
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA synchronous = EXTRA")
    except BaseException:
        connection.close()
        raise
    return connection


def _look_only(path):
    """Judge a file without the right to write, so that a foreign one is not so much as checkpointed."""
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS)
        with contextlib.closing(connection):
            _check(connection, path)
    except sqlite3.OperationalError:
        return  # a journal left by a killed process needs a writer to roll it back


def _check(connection, path):
    marker = connection.execute("PRAGMA application_id").fetchone()[0]
    version = _version(connection)
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if marker != APPLICATION_ID and (marker or version or tables):
        raise _foreign(path, "an SQLite database of another program")
    if marker == APPLICATION_ID and not 1 <= version <= SCHEMA_VERSION:
        raise StoreError(
            f"{path} was written by a newer ftlib: its progress has version {version}, this ftlib knows up to "
            f"{SCHEMA_VERSION}. It has not been touched. Upgrade ftlib (pip install --upgrade ftlib), or "
            f"{_AFRESH}"
        )


def _version(connection):
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _migrate(connection, path):
    connection.execute("BEGIN IMMEDIATE")  # a second kernel waits here, then finds nothing left to do
    version = _version(connection)
    if 0 < version < SCHEMA_VERSION:
        _copy(path, path.with_name(f"{path.stem}.version-{version}{path.suffix}"))
    _apply(connection, version)
    connection.execute("COMMIT")


def _apply(connection, version):
    for step in range(version + 1, SCHEMA_VERSION + 1):
        for statement in _STEPS[step]:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def _copy(path, target):
    if target.exists():
        return  # the copy of an earlier try; the first is the one to keep
    half = target.with_name(target.name + f".{os.getpid()}.part")
    with contextlib.closing(_connect(path)) as source, contextlib.closing(_connect(half)) as copy:
        source.backup(copy)
    os.replace(half, target)


_AFRESH = (
    "run `ftlib progress --start-afresh` (in Python: ftlib.learn.Progress.start_afresh()), which renames this "
    "file, keeps it, and begins a new one; or set FTLIB_HOME to another folder."
)


def _foreign(path, what):
    return StoreError(
        f"{path} is {what}, not a progress file of ftlib. It has not been touched. Move it elsewhere, or {_AFRESH}"
    )


def _damaged(path):
    return StoreError(
        f"{path} is damaged and cannot be read safely. It has not been touched. Restore it from a backup, or {_AFRESH}"
    )


@contextlib.contextmanager
def _explained(path):
    """Turn what SQLite says into a StoreError that names the file and what to do."""
    try:
        yield
    except UnicodeDecodeError as fault:  # SQLite's own message quotes bytes of the damaged file
        raise _damaged(path) from fault
    except OverflowError as fault:
        raise InputError(f"a number is too large to be kept ({fault}); seeds go up to 2**63 - 1") from fault
    except (sqlite3.Error, OSError) as fault:
        raise _explain(path, fault) from fault


def _explain(path, fault):
    code = getattr(fault, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return _foreign(path, "no SQLite database")
    if code == sqlite3.SQLITE_CORRUPT or "decode" in str(fault):
        return _damaged(path)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(
            f"{path} has been held by another program for {BUSY_SECONDS:.0f} s; nothing was saved. "
            "Close other kernels that use it, or set FTLIB_HOME to a folder on a local disk, and try again."
        )
    return StoreError(
        f"{path} cannot be used ({fault}); nothing was saved. Expected a file in a folder that can be written, "
        "on a disk with room and working locks. Free some room, or set FTLIB_HOME to another folder."
    )
