"""Text mode and the terminal quiz: the same questions and verdicts by typing alone."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from ftlib.errors import InputError
from ftlib.learn import quiz
from ftlib.learn.bank import load_bank
from ftlib.learn.progress import Progress
from ftlib.learn.questions import Option
from ftlib.learn.session import LETTERS, Memory, Session
from ftlib.learn.sitting import Sitting
from ftlib.learn.text import TextQuiz, text_quiz
from ftlib.learn.typed import check, question_text, read_answer, wrapped
from ftlib.learn.variants import variant

SAMPLE = Path(__file__).parent / "data" / "sample.toml"
QUESTIONS = {question.id: question for question in load_bank(SAMPLE).questions}
CODE = "def recall(tp, fn):\n    return tp / (tp + fn) if tp + fn else 0.0"


def typed(session):
    """What a person types who knows the answer, by the letters that are shown."""
    question, letter = session.question, dict(zip(session.order, LETTERS))
    right = dict(zip(_rights(session), LETTERS))
    return {
        "choice": lambda: letter[question.key].lower(),
        "multi": lambda: ", ".join(letter[key] for key in question.key),
        "order": lambda: " ".join(letter[key] for key in question.key),
        "match": lambda: " ".join(f"{n}{right[p.right]}" for n, p in enumerate(question.pairs, 1)),
        "confusion": lambda: " ".join(str(question.matrix[cell]) for cell in ("tp", "fn", "fp", "tn")),
        "code": lambda: CODE,
    }.get(question.kind, lambda: str(question.answer))()


def _rights(session):
    rights = {pair.key: pair.right for pair in session.question.pairs}
    return [rights[key] for key in session.order if rights]


@pytest.mark.parametrize("seed", [0, 1, 5])
@pytest.mark.parametrize("name", QUESTIONS)
def test_the_right_answer_typed_is_right(name, seed):
    session = Session(QUESTIONS[name], seed)
    assert check(session, typed(session)).startswith("Right.")


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("99-flag", "z"),
        ("99-flag", "A B"),
        ("99-hold", "A Q"),
        ("99-order", "A B C D E"),
        ("99-match", "4A"),
        ("99-match", "first one"),
        ("99-match", "C1 A2 B3"),
        ("99-match", "1C 1A 2B"),
        ("99-matrix", "1 2 3"),
        ("99-precision", "abc"),
        ("99-matrix", "a b c d"),
    ],
)
def test_what_cannot_be_read_says_how_to_type_it_and_costs_nothing(name, wrong):
    session = Session(QUESTIONS[name])
    said = check(session, wrong)
    assert said.startswith("Cannot be read.")
    assert len(said) > 40
    assert session.store.attempts() == []


@pytest.mark.parametrize(
    ("name", "ways"),
    [
        ("99-flag", ["B", "b", " (b) ", "b."]),
        ("99-hold", ["B C", "bc", "b, c", "C and B", "B;C"]),
        ("99-order", ["CBDA", "c b d a", "C > B > D > A", "C, B, D, A"]),
        ("99-match", ["1C 2A 3B", "1=c, 2=a, 3=b", "1-C 2-A 3-B", "1: C; 2: A; 3: B"]),
        (
            "99-matrix",
            [
                "12 88 12 4,888",
                "tp=12, fn=88, fp=12, tn=4,888",
                "TP: 12 FN: 88 FP: 12 TN: 4 888",
                "12; 88; 12; 4888",
            ],
        ),
        ("99-match", ["１Ｃ ２Ａ ３Ｂ", "1C\u200b 2A 3B"]),
        ("99-order", ["C then B then D then A", "C/B/D/A", "Ｃ Ｂ Ｄ Ａ"]),
        (
            "99-matrix",
            ["12 88 12 4888", "12, 88, 12, 4888", "TP=12 FN=88 FP=12 TN=4888", "tn 4888 fp 12 fn 88 tp 12"],
        ),
    ],
)
def test_one_answer_typed_in_many_ways(name, ways):
    session = Session(QUESTIONS[name], 0)
    answers = [read_answer(session, way) for way in ways]
    assert all(sorted(answer) == sorted(answers[0]) for answer in answers)
    assert all(Session(QUESTIONS[name], 0).attempt(answer).verdict == "right" for answer in answers)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_as_text_holds_all_of_it_and_no_key(name):
    session = Session(QUESTIONS[name])
    said = question_text(session, 0, 10)
    assert all(line.startswith("    ") or len(line) <= 88 for line in said.splitlines())
    question = variant(QUESTIONS[name])
    for part in (*question.options, *question.wrong, *question.pairs):
        assert not part.feedback or part.feedback not in said
    assert not any(step in said for step in (*question.steps, question.quick_check, *question.hints))
    for option in question.options:
        assert option.text.strip("`") in said
    for line in question.code.splitlines():
        assert line in said


def test_wrapping_keeps_code_and_hangs_options():
    words = "word " * 40
    made = wrapped(f"A. {words}\n    code that is long {words}").splitlines()
    assert max(map(len, made[:-1])) <= 88
    assert made[1].startswith("   word")
    assert made[-1].startswith("    code that is long word")


def test_code_in_options_keeps_its_indentation():
    code = Option("a", "```python\nfor p in q:\n    p.x = 1\n```", True)
    question = msgspec.structs.replace(
        QUESTIONS["99-flag"], options=(code, Option("b", "nothing", False, "No.", "m"))
    )
    assert ".\n      for p in q:\n          p.x = 1\n" in question_text(Session(question), 0, 1)


# -- text mode in a notebook --------------------------------------------------------------------------------------


@pytest.fixture
def text(tmp_path):
    return quiz(SAMPLE, text_mode=True, store=Progress(tmp_path / "progress.sqlite3"))


def test_text_mode_prints_and_remembers(text, capsys):
    capsys.readouterr()
    text.answer(1, "A")
    text.hint(1)
    text.steps(1)
    text.answer(1, "B")
    text.answer(3, 0.85)
    text.score()
    said = capsys.readouterr().out
    assert said.startswith("Wrong. The name lacks an s")
    assert "Hint 1 of 2: Which attribute does the training step read?" in said
    assert "1. The step changes a parameter by -lr * grad." in said
    assert "Quick check: Print w.grad" in said
    assert "Right. The step reads this very flag." in said
    assert said.endswith("2 of 10 points, 2 of 10 questions answered\n")
    again = TextQuiz(Sitting(QUESTIONS.values(), "T", "99_sample", store=text.sitting.store))
    again.show(1)
    said = capsys.readouterr().out
    assert "Hint 1:" in said
    assert "Your last answer — Right." in said


def test_text_mode_keeps_steps_closed_and_counts_from_one(text, capsys):
    capsys.readouterr()
    text.steps(2)
    assert capsys.readouterr().out == "The steps open once you have checked an answer.\n"
    for number in (0, 11, "1", None):
        with pytest.raises(InputError, match="numbered 1 to 10"):
            text.show(number)


def test_text_mode_takes_a_function_as_code(text, capsys):
    def recall(tp, fn):
        return tp / (tp + fn) if tp + fn else 0.0

    capsys.readouterr()
    text.answer(10, recall)
    assert capsys.readouterr().out.startswith("Right.")


def test_text_mode_shows_the_whole_quiz(text):
    said = repr(text)
    assert all(f"Question {n} of 10" in said for n in range(1, 11))
    assert "q.answer(1" in said


def test_new_numbers_in_text_mode(text, capsys):
    capsys.readouterr()
    text.new_numbers(3)
    assert "85 true and 15 false" not in capsys.readouterr().out


# -- terminal -----------------------------------------------------------------------------------------------------


class Person:
    """Types prepared lines, then ends the input; keeps what was said."""

    def __init__(self, *lines):
        self.lines, self.heard = list(lines), []

    def ask(self, prompt):
        if not self.lines:
            raise EOFError
        return self.lines.pop(0)

    def take(self, store=None, **options):
        text_quiz(SAMPLE, ask=self.ask, say=self.heard.append, store=store or Memory(), **options)
        return "\n".join(self.heard)


def test_every_kind_in_the_terminal():
    lines = []
    for question in QUESTIONS.values():
        lines += typed(Session(question, 0)).strip("\n").split("\n")
        lines += ["."] if question.kind in ("predict", "code") else []
        lines += [""]
    said = Person(*lines).take()
    assert said.count("Right.") == 10
    assert said.endswith("10 of 10 points, 10 of 10 questions answered.")


def test_the_terminal_s_commands(tmp_path):
    store = Progress(tmp_path / "progress.sqlite3")
    said = Person(
        "/steps", "A", "/hint", "/h", "/h", "/s", "/go 3", "/other", "/list", "/?", "/go 99", "/back", "/quit"
    ).take(store)
    for words in (
        "The steps open once you have checked an answer.",
        "Hint 2 of 2:",
        "All hints are shown.",
        "Common mistake:",
        "  1. wrong          freezing",
        "Type an answer, or a command",
        "Question 2 of 10",
    ):
        assert words in said
    assert "Question 3 of 10" in said
    assert said.count("What is its precision?") == 2
    again = Person("/quit").take(store)
    assert "99_sample: 10 questions, 1 answered" in again
    assert "Question 2 of 10" in again


def test_the_terminal_ends_with_the_input_and_on_interrupt():
    assert Person().take().endswith("0 of 10 points, 0 of 10 questions answered.")

    def interrupt(prompt):
        raise KeyboardInterrupt

    person = Person()
    person.ask = interrupt
    assert person.take().endswith("questions answered.")


def test_the_second_step_waits_for_the_first(capsys):
    pair = [msgspec.structs.replace(QUESTIONS[name], tags=("self-check",)) for name in ("99-flag", "99-hold")]
    text = TextQuiz(Sitting(pair, "T", "99_sample", store=Memory()))
    text.answer(2, "A")
    assert capsys.readouterr().out == "Answer question 1 first: this is its second step.\n"
    text.show(1)
    assert (
        "TP 12, FN 88, FP 12, TN 4,888; Accuracy 98.0 %, Precision 50.0 %, Recall 12.0 %"
        in capsys.readouterr().out
    )
    text.answer(1, "A")
    text.show(2)
    assert "Which statements" in capsys.readouterr().out


def test_the_command_takes_a_quiz_without_a_browser(tmp_path):
    script = (
        "import sys\nfrom ftlib.learn.text import text_quiz\n"
        f"text_quiz({str(SAMPLE)!r})\nprint('ipywidgets' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input="b\n/quit\n",
        capture_output=True,
        text=True,
        check=True,
        env={"FTLIB_HOME": str(tmp_path), "PATH": "", "PYTHONIOENCODING": "utf-8"},
    )
    assert "Right. The step reads this very flag." in done.stdout
    assert done.stdout.endswith("1 of 10 points, 1 of 10 questions answered.\nFalse\n")


def test_a_list_of_reasons_begins_on_a_line_of_its_own():
    assert check(Session(QUESTIONS["99-hold"], 0), "B C").startswith("Right.\n- It ")


@pytest.mark.parametrize("columns", ["36", "300"])
def test_a_narrow_terminal_gets_narrow_lines(columns, monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setenv("COLUMNS", columns)
    assert max(map(len, wrapped("word " * 60).splitlines())) > 80, "no terminal: the same everywhere"
    monkeypatch.setattr(sys, "stdout", Terminal())
    longest = max(map(len, wrapped("word " * 60).splitlines()))
    assert longest <= min(int(columns), 88)


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
@pytest.mark.parametrize("redirect", ["<&-", "</dev/null", "</dev/null >&-"])
def test_a_closed_input_ends_the_quiz(redirect, home):
    shell = f"{sys.executable} -m ftlib quiz 02 {redirect}"
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "LANG": "C"}
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert "questions answered." in done.stdout or ">&-" in redirect
