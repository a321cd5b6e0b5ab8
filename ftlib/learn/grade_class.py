"""Grade a class: a folder or zip of submissions in, a table with one row a learner out.

Submissions are data: no kernel starts and no code runs. Only the answers in them count, graded here against
this course's banks; a score written into a file is passed over. Code answers read "needs review".

**The same learner twice:** in each lesson the submission written last is graded (of two written at the same moment
the one whose answers have the larger hash), the others are listed as duplicates. So lessons may be handed in one
by one, and the table depends on what was handed in, never on file names or their order.

Rows wait in a temporary database on disk, so memory stays flat however large the class is.
"""

import contextlib
import sqlite3
from collections import Counter
from functools import lru_cache
from pathlib import Path

import msgspec

from ftlib.errors import FtlibError, InputError
from ftlib.learn.bank import load_bank, load_banks
from ftlib.learn.class_rows import alike, begin, duplicates, keep, winners
from ftlib.learn.class_tables import (
    REVIEW,
    Problem,
    QuestionSummary,
    hardest,
    write_grades,
    write_problems,
    write_summary,
)
from ftlib.learn.collect import collect
from ftlib.learn.grade import grade
from ftlib.learn.submit import Refused, bank_mark, parse_submission

LONGEST_ANSWER = 20_000  # bytes of JSON; longer ones are not read
REMEMBERED = 200  # bytes; equal answers up to this length are graded once


class ClassReport(msgspec.Struct):
    """What became of a class's submissions: counts, problems, questions, and the files written."""

    graded: int
    problems: list[Problem]
    questions: list[QuestionSummary]
    notes: list[str]
    grades: Path
    summary: Path
    listed: Path

    @property
    def exit_status(self) -> int:
        """0 where every file was graded wholly, 1 where any is listed as a problem."""
        return 1 if self.problems else 0

    def __str__(self):
        lines = [
            f"{self.graded} learners graded, {len(self.problems)} problems: {self.grades}, {self.summary}"
        ]
        lines += [f"  {problem}" for problem in self.problems[:20]]
        if len(self.problems) > 20:
            lines.append(f"  … and {len(self.problems) - 20} more in {self.listed}")
        return "\n".join([*lines, *hardest(self.questions), *(f"note: {note}" for note in self.notes)])


def grade_folder(submissions, out="grades.csv", *, lesson=None, questions=None, banks=None) -> ClassReport:
    """Grade every submission in a folder (with its folders and zips), in a zip, or one file.

    Writes ``out`` (a row a learner, sorted by id; columns: learner, score, out_of, percent, needs_review, one a
    question, file) and beside it ``<out>.questions.csv`` (a row a question) and ``<out>.problems.csv``.

    In a question's column: a score 0–1, nothing where it was not attempted, "invalid" where the answer cannot be
    read (0 points), "needs review" for code (outside the score until someone has looked).

    Parameters
    ----------
    submissions, out : paths.
    lesson : "02" or "02_freezing": only its questions. Else all questions of every lesson that anyone answered.
    questions : ids, instead of a lesson's questions, in the order of the columns.
    banks : the banks to grade by, default the course's.

    Raises
    ------
    InputError
        No such folder, a question that no bank has, or a file that cannot be written.
    """
    out = Path(out)
    outputs = (out, out.with_name(f"{out.stem}.questions.csv"), out.with_name(f"{out.stem}.problems.csv"))
    bank, known = _bank(banks, lesson, questions)
    with contextlib.closing(sqlite3.connect("")) as rows:  # a private file that vanishes with the connection
        problems, others = _read_all(collect(Path(submissions), outputs), bank, known, rows)
        problems = sorted(problems + duplicates(rows))
        columns = _columns(bank, rows, lesson or questions)
        summaries, graded = write_grades(winners(rows), columns, outputs[0])
        notes = alike(rows)
    write_summary(summaries, outputs[1])
    write_problems(problems, outputs[2])
    notes += [
        f"{n} of these submissions were written with another version of {name}"
        for name, n in sorted(others.items())
    ]
    return ClassReport(graded, problems, summaries, notes, *outputs)


def _bank(banks, lesson, questions):
    """Id → question of the columns in order, and of all that there is."""
    banks = load_banks() if banks is None else banks
    known = {question.id: question for bank in banks for question in bank.questions}
    if lesson is not None:
        name = load_bank(lesson).lesson
        return {q.id: q for q in known.values() if q.lesson == name}, known
    missing = [name for name in questions or () if name not in known]
    if missing:
        raise InputError(f"no bank has the question {missing[0]!r}; there are {', '.join(list(known)[:5])} …")
    return ({name: known[name] for name in questions} if questions else known), known


# -- reading and grading: a row for each file that can be read


def _read_all(files, bank, known, rows):
    """Grade every file into ``rows``; the problems met, and per lesson how many used another bank."""
    begin(rows)
    marker = _marker(bank)
    marks = {lesson: bank_mark(lesson) for lesson in {question.lesson for question in bank.values()}}
    problems, others, file = [], Counter(), None
    for file in files:
        try:
            if file.data is None:
                raise Refused(file.reason, file.detail)
            found = parse_submission(file.data)
            cells, strangers = _graded(found, bank, marker)
        except Refused as refused:
            problems.append(Problem(file.name, refused.reason, str(refused)))
            continue
        strangers = [name for name in strangers if name not in known]
        if strangers:
            problems.append(_unknown(file.name, strangers))
        if cells or len(strangers) < len(found.answers) or not found.answers:
            keep(rows, found, file.name, cells, known)
        others.update(_differing(found, marks))
    if file is None:
        problems.append(
            Problem(".", "empty", "no file to grade; expected submissions (.json) or zips of them")
        )
    return problems, others


def _graded(found, bank, mark):
    """Question id → [verdict, score, misconceptions] of a submission, and the ids that were not asked for."""
    cells, strangers = {}, []
    for given in found.answers:
        if given.question in bank:
            cells[given.question] = mark(given.question, given.seed, bytes(given.answer))
        else:
            strangers.append(given.question)
    return cells, strangers


def _marker(bank):
    """The function that grades one answer's bytes; equal short answers are graded once."""
    remembered = lru_cache(maxsize=20_000)(lambda *answer: _mark(bank, *answer))

    def mark(name, seed, answer):
        if len(answer) <= REMEMBERED:
            return remembered(name, seed, answer)
        return _mark(bank, name, seed, answer)

    return mark


def _mark(bank, name, seed, answer):
    question = bank[name]
    if len(answer) > LONGEST_ANSWER:
        return "invalid", 0.0, ()
    try:
        value = msgspec.json.decode(answer)
        if question.kind == "code":
            return (REVIEW if isinstance(value, str) and value.strip() else "not attempted"), 0.0, ()
        result = grade(question, value, seed)
    except (msgspec.MsgspecError, RecursionError, FtlibError):
        return "invalid", 0.0, ()
    return result.verdict, result.score, result.misconceptions


def _unknown(file, strangers):
    names = ", ".join(repr(name[:60]) for name in strangers[:3])
    return Problem(file, "unknown question", f"{len(strangers)} answers to questions no bank has: {names}")


def _differing(found, marks):
    banks = found.versions.get("banks")
    if not isinstance(banks, dict):
        return []
    return [name for name, mark in marks.items() if mark and banks.get(name, mark) != mark]


def _columns(bank, rows, limited):
    """The questions that are columns: those asked for, else all of every lesson that anyone answered."""
    if limited:
        return list(bank.values())
    lessons = {bank[name].lesson for _, _, cells in winners(rows) for name in cells}
    return [question for question in bank.values() if question.lesson in lessons]
