"""Quizzes as widgets: core ipywidgets only, redrawn from the store in any front end.

``quiz("02")`` shows one question at a time with a row of numbered buttons above it. Everything the learner
does goes through :mod:`ftlib.learn.session`; what is on the page is made by :mod:`ftlib.learn.panels` and
:mod:`ftlib.learn.controls`. Feedback is put into HTML widgets, never into ``widgets.Output``.
"""

from html import escape

import ipywidgets as W

from ftlib.learn import panels
from ftlib.learn.card import QuestionCard, View, button, html
from ftlib.learn.session import SELF_CHECK
from ftlib.learn.sitting import PRACTICE, sit


def quiz(lesson, *, text_mode=False, seed=None, questions=None, store=None):
    """Show the quiz of a lesson, as it was left.

    Parameters
    ----------
    lesson : "02", "02_freezing", or the path of a question bank; "practice" for the five practice questions.
    text_mode : print the questions and answer them by typing; needs no mouse and no widgets.
    seed : numbers and order of options; None takes those the learner last saw.
    questions : ids of the questions to ask; None asks all of them.
    store : a Progress; None opens the learner's own.

    Returns
    -------
    QuizView or, in text mode, TextQuiz. Prints one line: the quiz and how many questions are answered.
    """
    sitting = sit(lesson, seed=seed, questions=questions, store=store)
    print(sitting.line())
    if text_mode:
        from ftlib.learn.text import TextQuiz

        return TextQuiz(sitting)
    return QuizView(sitting)


class QuizView(View):
    """A quiz: title and score, a button for each question, one card at a time.

    ``sitting`` is the headless quiz; ``card`` the card shown now.
    """

    def __init__(self, sitting):
        self.sitting, self.card = sitting, None
        self._head = html("", "ftl-head")
        self._notice = html("", "ftl-notice")
        self._back = button("‹ Back", lambda: self.go(self.sitting.here - 1), "ftl-quiet")
        self._next = button("Next ›", lambda: self.go(self.sitting.here + 1), "ftl-quiet")
        self._pills = [button("", lambda n=n: self.go(n), "ftl-pill") for n in range(len(sitting))]
        nav = W.Box([self._back, *self._pills, self._next]).add_class("ftl-nav").add_class("ftl-numbers")
        self._slot, self._onward = W.VBox(), button("Next question", self._on_onward)
        foot = W.Box([self._onward]).add_class("ftl-actions")
        self._summary = html()
        super().__init__([self._head, self._notice, nav, self._slot, foot, self._summary, *self._hand_in()])
        self.go(self.sitting.first_open())

    def __repr__(self):
        return f"<{self.sitting.line()}>"

    def go(self, number: int):
        """Show the question with this number, from 0; past either end it goes on at the other."""
        number %= len(self.sitting)
        if self.card:
            self.card.leave()
        self.sitting.here = number
        self.card = None
        blocked = self.sitting.locked(number)
        self._slot.children = [self._make_card(number)] if blocked is None else [self._locked(blocked)]
        self._refresh()

    def stand_in(self):
        from ftlib.learn.typed import questions_text

        return questions_text(self.sitting), panels.stand_in(self.sitting)

    def _make_card(self, number):
        where = f"Question {number + 1} of {len(self.sitting)}"
        self.card = QuestionCard(self.sitting.session(number), where=where, on_checked=self._refresh)
        if SELF_CHECK not in self.sitting.questions[number].tags:
            return self.card
        from ftlib.learn.live import LiveMatrix

        return W.VBox([self.card, LiveMatrix.of(self.sitting.session(number).question)])

    def _hand_in(self):
        if self.sitting.lesson == PRACTICE or not hasattr(type(self.sitting.store), "learner"):
            return []  # practice is handed in with its lessons; answers that are forgotten cannot be
        from ftlib.learn.hand_in import HandIn

        return [HandIn(self.sitting.lesson, self.sitting.store)]

    def _locked(self, blocked):
        words = (
            f"This is the second step. Answer question {blocked + 1} first: the verdict, then the reasons."
        )
        there = button(f"Go to question {blocked + 1}", lambda: self.go(blocked), "ftl-primary")
        return W.VBox([html(f"<p>{words}</p>"), W.Box([there]).add_class("ftl-actions")]).add_class(
            "ftl-card"
        )

    def _on_onward(self):
        last = self.sitting.here + 1 == len(self.sitting)
        self.go(self.sitting.first_open() if last else self.sitting.here + 1)
        self._next.focus()  # the last control before the card: the next Tab is in the new question

    def _refresh(self):
        sitting = self.sitting
        self._head.value = f"<h2>{escape(sitting.title)}</h2>{score_line(sitting)}"
        self._notice.value = panels.notice(sitting.trouble)
        for number, pill in enumerate(self._pills):
            self._paint(number, pill)
        self._summary.value = panels.finished(sitting)
        last = sitting.here == len(sitting) - 1
        left = len(sitting) - sitting.answered
        self._onward.description = (
            "Next question" if not last else "To the first open question" if left else "To the start"
        )

    def _paint(self, number, pill):
        verdict = self.sitting.verdict(number)
        kind, symbol, words = panels.VERDICTS[verdict]
        mark = "" if verdict == "not attempted" else f" {symbol}"
        pill.description = f"{number + 1}{mark}"
        here = ", shown now" if number == self.sitting.here else ""
        pill.tooltip = f"Question {number + 1}: {words.lower()}{here}"
        classes = ["ftl-pill", kind] + (["ftl-here"] if here else [])
        if tuple(classes) != pill._dom_classes:
            pill._dom_classes = tuple(classes)


def score_line(sitting) -> str:
    """Score and what is left, in words."""
    counts = sitting.counts
    said = [f"{counts[name]} {name}" for name in ("right", "partly right", "wrong") if counts[name]]
    said.append(f"{counts['not attempted']} to go" if counts["not attempted"] else "all answered")
    return (
        f'<p class="ftl-score"><strong>{panels.points(sitting.score)} of {sitting.points} points</strong> · '
        f"{' · '.join(said)}</p>"
    )
