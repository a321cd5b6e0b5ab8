"""Strength test, challenge and review as widgets: the looks of what their own modules decide.

``strength_test()``, ``challenge()`` and ``review()`` as the last line of a cell show these views.
"""

import asyncio
import math
from html import escape

import ipywidgets as W

from ftlib.errors import InputError
from ftlib.learn import panels, render
from ftlib.learn.card import QuestionCard, View, button, html

LEVELS = {  # level → class, symbol
    "strong": ("ftl-right", "●"),
    "growing": ("ftl-part", "◐"),
    "weak": ("ftl-wrong", "○"),
    "new": ("ftl-none", "·"),
}
PACES = {"Usual time": 1.0, "Twice the time": 2.0, "No clock": math.inf}


def view_of(thing) -> View:
    """The view of a strength test, a challenge or a review."""
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
        self.test, self.here = test, 0
        self._head, self._slot = html("", "ftl-head"), W.VBox().add_class("ftl-slot")
        self._pills = [button("", lambda n=n: self.go(n), "ftl-pill") for n in range(len(test))]
        self._nav = W.Box(self._pills).add_class("ftl-nav")
        self._onward = button("Next question", self.onward)
        self._end = button("See the result", self.finish, "ftl-quiet")
        self._foot = W.Box([self._onward, self._end]).add_class("ftl-actions")
        super().__init__([self._head, self._nav, self._slot, self._foot])
        self.go(self._first_open())

    def __repr__(self):
        return repr(self.test)

    def stand_in(self):
        return repr(self), f"<p>{escape(repr(self).strip('<>'))}. Run this cell to take it.</p>"

    def go(self, number: int):
        """Show a question, from 0."""
        self.here = number
        where = f"Question {number + 1} of {len(self.test)}"
        card = QuestionCard(self.test.session(number), where=where, on_checked=self._checked, exam=True)
        if card.session.answered:
            card.lock()
        self.card, self._slot.children = card, [card]
        self._refresh()

    def onward(self):
        """Go to the next question without an answer, or end the test."""
        if self.test.done:
            self.finish()
            return
        following = [*range(self.here + 1, len(self.test)), *range(self.here + 1)]
        given = self.test.answers()
        self.go(next(n for n in following if self.test.items[n].question not in given))
        self._pills[-1].focus()  # the last control before the card

    def finish(self):
        """End the test and show its report."""
        report = self.test.finish()
        self._head.value = f"<h2>Strength test: the result</h2>{_report_head(report)}"
        again = button("Take another test", self._again, "ftl-primary")
        self.show(self._head, html(report_table(report)), W.Box([again]).add_class("ftl-actions"))
        again.focus()

    def _again(self):
        from ftlib.learn.strength import strength_test

        fresh = StrengthView(strength_test(store=self.test.store))
        self.show(fresh)

    def _checked(self):
        self.card.lock()
        self._refresh()
        self._onward.focus()

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
            done = item.question in given
            pill.description = f"{number + 1} ✓" if done else f"{number + 1}"
            pill.tooltip = f"Question {number + 1}: {'answered' if done else 'open'}"
            pill._dom_classes = ("ftl-pill", "ftl-here") if number == self.here else ("ftl-pill",)
        self._onward.description = "See the result" if self.test.done else "Next question"
        self._end.disabled = not given
        self._end.layout.display = "none" if self.test.done else None


def _report_head(report):
    said = f"<strong>{panels.points(report.score)} of {report.asked} points</strong>"
    return f'<p class="ftl-score">{said} · {report.answered} of {report.asked} answered</p>'


def report_table(report) -> str:
    """The report as an HTML table: concept, level, where to read on; the weak ones first."""
    rows = "".join(
        f'<tr><th scope="row">{escape(c.title)}</th><td>{level_chip(c.level)}</td>'
        f"<td>{panels.link(render.plain(c.section), c.link)}</td></tr>"
        for c in report.concepts
    )
    head = '<tr><th scope="col">Concept</th><th scope="col">Shown</th><th scope="col">Go back to</th></tr>'
    return f'<table class="ftl-wide">{head}{rows}</table>'


