"""What a learner has done: one row an attempt, in a file that survives kill -9 and several kernels.

>>> import tempfile, pathlib
>>> store = Progress(pathlib.Path(tempfile.mkdtemp()) / "progress.sqlite3")
>>> done = store.record(Attempt(question_id="02-bn-drift", lesson="02_freezing", concept="batchnorm",
...                             kind="choice", answer="b", verdict="right", score=1.0))
>>> store.latest("02-bn-drift").answer
'b'
>>> store.mastery()["batchnorm"].level
'growing'

How the file is kept safe is told in :mod:`ftlib.learn.store`.
"""

import os
import uuid
from datetime import datetime
from pathlib import Path

import msgspec

from ftlib.errors import InputError, StoreError
from ftlib.learn import export as _export
from ftlib.learn import store as _store
from ftlib.learn.records import CONTEXTS, COUNTED, Attempt, Mastery, Run, View, iso, level, utc_now
from ftlib.paths import home

__all__ = ["Attempt", "Mastery", "Progress", "Run", "View", "iso", "level", "utc_now"]

_COLUMNS = Attempt.__struct_fields__
_INSERT = (
    f"INSERT INTO attempts ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))}) "
    "ON CONFLICT (id) DO NOTHING"
)
_UPSERT_VIEW = (
    "INSERT INTO views (question_id, context, hints, steps, draft, seed) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (question_id, context) DO UPDATE SET hints = excluded.hints, steps = excluded.steps, "
    "draft = excluded.draft, seed = excluded.seed"
)
# The two latest counted attempts at each question: a wrong answer put right counts half until right again.
_STANDING = (
    "SELECT concept, avg(mean) AS score, sum(made) AS attempts, count(*) AS questions FROM ("
    " SELECT max(CASE WHEN back = 1 THEN concept END) AS concept, avg(CASE WHEN back <= 2 THEN score END) AS mean,"
    "  count(*) AS made FROM ("
    "  SELECT concept, question_id, score, row_number() OVER (PARTITION BY question_id ORDER BY n DESC) AS back"
    "  FROM attempts WHERE verdict IN (?, ?, ?)) GROUP BY question_id) GROUP BY concept"
)


