"""The controls that take an answer: one class a kind, each made of core widgets with a real label.

All share four verbs: ``answer()`` is the answer as the bank's grader takes it (None while nothing was
entered), ``put(answer)`` shows an answer, ``mark(result)`` shows what was right about it (or clears that),
and ``box`` is the widget. They call ``on_change()`` after each change by the learner and ``on_enter()`` when
Enter is pressed in a field. Nothing here reads the key before ``mark`` is given a result.
"""

import ipywidgets as W

from ftlib.learn import render
from ftlib.learn.session import LETTERS

WRAPS_AT = 80  # letters of code that fit on a line of the field


def controls_for(session):
    """The controls of a session's question."""
    from ftlib.learn.placing import Confusion, Match, Order

    kinds = KINDS | {"order": Order, "match": Match, "confusion": Confusion}
    return kinds[session.question.kind](session)


def when_entered(field, act):
    """Call ``act()`` when Enter is pressed in a text field."""
    field.on_msg(lambda _, content, buffers: act() if content.get("event") == "submit" else None)


class Controls:
    """Root of the kinds; ``ask`` is the line that says what to do."""

    ask = ""
    words = ("right", "wrong")  # of a part

    def __init__(self, session):
        self.session, self.question = session, session.question
        self.on_change = self.on_enter = lambda: None
        self._silent = False
        self.fields, self.marked = [], {}
        self.box = self.build()
        for field in self.fields:
            field.observe(self._changed, "value")

    def put(self, answer):
        """Show an answer without calling ``on_change``; one that does not fit shows as nothing entered."""
        self._silent = True
        try:
            self.show(answer)
        except (TypeError, ValueError, KeyError, AttributeError):
            self.show(None)
        finally:
            self._silent = False

    def mark(self, result):
        """Show which parts were right (``result``), or take the marks away (None); their room stays, so that
        nothing moves under a pointer on its way to the next option."""
        self.marked = result.parts if result else self.marked

    def mark_of(self, key, result):
        """A part's class and its verdict in symbol and words; unseen where it no longer holds, "" where there was none."""
        right = self.marked.get(key)
        if right is None:
            return "", ""
        now = "" if result else " ftl-past"
        said = f'<span class="ftl-mark{now}">{"✓" if right else "✗"} {self.words[not right]}</span>'
        return ("ftl-right" if right else "ftl-wrong") if result else "", said

    @property
    def first(self):
        """The control to begin with; None for radio buttons, which ipywidgets cannot give the focus."""
        return None if isinstance(self.fields[0], W.RadioButtons) else self.fields[0]

    def lock(self):
        """Take no further answer."""
        for field in self.fields:
            field.disabled = True

    def _changed(self, change):
        if not self._silent:
            self.on_change()

    def _on_enter(self, field):
        when_entered(field, lambda: self.on_enter())


class _Options(Controls):
    """Shared by choice and multi: a grid of real inputs with the rendered options laid over them."""

    def _texts(self):
        found = [self.question.option(key) for key in self.session.order]
        return [f"{letter}. {render.plain(option.text)}" for letter, option in zip(LETTERS, found)]

    def _grid(self, *inputs):
        self.over = W.HTMLMath().add_class("ftl-over")
        self.mark(None)
        return W.Box([*inputs, self.over]).add_class("ftl-options")

    def mark(self, result):
        super().mark(result)
        self.over.value = "".join(
            _option_html(letter, self.question.option(key).text, self.mark_of(key, result))
            for letter, key in zip(LETTERS, self.session.order)
        )


def _as_set(answer):
    return {answer} if isinstance(answer, str) else set(answer or ())


def _option_html(letter, text, mark):
    """One rendered option with its class and mark, as ``mark_of`` gives them."""
    state, said = mark
    body = f'<span class="ftl-letter">{letter}</span><div class="ftl-body">{render.inline(text)}{said}</div>'
    return f'<div class="ftl-option {state}" aria-hidden="true">{body}</div>'


class Choice(_Options):
    """One of several options; radio buttons."""

    ask = "Choose one answer."

    def build(self):
        self.radio = W.RadioButtons(options=[(text, i) for i, text in enumerate(self._texts())], index=None)
        self.fields = [self.radio]
        return self._grid(self.radio)

    def answer(self):
        return None if self.radio.index is None else self.session.order[self.radio.index]

    def show(self, answer):
        self.radio.index = self.session.order.index(answer) if answer in self.session.order else None


class Multi(_Options):
    """Any number of several options; checkboxes."""

    words = ("holds", "does not hold")

    ask = "Choose every answer that holds."

    def build(self):
        self.fields = [W.Checkbox(description=text, indent=False) for text in self._texts()]
        return self._grid(*self.fields)

    def answer(self):
        return [key for key, field in zip(self.session.order, self.fields) if field.value] or None

    def show(self, answer):
        for key, field in zip(self.session.order, self.fields):
            field.value = key in _as_set(answer)


class Line(Controls):
    """A number or a short text in one field; Enter checks it."""

    ask = "Type your answer; Enter checks it."

    def build(self):
        unit = f", in {self.question.unit}" if self.question.unit else ""
        self.fields = [W.Text(description=f"Your answer{unit}", placeholder="")]
        self._on_enter(self.fields[0])
        return W.VBox(self.fields)

    def answer(self):
        return self.fields[0].value if self.fields[0].value.strip() else None

    def show(self, answer):
        self.fields[0].value = "" if answer is None else str(answer)


class Area(Controls):
    """Several lines: the output of a program."""

    ask = "Type what it prints, line by line."
    label = "It prints"

    def build(self):
        self.fields = [W.Textarea(description=self.label, placeholder="", rows=self._rows())]
        return W.VBox(self.fields)

    def _rows(self):
        return 3

    def answer(self):
        return self.fields[0].value if self.fields[0].value.strip() else None

    def show(self, answer):
        self.fields[0].value = "" if answer is None else str(answer)


class Code(Area):
    """A function to be completed, in a monospaced field that begins with the starter."""

    ask = "Complete the code. Tab moves on to the next control; indent with spaces."
    label = "Your code"

    def build(self):
        from ftlib.learn.exercise import exercise

        self.starter = exercise(self.question.exercise, self.question.file).starter.strip("\n") + "\n"
        box = super().build()
        self.fields[0].value = self.starter
        return box

    def _rows(self):
        lines = self.starter.splitlines()
        return min(24, max(6, 3 + sum(1 + len(line) // WRAPS_AT for line in lines)))

    def answer(self):
        code = self.fields[0].value
        return None if code.strip() in ("", self.starter.strip()) else code

    def show(self, answer):
        self.fields[0].value = self.starter if answer is None else str(answer)


KINDS = {
    "choice": Choice,
    "multi": Multi,
    "numeric": Line,
    "text": Line,
    "predict": Area,
    "code": Code,
}