class ChallengeView(View):
    """Five timed problems: a start page, a problem at a time with its clock, the badge."""

    def __init__(self, game):
        self.game, self._timer = game, None
        self._head, self._slot, self._foot = (
            html("", "ftl-head"),
            W.VBox().add_class("ftl-slot"),
            W.Box().add_class("ftl-actions"),
        )
        super().__init__([self._head, self._slot, self._foot])
        begun = any(problem.state != "waiting" for problem in game.problems())
        if begun:
            self.turn()
        else:
            self._start_page()

    def __repr__(self):
        return repr(self.game)

    def stand_in(self):
        return repr(self), f"<p>{escape(repr(self).strip('<>'))}. Run this cell to take it.</p>"

    def turn(self):
        """Show the problem whose turn it is, or the result."""
        self._stop()
        problem = self.game.open()
        if problem is None:
            self._result()
            return
        self.problem = problem
        self._card(problem)
        self._write_head(problem)
        skip = button("Skip this problem", self._skip)
        self._foot.children = [skip]
        self._timer = _alarm(problem.seconds_left, self._time_up)

    def _start_page(self):
        self._head.value = "<h2>Challenge</h2>"
        said = (
            f"<p>{len(self.game)} problems of different kinds, two tries each. The clock of a problem runs from the "
            "moment it opens: 60 s for an easy one, 90 s for a medium one, 120 s for a hard one. "
            "Two points at the first try, one at the second; 9 of 10 win gold, 7 silver, 5 bronze.</p>"
        )
        pace = W.RadioButtons(options=list(PACES), index=0).add_class("ftl-plain")
        go = button("Start", lambda: self._start(PACES[pace.value]), "ftl-primary")
        parts = [html(said), html('<p class="ftl-ask">Time (the badge is the same)</p>'), pace]
        self._slot.children = [W.VBox([*parts, W.Box([go]).add_class("ftl-actions")]).add_class("ftl-card")]

    def _start(self, pace):
        self.game.set_pace(pace)
        self.turn()

    def _card(self, problem):
        where = f"Problem {problem.number + 1} of {len(self.game)}"
        session = self.game.session(problem.number)
        self.card = QuestionCard(session, where=where, judge=self._judge, on_checked=self._checked, exam=True)
        self._slot.children = [self.card]

    def _judge(self, answer):
        outcome = self.game.answer(answer)
        if outcome is None:
            return None
        self.problem = outcome.problem
        return outcome.result

    def _checked(self):
        if self.problem.state in ("waiting", "open"):
            self._write_head(self.problem)
            return
        self._over()

    def _skip(self):
        self.game.skip()
        self.turn()

    def _time_up(self):
        self.problem = self.game.problem(self.problem.number)
        if self.problem.state == "time up":
            self._over()

    def _over(self):
        """The problem is over: say how, and lead on."""
        self._stop()
        self.card.lock({"solved": "Solved", "time up": "Time is up"}.get(self.problem.state, "No tries left"))
        self._write_head(self.problem)
        last = self.game.current is None
        onward = button("See the result" if last else "Next problem", self.turn, "ftl-primary")
        self._foot.children = [onward]
        onward.focus()

    def _write_head(self, problem):
        tries = f"{problem.tries_left} {'try' if problem.tries_left == 1 else 'tries'} left"
        state = tries if problem.state == "open" else problem.state
        said = f"<strong>{self.game.points} points</strong> · {escape(problem.kind)} · {state}"
        self._head.value = f'<h2>Challenge</h2><p class="ftl-score">{said}</p>{_clock(problem)}'

    def _result(self):
        badge = self.game.badge
        title = f"{badge.capitalize()} badge" if badge else "No badge this time"
        rows = "".join(
            f'<tr><th scope="row">{p.number + 1}. {escape(p.kind)}</th><td>{p.state}</td>'
            f'<td class="num">{p.points}</td></tr>'
            for p in self.game.problems()
        )
        points = f"<strong>{self.game.points} of {2 * len(self.game)} points</strong>"
        self._head.value = f'<h2>Challenge: {title.lower()}</h2><p class="ftl-score">{points}</p>'
        head = '<tr><th scope="col">Problem</th><th scope="col">Outcome</th><th scope="col">Points</th></tr>'
        medal = f'<div class="ftl-medal ftl-{badge}" aria-hidden="true">★</div>' if badge else ""
        self._slot.children = [html(f'{medal}<table class="ftl-wide">{head}{rows}</table>')]
        again = button("Another challenge", self._again, "ftl-primary")
        self._foot.children = [again]
        again.focus()

    def _again(self):
        from ftlib.learn.challenge import challenge

        self.show(ChallengeView(challenge(store=self.game.store)))

    def _stop(self):
        if self._timer:
            self._timer.cancel()
            self._timer = None


def _clock(problem):
    """The time left, counted down by the style sheet alone: no message a second, nothing to wait for."""
    if problem.state != "open" or math.isinf(problem.seconds_left):
        return ""
    seconds = math.ceil(problem.seconds_left)
    return (
        f'<div class="ftl-clock" style="--ftl-seconds: {seconds}; animation-duration: {seconds}s">'
        f'<span class="ftl-vh">You have {seconds} seconds.</span><span class="ftl-count" aria-hidden="true"></span></div>'
    )


def _alarm(seconds, act):
    """Call ``act`` when the time is up; None without a clock or a running loop."""
    if math.isinf(seconds):
        return None
    try:
        return asyncio.get_running_loop().call_later(seconds + 0.2, act)
    except RuntimeError:
        return None


class ReviewView(View):
    """The cards that are due, one after the other."""

    def __init__(self, cards):
        self.cards = cards
        self._head, self._slot, self._foot = (
            html("", "ftl-head"),
            W.VBox().add_class("ftl-slot"),
            W.Box().add_class("ftl-actions"),
        )
        super().__init__([self._head, self._slot, self._foot])
        self.turn()

    def __repr__(self):
        return f"<review: {str(self.cards).splitlines()[0]}>"

    def stand_in(self):
        return repr(self), f"<p>{escape(repr(self).strip('<>'))}. Run this cell to review them.</p>"

    def turn(self):
        """Show the first card that is due, or when the next one will be."""
        due = self.cards.due()
        self._count(due)
        self._foot.children = []
        self._slot.children = [self._card(due[0]) if due else html(self._nothing())]

    def _card(self, card):
        session = self.cards.session(card)
        name = card.key.replace("-", " ")
        self.card = QuestionCard(session, where=f"Recall: {name}", on_checked=self._checked)
        return self.card

    def _checked(self):
        due = self.cards.due()
        self._count(due)
        if not self._foot.children:
            onward = button("Next card" if due else "Done for now", self.turn, "ftl-primary")
            self._foot.children = [onward]

    def _count(self, due):
        every = len(self.cards.cards())
        said = f"<strong>{len(due)} of {every} {'card' if every == 1 else 'cards'} due</strong>"
        self._head.value = f'<h2>Recall and review</h2><p class="ftl-score">{said}</p>'

    def _nothing(self):
        later = self.cards.cards()
        if not later:
            return "<p>No cards yet. What you miss in a quiz comes back here.</p>"
        when = later[0].due[:16].replace("T", " ")
        return f"<p>Nothing is due now. The next card comes back at {when} UTC.</p>"
