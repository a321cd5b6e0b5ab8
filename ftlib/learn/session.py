"""One learner at one question: what widgets, text mode and terminal have in common.

A session grades answers, saves each attempt, opens hints one by one and the steps once an answer was checked,
and takes all of it up again where it was left. It shows nothing itself.

>>> from ftlib.learn.questions import Option, Question
>>> question = Question("02-demo", "choice", "easy", "freezing", "Freeze", "Which?", hints=("Look.",), steps=("b.",),
...                     options=(Option("a", "this", False, "No.", "m"), Option("b", "that", True)))
>>> session = Session(question)
>>> session.next_hint(), session.steps()
('Look.', ())
>>> session.attempt("b").verdict, session.steps()
('right', ('b.',))
"""

import time

from ftlib.errors import InputError, StoreError
from ftlib.learn.questions import Question
from ftlib.learn.records import COUNTED, Attempt, View
from ftlib.learn.variants import display_order, variant

SELF_CHECK = "self-check"  # tag of the question pair that is answered in two steps
LETTERS = "ABCDEFGHIJKL"  # names of options in the order they are shown


class Memory:
    """A store that forgets: the methods of Progress that a session uses, for when no file can be had."""

    def __init__(self):
        self._attempts, self._views = [], {}

    def record(self, attempt):
        """Keep an attempt until the kernel ends; its draft goes, as it does in a Progress."""
        self._attempts.append(attempt)
        self.set_view(attempt.question_id, attempt.context, draft=None)
        return attempt

    def attempts(self, *, lesson=None, context=None, run=None, question_id=None):
        """The attempts that fit, oldest first."""
        wanted = {"lesson": lesson, "context": context, "run": run, "question_id": question_id}
        wanted = {name: value for name, value in wanted.items() if value is not None}
        return [a for a in self._attempts if all(getattr(a, name) == value for name, value in wanted.items())]

    def latest(self, question_id, context="quiz", run=None):
        """The latest attempt at a question, or None."""
        found = self.attempts(question_id=question_id, context=context, run=run)
        return found[-1] if found else None

    def view(self, question_id, context="quiz"):
        """How the question was left."""
        return self._views.get((question_id, context), View())

    def set_view(self, question_id, context="quiz", **changes):
        """Note how a question is left."""
        old = self.view(question_id, context)
        fields = {name: changes.get(name, getattr(old, name)) for name in View.__struct_fields__}
        self._views[question_id, context] = View(**fields)
        return self._views[question_id, context]


