"""The records a question bank is made of: immutable, strict about their fields, light to import."""

from typing import Any

import msgspec

SCHEMA = 1
KINDS = ("choice", "multi", "numeric", "text", "order", "match", "confusion", "predict", "code")
DIFFICULTIES = ("easy", "medium", "hard")


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Root of the bank's records: immutable, and a key that it does not know is a fault."""


class Option(Record):
    """One option of a choice or multi question. ``misconception`` is a slug, on wrong options."""

    key: str
    text: str
    correct: bool = False
    feedback: str = ""
    misconception: str = ""


class Wrong(Record):
    """A wrong answer that people give, with what to say about it; ``value`` as a learner would answer."""

    value: Any
    feedback: str = ""
    misconception: str = ""


class Item(Record):
    """One line to be put in order; the bank lists items in the right order."""

    key: str
    text: str


class Pair(Record):
    """Two sides that belong together. Pairs may share one ``right`` text."""

    key: str
    left: str
    right: str
    feedback: str = ""
    misconception: str = ""


class Choices(Record):
    """The values a variable may take, when they are not a range."""

    choices: tuple[int | float | str, ...]


class Question(Record):
    """One question; fields that its kind does not use keep their empty defaults.

    ``seed`` and ``values`` are None and {} on a question as the bank holds it, and set
    on a concrete one (see `variant`). ``lesson`` and ``file`` are filled in by the loader.
    """

    id: str
    kind: str
    difficulty: str
    concept: str
    section: str
    prompt: str
    hints: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    quick_check: str = ""
    mistakes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    proof: str = ""
    options: tuple[Option, ...] = msgspec.field(default=(), name="option")
    answer: Any = None
    tolerance: int | float | str = 0
    unit: str = ""
    vars: dict[str, tuple[int, int] | Choices] = {}
    given: dict[str, int | float | str] = {}
    where: str = ""
    wrong: tuple[Wrong, ...] = ()
    aliases: tuple[str, ...] = ()
    code: str = ""
    items: tuple[Item, ...] = ()
    pairs: tuple[Pair, ...] = ()
    matrix: dict[str, int | float | str] = {}
    exercise: str = ""
    lesson: str = ""
    file: str = ""
    seed: int | None = None
    values: dict[str, int | float | str] = {}

    def option(self, key: str) -> Option | None:
        """The option with this key, or None."""
        return next((option for option in self.options if option.key == key), None)

    @property
    def key(self):
        """The right answer in the form a learner gives it (code: None).

        choice "b" · multi ["a", "c"] · numeric, text, predict: ``answer`` ·
        order ["a", "b"] · match {left: right} · confusion {"tp": 85, …}
        """
        return KEYS[self.kind](self)


KEYS = {
    "choice": lambda q: next((o.key for o in q.options if o.correct), None),
    "multi": lambda q: [o.key for o in q.options if o.correct],
    "numeric": lambda q: q.answer,
    "text": lambda q: q.answer,
    "predict": lambda q: q.answer,
    "order": lambda q: [item.key for item in q.items],
    "match": lambda q: {pair.key: pair.key for pair in q.pairs},
    "confusion": lambda q: dict(q.matrix),
    "code": lambda q: None,
}
FILLED_BY_LOADER = ("lesson", "file", "seed", "values")


class Bank(Record):
    """The questions of one lesson. ``lesson`` is the file's stem, such as "02_freezing"."""

    schema: int
    lesson: str
    title: str
    questions: tuple[Question, ...] = ()
    file: str = ""


class Fault(Record):
    """What is wrong with a bank: where (file, question, field) and what to do."""

    file: str
    question: str
    field: str
    message: str

    def __str__(self) -> str:
        place = ": ".join(part for part in (self.file, self.question, self.field) if part)
        return f"{place}: {self.message}"
