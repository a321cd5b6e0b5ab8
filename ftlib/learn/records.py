"""The records that a learner's progress consists of, and the rule that turns a score into a level."""

from datetime import UTC, datetime
from typing import Any

import msgspec

CONTEXTS = ("quiz", "strength", "challenge", "review", "exercise")
COUNTED = ("right", "partly right", "wrong")  # "not attempted" and "invalid" say nothing about mastery
STRONG, GROWING = 0.8, 0.5


def utc_now() -> datetime:
    """The present time in UTC; the default clock of the store."""
    return datetime.now(UTC)


def iso(moment: datetime) -> str:
    """``moment`` as ISO text in UTC with microseconds: such texts sort as the times do.

    >>> iso(datetime(2026, 3, 1, 12, tzinfo=UTC))
    '2026-03-01T12:00:00.000000Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One answer, as it was graded.

    ``answer`` is the answer as JSON data (a text, a list, a mapping). ``seconds`` is the time it took, where
    known. ``run`` names the strength test or challenge it belongs to. ``id``, ``time`` (UTC, ISO text) and
    ``learner`` are filled in by :meth:`Progress.record` where they are empty.
    """

    question_id: str
    lesson: str
    concept: str
    kind: str
    answer: Any
    verdict: str
    score: float
    context: str = "quiz"
    seed: int = 0
    misconceptions: tuple[str, ...] = ()
    seconds: float | None = None
    run: str = ""
    learner: str = ""
    time: str = ""
    id: str = ""

    @property
    def right(self) -> bool:
        """Whether the answer was wholly right."""
        return self.verdict == "right"

    @property
    def counted(self) -> bool:
        """Whether it says something about mastery: it was attempted and could be read."""
        return self.verdict in COUNTED


class View(msgspec.Struct, frozen=True):
    """How a question was left: hints opened, steps shown, the unsent draft, the variant seed."""

    hints: int = 0
    steps: bool = False
    draft: Any = None
    seed: int | None = None


class Mastery(msgspec.Struct, frozen=True):
    """How well a concept is known: ``level`` strong / growing / weak / new, ``score`` 0–1, counted attempts."""

    level: str
    score: float
    attempts: int
    questions: int


class Run(msgspec.Struct, frozen=True):
    """One strength test or challenge: when it began and ended, its seed, and facts that its kind keeps."""

    id: str
    kind: str
    seed: int
    started: str
    finished: str | None
    facts: dict


def level(score: float, questions: int = 2) -> str:
    """strong / growing / weak for a mean score over so many questions.

    >>> level(0.9, 3), level(1.0, 1), level(0.6, 3), level(0.2, 5)
    ('strong', 'growing', 'growing', 'weak')
    """
    if score >= STRONG and questions >= 2:
        return "strong"
    return "growing" if score >= GROWING else "weak"
