"""Grading: a pure function from a question and an answer to a result.

Verdicts: ``right``, ``partly right``, ``wrong``, ``not attempted`` (nothing given) and
``invalid`` (it cannot be read: the message says why, and it counts as no attempt).

Credit between 0 and 1: *multi* (right picks − wrong picks) / number of right options;
*match* and *confusion* the share of right pairs or cells; *order* the longest run of items
already in order, (run − 1) / (items − 1), where less than half counts as nothing;
every other kind all or nothing. How numbers are read: `ftlib.learn.reading`; words: `ftlib.learn.words`.

>>> from ftlib.learn.questions import Question
>>> q = Question("00-x", "numeric", "easy", "precision", "S", "P?", answer="85/100", tolerance=0.005)
>>> grade(q, "85 %").verdict, grade(q, "").verdict, grade(q, "abc").verdict
('right', 'not attempted', 'invalid')
"""

from typing import Any

import msgspec

from ftlib.learn.kinds import JUDGES, is_nothing
from ftlib.learn.variants import draw

VERDICTS = ("right", "partly right", "wrong", "not attempted", "invalid")


class Result(msgspec.Struct, frozen=True):
    """What became of one answer.

    ``feedback`` is markdown without the verdict. ``parts`` says of each part the learner
    answered (option, pair, cell) whether it is right. ``score`` is 0–1.
    """

    question_id: str
    verdict: str
    score: float = 0.0
    feedback: str = ""
    misconceptions: tuple[str, ...] = ()
    answer: Any = None
    parts: dict[str, bool] = {}

    @property
    def counts(self) -> bool:
        """True if this is an attempt: nothing given and an unreadable answer are none."""
        return self.verdict in ("right", "partly right", "wrong")

    def __str__(self) -> str:
        return (
            f"{self.verdict.capitalize()}: {self.feedback}"
            if self.feedback
            else f"{self.verdict.capitalize()}."
        )


def grade(question, answer, seed: int = 0, *, run_code: bool = False) -> Result:
    """Grade one answer; never raises for an answer, whatever its type.

    Parameters
    ----------
    question : Question
        From the bank (then ``seed`` picks the variant) or concrete (then its own values count).
    answer : JSON value
        choice "b" · multi ["a", "c"] · numeric "0.85" · text, predict, code: str ·
        order ["b", "a", …] · match {left: right} · confusion {"tp": "85", …}.
    seed : int
        The variant's seed.
    run_code : bool
        Run the answer to a *code* question here, in this process. Off unless asked:
        somebody else's code is never run by grading.

    Returns
    -------
    Result
    """
    if is_nothing(answer):
        return Result(question.id, "not attempted", feedback="Nothing was answered yet.", answer=answer)
    if question.kind == "code":
        return _code(question, answer, run_code)
    values = question.values if question.seed is not None else draw(question, seed)
    judged = JUDGES[question.kind](question, answer, values)
    return Result(
        question.id,
        _verdict(judged.credit),
        round(judged.credit or 0.0, 4),
        judged.feedback,
        tuple(dict.fromkeys(filter(None, judged.misconceptions))),
        answer,
        judged.parts,
    )


def _verdict(credit: float | None) -> str:
    if credit is None:
        return "invalid"
    return "right" if credit >= 1 else "partly right" if credit > 0 else "wrong"


def _code(question, answer, run_code: bool) -> Result:
    if not isinstance(answer, str):
        return Result(question.id, "invalid", feedback="Write Python code.", answer=answer)
    if not run_code:
        note = "Code is not run here; it is checked in the notebook where it was written."
        return Result(question.id, "invalid", feedback=note, answer=answer)
    from ftlib.learn.exercise import exercise

    result = exercise(question.exercise, question.file).check_source(answer)
    return msgspec.structs.replace(result, question_id=question.id, answer=answer)
