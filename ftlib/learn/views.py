"""Strength test and review as widgets: the looks of what their own modules decide.

``strength_test()``, ``challenge()`` and ``review()`` as the last line of a cell show these views.
"""

import math
from datetime import datetime
from html import escape

import ipywidgets as W

from ftlib.errors import InputError
from ftlib.learn import panels, render, runs
from ftlib.learn.bank import load_concepts
from ftlib.learn.card import QuestionCard, View, button, html

LEVELS = {  # level → class, symbol
    "strong": ("ftl-right", "●"),
    "growing": ("ftl-part", "◐"),
    "weak": ("ftl-wrong", "○"),
    "new": ("ftl-none", "·"),
}


def view_of(thing) -> View:
    """The view of a strength test, a challenge or a review."""
    from ftlib.learn.challenge_view import ChallengeView

    made = {"StrengthTest": StrengthView, "Challenge": ChallengeView, "Review": ReviewView}
    if type(thing).__name__ not in made:
        raise InputError(f"no view for {type(thing).__name__}; there are views for {', '.join(made)}")
    return made[type(thing).__name__](thing)


def level_chip(level: str) -> str:
    """A level as symbol, word and colour."""
    kind, symbol = LEVELS[level]
    return f'<span class="ftl-chip {kind}"><span aria-hidden="true">{symbol}</span> {level}</span>'


class StrengthView(View):
    """Ten questions, one answer each; then what every concept showed."""

    def __init__(self, test):
        self.test, self.here, self.card = test, 0, None
        self._head, self._slot = html("", "ftl-head"), W.VBox().add_class("ftl-slot")
        self._pills = [button("", lambda n=n: self.go(n), "ftl-pill") for n in range(len(test))]
        self._nav = W.Box(self._pills).add_class("ftl-nav").add_class("ftl-numbers")
        self._onward = button("Next question", self.onward)
        self._end = button("End now and see the result", self.finish, "ftl-quiet")
        self._foot = W.Box([self._onward, self._end]).add_class("ftl-actions")
        super().__init__([self._head, _trouble(test.store), self._nav, self._slot, self._foot])
        self.go(self._first_open())

    def __repr__(self):
        return repr(self.test)

    def stand_in(self):
        return repr(self), f"<p>{escape(repr(self).strip('<>'))}. Run this cell to take it.</p>"

    def go(self, number: int):
        """Show a question, from 0."""
        self._leave()
        self.here = number
        where = f"Question {number + 1} of {len(self.test)}"
        card = QuestionCard(self.test.session(number), where=where, on_checked=self._checked, exam=True)
        if card.session.answered:
            card.lock()
        self.card, self._slot.children = card, [card]
        self._refresh()

    def onward(self):
        """Go to the next question without an answer, or end the test."""
        self._leave()
        if self.test.done:
            self.finish()
            return
        following = [*range(self.here + 1, len(self.test)), *range(self.here + 1)]
        given = self.test.answers()
        self.go(next(n for n in following if self.test.items[n].question not in given))
        self._pills[-1].focus()  # the last control before the card

    def finish(self):
        """End the test and show its report."""
        self._leave()
        report = self.test.finish()
        self._head.value = f"<h2>Strength test: the result</h2>{_report_head(report)}"
        again = button("Take another test", self._again, "ftl-primary")
        self.show(self._head, html(report_table(report)), W.Box([again]).add_class("ftl-actions"))
        again.focus()

    def _again(self):
        from ftlib.learn.strength import strength_test

        fresh = StrengthView(strength_test(store=self.test.store))
        self.show(fresh)
        fresh._pills[-1].focus()

    def _checked(self):
        self.card.lock()
        self._refresh()
        self._onward.focus()

    def _leave(self):
        if self.card:
            self.card.leave()

    def _first_open(self):
        given = self.test.answers()
        return next((n for n, item in enumerate(self.test.items) if item.question not in given), 0)

    def _refresh(self):
        given = self.test.answers()
        self._head.value = (
            "<h2>Strength test</h2>"
            f'<p class="ftl-score"><strong>{len(given)} of {len(self.test)} answered</strong> · one answer a question</p>'
        )
        for number, (pill, item) in enumerate(zip(self._pills, self.test.items)):
            kind, symbol, words = panels.VERDICTS[_verdict(given.get(item.question))]
            mark = f" {symbol}" if item.question in given else ""
            pill.description, pill.tooltip = f"{number + 1}{mark}", f"Question {number + 1}: {words.lower()}"
            pill._dom_classes = ("ftl-pill", kind, *(["ftl-here"] if number == self.here else []))
        self._onward.description = "See the result" if self.test.done else "Next question"
        self._end.disabled = not given
        self._end.layout.display = "none" if self.test.done else None


