"""What a learner hands in: one readable JSON file with their id, answers, variant seeds and versions.

::

    {
      "format": "ftlib-submission", "version": 1,
      "learner": "ada", "written": "2026-03-01T12:30:00.000000Z",
      "versions": {"ftlib": "0.1.0", "python": "3.11.2", "banks": {"02_freezing": "1f0c9a…"}},
      "answers": [{"question": "02-bn-drift", "seed": 0, "answer": "b"}]
    }

It holds no score and no verdict: whoever grades it grades the answers anew (:mod:`ftlib.learn.grade_class`),
and fields that are not listed here are passed over.
"""

import hashlib
import platform
import re
import unicodedata
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec

import ftlib
from ftlib.errors import BankError, InputError, SubmissionError
from ftlib.learn.bank import load_bank, load_banks
from ftlib.learn.export import whole_file
from ftlib.learn.records import iso

FORMAT, VERSION = "ftlib-submission", 1
LONGEST_NAME, MOST_ANSWERS = 100, 5_000
HANDED_IN = (
    "quiz",
    "exercise",
)  # contexts whose answers count; tests, challenges and reviews are the learner's own

Seed = Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Given(msgspec.Struct, frozen=True):
    """One answer, as the bytes of its JSON: graded only once it is known to be asked for."""

    question: str
    answer: msgspec.Raw
    seed: Seed = 0


class Submission(msgspec.Struct, frozen=True):
    """A submission that could be read; ``written`` is UTC, ISO text."""

    format: str
    version: int
    learner: str
    written: str
    answers: list[Given]
    versions: dict = {}


class Refused(SubmissionError):
    """A submission that cannot be graded: ``reason`` is one word or two, the message says more."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


def write_submission(path=None, *, lesson=None, learner: str | None = None, store=None) -> Path:
    """Write the latest answer to every question answered so far; return the file's path.

    ``lesson`` ("02" or "02_freezing") limits it to one lesson. ``learner`` is the id that the instructor knows;
    it is remembered. ``path`` defaults to ``submission-<learner>[-<lesson>].json`` in the working folder; a file
    there that is no submission is left alone. Raises SubmissionError where nobody is named or nothing answered.
    """
    from ftlib.learn.progress import Progress

    store = Progress() if store is None else store
    name = _who(store, learner)
    lesson = None if lesson is None else load_bank(lesson).lesson
    answers = _latest(store, lesson)
    if not answers:
        raise SubmissionError(f"nothing to hand in: no answer to {lesson or 'any quiz'} was checked yet.")
    path = Path(path or f"submission-{'-'.join(filter(None, [_file_name(name), lesson]))}.json")
    _keep_strangers(path)
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "learner": name,
        "written": iso(store.clock()),
        "versions": versions({attempt.lesson for attempt in answers}),
        "answers": [dict(question=a.question_id, seed=a.seed, answer=a.answer) for a in answers],
    }
    with whole_file(path) as file:
        file.write(msgspec.json.format(msgspec.json.encode(whole), indent=2).decode() + "\n")
    return path


def parse_submission(data: bytes) -> Submission:
    """Read a submission from its bytes. Raises Refused, with a reason, for anything else.

    >>> parse_submission(b'{"format": "ftlib-submi')
    Traceback (most recent call last):
    ftlib.learn.submit.Refused: the file ends in the middle
    """
    data = data.removeprefix(b"\xef\xbb\xbf")  # some editors put a mark before the first letter
    try:
        found = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise _refusal(data, fault) from None
    if found.format != FORMAT:
        raise Refused("foreign", f"its format is {found.format[:40]!r}, not {FORMAT!r}")
    if found.version != VERSION:
        raise Refused("newer", f"it has version {found.version}; this ftlib reads {VERSION}. Upgrade ftlib.")
    if len(found.answers) > MOST_ANSWERS:
        raise Refused("oversized", f"{len(found.answers)} answers; at most {MOST_ANSWERS} are read")
    names = [given.question for given in found.answers]
    if len(set(names)) != len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise Refused("malformed", f"it answers {twice[:80]!r} twice")
    return msgspec.structs.replace(found, learner=clean_name(found.learner), written=_time(found.written))


def clean_name(name: str) -> str:
    """A learner's id in its one form (composed, without outer spaces). Raises Refused if it is none.

    >>> clean_name(" Ada  Lovelace ")
    'Ada Lovelace'
    """
    clean = " ".join(unicodedata.normalize("NFC", name).split())
    if not clean or len(clean) > LONGEST_NAME or not clean.isprintable():
        raise Refused("malformed", f"the learner's id must have 1 to {LONGEST_NAME} printable characters")
    return clean


def versions(lessons) -> dict:
    """Versions of ftlib, Python and the banks (a hash of each file's bytes), to explain differences later."""
    banks = {name: mark for name in sorted(lessons) if (mark := bank_mark(name))}
    return {"ftlib": ftlib.__version__, "python": platform.python_version(), "banks": banks}


def bank_mark(lesson: str) -> str:
    """Twelve hex digits that change with the lesson's bank; "" if there is none."""
    try:
        return hashlib.sha256(Path(load_bank(lesson).file).read_bytes()).hexdigest()[:12]
    except (BankError, OSError):
        return ""


def _who(store, learner):
    name = clean_name(learner if learner is not None else store.learner)
    if name == "me":
        raise SubmissionError(
            "who hands this in? Give the id your instructor knows: `ftlib submit --learner ada`, or "
            'write_submission(learner="ada"). It is remembered.'
        )
    if learner is not None and store.learner != name:
        store.learner = name
    return name


def _latest(store, lesson):
    """The latest counted attempt at each question, in the order of the banks."""
    latest = {a.question_id: a for a in store.attempts(lesson=lesson) if a.counted and a.context in HANDED_IN}
    order = {
        question.id: place
        for place, question in enumerate(q for bank in load_banks() for q in bank.questions)
    }
    return [latest[name] for name in sorted(latest, key=lambda name: (order.get(name, len(order)), name))]


def _keep_strangers(path):
    """Refuse to replace a file that is no submission."""
    if path.is_symlink() or not path.exists():
        return
    try:
        with path.open("rb") as file:
            parse_submission(file.read(5_000_000))
    except (OSError, Refused):
        raise InputError(
            f"{path} is there already and is no submission; it was left alone. Name another."
        ) from None


def _file_name(name):
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "learner"


def _time(text):
    try:
        return iso(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise Refused("malformed", f"the time {text[:40]!r} is no ISO time") from None


def _refusal(data, fault):
    """Why bytes are no submission: foreign JSON, a file cut off, or a fault at a named place."""
    if "truncated" in str(fault):
        return Refused("truncated", "the file ends in the middle" if data.strip() else "the file is empty")
    try:
        marker = _MARKER.decode(data).format
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        marker = None
    if isinstance(fault, msgspec.ValidationError) and marker != FORMAT:
        return Refused("foreign", f"it is JSON, but no {FORMAT}")
    return Refused("malformed", f"not readable as JSON: {fault}" if marker is None else str(fault))


class _Marker(msgspec.Struct):
    format: str = ""


_DECODER, _MARKER = msgspec.json.Decoder(Submission), msgspec.json.Decoder(_Marker)
