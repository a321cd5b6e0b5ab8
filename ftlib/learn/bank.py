"""The question bank: records, the loader of ``quizzes/NN_name.toml``, and the way to find a question.

One file a lesson, tables ``[[question]]``. Texts are markdown with ``$maths$`` and
fenced code, never raw HTML. Loading checks names and types only; everything else that
an author can get wrong is found by `ftlib.learn.check`.

>>> bank = load_bank("02")  # doctest: +SKIP
>>> bank.questions[0].kind  # doctest: +SKIP
'choice'
"""

import re
import tomllib
from functools import lru_cache
from pathlib import Path

import msgspec

from ftlib.errors import BankError
from ftlib.learn.questions import (
    DIFFICULTIES,
    FILLED_BY_LOADER,
    KINDS,
    SCHEMA,
    Bank,
    Fault,
    Item,
    Option,
    Pair,
    Question,
    Wrong,
)
from ftlib.learn.variants import display_order, variant
from ftlib.paths import course

__all__ = [
    "DIFFICULTIES",
    "KINDS",
    "Bank",
    "Fault",
    "Item",
    "Option",
    "Pair",
    "Question",
    "Wrong",
    "bank_paths",
    "display_order",
    "find_question",
    "load_bank",
    "load_banks",
    "load_concepts",
    "parse_bank",
    "variant",
]


def load_bank(lesson) -> Bank:
    """The bank of a lesson: "02", "02_freezing", or the path of a TOML file.

    Raises BankError with file, question and field if it cannot be read.
    """
    path = _path(lesson)
    return _loaded(path, path.stat().st_mtime_ns)


def load_banks() -> tuple[Bank, ...]:
    """Every bank of the course, in the order of the lessons."""
    return tuple(load_bank(path) for path in bank_paths())


def bank_paths() -> list[Path]:
    """The files ``quizzes/NN_name.toml`` of the course."""
    return sorted((course() / "quizzes").glob("[0-9][0-9]_*.toml"))


def find_question(question_id: str) -> Question:
    """The question with this id. Raises BankError that names near ids if there is none."""
    import difflib

    banks = [load_bank(path) for path in bank_paths() if path.stem[:2] == question_id[:2]] or load_banks()
    found = {question.id: question for bank in banks for question in bank.questions}
    if question_id not in found:
        near = difflib.get_close_matches(question_id, found, 3) or list(found)[:3]
        raise BankError(
            f"no question is called {question_id!r}; near it: {', '.join(near) or 'no bank at all'}"
        )
    return found[question_id]


def load_concepts(folder: Path | None = None) -> dict[str, str]:
    """Concept slug → title, from ``concepts.toml`` in ``folder`` or else in the course's ``quizzes``."""
    path = Path(folder or "") / "concepts.toml"
    if folder is None or not path.exists():
        path = course() / "quizzes" / "concepts.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))["concepts"]


def parse_bank(path) -> tuple[Bank, list[Fault]]:
    """The questions that can be read, and a fault for each thing that cannot."""
    path = Path(path)
    file = path.name
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        return Bank(SCHEMA, path.stem, "", (), str(path)), [Fault(file, "", "", f"not valid TOML: {error}")]
    faults, questions = [], []
    tables = raw.pop("question", [])
    for number, table in enumerate(tables if isinstance(tables, list) else []):
        found, fault = _question(table, number, str(raw.get("lesson", path.stem)), path)
        questions += found
        faults += fault
    try:
        bank = msgspec.convert({**raw, "questions": [], "file": str(path)}, Bank)
    except msgspec.ValidationError as error:
        faults.insert(0, _fault(file, "", error))
        bank = Bank(SCHEMA, path.stem, "")
    if bank.schema != SCHEMA:
        faults.insert(0, Fault(file, "", "schema", f"is {bank.schema}; this ftlib reads schema {SCHEMA}"))
    return msgspec.structs.replace(bank, questions=tuple(questions), file=str(path)), faults


def _question(table, number: int, lesson: str, path: Path) -> tuple[list[Question], list[Fault]]:
    named = table.get("id") if isinstance(table, dict) else None
    name = named if isinstance(named, str) else f"question {number + 1}"
    try:
        for field in FILLED_BY_LOADER:
            if field in table:
                raise msgspec.ValidationError(f"Object contains unknown field `{field}`")
        question = msgspec.convert(table, Question)
    except (msgspec.ValidationError, TypeError) as error:
        return [], [_fault(path.name, name, error)]
    if question.kind not in KINDS:
        return [], [Fault(path.name, name, "kind", f"is {question.kind!r}; kinds are {', '.join(KINDS)}")]
    return [msgspec.structs.replace(question, lesson=lesson, file=str(path))], []


def _fault(file: str, question: str, error: Exception) -> Fault:
    """msgspec says 'Expected `str`, got `int` - at `$.option[0].text`': keep the place, say what to do."""
    message, _, place = str(error).partition(" - at ")
    place = place.strip("`").removeprefix("$").lstrip(".")
    named = re.search(r"field `(\w+)`", message)
    if named:
        place = f"{place}.{named[1]}".lstrip(".")
    advice = {"unknown": "remove it or mend its spelling", "missing": "add it"}
    todo = next(
        (text for word, text in advice.items() if word in message),
        "tests/learn/data/sample.toml shows a question of every kind",
    )
    return Fault(file, question, place, f"{message}; {todo}")


def _path(lesson) -> Path:
    if isinstance(lesson, Path) or str(lesson).endswith(".toml"):
        path = Path(lesson)
        if not path.exists():
            raise BankError(f"no bank at {path}")
        return path
    found = [p for p in bank_paths() if p.stem == str(lesson) or p.stem[:2] == f"{lesson:0>2}"]
    if not found:
        known = ", ".join(path.stem for path in bank_paths()) or "none yet"
        raise BankError(f"no bank for lesson {lesson!r}; there are: {known}")
    return found[0]


@lru_cache(maxsize=64)
def _loaded(path: Path, changed: int) -> Bank:
    bank, faults = parse_bank(path)
    if faults:
        raise BankError("\n".join(str(fault) for fault in faults[:5]))
    return bank