def _trouble(store):
    return html(panels.notice(getattr(store, "trouble", "")), "ftl-notice")


def _verdict(score):
    if score is None:
        return "not attempted"
    return "right" if score >= 1 else "partly right" if score > 0 else "wrong"


def _report_head(report):
    said = f"<strong>{panels.points(report.score)} of {report.asked} points</strong>"
    return f'<p class="ftl-score">{said} · {report.answered} of {report.asked} answered</p>'


def report_table(report) -> str:
    """The report as an HTML table: concept, level, where to read on; the weak ones first."""
    rows = "".join(
        f'<tr><th scope="row">{escape(c.title)}</th><td>{level_chip(c.level) if c.answered else "Not answered"}</td>'
        f"<td>{panels.link(render.plain(c.section), c.link)}</td></tr>"
        for c in report.concepts
    )
    head = '<tr><th scope="col">Concept</th><th scope="col">Level</th><th scope="col">Go back to</th></tr>'
    return f'<table class="ftl-wide">{head}{rows}</table>'


class ReviewView(View):
    """The cards that are due, one after the other."""

    def __init__(self, cards):
        self.cards = cards
        self._head, self._slot, self._foot = (
            html("", "ftl-head"),
            W.VBox().add_class("ftl-slot"),
            W.Box().add_class("ftl-actions"),
        )
        super().__init__([self._head, _trouble(cards.store), self._slot, self._foot])
        self.turn()

    def __repr__(self):
        return f"<review: {str(self.cards).splitlines()[0]}>"

    def stand_in(self):
        return repr(self), f"<p>{escape(repr(self).strip('<>'))}. Run this cell to review them.</p>"

    def turn(self):
        """Show the first card that is due, or when the next one will be."""
        due = self.cards.due()
        self._count(due)
        self._foot.children = [] if due else [button("Look again", self.onward)]
        self._slot.children = [self._card(due[0]) if due else html(self._nothing())]

    def onward(self):
        """Go on to the next card; the keyboard goes along."""
        self.turn()
        (self._foot.children[0] if self._foot.children else self.card).focus()

    def _card(self, card):
        session = self.cards.session(card)
        concept = session.question.concept  # not the misconception, whose name would give the answer away
        where = f"Recall: {load_concepts().get(concept, concept)}"
        self.card = QuestionCard(session, where=where, on_checked=self._checked)
        return self.card

    def _checked(self):
        due = self.cards.due()
        self._count(due)
        if not self._foot.children:
            onward = button("Next card" if due else "Done for now", self.onward, "ftl-primary")
            self._foot.children = [onward]

    def _count(self, due):
        every = len(self.cards.cards())
        said = f"<strong>{len(due)} of {every} {'card' if every == 1 else 'cards'} due</strong>"
        self._head.value = f'<h2>Recall and review</h2><p class="ftl-score">{said}</p>'

    def _nothing(self):
        later = self.cards.cards()
        if not later:
            return "<p>No cards yet. What you miss in a quiz comes back here.</p>"
        left = datetime.fromisoformat(later[0].due) - runs.now(self.cards.store)
        return f"<p>Nothing is due now. The next card comes back {in_words(left.total_seconds())}.</p>"


def in_words(seconds: float) -> str:
    """How long it takes until then, rounded up.

    >>> in_words(20), in_words(500), in_words(3 * 3600), in_words(86400 * 2.5)
    ('in a minute', 'in 9 minutes', 'in 3 hours', 'in 3 days')
    """
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        many = math.ceil(seconds / size)
        if many > 1:
            return f"in {many} {name}s"
    return "in a minute"
