"""One learner at a list of questions: where they are, what is locked, the score."""

from functools import cached_property

from ftlib.errors import InputError, StoreError
from ftlib.learn.records import COUNTED
from ftlib.learn.session import SELF_CHECK, Memory, Session

PRACTICE = "practice"  # the five practice questions, as a quiz of their own


def sit(lesson, *, seed=None, questions=None, store=None) -> "Sitting":
    """The headless quiz of a lesson, or of the five practice questions for "practice".

    Raises InputError for ids that are not in its bank.
    """
    from ftlib.learn.bank import load_bank

    bank = _practice() if lesson == PRACTICE else load_bank(lesson)
    asked = {question.id: question for question in bank.questions}
    unknown = [name for name in questions or () if name not in asked]
    if unknown:
        raise InputError(
            f"{bank.lesson} has no question {', '.join(map(repr, unknown))}; it has {', '.join(asked)}"
        )
    chosen = [asked[name] for name in questions] if questions else bank.questions
    store, trouble = (store, "") if store is not None else open_store()
    sitting = Sitting(chosen, bank.title, bank.lesson, seed=seed, store=store)
    sitting.trouble = sitting.trouble or trouble
    return sitting


def _practice():
    """The questions tagged practice-five of every bank as a bank, the easy ones first."""
    from ftlib.learn.bank import load_banks
    from ftlib.learn.questions import DIFFICULTIES, SCHEMA, Bank

    five = [
        question for bank in load_banks() for question in bank.questions if "practice-five" in question.tags
    ]
    five.sort(key=lambda question: DIFFICULTIES.index(question.difficulty))
    if not five:
        raise InputError("this course has no practice questions; take a quiz by its lesson, such as 02")
    return Bank(SCHEMA, PRACTICE, "Practice", tuple(five))


class Sitting:
    """A quiz without its looks: sessions made when they are asked for, score, locks.

    ``seed``, ``context``, ``store`` and ``run`` are given to every Session; ``here`` is the number of the
    question shown now, from 0; ``trouble`` says why answers cannot be read or saved, "" when they can.
    """

    def __init__(self, questions, title, lesson, *, seed=None, context="quiz", store=None, run=""):
        self.questions, self.title, self.lesson = tuple(questions), title, lesson
        self.store = Memory() if store is None else store
        self._made = dict(seed=seed, context=context, store=self.store, run=run)
        self._sessions, self.trouble, self.here = {}, "", 0
        self._seen = self._latest()

    def __len__(self):
        return len(self.questions)

    def session(self, number: int) -> Session:
        """The session of the question with this number, from 0."""
        if number not in self._sessions:
            self._sessions[number] = Session(self.questions[number], **self._made)
        return self._sessions[number]

    def verdict(self, number: int) -> str:
        """The latest verdict at a question, of any variant."""
        return self._standing(number)[0]

    def locked(self, number: int) -> int | None:
        """The number of the question to be answered first, or None: the self-check is taken step by step."""
        if number == 0 or SELF_CHECK not in self.questions[number].tags:
            return None
        before = number - 1
        tagged = SELF_CHECK in self.questions[before].tags
        return before if tagged and self.verdict(before) == "not attempted" else None

    def first_open(self) -> int:
        """The number of the first question without an answer, 0 when all have one."""
        verdicts = [self.verdict(number) for number in range(len(self))]
        return verdicts.index("not attempted") if "not attempted" in verdicts else 0

    @cached_property
    def points(self) -> int:
        """What can be reached: a point a question."""
        return len(self.questions)

    @property
    def score(self) -> float:
        """Points so far: the latest score at each question."""
        return sum(self._standing(n)[1] for n in range(len(self)))

    @property
    def counts(self) -> dict[str, int]:
        """Verdict → number of questions."""
        verdicts = [self.verdict(n) for n in range(len(self))]
        return {name: verdicts.count(name) for name in (*COUNTED, "not attempted")}

    @property
    def answered(self) -> int:
        """How many questions have a checked answer."""
        return len(self) - self.counts["not attempted"]

    def line(self) -> str:
        """One line that is the same on every machine: what the quiz is and how far it has come."""
        many = "question" if len(self) == 1 else "questions"
        return f"{self.lesson}: {len(self)} {many}, {self.answered} answered"

    def _standing(self, number):
        if number in self._sessions:
            return self._sessions[number].standing
        return self._seen.get(self.questions[number].id, ("not attempted", 0.0))

    def _latest(self):
        wanted = {question.id for question in self.questions}
        try:
            found = self.store.attempts(context=self._made["context"], run=self._made["run"] or None)
        except StoreError as fault:
            self.trouble = str(fault)
            return {}
        return {a.question_id: (a.verdict, a.score) for a in found if a.question_id in wanted}


def open_store():
    """The learner's Progress, and "" — or a store that forgets, and what to tell the learner."""
    from ftlib.learn.progress import Progress

    try:
        return Progress(), ""
    except StoreError as fault:
        return Memory(), f"Your answers are not being saved. {fault}"
