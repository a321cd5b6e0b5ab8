"""Code exercises: not attempted, right, wrong with the mistake named; nothing a learner writes breaks the check."""

import textwrap
from pathlib import Path

import pytest

from ftlib.errors import BankError
from ftlib.learn.bank import bank_paths, load_bank
from ftlib.learn.exercise import Exercise, Task, Wrong, exercise
from ftlib.learn.progress import Progress

SAMPLE = Path(__file__).parent / "data" / "sample.toml"
ASKED = [q for path in bank_paths() for q in load_bank(path).questions if q.kind == "code"]


@pytest.fixture
def task():
    return exercise("99-recall-by-hand", SAMPLE)


def defined(source: str, name: str = "recall"):
    space = {}
    exec(textwrap.dedent(source), space)
    return space[name]


def test_the_starter_is_not_attempted_and_saves_nothing(task, home, capsys):
    for answer in (defined(task.starter), None, ...):
        result = task.check(answer)
        assert (result.verdict, result.score) == ("not attempted", 0.0)
    assert capsys.readouterr().out.splitlines() == 3 * [
        "Not attempted yet: fill in `recall`, then run this cell again."
    ]
    assert list(Progress().attempts()) == []


def test_the_solution_is_right_and_recorded(task, home, capsys):
    result = task.check(defined(task.solution_code))
    assert (result.verdict, result.score) == ("right", 1.0)
    assert capsys.readouterr().out == "Right: 3 of 4, and 0.0 where there is nothing to find.\n"
    [attempt] = Progress().attempts()
    assert (attempt.question_id, attempt.context, attempt.kind) == ("99-recall-by-hand", "exercise", "code")
    assert (attempt.concept, attempt.lesson, attempt.verdict) == ("recall", "99_sample", "right")


def test_each_wrong_submission_is_named(task, home, capsys):
    for slug, source in task.wrong.items():
        result = task.check(defined(source))
        assert (result.verdict, result.misconceptions) == ("wrong", (slug,))
        assert capsys.readouterr().out.startswith("Wrong: recall(")
    assert [attempt.misconceptions for attempt in Progress().attempts()] == [(slug,) for slug in task.wrong]


def test_a_broken_store_does_not_stop_the_check(task, home, capsys):
    home.mkdir()
    (home / "progress.sqlite3").write_text("no database")
    assert task.check(defined(task.solution_code)).verdict == "right"
    assert "was not saved" in capsys.readouterr().out


def test_check_can_leave_the_progress_alone(task, home):
    task.check(defined(task.solution_code), record=False)
    assert list(Progress().attempts()) == []


RAISING = {
    "raise ValueError('two\\n  lines')": "ValueError in line 2 of your code: two lines",
    "return undefined": "NameError in line 2 of your code",
    "raise SystemExit": "SystemExit in line 2 of your code",
    "return recall(tp, fn)": "RecursionError",
    "assert tp > 100": "AssertionError in line 2 of your code",
}


@pytest.mark.parametrize("body", RAISING)
def test_what_the_code_raises_is_said_with_its_line(task, body):
    source = f"def recall(tp, fn):\n    {body}\n"
    assert RAISING[body] in task.check_source(source).feedback
    assert task.judge(defined(source)).verdict == "wrong"


UNREADABLE = {"def recall(": "in line 1", "x = 1": "no `recall`", "\0": "cannot read"}


@pytest.mark.parametrize("source", UNREADABLE)
def test_source_that_cannot_be_used_is_no_attempt(task, source):
    result = task.check_source(source)
    assert (result.verdict, result.counts) == ("invalid", False)
    assert UNREADABLE[source] in result.feedback


def test_source_runs_in_a_namespace_of_its_own(task, capsys):
    assert task.check_source("print('debug')\n" + task.solution_code).verdict == "right"
    assert task.check_source("recall = 3").verdict == "wrong"
    assert "recall" not in globals()
    assert capsys.readouterr().out == ""


def test_a_comment_or_another_docstring_space_is_still_the_starter(task):
    assert (
        task.check_source(task.starter.replace("    ...", "    # todo\n    ...")).verdict == "not attempted"
    )
    assert task.check_source(task.starter.replace("...", "return 0.5")).verdict == "wrong"


def test_classes_and_values_can_be_asked_for(home):
    made = Exercise(
        "Net", "class Net:\n    def size(self):\n        ...\n", "", lambda net: f"{net().size()}"
    )
    task = Task("99-net", made)
    assert task.check_source(made.starter).verdict == "not attempted"
    assert task.check_source("class Net:\n    def size(self):\n        return 3\n").feedback == "3"
    threshold = Task("99-value", Exercise("threshold", "threshold = ...\n", "", lambda value: None))
    assert threshold.check(0.5).verdict == "right"
    assert threshold.check(...).verdict == "not attempted"
    [attempt] = Progress().attempts()
    assert (attempt.question_id, attempt.answer) == ("99-value", "0.5")


def test_hints_come_one_by_one_and_the_last_repeats(task, capsys):
    task._hints_shown = 0
    for _ in range(3):
        task.hint()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Hint 1 of 2: Of all")
    assert lines[1] == lines[2]
    task.solution()
    assert "return tp / (tp + fn)" in capsys.readouterr().out
    Task("99-x", Exercise("x", "", "", lambda x: None)).hint()
    assert "no hints" in capsys.readouterr().out


def test_an_unknown_exercise_names_its_neighbours():
    with pytest.raises(BankError, match="99-recall-by-hand"):
        exercise("99-nowhere", SAMPLE)
    with pytest.raises(BankError, match="none"):
        exercise("98-nowhere", SAMPLE)


def test_a_check_must_not_pass_what_raises_wrong():
    def refuse(answer):
        raise Wrong("no", "slug")

    result = Task("99-x", Exercise("x", "x = ...\n", "", refuse)).judge(1)
    assert (result.verdict, result.feedback, result.misconceptions) == ("wrong", "no", ("slug",))


def test_the_checked_result_is_not_shown_twice(task, home, capsys):
    result = task.check(...)
    assert result._ipython_display_() is None
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("question", ASKED, ids=lambda question: question.id)
def test_every_code_question_has_its_exercise(question):
    task = exercise(question.exercise, question.file)
    assert task.question.id == question.id
    assert task.name in task.starter
    assert task.name in task.solution_code
    assert task.wrong
