"""ConfusionBuilder: set the four counts and see every metric worked out as a fraction."""

from fractions import Fraction

from ftlib.measure.counts import Counts
from ftlib.measure.explorers import svg
from ftlib.measure.explorers.base import LABEL, Explorer, number, row, widgets
from ftlib.measure.explorers.matrix import matrix_panel, mosaic_panel
from ftlib.measure.explorers.parts import Numbers, Panel, View
from ftlib.measure.explorers.worked import LABELS, value

MOST = 1_000_000
PRESETS = {
    "your own": None,
    "worked example": (85, 15, 10, 90),
    "fraud model, 98 % accurate": (12, 12, 88, 4888),
    "always says negative": (0, 0, 100, 4900),
    "spam filter that dares little": (120, 2, 80, 798),
    "medical test that misses little": (98, 150, 2, 750),
    "coin flip": (50, 50, 50, 50),
    "no mistakes": (95, 0, 0, 105),
}
ASKS = {
    "precision": "of those called positive, how many are?",
    "recall": "of the positive, how many are found?",
    "f1": "are precision and recall both high?",
    "accuracy": "of all, how many are judged rightly?",
    "specificity": "of the negative, how many are left alone?",
    "negative_predictive_value": "of those called negative, how many are?",
    "prevalence": "how common are positive cases?",
}


class ConfusionBuilder(Explorer):
    """Type TP, FP, FN and TN; see each metric as formula, fraction, lowest terms and decimal.

    The counts are whole numbers from 0 to a million; ``names`` are the negative and the positive
    class. A metric whose denominator is zero is shown as undefined, and by which rule it counts 0.

    >>> builder = ConfusionBuilder(tp=85, fp=15, fn=10, tn=90)
    >>> print(builder.counts.fractions()["f1"])
    170/195
    >>> builder.set(12, 12, 88, 4888)
    >>> builder.counts.recall
    0.12
    """

    title = "Four counts, every metric"
    lead = "Change a count with the arrow keys or type one in, or begin with a known case."

    def __init__(self, tp=85, fp=15, fn=10, tn=90, *, names=("negative", "positive")):
        self.names = tuple(names)
        whole = {"tp": "TP, found", "fp": "FP, false alarm", "fn": "FN, missed", "tn": "TN, left alone"}
        start = {"tp": tp, "fp": fp, "fn": fn, "tn": tn}
        self._boxes = {key: number(whole[key], start[key], 0, MOST, 1, "184px") for key in start}
        self._preset = widgets.Dropdown(options=list(PRESETS), description="Begin with", style=LABEL)
        self._preset.value = next((k for k, v in PRESETS.items() if v == (tp, fp, fn, tn)), "your own")
        self._preset.observe(self._load, "value")
        for box in self._boxes.values():
            box.observe(self._changed, "value")
        super().__init__([row(self._preset), row(*self._boxes.values())])

    @property
    def counts(self) -> Counts:
        """The four counts as set now."""
        return Counts(**{key: box.value for key, box in self._boxes.items()})

    def set(self, tp: int, fp: int, fn: int, tn: int) -> None:
        """Set all four counts at once."""
        self._quiet = True
        for key, count in zip(("tp", "fp", "fn", "tn"), (tp, fp, fn, tn), strict=True):
            self._boxes[key].value = count
        self._quiet = False
        self._changed()

    def _load(self, change) -> None:
        if PRESETS[change["new"]]:
            self.set(*PRESETS[change["new"]])

    _quiet = False

    def _changed(self, *_) -> None:
        if self._quiet:
            return
        now = tuple(self.counts)
        self._preset.value = next((name for name, preset in PRESETS.items() if preset == now), "your own")
        self.redraw()

    def view(self) -> View:
        counts = self.counts
        panels = [matrix_panel(counts, self.names), mosaic_panel(counts, self.names), _bars_panel(counts)]
        return View(self._say(counts), panels, _numbers(counts))

    def _say(self, counts: Counts) -> str:
        if not counts.total:
            return "No case yet: every metric is 0/0. Set a count."
        common = max(counts.tp + counts.fn, counts.tn + counts.fp)
        larger = self.names[counts.tp + counts.fn > counts.tn + counts.fp]
        return (
            f"{counts.tp + counts.tn:,} of {counts.total:,} are judged rightly (accuracy {counts.accuracy:.4f}); "
            f"always saying “{larger}” would reach {common / counts.total:.4f}."
        )


