"""The strength test: ten questions over easy, medium and hard and over the concepts, and what each one shows.

Drawn by seed: the same seed and bank give the same ten. A retake draws other questions and other numbers. The
first answer to a question counts. This part shows nothing; widgets and text mode are built on it.

>>> test = strength_test(seed=3)  # doctest: +SKIP
>>> test.session(0).attempt("b")  # doctest: +SKIP
>>> print(test.report())  # doctest: +SKIP
"""

import random
from collections import Counter

import msgspec

from ftlib.learn import runs
from ftlib.learn.bank import load_concepts
from ftlib.learn.records import COUNTED, GROWING, STRONG, iso
from ftlib.learn.ways import where

QUESTIONS = 10
SHARES = {"easy": 0.3, "medium": 0.4, "hard": 0.3}


class Strength(msgspec.Struct, frozen=True):
    """One concept in the result: ``level`` strong / growing / weak / new, ``score`` 0–1, and where to read on."""

    concept: str
    title: str
    level: str
    score: float
    asked: int
    answered: int
    lesson: str
    section: str

    @property
    def link(self) -> str:
        """The section to go back to, relative to the course's folder."""
        return where(self.lesson, self.section)


class Report(msgspec.Struct, frozen=True):
    """The result of one strength test: a line a concept, weak ones first."""

    concepts: tuple[Strength, ...]
    score: float
    answered: int
    asked: int

    def __str__(self):
        head = f"{self.score:g} of {self.asked} points, {self.answered} of {self.asked} answered"
        rows = [f"  {c.level:<8} {c.title:<32} {c.link}" for c in self.concepts]
        return "\n".join([head, *rows])


class StrengthTest(runs.Shown):
    """One strength test, kept in the store as a run; see :func:`strength_test`."""

    def __init__(self, store, run, questions):
        self.store, self.run, self.questions = store, run, questions
        self.items = runs.items_of(run, questions)

    def __len__(self):
        return len(self.items)

    def __repr__(self):
        return f"<strength test, seed {self.run.seed}: {len(self.answers())} of {len(self)} answered>"

    def session(self, number: int):
        """The session in which question ``number`` (from 0) is answered."""
        return runs.session_of(self.store, self.run, self.items[number], self.questions)

    def answers(self) -> dict[str, float]:
        """Question id → score of its first counted answer in this test."""
        found = {}
        for attempt in self.store.attempts(run=self.run.id, context="strength"):
            if attempt.verdict in COUNTED:
                found.setdefault(attempt.question_id, attempt.score)
        return found

    @property
    def done(self) -> bool:
        """Whether every question has an answer."""
        return len(self.answers()) == len(self)

    def finish(self) -> Report:
        """End the test, answered or not, and return its report; the next test draws other questions."""
        ended = msgspec.structs.replace(self.run, finished=self.run.finished or iso(runs.now(self.store)))
        self.run = runs.keep(self.store, ended)
        return self.report()

    def report(self) -> Report:
        """Per concept strong, growing or weak, with the section to go back to."""
        answers, titles = self.answers(), load_concepts()
        asked = [self.questions[item.question] for item in self.items]
        concepts = [_judge(name, asked, answers, titles) for name in dict.fromkeys(q.concept for q in asked)]
        order = ("weak", "growing", "new", "strong")
        concepts.sort(key=lambda c: (order.index(c.level), c.lesson, c.concept))
        return Report(tuple(concepts), round(sum(answers.values()), 2), len(answers), len(asked))


def strength_test(seed: int | None = None, *, store=None, banks=None) -> StrengthTest:
    """Ten questions across difficulties and concepts.

    ``seed=None`` takes up the test that is not finished, else draws the next one with other questions than the
    last. A seed given draws its ten anew. ``store`` defaults to the learner's progress. Raises BankError where
    there are no questions.
    """
    store, questions = runs.open_or(store), runs.pool(banks)
    past = runs.earlier(store, "strength")
    if seed is None and past and past[-1].finished is None:
        going = StrengthTest(store, past[-1], questions)
        if not going.done:
            return going
    used = {item.question for item in runs.items_of(past[-1], questions)} if past and seed is None else set()
    chosen = (past[-1].seed + 1 if past else 1) if seed is None else seed
    items = draw(questions.values(), chosen, avoid=used)
    return StrengthTest(store, runs.begin(store, "strength", chosen, items), questions)


def draw(questions, seed: int, *, n: int = QUESTIONS, avoid=()) -> list[runs.Item]:
    """``n`` questions, easy ones first: 3 easy, 4 medium, 3 hard of ten, over as many concepts as there are.

    ``avoid`` are ids to use only where nothing else is left. The same input gives the same draw everywhere.
    """
    source = random.Random(f"strength:{seed}")
    order = {q.id: source.random() for q in sorted(questions, key=lambda q: q.id)}
    left, drawn, seen = list(questions), [], Counter()
    for wanted in _difficulties(min(n, len(left))):
        best = min(
            left,
            key=lambda q: (
                q.difficulty != wanted,
                q.id in avoid,
                seen[q.concept],
                seen[q.lesson],
                order[q.id],
            ),
        )
        left.remove(best)
        drawn.append(best)
        seen.update((best.concept, best.lesson))
    drawn.sort(key=lambda q: list(SHARES).index(q.difficulty))
    return [runs.Item(q.id, runs.other_numbers(source), q.difficulty) for q in drawn]


def _difficulties(n):
    """
    >>> _difficulties(10)
    ['easy', 'easy', 'easy', 'medium', 'medium', 'medium', 'medium', 'hard', 'hard', 'hard']
    """
    edges = (round(n * SHARES["easy"]), round(n * (SHARES["easy"] + SHARES["medium"])))
    return ["easy" if i < edges[0] else "medium" if i < edges[1] else "hard" for i in range(n)]


def _judge(concept, asked, answers, titles):
    """One concept's line. One easy question alone, though right, shows no strength."""
    mine = [q for q in asked if q.concept == concept]
    answered = [q for q in mine if q.id in answers]
    score = sum(answers[q.id] for q in answered) / len(answered) if answered else 0.0
    proof = len(answered) >= 2 or any(q.difficulty != "easy" for q in answered)
    level = "strong" if score >= STRONG and proof else "growing" if score >= GROWING else "weak"
    worst = min(mine, key=lambda q: answers.get(q.id, -1.0))
    title = titles.get(concept, concept)
    return Strength(
        concept,
        title,
        level if answered else "new",
        score,
        len(mine),
        len(answered),
        worst.lesson,
        worst.section,
    )
