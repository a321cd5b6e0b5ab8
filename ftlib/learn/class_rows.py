"""The rows of a class while it is graded: a row for each lesson of each submission, in a temporary database.

Whose row counts is decided here: per learner and lesson the submission written last. See :mod:`ftlib.learn.grade_class`.
"""

import hashlib
from itertools import groupby

import msgspec

from ftlib.learn.class_tables import Problem


def begin(rows):
    """Make the table; all of it is one transaction of a file that vanishes with its connection."""
    rows.execute(
        "CREATE TABLE rows (learner TEXT, lesson TEXT, written TEXT, mark TEXT, file TEXT, parts INT, cells TEXT)"
    )
    rows.execute("BEGIN")


def keep(rows, found, file, cells, known):
    """A row for each lesson that the submission answers, one without a lesson if it answers none."""
    lessons = {}
    for given in found.answers:
        if given.question in known:
            lessons.setdefault(known[given.question].lesson, []).append(given)
    lessons = lessons or {"": []}
    for lesson, answers in lessons.items():
        said = sorted(b"%s:%d:%s" % (g.question.encode(), g.seed, bytes(g.answer)) for g in answers)
        mark = hashlib.sha256(b"\n".join(said)).hexdigest()
        marks = {g.question: cells[g.question] for g in answers if g.question in cells}
        about = (found.learner, lesson, found.written, mark, file, len(lessons))
        rows.execute(
            "INSERT INTO rows VALUES (?, ?, ?, ?, ?, ?, ?)", (*about, msgspec.json.encode(marks).decode())
        )


_RANKED = (
    "SELECT *, row_number() OVER latest AS place, first_value(file) OVER latest AS winner, "
    "first_value(mark) OVER latest AS best FROM rows "
    "WINDOW latest AS (PARTITION BY learner, lesson ORDER BY written DESC, mark DESC, file)"
)


def duplicates(rows):
    """Files that another one stands in for; a file that still counts for other lessons says for which it does not."""
    query = (
        "SELECT file, learner, winner, min(mark = best), group_concat(lesson, ', '), count(*) < max(parts) "
        f"FROM (SELECT * FROM ({_RANKED}) WHERE place > 1 ORDER BY lesson) GROUP BY file, learner, winner"
    )
    why = {0: "wrote another one later", 1: "handed in the same answers again"}
    return [
        Problem(
            file, "duplicate", f"{who} {why[same]}: {winner} is graded{f' in {lessons}' if partly else ''}"
        )
        for file, who, winner, same, lessons, partly in rows.execute(query)
    ]


def winners(rows):
    """(learner, file or files, cells) of each learner, the lessons put together."""
    query = f"SELECT learner, file, cells FROM ({_RANKED}) WHERE place = 1 ORDER BY learner, lesson"
    for learner, parts in groupby(rows.execute(query), key=lambda row: row[0]):
        parts = [(file, msgspec.json.decode(cells)) for _, file, cells in parts]
        files = dict.fromkeys([file for file, cells in parts if cells] or [file for file, _ in parts])
        yield learner, "; ".join(files), {name: mark for _, cells in parts for name, mark in cells.items()}


def alike(rows):
    """A note where ids differ in nothing but case: most likely one person with two rows."""
    rows.create_function("fold", 1, str.casefold)
    query = (
        "SELECT group_concat(learner, ', ') FROM (SELECT DISTINCT learner FROM rows ORDER BY learner) "
        "GROUP BY fold(learner) HAVING count(*) > 1"
    )
    names = sorted(names for (names,) in rows.execute(query))
    return [f"ids that differ only in case have a row each: {'; '.join(names[:5])}"] if names else []