def _numbers(counts: Counts) -> Numbers:
    worked = counts.worked
    rows = [
        (
            LABELS[name],
            asks,
            worked[name].formula,
            _counted(worked[name]),
            _lowest(worked[name].ratio),
            value(worked[name]),
        )
        for name, asks in ASKS.items()
    ]
    rows += [_beta_row(counts, 2, "F2", "F1, with recall twice as important")]
    rows += [_balanced_row(counts), _mcc_row(counts)]
    undefined = any(row[-1] == "undefined" for row in rows)
    note = "Undefined: the denominator is zero. ftlib and scikit-learn then count 0 unless told otherwise."
    head = ("metric", "asks", "formula", "counted", "lowest terms", "value")
    return Numbers("Every metric as a fraction", head, rows, (3, 4, 5), note if undefined else "", (1,), (4,))


def _counted(worked) -> str:
    return f"{worked.numerator:,} / {worked.denominator:,}"


def _lowest(ratio) -> str:
    return "" if ratio is None else f"{ratio.numerator:,} / {ratio.denominator:,}"


def _beta_row(counts: Counts, beta: int, name: str, asks: str) -> tuple[str, ...]:
    b = beta * beta
    above, below = (1 + b) * counts.tp, (1 + b) * counts.tp + b * counts.fn + counts.fp
    formula = f"{1 + b}·TP / ({1 + b}·TP + {b}·FN + FP)"
    lowest = _lowest(Fraction(above, below)) if below else ""
    return (
        name,
        asks,
        formula,
        f"{above:,} / {below:,}",
        lowest,
        f"{counts.fbeta(beta):.4f}" if below else "undefined",
    )


def _balanced_row(counts: Counts) -> tuple[str, ...]:
    parts = [counts.fractions()[name] for name in ("recall", "specificity")]
    asks, formula = "recall of both classes, averaged", "(recall + specificity) / 2"
    if None in parts:
        return "balanced accuracy", asks, formula, "", "", "undefined"
    lowest = _lowest((Fraction(parts[0]) + Fraction(parts[1])) / 2)
    return (
        "balanced accuracy",
        asks,
        formula,
        f"({parts[0]} + {parts[1]}) / 2",
        lowest,
        f"{counts.balanced_accuracy:.4f}",
    )


def _mcc_row(counts: Counts) -> tuple[str, ...]:
    tp, fp, fn, tn = counts
    below = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    worked = f"{tp * tn - fp * fn:,} / √{below:,}"
    asks, formula = "do call and truth agree? (-1 to 1)", "(TP·TN - FP·FN) / √four sums"
    return "MCC", asks, formula, worked, "", f"{counts.mcc:.4f}" if below else "undefined"


def _bars_panel(counts: Counts) -> Panel:
    shown = {
        LABELS[name]: counts.worked[name] for name in ("precision", "recall", "f1", "accuracy", "specificity")
    }
    pieces, left, wide = [], 78, 190
    for i, (name, worked) in enumerate(shown.items()):
        y = 20 + 36 * i
        pieces.append(svg.text(left - 8, y + 15, name, 12, svg.INK, "end"))
        pieces.append(svg.box(left, y, wide, 20, rx=3, fill=svg.WASH, stroke=svg.RULE))
        pieces.append(svg.box(left, y, wide * worked.value, 20, rx=3, fill=svg.PLUM))
        pieces.append(
            svg.text(left + wide + 6, y + 15, value(worked).replace("undefined", "0/0"), 12, svg.INK)
        )
    words = "; ".join(f"{name} {value(worked)}" for name, worked in shown.items())
    return Panel(_bars_title(counts), "".join(pieces), f"Bars: {words}.", 204)


def _bars_title(counts: Counts) -> str:
    for name in ("precision", "recall"):
        if not counts.worked[name].denominator:
            return f"{name.capitalize()} is 0/0"
    gap = counts.precision - counts.recall
    if abs(gap) < 0.1:
        return "Precision and recall lie close"
    return "Precision far above recall" if gap > 0 else "Recall far above precision"