class Session:
    """One learner at one question.

    Parameters
    ----------
    question : a question of a bank.
    seed : the variant; None takes the one the learner last saw, else 0.
    context : "quiz", "strength", "challenge", "review" or "exercise"; each is kept apart.
    store : a Progress, or None to keep nothing.
    run : the strength test or challenge this belongs to.

    Attributes
    ----------
    question : the concrete question of this variant.
    order : keys of its options, items or right sides in the order they are shown.
    result : the Result of the latest check of this variant, or None.
    standing : verdict and score of the latest check of any variant.
    trouble : why the last thing could not be saved, "" when it was.
    """

    def __init__(
        self, question: Question, seed=None, context="quiz", store=None, *, run="", clock=time.monotonic
    ):
        self._source, self.context, self.run, self._clock = question, context, run, clock
        self.store = Memory() if store is None else store
        self.trouble, self.standing = "", ("not attempted", 0.0)
        self._view = self._tried(lambda: self.store.view(question.id, context)) or View()
        left_at = self._view.seed or 0
        self._show(left_at if seed is None else seed)
        self._anew = left_at != self.seed  # left at other numbers: its draft and hints do not fit these
        self._view = View() if self._anew else self._view
        self._restore()

    def __repr__(self):
        return f"<Session {self.question.id}, seed {self.seed}: {self.verdict}>"

    # -- answering --------------------------------------------------------------------------------------------

    def attempt(self, answer):
        """Grade an answer; save it unless it was empty or could not be read. Returns the Result."""
        from ftlib.learn.grade import grade

        result = grade(self.question, answer, self.seed, run_code=True)
        if result.verdict not in COUNTED:
            self.set_draft(answer)
            return result
        attempt = self._attempt(answer, result)
        self._tried(lambda: self.store.record(attempt))
        self.result, self.answer, self._started = result, answer, self._clock()
        self.standing = (result.verdict, result.score)
        self._view = View(self._view.hints, self._view.steps, None, self._view.seed)
        return result

    def _attempt(self, answer, result):
        question = self.question
        return Attempt(
            question_id=question.id,
            lesson=question.lesson,
            concept=question.concept,
            kind=question.kind,
            answer=answer,
            verdict=result.verdict,
            score=result.score,
            context=self.context,
            seed=self.seed,
            misconceptions=tuple(result.misconceptions),
            seconds=round(self._clock() - self._started, 1),
            run=self.run,
        )

    @property
    def verdict(self) -> str:
        """ "right", "partly right", "wrong", or "not attempted"."""
        return self.result.verdict if self.result else "not attempted"

    @property
    def answered(self) -> bool:
        """Whether an answer to this variant was checked."""
        return self.result is not None

    # -- drafts -----------------------------------------------------------------------------------------------

    @property
    def draft(self):
        """The answer that stands in the controls: what was typed since the last check, else the checked answer."""
        return self._view.draft if self._view.draft is not None else self.answer

    @property
    def changed(self) -> bool:
        """Whether the draft differs from the answer that was checked."""
        return self._view.draft is not None and self._view.draft != self.answer

    def set_draft(self, answer) -> None:
        """Save what stands in the controls, unchecked; None clears it."""
        if answer != self._view.draft:
            self._leave(draft=answer)

    # -- help -------------------------------------------------------------------------------------------------

    @property
    def hints(self) -> tuple[str, ...]:
        """The hints opened so far."""
        return self.question.hints[: self._view.hints]

    @property
    def hints_left(self) -> int:
        """How many hints are still closed."""
        return len(self.question.hints) - len(self.hints)

    def next_hint(self) -> str | None:
        """Open the next hint and return it; None when all are open."""
        if not self.hints_left:
            return None
        self._leave(hints=len(self.hints) + 1)
        return self.hints[-1]

    @property
    def steps_allowed(self) -> bool:
        """Steps hold the answer, so they open only once an answer was checked."""
        return self.answered and bool(self.question.steps)

    @property
    def steps_open(self) -> bool:
        """Whether the worked steps are shown."""
        return self.steps_allowed and self._view.steps

    def show_steps(self, shown: bool = True) -> tuple[str, ...]:
        """Open (or close) the worked steps; returns those now shown."""
        if self.steps_allowed:
            self._leave(steps=shown)
        return self.steps() if shown else ()

    def steps(self) -> tuple[str, ...]:
        """The worked solution, () before an answer was checked."""
        return self.question.steps if self.steps_allowed else ()

    # -- variants ---------------------------------------------------------------------------------------------

    @property
    def has_variants(self) -> bool:
        """Whether the question can be asked with other numbers."""
        return bool(self._source.vars)

    def new_numbers(self) -> Question:
        """Ask the question with the next seed's numbers; hints and steps close."""
        self._show(self.seed + 1)
        self._leave(seed=self.seed, hints=0, steps=False, draft=None)
        return self.question

    # -- within -----------------------------------------------------------------------------------------------

    def _show(self, seed):
        self.seed = seed
        self.question = variant(self._source, seed)
        self.order = _shuffled(self.question, seed)
        self.result = self.answer = None
        self._started = self._clock()

    def _restore(self):
        last = self._tried(lambda: self.store.latest(self.question.id, self.context, self.run or None))
        if last is None or last.verdict not in COUNTED:
            return
        self.standing = (last.verdict, last.score)
        if last.seed == self.seed:
            self.answer, self.result = last.answer, _result(self.question, last)

    def _leave(self, **changes):
        changes["seed"] = self.seed
        fields = {name: changes.get(name, getattr(self._view, name)) for name in View.__struct_fields__}
        written, self._view, self._anew = fields if self._anew else changes, View(**fields), False
        self._tried(lambda: self.store.set_view(self.question.id, self.context, **written))

    def _tried(self, act):
        """What ``act`` returns; a store that fails must not stop the learner, so its message is kept."""
        try:
            done = act()
        except (StoreError, InputError) as fault:  # InputError: text that no file can hold
            self.trouble = str(fault)
            return None
        self.trouble = ""
        return done


def _shuffled(question, seed):
    """The display order; the right sides of a match never stand beside their own left sides, all of them."""
    order = display_order(question, seed)
    aligned = question.kind == "match" and order == [pair.key for pair in question.pairs]
    return order[1:] + order[:1] if aligned else order


def _result(question, attempt):
    """The Result of a saved attempt: graded again (grading is pure), save for code, which would have to run."""
    from ftlib.learn.grade import Result, grade

    if question.kind != "code":
        return grade(question, attempt.answer, attempt.seed)
    return Result(
        question_id=question.id,
        verdict=attempt.verdict,
        score=attempt.score,
        feedback="Check it again to see what it says.",
        misconceptions=tuple(attempt.misconceptions),
        answer=attempt.answer,
    )