class Progress:
    """The progress file of one learner; safe to open from several kernels at once.

    ``path`` defaults to ``progress.sqlite3`` in :func:`ftlib.paths.home`; ``clock`` is a function that returns
    the present time in UTC. Raises StoreError, and touches nothing, where the file is foreign, newer than this
    ftlib, or damaged.
    """

    def __init__(self, path: str | os.PathLike | None = None, *, clock=utc_now):
        self.path = Path(path) if path is not None else home() / "progress.sqlite3"
        self.clock = clock
        _store.prepare(self.path)

    def __repr__(self):
        return f"Progress({str(self.path)!r})"

    @classmethod
    def start_afresh(cls, path: str | os.PathLike | None = None, *, clock=utc_now) -> "Progress":
        """Rename the present file, keep it, and begin a new one; ``.set_aside`` tells where the old one lies."""
        place = Path(path) if path is not None else home() / "progress.sqlite3"
        old = _store.set_aside(place)
        fresh = cls(place, clock=clock)
        fresh.set_aside = old
        return fresh

    # -- attempts ---------------------------------------------------------------------------------------------

    def record(self, attempt: Attempt) -> Attempt:
        """Save one attempt and return it as saved (id, time and learner filled in).

        It is on disk when this returns, and the question's unsent draft is cleared. Recording the same id twice
        saves it once. Raises StoreError where it could not be saved, InputError where its context is unknown or
        its answer is no JSON data.
        """
        if attempt.context not in CONTEXTS:
            raise InputError(f"context {attempt.context!r} is unknown; expected one of {', '.join(CONTEXTS)}")
        with _store.writing(self.path) as db:
            saved = msgspec.structs.replace(
                attempt,
                id=attempt.id or uuid.uuid4().hex,
                time=iso(_moment(attempt.time) if attempt.time else self.clock()),
                learner=attempt.learner or _setting(db, "learner") or _named_outside(),
            )
            db.execute(_INSERT, [_to_cell(name, getattr(saved, name)) for name in _COLUMNS])
            db.execute(
                "UPDATE views SET draft = NULL WHERE question_id = ? AND context = ?",
                (saved.question_id, saved.context),
            )
        return saved

    def attempts(
        self, *, lesson=None, question_id=None, concept=None, context=None, run=None, learner=None, since=None
    ) -> list[Attempt]:
        """The attempts that fit every filter given, oldest first. ``since`` is an ISO time (UTC), inclusive."""
        wanted = dict(
            lesson=lesson, question_id=question_id, concept=concept, context=context, run=run, learner=learner
        )
        wanted = {name: value for name, value in wanted.items() if value is not None}
        where = [f"{name} = ?" for name in wanted] + (["time >= ?"] if since else [])
        query = f"SELECT * FROM attempts {'WHERE ' + ' AND '.join(where) if where else ''} ORDER BY n"
        return self._attempts(query, [*wanted.values(), *([since] if since else [])])

    def latest(
        self, question_id: str, context: str | None = "quiz", run: str | None = None
    ) -> Attempt | None:
        """The latest attempt at a question, or None. ``context=None`` looks at every context."""
        query = (
            "SELECT * FROM attempts WHERE question_id = ? AND (? IS NULL OR context = ?) "
            "AND (? IS NULL OR run = ?) ORDER BY n DESC LIMIT 1"
        )
        found = self._attempts(query, [question_id, context, context, run, run])
        return found[0] if found else None

    def _attempts(self, query, values):
        with _store.reading(self.path) as db:
            rows = db.execute(query, values).fetchall()
        return [self._attempt(row) for row in rows]

    def _attempt(self, row):
        try:
            return msgspec.convert({name: _from_cell(name, row[name]) for name in _COLUMNS}, Attempt)
        except msgspec.MsgspecError as fault:
            raise StoreError(
                f"{self.path}, attempt {row['n']}: {fault}. The row is not as ftlib writes it, so the file is damaged "
                "or was edited; it has not been changed. Restore a backup, or run `ftlib progress --start-afresh`."
            ) from fault

    # -- what is open, and drafts -----------------------------------------------------------------------------

    def view(self, question_id: str, context: str = "quiz") -> View:
        """How the question was left: hints opened, steps shown, unsent draft, seed."""
        with _store.reading(self.path) as db:
            return _view(db, question_id, context)

    def set_view(
        self, question_id, context="quiz", *, hints=None, steps=None, draft=msgspec.UNSET, seed=None
    ) -> View:
        """Save how a question is left; what is not given stays. ``draft=None`` clears the draft."""
        with _store.writing(self.path) as db:
            old = _view(db, question_id, context)
            new = View(
                hints=old.hints if hints is None else int(hints),
                steps=old.steps if steps is None else bool(steps),
                draft=old.draft if draft is msgspec.UNSET else draft,
                seed=old.seed if seed is None else int(seed),
            )
            draft_cell = None if new.draft is None else _json(new.draft)
            db.execute(_UPSERT_VIEW, (question_id, context, new.hints, new.steps, draft_cell, new.seed))
        return new

    # -- export -----------------------------------------------------------------------------------------------

    def export_csv(self, path: str | os.PathLike) -> Path:
        """Write every attempt to a CSV file, one row each, formula-like cells neutralised; return its path."""
        return _export.to_csv(self.attempts(), Path(path))

    def export_json(self, path: str | os.PathLike) -> Path:
        """Write every attempt to a readable JSON file; return its path."""
        return _export.to_json(self.attempts(), Path(path))

    # -- mastery ----------------------------------------------------------------------------------------------

    def mastery(self) -> dict[str, Mastery]:
        """Concept → how well it is known, from the two latest counted attempts at each of its questions.

        The score is the mean over questions; ≥ 0.8 on two questions or more is strong, ≥ 0.5 growing, below it
        weak. A concept without a counted attempt is not in the mapping (it is new).
        """
        with _store.reading(self.path) as db:
            rows = db.execute(_STANDING, COUNTED).fetchall()
        return {
            row["concept"]: Mastery(
                level(row["score"], row["questions"]), row["score"], row["attempts"], row["questions"]
            )
            for row in rows
        }

    # -- visits, runs, settings -------------------------------------------------------------------------------

    def visit(self, way: str, concept: str) -> None:
        """Note that the learner took this way to learn this concept now."""
        now = iso(self.clock())
        with _store.writing(self.path) as db:
            db.execute(
                "INSERT INTO visits VALUES (?, ?, ?, ?, 1) ON CONFLICT (way, concept) "
                "DO UPDATE SET latest = excluded.latest, times = times + 1",
                (way, concept, now, now),
            )

    def visits(self) -> dict[tuple[str, str], int]:
        """(way, concept) → how often."""
        with _store.reading(self.path) as db:
            return {(row["way"], row["concept"]): row["times"] for row in db.execute("SELECT * FROM visits")}

    def save_run(self, run: Run) -> Run:
        """Save a strength test or challenge, new or as it stands now."""
        with _store.writing(self.path) as db:
            db.execute(
                "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
                "finished = excluded.finished, facts = excluded.facts",
                (run.id, run.kind, run.seed, run.started, run.finished, _json(run.facts)),
            )
        return run

    def runs(self, kind: str | None = None) -> list[Run]:
        """The strength tests and challenges in the order they were begun, whatever the clock said."""
        query = "SELECT * FROM runs WHERE ? IS NULL OR kind = ? ORDER BY rowid"
        with _store.reading(self.path) as db:
            rows = db.execute(query, (kind, kind)).fetchall()
        return [Run(*row[:5], msgspec.json.decode(row["facts"])) for row in rows]

    @property
    def learner(self) -> str:
        """The learner's id: as set here, else ``FTLIB_LEARNER``, else the hub's user, else "me"."""
        with _store.reading(self.path) as db:
            return _setting(db, "learner") or _named_outside()

    @learner.setter
    def learner(self, name: str):
        self.set_setting("learner", name)

    def setting(self, name: str) -> str | None:
        """A setting kept beside the progress, or None."""
        with _store.reading(self.path) as db:
            return _setting(db, name)

    def set_setting(self, name: str, value: str) -> None:
        """Keep a setting beside the progress."""
        with _store.writing(self.path) as db:
            db.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, str(value)))


def _moment(text):
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"time {text!r} cannot be read; expected ISO text such as 2026-03-01T12:30:00Z"
        ) from None


def _setting(db, name):
    row = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return row["value"] if row else None


def _view(db, question_id, context):
    row = db.execute(
        "SELECT * FROM views WHERE question_id = ? AND context = ?", (question_id, context)
    ).fetchone()
    if row is None:
        return View()
    draft = None if row["draft"] is None else msgspec.json.decode(row["draft"])
    return View(row["hints"], bool(row["steps"]), draft, row["seed"])


def _named_outside():
    return os.environ.get("FTLIB_LEARNER") or os.environ.get("JUPYTERHUB_USER") or "me"


def _json(value):
    try:
        return msgspec.json.encode(value).decode()
    except (TypeError, ValueError, msgspec.MsgspecError) as fault:
        raise InputError(
            f"cannot save {type(value).__name__}: {fault}; expected texts, numbers, lists, mappings"
        ) from (fault)


def _to_cell(name, value):
    return _json(value) if name in ("answer", "misconceptions") else value


def _from_cell(name, value):
    return msgspec.json.decode(value) if name in ("answer", "misconceptions") else value
