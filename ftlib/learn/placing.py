"""Controls of the kinds that put several parts in place: order, match, confusion matrix.

No drop-down lists: JupyterLab takes the arrow keys (and letters) of a focused list for its own commands, so a list
in a cell's output cannot be used from the keyboard. Buttons, radio buttons and text fields can.
"""

import ipywidgets as W

from ftlib.learn import render
from ftlib.learn.controls import Controls
from ftlib.learn.session import LETTERS

CELLS = {
    "tp": "True positives (TP)",
    "fn": "False negatives (FN)",
    "fp": "False positives (FP)",
    "tn": "True negatives (TN)",
}


class Order(Controls):
    """Lines that are moved up and down with buttons; the keyboard follows the line that moves."""

    ask = "Move the lines until they stand in the right order."

    def build(self):
        self.items = {item.key: item.text for item in self.question.items}
        self.shown, self.touched = list(self.session.order), False
        count = len(self.shown)
        self.lines = [W.HTMLMath() for _ in range(count)]
        self.up = [self._button(place, -1) for place in range(count)]
        self.down = [self._button(place, +1) for place in range(count)]
        self._write()
        rows = zip(self.lines, self.up, self.down)
        return W.Box([part for row in rows for part in row]).add_class("ftl-lines")

    def _button(self, place, step):
        made = W.Button().add_class("ftl-up" if step < 0 else "ftl-down")
        made.disabled = not 0 <= place + step < len(self.shown)
        made.on_click(lambda _: self.move(place, step))
        return made

    def move(self, place: int, step: int):
        """Swap the line at ``place`` with its neighbour; focus goes with it."""
        to = place + step
        self.shown[place], self.shown[to] = self.shown[to], self.shown[place]
        self.touched = True
        self._write()
        same, other = (self.up, self.down) if step < 0 else (self.down, self.up)
        (other if same[to].disabled else same)[to].focus()
        self.on_change()

    @property
    def first(self):
        return self.down[0]

    def lock(self):
        for made in (*self.up, *self.down):
            made.disabled = True

    def _write(self):
        for place, key in enumerate(self.shown):
            words = f"place {place + 1}: {render.plain(self.items[key])}"
            self.up[place].description, self.down[place].description = (
                f"Move up, {words}",
                f"Move down, {words}",
            )
            self.up[place].tooltip = self.down[place].tooltip = ""
            text = f'<span class="ftl-letter">{place + 1}</span><div class="ftl-body">{render.inline(self.items[key])}</div>'
            self.lines[place].value = f'<div class="ftl-item">{text}</div>'

    def answer(self):
        """The keys from first to last; None until a line was moved."""
        return list(self.shown) if self.touched else None

    def show(self, answer):
        fits = isinstance(answer, list | tuple) and sorted(answer) == sorted(self.session.order)
        self.shown, self.touched = list(answer if fits else self.session.order), fits
        self._write()


class Match(Controls):
    """Right sides with letters; a row of radio buttons, one a letter, for each left side."""

    ask = "Choose the letter of what belongs to each line."

    def build(self):
        pairs = {pair.key: pair for pair in self.question.pairs}
        self.rights = {}  # text → key; pairs may share a right side
        for key in self.session.order:
            self.rights.setdefault(pairs[key].right, key)
        self.places = list(self.rights.values())
        self.lefts, children = [W.HTMLMath() for _ in self.question.pairs], [W.HTMLMath(self._legend())]
        for pair, left in zip(self.question.pairs, self.lefts):
            self.fields.append(W.RadioButtons(options=self._options(pair), index=None).add_class("ftl-pick"))
            children += [left, self.fields[-1]]
        self.mark(None)
        return W.Box(children).add_class("ftl-pairs")

    def _legend(self):
        lettered = zip(LETTERS, self.rights)
        rows = "".join(f"<dt>{letter}</dt><dd>{render.inline(text)}</dd>" for letter, text in lettered)
        return f'<dl class="ftl-legend">{rows}</dl>'

    def _options(self, pair):
        lettered = zip(LETTERS, self.rights)
        words = (
            f"{letter}. {render.plain(text)}, for {render.plain(pair.left)}" for letter, text in lettered
        )
        return [(text, number) for number, text in enumerate(words)]

    def answer(self):
        chosen = zip(self.question.pairs, self.fields)
        return {pair.key: self.places[f.index] for pair, f in chosen if f.index is not None} or None

    def mark(self, result):
        super().mark(result)
        for pair, left in zip(self.question.pairs, self.lefts):
            state, said = self.mark_of(pair.key, result)
            left.value = f'<div class="ftl-item {state}">{render.inline(pair.left)}{said}</div>'

    def show(self, answer):
        same = {pair.key: self.rights[pair.right] for pair in self.question.pairs}
        for pair, field in zip(self.question.pairs, self.fields):
            given = same.get((answer or {}).get(pair.key))
            field.index = None if given is None else self.places.index(given)


class Confusion(Controls):
    """Four numbers laid out as the confusion matrix."""

    ask = "Fill in the four counts; Enter checks them."

    def build(self):
        self.fields = [W.Text(description=label, placeholder="") for label in CELLS.values()]
        for field in self.fields:
            self._on_enter(field)
        axis = lambda text: W.HTML(f'<div class="ftl-axis" aria-hidden="true">{text}</div>').add_class(
            "ftl-axis"
        )
        tp, fn, fp, tn = self.fields
        head = [axis(""), axis("Predicted positive"), axis("Predicted negative")]
        return W.Box([*head, axis("Actually positive"), tp, fn, axis("Actually negative"), fp, tn]).add_class(
            "ftl-matrix"
        )

    def answer(self):
        given = {cell: field.value for cell, field in zip(CELLS, self.fields) if field.value.strip()}
        return given or None

    def mark(self, result):
        parts = result.parts if result else {}
        for (cell, label), field in zip(CELLS.items(), self.fields):
            words = {None: "", True: " ✓ right", False: " ✗ wrong"}[parts.get(cell)]
            field.description = label + words

    def show(self, answer):
        for cell, field in zip(CELLS, self.fields):
            field.value = str((answer or {}).get(cell, ""))
