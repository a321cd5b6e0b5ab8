"""The challenge: five timed problems of mixed kinds, two tries each, and a badge.

Each problem's time runs from the moment it is opened, by the store's clock, and is kept: a restarted kernel
neither stops nor resets it. Whoever needs more time sets ``pace`` (2 doubles it, ``inf`` takes the clock away);
the badge is the same. An answer that cannot be read costs no try.

>>> game = challenge(seed=1)  # doctest: +SKIP
>>> problem = game.open()  # doctest: +SKIP
>>> game.answer("b").state  # doctest: +SKIP
'solved'
"""

import math
import random
from datetime import datetime

import msgspec

from ftlib.errors import InputError
from ftlib.learn import runs
from ftlib.learn.records import COUNTED, iso

PROBLEMS, TRIES = 5, 2
KINDS = ("conceptual", "predict", "model", "hyperparameter", "metric", "debug")
SECONDS = {"easy": 60, "medium": 90, "hard": 120}
BADGES = ((9, "gold"), (7, "silver"), (5, "bronze"))  # of ten points: 2 at the first try, 1 at the second
OPEN_STATES = ("waiting", "open")


class Problem(msgspec.Struct, frozen=True):
    """One problem as it stands. ``state``: waiting, open, solved, missed (no tries left), time up or skipped."""

    number: int
    kind: str
    question_id: str
    state: str
    tries_left: int
    seconds_left: float
    points: int


class Outcome(msgspec.Struct, frozen=True):
    """What became of an answer: the Result (None if time was up), and the problem as it stands now."""

    result: object | None
    problem: Problem

    @property
    def state(self) -> str:
        """The problem's state after the answer."""
        return self.problem.state


class Challenge(runs.Shown):
    """One challenge, kept in the store as a run; see :func:`challenge`."""

    def __init__(self, store, run, questions):
        self.store, self.run, self.questions = store, run, questions
        self.items = runs.items_of(run, questions)

    def __len__(self):
        return len(self.items)

    def __repr__(self):
        return f"<challenge, seed {self.run.seed}: {self.points} of {2 * len(self)} points, {self.badge or 'no badge'}>"

    def __str__(self):
        rows = [f"  {p.number + 1}. {p.kind:<15} {p.state:<8} {p.points} points" for p in self.problems()]
        return "\n".join([f"{self.points} of {2 * len(self)} points: {self.badge or 'no'} badge", *rows])

    def problems(self) -> list[Problem]:
        """Every problem as it stands now."""
        return [self.problem(number) for number in range(len(self))]

    def problem(self, number: int) -> Problem:
        """One problem as it stands now."""
        item, note = self.items[number], self._note(number)
        tries = self._tries(number)
        left = max(0, TRIES - len(tries))
        solved = any(attempt.right for attempt in tries)
        seconds = self._seconds_left(number)
        state = note.get("ended") or ("open" if "opened" in note else "waiting")
        if solved:
            state = "solved"
        elif state == "open" and left == 0:
            state = "missed"
        elif state == "open" and seconds <= 0:
            state = "time up"
        points = TRIES - [a.right for a in tries].index(True) if solved else 0
        return Problem(number, item.label, item.question, state, left, seconds, points)

    @property
    def current(self) -> int | None:
        """The number of the problem whose turn it is, None when the challenge is over."""
        return next((p.number for p in self.problems() if p.state in OPEN_STATES), None)

    def open(self) -> Problem | None:
        """Open the problem whose turn it is; its time begins with the first opening. None when it is over."""
        for earlier in range(len(self)):
            if "opened" in self._note(earlier) and self._unsettled(earlier):
                self._settle(earlier)
        number = self.current
        if number is None:
            return None
        if "opened" not in self._note(number):
            self._set(number, opened=iso(runs.now(self.store)))
        return self.problem(number)

    def session(self, number: int):
        """The session of a problem, for showing it; answer through :meth:`answer`, which watches time and tries."""
        return runs.session_of(self.store, self.run, self.items[number], self.questions)

    def answer(self, answer) -> Outcome | None:
        """Answer the problem whose turn it is (opened if need be). Too late: it is neither graded nor saved."""
        number = self._opened()
        if number is None and self.open() is None:
            return None
        number = self.current if number is None else number
        late = self.problem(number).state not in OPEN_STATES
        result = None if late else self.session(number).attempt(answer)
        return Outcome(result, self._settle(number))

    def skip(self) -> Problem | None:
        """Leave the problem whose turn it is; it cannot be opened again. One that is over already only ends."""
        opened = self._opened()
        number = self.current if opened is None else opened
        if number is None:
            return None
        if self.problem(number).state in OPEN_STATES:
            self._set(number, ended="skipped")
        return self._settle(number)

    def set_pace(self, pace: float) -> None:
        """Multiply the time of every problem (2 doubles it, ``math.inf`` takes the clock away).

        Raises InputError once a problem was opened.
        """
        if self.run.facts.get("notes"):
            raise InputError("the clock is running already; set the pace before the first problem is opened")
        self._keep(facts={**self.run.facts, "pace": _checked(pace)})

    @property
    def finished(self) -> bool:
        """Whether every problem is solved, missed, out of time or skipped."""
        return self.current is None

    @property
    def points(self) -> int:
        """Points so far: 2 for a problem solved at the first try, 1 at the second."""
        return sum(problem.points for problem in self.problems())

    @property
    def badge(self) -> str:
        """ "gold" from 9 of 10 points, "silver" from 7, "bronze" from 5, else "". Shares count in a shorter one."""
        scaled = 10 * self.points / (2 * len(self)) if self.items else 0
        return next((name for least, name in BADGES if scaled >= least), "")

    # -- within -----------------------------------------------------------------------------------------------

    def _tries(self, number):
        """The attempts that count: within the time, and no more than the tries allowed."""
        opened = self._note(number).get("opened")
        if opened is None:
            return []
        whole, begun = self._whole(number), datetime.fromisoformat(opened)
        found = self.store.attempts(
            run=self.run.id, question_id=self.items[number].question, context="challenge"
        )
        gone = lambda a: (datetime.fromisoformat(a.time) - begun).total_seconds() if a.time else 0.0
        in_time = [a for a in found if gone(a) <= whole]
        return [attempt for attempt in in_time if attempt.verdict in COUNTED][:TRIES]

    def _whole(self, number):
        return SECONDS[self.questions[self.items[number].question].difficulty] * _pace(self.run)

    def _seconds_left(self, number):
        whole = self._whole(number)
        opened = self._note(number).get("opened")
        if opened is None or math.isinf(whole):
            return whole
        gone = (runs.now(self.store) - datetime.fromisoformat(opened)).total_seconds()
        return max(0.0, whole - max(0.0, gone))  # a clock set back gives no extra time beyond the whole

    def _note(self, number):
        return self.run.facts.get("notes", {}).get(self.items[number].question, {})

    def _unsettled(self, number):
        return "ended" not in self._note(number)

    def _opened(self):
        """The number of the problem that was opened and whose end is not written down yet, or None."""
        return next((n for n in range(len(self)) if "opened" in self._note(n) and self._unsettled(n)), None)

    def _set(self, number, **changes):
        notes = dict(self.run.facts.get("notes", {}))
        notes[self.items[number].question] = {**self._note(number), **changes}
        self._keep(facts={**self.run.facts, "notes": notes})

    def _settle(self, number):
        """Write down how a problem ended, and the badge once all have."""
        problem = self.problem(number)
        if problem.state not in OPEN_STATES:
            self._set(number, ended=problem.state)
        if self.finished and self.run.finished is None:
            facts = {**self.run.facts, "points": self.points, "badge": self.badge}
            self._keep(facts=facts, finished=iso(runs.now(self.store)))
        return problem

    def _keep(self, **changes):
        self.run = runs.keep(self.store, msgspec.structs.replace(self.run, **changes))


