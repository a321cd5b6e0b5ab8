"""One question as a card of widgets, and the parts that every view of this room is built from."""

import math
import time
from html import escape

import ipywidgets as W

from ftlib.errors import FtlibError
from ftlib.learn import panels
from ftlib.learn.controls import controls_for
from ftlib.learn.echo import LATER_SECONDS, Echo, later
from ftlib.learn.style import style_tag

DRAFT_SECONDS = 0.4  # how long typing must pause before a draft is saved
VIEW_MIME = "application/vnd.jupyter.widget-view+json"


class View(W.VBox):
    """Root of what this room shows: carries the style sheet, and what stands in for it without widgets."""

    def __init__(self, children, **traits):
        style = W.HTML(style_tag()).add_class("ftl-style")
        super().__init__([style, *children], **traits)
        self.add_class("ftl")

    def show(self, *children):
        """Replace everything below the style sheet."""
        self.children = (self.children[0], *children)

    def stand_in(self) -> tuple[str, str]:
        """Plain text and HTML for places where widgets do not run; holds no key."""
        return repr(self), ""

    def _repr_mimebundle_(self, **kwargs):
        text, html = self.stand_in()
        bundle = {"text/plain": text} | ({"text/html": html} if html else {})
        version = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return bundle | {VIEW_MIME: version}


def html(value="", *classes) -> W.HTML:
    """An HTML widget with these CSS classes."""
    made = W.HTML(value)
    for name in classes:
        made.add_class(name)
    return made


def button(words, act, *classes) -> W.Button:
    """A button that calls ``act()``; its words are its accessible name."""
    made = W.Button(description=words)
    made.on_click(lambda _: act())
    for name in classes:
        made.add_class(name)
    return made


class QuestionCard(W.VBox):
    """One question: prompt, labelled controls, check, verdict, hints, steps, link.

    Parameters
    ----------
    session : the Session behind it.
    where : words for its place, such as "Question 3 of 12".
    on_checked : called without arguments after each answer that was graded.
    judge : grades an answer instead of the session: answer → Result, or None when it came too late.
    exam : no hints, no steps, no new numbers, no link.
    """

    def __init__(self, session, *, where="", on_checked=None, judge=None, exam=False):
        self.session, self.where, self.exam = session, where, exam
        self.on_checked, self.judge = on_checked or (lambda: None), judge or session.attempt
        self._pending, self._locked, self._changed_at, self._echo = None, False, -math.inf, Echo()
        self._head, self._feedback, self._hints, self._steps = (W.HTMLMath() for _ in range(4))
        self._ask, self._foot = html("", "ftl-ask"), html("", "ftl-links")
        self._check = button("Check answer", self.ask_check, "ftl-primary")
        self._hint = button("", self._on_hint)
        self._step = button("", self._on_steps)
        self._numbers = button("New numbers", self._on_new_numbers)
        self._answer = W.VBox().add_class("ftl-answer")
        shown = [self._head, self._answer, self._actions(), self._echo, self._feedback]
        super().__init__(shown if exam else [*shown, self._hints, self._steps, self._foot])
        self.add_class("ftl-card")
        self._draw()

    def ask_check(self):
        """Check once every letter typed before has come in; see ``ftlib.learn.echo``."""
        if time.monotonic() - self._changed_at > LATER_SECONDS:
            self.check()
        else:
            self._echo.ask(self.check)

    def check(self):
        """Grade what stands in the controls and show the verdict."""
        self._echo.drop()
        self._settle()
        if self._locked:
            return
        try:
            result = self.judge(self.controls.answer())
        except FtlibError as fault:
            self.say(str(fault))
            return
        if result:
            self._say(result)
        if result is None or result.counts:
            self.on_checked()

    def focus(self):
        """Take the keyboard to the first control; radio buttons cannot be sent the focus, so then to "Check answer"."""
        (self.controls.first or self._check).focus()

    def lock(self, words="Answered"):
        """Take no further answer; the button says why."""
        self._locked, self._check.disabled, self._check.description = True, True, words
        self.controls.lock()

    def say(self, words):
        """Show a message where the verdict stands, and have screen readers announce it."""
        self._feedback.value = panels.notice(words)

    # -- drawing ----------------------------------------------------------------------------------------------

    def _draw(self):
        session = self.session
        self.controls = controls_for(session)
        self.controls.put(session.draft)
        self.controls.on_change, self.controls.on_enter = self._on_change, self.ask_check
        self._head.value = panels.prompt(session, self.where)
        self._ask.value = f'<p class="ftl-ask">{escape(self.controls.ask)}</p>'
        self._foot.value = f'<p class="ftl-links">Rests on {panels.section_link(session.question)}</p>'
        self._answer.children = [self._ask, self.controls.box]
        self._feedback.value = ""
        if session.result:
            self._say(session.result, fresh=False)
        self._help()

    def _actions(self):
        wanted = [
            (self._check, True),
            (self._hint, self.session.question.hints),
            (self._step, self.session.question.steps),
        ]
        shown = [made for made, there in wanted if there and (made is self._check or not self.exam)]
        if self.session.has_variants and not self.exam:
            shown.append(self._numbers)
        return W.Box(shown).add_class("ftl-actions")

    def _say(self, result, fresh=True):
        changed = not fresh and self.session.changed
        trouble = f"Not saved. {self.session.trouble}" if self.session.trouble and fresh else ""
        self.controls.mark(None if changed or not result.counts else result)
        self._feedback.value = panels.feedback(result, changed=changed, fresh=fresh, note=trouble)
        self._help()

    def _help(self, opened=False):
        session = self.session
        total, left = len(session.question.hints), session.hints_left
        self._hint.description = f"Hint {total - left + 1} of {total}" if left else "All hints shown"
        self._step.description = "Hide steps" if session.steps_open else "Show steps"
        self._step.disabled = not session.steps_allowed
        self._step.tooltip = "" if session.steps_allowed else "Steps open once you have checked an answer"
        self._hints.value, self._steps.value = panels.hints(session, fresh=opened), panels.steps(session)

    # -- what the learner does --------------------------------------------------------------------------------

    def _on_change(self):
        self._changed_at = time.monotonic()
        if self._locked:
            self.controls.put(self.session.answer)
            return
        if self._feedback.value:
            self.controls.mark(None)
            kept = self.session.result
            self._feedback.value = panels.feedback(kept, changed=True, fresh=False) if kept else ""
        self._settle()
        self._pending = later(DRAFT_SECONDS, self._save_draft)
        if not self._pending:
            self._save_draft()

    def _save_draft(self):
        self._pending = None
        self.session.set_draft(self.controls.answer())

    def _settle(self):
        if self._pending:
            self._pending.cancel()
            self._pending = None

    def leave(self):
        """Check what was to be checked, save a draft that is still waiting for the typing to pause."""
        if self._echo.waiting:
            self.check()
        if self._pending:
            self._settle()
            self._save_draft()

    def _on_hint(self):
        self.session.next_hint()
        self._help(opened=True)

    def _on_steps(self):
        self.session.show_steps(not self.session.steps_open)
        self._help()

    def _on_new_numbers(self):
        self._settle()
        self.session.new_numbers()
        self._draw()
        self._feedback.value = panels.announced(f"New numbers. {self.session.question.prompt}")
