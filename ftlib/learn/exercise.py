"""Code exercises: a starter to fill in, a check that names the mistake, and proof that the check works.

A lesson's exercises live in ``quizzes/exercises/NN_name.py``, a module with a table::

    EXERCISES = {
        "02-freeze-by-hand": Exercise(
            name="freeze_backbone",          # what the learner defines
            starter="def freeze_backbone(model):\\n    ...\\n",
            solution="def freeze_backbone(model):\\n    ...the real thing...\\n",
            wrong={"flag-on-module": "def freeze_backbone(model):\\n    model.requires_grad = False\\n"},
            check=check_freeze_by_hand,      # takes what was defined; raises Wrong, or returns praise
        )
    }

Each ``wrong`` submission must be refused with its own misconception, the solution accepted and the starter be
"not attempted": the proof of the exercise's question runs all of them. Import torch inside the checks, so that
showing a starter stays quick.

In a lesson, the last line of an exercise's cell is::

    exercise("02-freeze-by-hand").check(freeze_backbone)
"""

import contextlib
import importlib.util
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from ftlib.errors import BankError, StoreError
from ftlib.learn.grade import Result
from ftlib.learn.written import SOURCE, is_starter, raised, source_of
from ftlib.paths import course


class Wrong(Exception):
    """Raised by a check: what is wrong, said so that the learner can mend it.

    ``misconception`` is the slug of the mistaken idea behind it, if there is one.
    """

    def __init__(self, message: str, misconception: str = ""):
        super().__init__(message)
        self.misconception = misconception


@dataclass(frozen=True)
class Exercise:
    """One exercise as its author writes it; see the module's text for an example."""

    name: str
    starter: str
    solution: str
    check: Callable
    wrong: dict[str, str] = field(default_factory=dict)


class Checked(Result, frozen=True):
    """A Result that a notebook does not print a second time: its line stands above already."""

    def _ipython_display_(self):
        pass


class Task:
    """An exercise as a learner meets it: ``check``, ``hint``, ``solution``.

    Attributes
    ----------
    id, name, starter, solution_code : str
    wrong : dict of misconception to source of a wrong submission
    """

    def __init__(self, exercise_id: str, made: Exercise, question=None):
        self.id, self.name, self.question = exercise_id, made.name, question
        self.starter, self.solution_code, self.wrong = made.starter, made.solution, made.wrong
        self._check, self._hints_shown = made.check, 0

    def __repr__(self) -> str:
        return f"exercise({self.id!r}): define {self.name}, then .check({self.name}); .hint() and .solution() help"

    def check(self, answer=None, record: bool = True) -> Checked:
        """Check what the learner defined, print one line about it, and record the attempt.

        Parameters
        ----------
        answer : function, class or value
            What the starter asked for.
        record : bool
            Save the attempt in the learner's progress ("not attempted" is never saved).

        Returns
        -------
        Checked
            verdict "right", "wrong" or "not attempted".
        """
        result = self.judge(answer)
        print(line(result))
        if record and result.counts:
            self._record(answer, result)
        return Checked(**{name: getattr(result, name) for name in Result.__struct_fields__})

    def judge(self, answer) -> Result:
        """The verdict on what the learner defined; prints and records nothing."""
        if answer is None or answer is ... or is_starter(answer, self.starter, self.name):
            return Result(
                self.id, "not attempted", feedback=f"fill in `{self.name}`, then run this cell again."
            )
        try:
            praise = self._check(answer)
        except Wrong as wrong:
            return Result(self.id, "wrong", 0.0, str(wrong), tuple(filter(None, [wrong.misconception])))
        except (Exception, SystemExit) as error:
            return Result(self.id, "wrong", 0.0, raised(error, answer))
        return Result(self.id, "right", 1.0, praise if isinstance(praise, str) else "it does what was asked.")

    def check_source(self, source: str) -> Result:
        """The verdict on source code, run in a namespace of its own; prints and records nothing.

        Code that does not parse, or defines no such name, is "invalid": it is no attempt.
        """
        try:
            code = compile(source, SOURCE, "exec")
        except (SyntaxError, ValueError) as error:
            at = f" in line {error.lineno}" if getattr(error, "lineno", None) else ""
            return Result(
                self.id, "invalid", feedback=f"Python cannot read it{at}: {getattr(error, 'msg', error)}."
            )
        space = {"__name__": "__answer__"}
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(code, space)
            except (Exception, SystemExit) as error:
                return Result(self.id, "wrong", 0.0, raised(error))
            if self.name not in space:
                return Result(
                    self.id, "invalid", feedback=f"It defines no `{self.name}`; keep the starter's name."
                )
            return self.judge(space[self.name])

    def hint(self) -> None:
        """Print the next hint; the last one repeats."""
        hints = self.question.hints if self.question else ()
        if not hints:
            print("This exercise has no hints. Run the check: its message names what to mend.")
            return
        self._hints_shown = min(self._hints_shown + 1, len(hints))
        print(f"Hint {self._hints_shown} of {len(hints)}: {hints[self._hints_shown - 1]}")

    def solution(self) -> None:
        """Print a solution. Yours may differ and be as good: the check decides."""
        print(self.solution_code.strip())

    def _record(self, answer, result: Result) -> None:
        from ftlib.learn.progress import Attempt, Progress

        attempt = Attempt(
            question_id=self.question.id if self.question else self.id,
            lesson=self.question.lesson if self.question else self.id[:2],
            concept=self.question.concept if self.question else "",
            kind="code",
            context="exercise",
            answer=source_of(answer),
            verdict=result.verdict,
            score=result.score,
            misconceptions=result.misconceptions,
        )
        try:
            Progress().record(attempt)
        except StoreError as error:
            print(f"(This attempt was not saved: {error})")