def challenge(seed: int | None = None, *, store=None, banks=None, pace: float = 1.0) -> Challenge:
    """Five timed problems of different kinds.

    ``seed=None`` takes up the challenge that is not finished, else draws the next; a seed given draws its five
    anew. ``pace`` multiplies the time (60 s easy, 90 s medium, 120 s hard). ``store`` defaults to the learner's
    progress, and its clock is the challenge's. Raises BankError where there are no questions.
    """
    store, questions = runs.open_or(store), runs.pool(banks)
    past = runs.earlier(store, "challenge")
    if seed is None and past and past[-1].finished is None:
        going = Challenge(store, past[-1], questions)
        if not going.finished:
            return going
    chosen = (past[-1].seed + 1 if past else 1) if seed is None else seed
    facts = {"pace": _checked(pace)}
    return Challenge(
        store, runs.begin(store, "challenge", chosen, draw(questions.values(), chosen), facts), questions
    )


def badges(store) -> dict[str, int]:
    """Badge → how often it was won."""
    won = [run.facts.get("badge") for run in runs.earlier(store, "challenge") if run.finished]
    return {name: won.count(name) for _, name in BADGES if name in won}


def draw(questions, seed: int, *, n: int = PROBLEMS) -> list[runs.Item]:
    """``n`` problems of different kinds: by the tag ``challenge:<kind>`` first, then by kind of question.

    The same seed and questions give the same draw everywhere.
    """
    source = random.Random(f"challenge:{seed}")
    order = {q.id: source.random() for q in sorted(questions, key=lambda q: q.id)}
    kinds = sorted(KINDS, key=lambda _: source.random())
    left, drawn = sorted(questions, key=lambda q: order[q.id]), []
    while left and len(drawn) < n:
        taken = [label for _, label in drawn]
        best = min(left, key=lambda q: _wish(q, kinds, taken))
        left.remove(best)
        drawn.append((best, _label(best, taken)))
    return [runs.Item(q.id, runs.other_numbers(source), label) for q, label in drawn]


def _labels(question):
    return [tag.removeprefix("challenge:") for tag in question.tags if tag.startswith("challenge:")]


def _label(question, taken):
    names = [*_labels(question), question.kind]
    return next((name for name in names if name not in taken), names[0])


def _wish(question, kinds, taken):
    """Lower is wanted more: a kind not yet taken, tagged before untagged, kinds in the drawn order."""
    label = _label(question, taken)
    place = kinds.index(label) if label in kinds else len(kinds)
    return (label in taken, not _labels(question), place)


def _checked(pace):
    """A pace as it is kept: None without a clock. Raises InputError where no time would be left."""
    if not pace > 0:
        raise InputError(f"the pace is {pace}; expected a number above 0, such as 2 for twice the time")
    return pace if math.isfinite(pace) else None


def _pace(run):
    pace = run.facts.get("pace", 1.0)
    return math.inf if pace is None else pace
