"""The challenge as widgets: a start page, a problem at a time with its clock, the badge.

The clock on the page is drawn by the style sheet; what counts is the time that :mod:`ftlib.learn.challenge` keeps.
"""

import math
from html import escape

import ipywidgets as W

from ftlib.learn import panels
from ftlib.learn.card import QuestionCard, View, button, html
from ftlib.learn.echo import later

PACES = {"Usual time": 1.0, "Twice the time": 2.0, "No clock": math.inf}


class ChallengeView(View):
    """Five timed problems: a start page, a problem at a time with its clock, the badge."""

    def __init__(self, game):
        self.game, self._timer = game, None
        self._head, self._slot, self._foot = (
            html("", "ftl-head"),
            W.VBox().add_class("ftl-slot"),
            W.Box().add_class("ftl-actions"),
        )
        trouble = html(panels.notice(getattr(game.store, "trouble", "")), "ftl-notice")
        super().__init__([self._head, trouble, self._slot, self._foot])
        begun = any(problem.state != "waiting" for problem in game.problems())
        if begun:
            self.turn()
        else:
            self._start_page()

    def __repr__(self):
        return repr(self.game)

    def stand_in(self):
        return repr(self), f"<p>{escape(repr(self).strip('<>'))}. Run this cell to take it.</p>"

    def onward(self):
        """Go on to the next problem, or the result; the keyboard goes along."""
        self.turn()
        if self.problem:
            self.card.focus()

    def turn(self):
        """Show the problem whose turn it is, or the result."""
        self._stop()
        self.problem = problem = self.game.open()
        if problem is None:
            self._result()
            return
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
        self.start = button("Start", lambda: self._start(PACES[pace.value]), "ftl-primary")
        parts = [html(said), html('<h3 class="ftl-ask">How much time? The badge is the same.</h3>'), pace]
        self._slot.children = [
            W.VBox([*parts, W.Box([self.start]).add_class("ftl-actions")]).add_class("ftl-card")
        ]

    def _start(self, pace):
        self.game.set_pace(pace)
        self.onward()

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
        self.card.leave()
        if self.problem.state == "open":  # else a check that was on its way has ended the problem
            self.game.skip()
            self.onward()

    def _time_up(self):
        self.problem = self.game.problem(self.problem.number)
        if self.problem.state == "time up":
            self._over(follow=False)  # whoever is typing must not press a button by the next key

    def _over(self, follow=True):
        """The problem is over: say how, and lead on."""
        self._stop()
        self.card.lock({"solved": "Solved", "time up": "Time is up"}.get(self.problem.state, "No tries left"))
        if self.problem.state == "time up":
            self.card.say("Time is up. This problem gives no points.")
        self._write_head(self.problem)
        last = self.game.current is None
        onward = button("See the result" if last else "Next problem", self.onward, "ftl-primary")
        self._foot.children = [onward]
        if follow:
            onward.focus()

    def _write_head(self, problem):
        tries = f"{problem.tries_left} {'try' if problem.tries_left == 1 else 'tries'} left"
        state = tries if problem.state == "open" else problem.state
        points = f"{self.game.points} {'point' if self.game.points == 1 else 'points'}"
        said = f"<strong>{points}</strong> · {escape(problem.kind)} · {state}"
        self._head.value = f'<h2>Challenge</h2><p class="ftl-score">{said}</p>{_clock(problem)}'

    def _result(self):
        badge = self.game.badge
        title = f"{badge.capitalize()} badge" if badge else "No badge this time"
        rows = "".join(
            f'<tr><th scope="row">{p.number + 1}. {escape(p.kind.capitalize())}</th><td>{p.state.capitalize()}</td>'
            f'<td class="num">{p.points}</td></tr>'
            for p in self.game.problems()
        )
        points = f"<strong>{self.game.points} of {2 * len(self.game)} points</strong>"
        self._head.value = f'<h2>Challenge: {title.lower()}</h2><p class="ftl-score">{points}</p>'
        head = '<tr><th scope="col">Problem</th><th scope="col">Outcome</th><th scope="col" class="num">Points</th></tr>'
        medal = f'<div class="ftl-medal ftl-{badge}" aria-hidden="true">★</div>' if badge else ""
        self._slot.children = [html(f'{medal}<table class="ftl-wide">{head}{rows}</table>')]
        again = button("Another challenge", self._again, "ftl-primary")
        self._foot.children = [again]
        again.focus()

    def _again(self):
        from ftlib.learn.challenge import challenge

        fresh = ChallengeView(challenge(store=self.game.store))
        self.show(fresh)
        fresh.start.focus()

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
    return None if math.isinf(seconds) else later(seconds + 0.2, act)
