"""The tables that grading a class writes: a row a learner, a row a question, a row a problem."""

import csv
from collections import Counter

import msgspec

from ftlib.learn.export import safe_cell, whole_file
from ftlib.learn.grade import VERDICTS
from ftlib.learn.questions import Question

REVIEW = "needs review"


class Problem(msgspec.Struct, frozen=True, order=True):
    """A file that was not graded, or not wholly: its name, one word or two of reason, and the detail."""

    file: str
    reason: str
    detail: str

    def __str__(self):
        return f"{self.file}: {self.reason}: {self.detail}"


class QuestionSummary(msgspec.Struct):
    """How a class did on one question. ``mean`` is over all learners, nothing answered counting as 0."""

    question: Question
    learners: int
    verdicts: Counter
    points: float
    misconceptions: Counter

    @property
    def mean(self) -> float:
        """Mean score of all learners, 0–1."""
        return self.points / self.learners if self.learners else 0.0

    @property
    def common(self) -> tuple[str, int]:
        """The misconception seen most often, and how often; ("", 0) without one."""
        return min(self.misconceptions.items(), key=lambda pair: (-pair[1], pair[0]), default=("", 0))


def write_grades(winners, columns, out):
    """A row a learner from (learner, file, cells); returns the summaries of the questions and the number of rows."""
    summaries = [QuestionSummary(question, 0, Counter(), 0.0, Counter()) for question in columns]
    out_of = sum(question.kind != "code" for question in columns)
    graded = 0
    with whole_file(out) as file:
        table = csv.writer(file, lineterminator="\n")
        names = [safe_cell(question.id) for question in columns]
        table.writerow(["learner", "score", "out_of", "percent", "needs_review", *names, "file"])
        for learner, source, cells in winners:
            marks = [cells.get(question.id, ("not attempted", 0.0, ())) for question in columns]
            table.writerow(
                [safe_cell(learner), *_totals(marks, out_of), *map(_cell, marks), safe_cell(source)]
            )
            for summary, mark in zip(summaries, marks):
                _count(summary, *mark)
            graded += 1
    return summaries, graded


def _totals(marks, out_of):
    score = round(sum(points for _, points, _ in marks), 4)
    review = sum(verdict == REVIEW for verdict, _, _ in marks)
    return f"{score:g}", out_of, f"{100 * score / out_of:.1f}" if out_of else "", review


def _cell(mark):
    verdict, points, _ = mark
    return {"not attempted": "", "invalid": "invalid", REVIEW: REVIEW}.get(verdict, f"{points:g}")


def _count(summary, verdict, points, slips):
    summary.learners += 1
    summary.verdicts[verdict] += 1
    summary.points += points
    for slip in slips:
        summary.misconceptions[slip] += 1


def write_summary(summaries, out):
    """A row a question."""
    columns = (*VERDICTS, REVIEW)
    with whole_file(out) as file:
        table = csv.writer(file, lineterminator="\n")
        names = [name.replace(" ", "_") for name in columns]
        table.writerow(
            [
                "question",
                "lesson",
                "concept",
                "kind",
                "difficulty",
                "learners",
                "mean",
                *names,
                "misconception",
                "times",
            ]
        )
        for s in summaries:
            q = s.question
            about = [safe_cell(text) for text in (q.id, q.lesson, q.concept, q.kind, q.difficulty)]
            mean = "" if q.kind == "code" else f"{s.mean:.4f}"
            counts = [s.verdicts[name] for name in columns]
            table.writerow([*about, s.learners, mean, *counts, safe_cell(s.common[0]), s.common[1]])


def write_problems(problems, out):
    """A row a problem."""
    with whole_file(out) as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["file", "reason", "detail"])
        for problem in problems:
            table.writerow([safe_cell(text) for text in (problem.file, problem.reason, problem.detail)])


def hardest(summaries):
    """Up to three lines on the questions with the lowest mean, the lowest first."""
    marked = [s for s in summaries if s.question.kind != "code" and s.learners and s.mean < 1]
    lines = []
    for s in sorted(marked, key=lambda s: (s.mean, s.question.id))[:3]:
        slip, times = s.common
        lines.append(f"  hard: {s.question.id}: mean {s.mean:.2f}" + (f", {times}× {slip}" if slip else ""))
    return lines
