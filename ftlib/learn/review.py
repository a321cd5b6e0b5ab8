"""Recall and review: missed misconceptions come back as cards, when the ``fsrs`` scheduler says they are due.

A wrong answer opens a card for each misconception it shows (or for the question itself where it names none).
Later answers that could have shown it again move the card: wrong brings it back in minutes, right in days, then
weeks. A card asks any question that can show the misconception, in turn and with other numbers.

Cards are not stored. They follow from the attempts alone, so they cannot be lost or disagree with them, and
the same attempts give the same cards on every machine (fsrs runs without its random fuzz).

>>> review().due()  # doctest: +SKIP
[Card(key='flag-freezes-batchnorm', due='2026-03-01T12:10:00.000000Z', reviews=1, lapses=1)]
"""

from datetime import UTC, datetime, timedelta

import msgspec

from ftlib.learn import runs
from ftlib.learn.bank import load_banks
from ftlib.learn.records import iso
from ftlib.learn.session import Session

STEPS = (timedelta(minutes=10),)  # what was missed is asked again in this sitting, then in days


class Card(msgspec.Struct, frozen=True):
    """One thing to recall: a misconception's slug, or a question's id. ``due`` is UTC, ISO text."""

    key: str
    due: str
    reviews: int
    lapses: int
    questions: tuple[str, ...]

    def __str__(self):
        name = self.key.replace("-", " ")
        times = "once" if self.lapses == 1 else f"{self.lapses} times"
        return f"{name}: due {self.due[:16].replace('T', ' ')} UTC, missed {times}"


class Review(runs.Shown):
    """The learner's cards, as their attempts make them; see :func:`review`."""

    def __init__(self, store, questions):
        self.store, self.questions = store, questions

    def cards(self) -> list[Card]:
        """Every card, the one due first in front."""
        return cards(self.store.attempts(), self.questions)

    def due(self, now: datetime | None = None) -> list[Card]:
        """The cards that are due by ``now`` (the store's clock)."""
        moment = iso(now or runs.now(self.store))
        return [card for card in self.cards() if card.due <= moment]

    def next(self) -> Session | None:
        """The session of the first card that is due, or None; answering it moves the card."""
        due = self.due()
        return self.session(due[0]) if due else None

    def session(self, card: Card) -> Session:
        """A session that asks a card: its questions in turn, with other numbers each time round."""
        question = self.questions[card.questions[card.reviews % len(card.questions)]]
        seconds = lambda: runs.now(self.store).timestamp()
        last = self.store.latest(question.id, "review")  # another card may have asked it
        seed = max(card.reviews, last.seed + 1 if last else 0)
        return Session(question, seed, "review", self.store, clock=seconds)

    def __str__(self):
        due, every = self.due(), self.cards()
        lines = [f"{len(due)} of {len(every)} cards are due", *(f"  {card}" for card in due[:10])]
        later = [card for card in every if card not in due]
        return "\n".join([*lines, *([f"  next: {later[0]}"] if later else [])])


def review(*, store=None, banks=None) -> Review:
    """The cards that past answers make. ``store`` defaults to the learner's progress."""
    banks = load_banks() if banks is None else banks
    return Review(runs.open_or(store), {q.id: q for bank in banks for q in bank.questions})


def cards(attempts, questions: dict) -> list[Card]:
    """Cards from attempts: a pure function. ``questions`` is id → question, of the bank."""
    from fsrs import Card as Memory
    from fsrs import Rating, Scheduler

    scheduler = Scheduler(learning_steps=STEPS, relearning_steps=STEPS, enable_fuzzing=False)
    asks, memories, counts = _asks(questions), {}, {}
    usable = [a for a in attempts if a.counted and a.time and a.question_id in questions]
    for attempt in sorted(usable, key=lambda a: a.time):
        when = datetime.fromisoformat(attempt.time).astimezone(UTC)
        for key, good in _touched(attempt, questions, memories):
            if key not in asks:
                continue
            rating = Rating.Good if good else Rating.Again
            memory = memories.get(key) or Memory(card_id=len(memories), due=when)
            memories[key], _ = scheduler.review_card(memory, rating, when)
            reviews, lapses = counts.get(key, (0, 0))
            counts[key] = (reviews + 1, lapses + (not good))
    found = [Card(key, iso(memory.due), *counts[key], asks[key]) for key, memory in memories.items()]
    return sorted(found, key=lambda card: (card.due, card.key))


def _touched(attempt, questions, memories):
    """(key, good) of each card an attempt speaks to: what it missed, or what it got right that was missed before."""
    if not attempt.right:
        return [(slug, False) for slug in attempt.misconceptions or (attempt.question_id,)]
    could = (*misconceptions(questions[attempt.question_id]), attempt.question_id)
    return [(key, True) for key in could if key in memories]


def misconceptions(question) -> tuple[str, ...]:
    """The misconceptions that a wrong answer to this question can show."""
    parts = (*question.options, *question.wrong, *question.pairs)
    return tuple(dict.fromkeys(part.misconception for part in parts if part.misconception))


def _asks(questions):
    """Key → ids of the questions that can ask it. Code is left out where another kind asks the same."""
    asks = {q.id: (q.id,) for q in questions.values()}
    for kinds in (lambda q: q.kind != "code", lambda q: True):
        shown = {}
        for question in questions.values():
            if kinds(question):
                for slug in misconceptions(question):
                    shown.setdefault(slug, []).append(question.id)
        asks = {**{slug: tuple(ids) for slug, ids in shown.items()}, **asks}
    return asks
