"""Controls of the kinds that put several parts in place: order, match, confusion matrix."""

import ipywidgets as W

from ftlib.learn import render
from ftlib.learn.controls import Controls, mark_html, state_class

UNPLACED = "–"
CELLS = {
    "tp": "True positives (TP)",
    "fn": "False negatives (FN)",
    "fp": "False positives (FP)",
    "tn": "True negatives (TN)",
}


class Order(Controls):
    """A place for each item; giving an item a taken place swaps the two."""

    ask = "Give each line its place. Taking a place that is taken swaps the two."

    def build(self):
        places = [UNPLACED, *map(str, range(1, len(self.session.order) + 1))]
        items = {item.key: item.text for item in self.question.items}
        children = []
        for key in self.session.order:
            label = f"Place of: {render.plain(items[key])}"
            self.fields.append(W.Dropdown(options=places, value=UNPLACED, description=label))
            children += [
                self.fields[-1],
                W.HTMLMath(f'<div class="ftl-item">{render.inline(items[key])}</div>'),
            ]
        self._before = [UNPLACED] * len(self.fields)
        return W.Box(children).add_class("ftl-rows")

    def _changed(self, change):
        if self._silent:
            return
        moved, self._silent = self.fields.index(change["owner"]), True
        for i, field in enumerate(self.fields):
            if i != moved and field.value == change["new"] != UNPLACED:
                field.value = self._before[moved]
        self._silent = False
        self._before = [field.value for field in self.fields]
        self.on_change()

    def answer(self):
        """The keys by place; places not given yet are left out, so a part-way draft can be kept."""
        placed = [(f.value, key) for key, f in zip(self.session.order, self.fields) if f.value != UNPLACED]
        return [key for _, key in sorted(placed, key=lambda pair: int(pair[0]))] or None

    def missing(self):
        left = sum(field.value == UNPLACED for field in self.fields)
        return f"{left} of {len(self.fields)} lines have no place yet." if 0 < left < len(self.fields) else ""

    def show(self, answer):
        for key, field in zip(self.session.order, self.fields):
            field.value = str(answer.index(key) + 1) if answer and key in answer else UNPLACED
        self._before = [field.value for field in self.fields]


class Match(Controls):
    """The right side for each left side, from a list."""

    ask = "Choose what belongs to each line."
    nothing = "choose …"

    def build(self):
        pairs = {pair.key: pair for pair in self.question.pairs}
        self.rights = {}  # text → key; pairs may share a right side
        for key in self.session.order:
            self.rights.setdefault(render.plain(pairs[key].right), key)
        self.same = {pair.key: self.rights[render.plain(pair.right)] for pair in self.question.pairs}
        options, children, self.lefts = [self.nothing, *self.rights], [], []
        for pair in self.question.pairs:
            label = f"Belongs to: {render.plain(pair.left)}"
            self.fields.append(W.Dropdown(options=options, value=self.nothing, description=label))
            self.lefts.append(W.HTMLMath())
            children += [self.lefts[-1], self.fields[-1]]
        self.mark(None)
        return W.Box(children).add_class("ftl-rows").add_class("ftl-pairs")

    def answer(self):
        chosen = zip(self.question.pairs, self.fields)
        return {pair.key: self.rights[f.value] for pair, f in chosen if f.value != self.nothing} or None

    def mark(self, result):
        parts = result.parts if result else {}
        for pair, left in zip(self.question.pairs, self.lefts):
            right = parts.get(pair.key)
            left.value = f'<div class="ftl-item {state_class(right)}">{render.inline(pair.left)}{mark_html(right)}</div>'

    def show(self, answer):
        texts = {key: text for text, key in self.rights.items()}
        for pair, field in zip(self.question.pairs, self.fields):
            given = (answer or {}).get(pair.key)
            field.value = texts[self.same[given]] if given is not None else self.nothing


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
            words = {None: "", True: " ✓", False: " ✗"}[parts.get(cell)]
            field.description = label + words

    def show(self, answer):
        for cell, field in zip(CELLS, self.fields):
            field.value = str((answer or {}).get(cell, ""))
