"""The same quizzes without a mouse and without a browser: text mode in a notebook, and the terminal quiz.

Options bear letters in the order they are shown, and answers are typed:

========== =============================================== ==========================
kind       how it is typed                                 example
========== =============================================== ==========================
choice     a letter                                        ``B``
multi      letters                                         ``A C``
numeric    a number                                        ``0.85`` or ``85 %``
text       a word or two                                   ``batch norm``
order      letters, first to last                          ``C A B``
match      number and letter                               ``1B 2A 3C``
confusion  TP FN FP TN, or by name                         ``85 10 15 90``, ``tp=85 …``
predict    the lines it prints                             several lines
code       the completed code                              several lines
========== =============================================== ==========================
"""

import sys

from ftlib.errors import InputError
from ftlib.learn import render
from ftlib.learn.session import SELF_CHECK
from ftlib.learn.sitting import sit
from ftlib.learn.typed import MANY_LINES, check, question_text, result_text, score_text, steps_text, wrapped

# -- text mode in a notebook --------------------------------------------------------------------------------------


class TextQuiz:
    """A quiz answered by typing: ``.answer(3, "B")``, ``.hint(3)``, ``.steps(3)``, ``.show(3)``, ``.score()``.

    Questions are counted from 1. Each method prints plain text.
    """

    def __init__(self, sitting):
        self.sitting = sitting

    def __repr__(self):
        blocks = [self._text(n) for n in range(1, len(self.sitting) + 1)]
        how = (
            'Keep it under a name, q = quiz(…, text_mode=True), then: q.answer(1, "B") checks an answer, '
            "q.hint(1) gives a hint, q.steps(1) the worked steps, q.show(1) the question, q.score() the score."
        )
        return "\n\n".join([f"{self.sitting.title}. {wrapped(how)}", *blocks])

    def show(self, number: int) -> None:
        """Print a question and how it stands."""
        print(self._text(number))

    def answer(self, number: int, answer) -> None:
        """Check an answer and print the verdict and why. Code may be given as source or as the function."""
        print(self._locked(number) or check(self._session(number), answer))

    def hint(self, number: int) -> None:
        """Print the next hint."""
        print(_hint(self._session(number)))

    def steps(self, number: int) -> None:
        """Print the worked steps, once an answer was checked."""
        print(steps_text(self._session(number)))

    def new_numbers(self, number: int) -> None:
        """Ask the question with other numbers, where it has them, and print it."""
        session = self._session(number)
        if session.has_variants:
            session.new_numbers()
        print(self._text(number))

    def score(self) -> None:
        """Print where the quiz stands."""
        print(score_text(self.sitting))

    def _session(self, number):
        if not (isinstance(number, int) and 1 <= number <= len(self.sitting)):
            raise InputError(f"there is no question {number!r}; they are numbered 1 to {len(self.sitting)}")
        return self.sitting.session(number - 1)

    def _locked(self, number):
        self._session(number)
        before = self.sitting.locked(number - 1)
        return "" if before is None else f"Answer question {before + 1} first: this is its second step."

    def _text(self, number):
        return self._locked(number) or standing_text(self._session(number), number - 1, len(self.sitting))


def standing_text(session, number, total) -> str:
    """A question with the hints opened so far and the verdict it got."""
    parts = [question_text(session, number, total)]
    if SELF_CHECK in session.question.tags:
        from ftlib.learn.live import matrix_text

        parts.append(matrix_text(session.question))
    parts += [wrapped(f"Hint {n}: {render.text(hint)}") for n, hint in enumerate(session.hints, 1)]
    if session.result:
        parts.append(wrapped(f"Your last answer — {result_text(session.result)}"))
    return "\n".join(parts)


def _hint(session):
    hint = session.next_hint()
    total = len(session.question.hints)
    if hint is None:
        return "All hints are shown." if total else "This question has no hints."
    return wrapped(f"Hint {len(session.hints)} of {total}: {render.text(hint)}")


# -- terminal -----------------------------------------------------------------------------------------------------

HELP = (
    "Type an answer, or a command: /hint  /steps  /other (other numbers)  /next  /back  /go 3  /list  /quit\n"
    "Its first letter is enough: /h. Every checked answer is saved; come back any day."
)


def _asked(prompt):
    """``input``, for which a closed stream is an input that has ended."""
    if sys.stdin is None or sys.stdout is None:
        raise EOFError
    return input(prompt)


def text_quiz(lesson, *, seed=None, questions=None, store=None, ask=_asked, say=print) -> None:
    """The quiz in a terminal: asks, reads, says, until /quit or the end of the input.

    ``ask(prompt) -> str`` and ``say(text)`` default to ``input`` and ``print``.
    """
    sitting = sit(lesson, seed=seed, questions=questions, store=store)
    say(wrapped(f"{sitting.title}. {sitting.line()}\n{HELP}"))
    if sitting.trouble:
        say(wrapped(sitting.trouble))
    number = sitting.first_open()
    try:
        while number is not None:
            say(f"\n{_turn_text(sitting, number)}")
            number = _turn(sitting, number, ask, say)
    except (EOFError, KeyboardInterrupt):
        pass
    say(f"\n{wrapped(score_text(sitting))}.")


def _turn_text(sitting, number):
    before = sitting.locked(number)
    if before is not None:
        return (
            f"Question {number + 1} is the second step: answer question {before + 1} first. Enter goes there."
        )
    return standing_text(sitting.session(number), number, len(sitting))


def _turn(sitting, number, ask, say):
    """Read until the learner moves on; returns the number of the next question, None to stop."""
    session, locked = sitting.session(number), sitting.locked(number)
    while True:
        typed = _read(session, ask)
        if typed.startswith("/"):
            stay, target = _command(sitting, number, typed[1:].split(), say)
            if not stay:
                return target
        elif locked is not None:
            return locked
        elif not typed.strip():
            done = number + 1 == len(sitting) and sitting.answered == len(sitting)
            return None if done else (number + 1) % len(sitting)
        else:
            say(f"{check(session, typed)}\nEnter goes on, /steps shows the solution, or answer again.")


def _read(session, ask):
    """One answer: a line; where it may have several, lines up to a single dot."""
    several = session.question.kind in MANY_LINES
    lines = [ask("End with a line that holds a single dot.\n> " if several else "> ")]
    if several and lines[0].strip() and not lines[0].startswith("/"):
        while lines[-1].strip() != ".":
            lines.append(ask("… "))
        lines.pop()
    return "\n".join(lines)


def _command(sitting, number, words, say):
    """Carry out a command; returns (whether the question stays, the one to go to)."""
    session, total, name = sitting.session(number), len(sitting), words[0][:1].lower() if words else "?"
    moves = {"n": (number + 1) % total, "b": (number - 1) % total, "q": None}
    if name in moves:
        return False, moves[name]
    if name == "g" and len(words) > 1 and words[1].isdigit() and 1 <= int(words[1]) <= total:
        return False, int(words[1]) - 1
    if name == "o" and session.has_variants:
        session.new_numbers()
        return False, number
    said = {"h": lambda: _hint(session), "s": lambda: steps_text(session), "l": lambda: _list_text(sitting)}
    say(said.get(name, lambda: wrapped(HELP))())
    return True, number


def _list_text(sitting):
    lines = [f"{n + 1:3}. {sitting.verdict(n):14} {q.concept}" for n, q in enumerate(sitting.questions)]
    return "\n".join([*lines, score_text(sitting)])