def exercise(exercise_id: str, near: str | Path = "") -> Task:
    """The exercise with this id, such as "02-freeze-by-hand".

    Parameters
    ----------
    exercise_id : str
        Its first two digits name the lesson.
    near : path, optional
        The bank whose ``exercises/`` folder holds it; the course's by default.

    Raises
    ------
    BankError
        If there is no such exercise; the message names those of the lesson.
    """
    folder = Path(near).parent if str(near) else course() / "quizzes"
    known: dict[str, Task] = {}
    for path in sorted((folder / "exercises").glob(f"{exercise_id[:2]}_*.py")):
        known |= _tasks(path, path.stat().st_mtime_ns)
    if exercise_id not in known:
        there = ", ".join(known) or "none"
        raise BankError(
            f"no exercise is called {exercise_id!r} in {folder / 'exercises'}; there are: {there}"
        )
    return known[exercise_id]


def line(result: Result) -> str:
    """The line that a check prints: "Right: …", "Wrong: …", "Not attempted yet: …"."""
    word = {"not attempted": "Not attempted yet"}.get(result.verdict, result.verdict.capitalize())
    return f"{word}: {result.feedback}"


@lru_cache(maxsize=32)
def _tasks(path: Path, changed: int) -> dict[str, Task]:
    spec = importlib.util.spec_from_file_location(f"ftlib_exercises_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    questions = _questions(path)
    return {name: Task(name, made, questions.get(name)) for name, made in module.EXERCISES.items()}


def _questions(path: Path) -> dict:
    """Exercise id → the question that asks for it, from the bank of the same lesson (none is no fault here)."""
    from ftlib.learn.bank import parse_bank

    banks = sorted(path.parent.parent.glob("*.toml"))
    found = [q for bank in banks if bank.stem in (path.stem, "sample") for q in parse_bank(bank)[0].questions]
    return {question.exercise: question for question in found if question.exercise}


__all__ = ["Checked", "Exercise", "Task", "Wrong", "exercise", "line"]
