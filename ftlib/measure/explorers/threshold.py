"""ThresholdExplorer: slide the threshold, and watch every number that depends on it."""

import numpy as np

from ftlib.measure.counts import Counts
from ftlib.measure.curves import average_precision_score
from ftlib.measure.explorers import svg
from ftlib.measure.explorers.base import LABEL, Explorer, button, number, row, widgets
from ftlib.measure.explorers.matrix import matrix_panel, right, wrong
from ftlib.measure.explorers.parts import Numbers, Panel, View
from ftlib.measure.explorers.scores import bar_path, below, histogram, positions, pr_points, sorted_scores
from ftlib.measure.explorers.worked import rows, value

PR_FRAME = svg.Frame(34, 22, 272, 152)


class ThresholdExplorer(Explorer):
    """Slide the threshold of a binary classifier and see what it costs.

    ``y_true`` (N,) holds 0 and 1, ``y_score`` (N,) a score or probability, higher for 1; a case is
    called positive where ``score >= threshold``. ``cost_fp`` and ``cost_fn`` are the costs of one
    false alarm and of one miss, ``recall_at_least`` a floor that a button reaches for. ``names`` are
    the negative and the positive class. Nothing that is passed in changes.

    In a notebook the last line of a cell shows it; without one:

    >>> explorer = ThresholdExplorer([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9], threshold=0.5)
    >>> explorer.counts
    Counts(tp=1, fp=1, fn=1, tn=1)
    >>> explorer.reach_recall(1.0)
    0.4

    Raises InputError if labels are not 0/1, if only one class is there, if lengths differ or a score
    is not a number.
    """

    title = "Where would you draw the line?"
    lead = (
        "A case is called positive when its score reaches the threshold. "
        "Move the line, price the two mistakes, or ask for a recall."
    )

    def __init__(
        self,
        y_true,
        y_score,
        *,
        threshold=0.5,
        cost_fp=1.0,
        cost_fn=1.0,
        recall_at_least=0.95,
        names=("negative", "positive"),
        step=None,
    ):
        self.names = tuple(names)
        self._positives, self._negatives = sorted_scores(y_true, y_score)
        self._pr_curve = _pr_curve(y_true, y_score)
        self.average_precision = average_precision_score(y_true, y_score)
        self._grid = positions(self._positives, self._negatives, step)
        self._digits = max(2, int(np.ceil(-np.log10(self._grid[1] - self._grid[0]) - 1e-9)))
        low, high, step = float(self._grid[0]), float(self._grid[-1]), float(self._grid[1] - self._grid[0])
        self._slider = widgets.FloatSlider(
            value=min(max(threshold, low), high),
            min=low,
            max=high,
            step=round(step, 10),
            description="Threshold",
            readout_format=f".{self._digits}f",
            style=LABEL,
            layout=widgets.Layout(width="auto", max_width="640px"),
        )
        self._cost_fp = number("Cost of a false alarm (FP)", cost_fp, 0, 1e6, 0.5, "238px")
        self._cost_fn = number("Cost of a miss (FN)", cost_fn, 0, 1e6, 0.5, "200px")
        self._floor = number("Recall at least", recall_at_least, 0, 1, 0.01, "170px")
        self._bars = histogram(self._positives, low, high), histogram(self._negatives, low, high)
        for control in (self._slider, self._cost_fp, self._cost_fn, self._floor):
            control.observe(self.redraw, "value")
        reach = button("Reach this recall", self.reach_recall, "the highest threshold that does")
        cheapest = button("Cheapest threshold", self.cheapest, "the least cost of all mistakes")
        super().__init__(
            [
                self._slider,
                row(row(self._floor, reach), row(self._cost_fp, self._cost_fn, cheapest)),
            ]
        )

    _priced = None

    @property
    def threshold(self) -> float:
        """The threshold now; set it to move the slider."""
        return round(self._slider.value, 10)

    @threshold.setter
    def threshold(self, value: float) -> None:
        self._slider.value = float(value)

    @property
    def counts(self) -> Counts:
        """True and false positives and negatives at the threshold."""
        return self._counts_at(self.threshold)

    @property
    def cost(self) -> float:
        """What the mistakes at this threshold cost together."""
        return self.counts.cost(self._cost_fp.value, self._cost_fn.value)

    def reach_recall(self, at_least: float | None = None) -> float:
        """Move to the highest slider position whose recall is ``at_least`` (default: the box's)."""
        if at_least is not None:
            self._floor.value = at_least
        recall = 1 - below(self._positives, self._grid) / len(self._positives)
        self.threshold = self._grid[np.flatnonzero(recall >= self._floor.value - 1e-12).max(initial=0)]
        return self.threshold

    def cheapest(self) -> float:
        """Move to the slider position whose mistakes cost least (the lowest such)."""
        self.threshold = self._grid[np.argmin(self._costs(*self._mistakes()))]
        return self.threshold

    def view(self) -> View:
        counts = self.counts
        lines, alarms = counts.worked, counts.tp + counts.fp
        rightly = f"{counts.tp:,} of {alarms:,} alarms are right" if alarms else "no alarm is raised"
        found = f"{counts.tp:,} of {counts.tp + counts.fn:,} {self.names[1]} cases are found"
        say = f"At {self._show(self.threshold)}, {found} (recall {value(lines['recall'])}) and {rightly}"
        say += f" (precision {value(lines['precision'])})." if alarms else "."
        panels = [
            self._score_panel(),
            self._pr_panel(counts),
            matrix_panel(counts, self.names),
            self._cost_panel(),
        ]
        return View(say, panels, self._numbers(counts))

    def _numbers(self, counts: Counts) -> Numbers:
        names = ("precision", "recall", "f1", "accuracy", "specificity")
        a, b = self._cost_fp.value, self._cost_fn.value
        cost = (
            "cost",
            "FP × cost + FN × cost",
            f"{counts.fp:,} × {a:g} + {counts.fn:,} × {b:g}",
            f"{self.cost:,.10g}",
        )
        caption = f"Numbers at threshold {self._show(self.threshold)}"
        return Numbers(caption, ("metric", "formula", "worked", "value"), [*rows(counts, names), cost])

    def _score_panel(self) -> Panel:
        frame = svg.Frame(8, 24, 304, 150, self._range, (-1, 1))
        cut = frame.x(self.threshold)
        pieces = []
        for sign, bars, hue in ((1, self._bars[0], svg.BLUE), (-1, self._bars[1], svg.OCHRE)):
            for side, judged in ((1, sign > 0), (0, sign < 0)):
                style = (right if judged else wrong)(hue) | {"stroke_width": 1, "stroke_dasharray": None}
                pieces.append(svg.tag("path", d=bar_path(frame, bars, sign, cut, side), **style))
        pieces += [
            svg.line(frame.left, frame.y(0), frame.right, frame.y(0), svg.SOFT),
            svg.line(cut, 4, cut, frame.bottom, svg.INK, stroke_width=2),
            svg.text(8, 34, f"{self.names[1]} ↑", 11.5, svg.BLUE, font_weight=600),
            svg.text(
                frame.right, frame.bottom - 5, f"{self.names[0]} ↓", 11.5, svg.OCHRE, "end", font_weight=600
            ),
            frame.axes("score", "", xticks=svg.nice_ticks(*self._range)),
            svg.text(8, frame.bottom + 27, "filled = judged rightly, hollow = wrongly", 11, svg.SOFT),
        ]
        side, anchor = (-6, "end") if cut > 190 else (6, "start")
        pieces.append(
            svg.text(cut + side, 13, f"{self._show(self.threshold)}", 12, svg.INK, anchor, font_weight=650)
        )
        words = f"Scores of both classes as mirrored histograms, cut at {self._show(self.threshold)}."
        return Panel(
            f"Scores of the two classes, cut at {self._show(self.threshold)}", "".join(pieces), words, 210
        )

    def _pr_panel(self, counts: Counts) -> Panel:
        frame = PR_FRAME
        base = counts.prevalence
        x, y = frame.x(counts.recall), frame.y(counts.precision)
        floor = frame.x(self._floor.value)
        pieces = [
            svg.box(floor, frame.top, frame.right - floor, frame.height, fill=svg.WASH),
            frame.axes("recall", "precision", (0, 0.25, 0.5, 0.75, 1), (0, 0.5, 1)),
            svg.line(
                floor, frame.top, floor, frame.bottom, svg.GREEN, stroke_width=1.5, stroke_dasharray="2 3"
            ),
            svg.line(frame.left, frame.y(base), frame.right, frame.y(base), svg.SOFT, stroke_dasharray="5 4"),
            svg.text(
                frame.left + 4, frame.y(base) + (-5 if base < 0.9 else 13), f"chance {base:.2f}", 11, svg.SOFT
            ),
            self._pr_curve,
        ]
        if counts.tp + counts.fp:
            pieces += [
                svg.line(x, y, x, frame.bottom, svg.INK, stroke_dasharray="1 3"),
                svg.line(frame.left, y, x, y, svg.INK, stroke_dasharray="1 3"),
                svg.circle(x, y, 6, fill=svg.INK, stroke=svg.PAPER, stroke_width=2),
            ]
        met = "met" if counts.recall >= self._floor.value - 1e-12 else "missed"
        title = f"Recall at least {self._floor.value:g}: {met}"
        words = f"Precision-recall curve, average precision {self.average_precision:.3f}; "
        words += f"the point lies at recall {counts.recall:.3f}, precision {counts.precision:.3f}."
        return Panel(title, "".join(pieces), words, 210)

    def _cost_panel(self) -> Panel:
        frame, curve, best, least = self._cost_curve(self._cost_fp.value, self._cost_fn.value)
        now = self.cost
        point = frame.x(self.threshold), frame.y(now)
        title = f"Cost {now:,.6g}; least {least:,.6g} at {self._show(best)}"
        body = curve + svg.circle(*point, 6, fill=svg.INK, stroke=svg.PAPER, stroke_width=2)
        return Panel(title, body, f"Cost against threshold. {title}.", 210)

    def _cost_curve(self, cost_fp: float, cost_fn: float):
        """Frame, drawn curve, cheapest threshold and its cost: kept until a cost changes."""
        if self._priced and self._priced[0] == (cost_fp, cost_fn):
            return self._priced[1]
        costs = self._costs(*self._mistakes())
        best, top = int(np.argmin(costs)), float(costs.max()) or 1.0
        frame = svg.Frame(44, 22, 262, 152, self._range, (0, top))
        x, y = frame.x(self._grid[best]), frame.y(costs[best])
        curve = (
            frame.axes(
                "threshold", "cost", svg.nice_ticks(*self._range), svg.nice_ticks(0, top, 3), _thousands
            )
            + svg.curve(frame.x(self._grid), frame.y(costs), svg.PLUM, 2)
            + svg.tag("path", d=f"M{svg.short(x)} {svg.short(y - 3)}l-5 -9h10z", fill=svg.GREEN)
        )
        self._priced = (cost_fp, cost_fn), (frame, curve, float(self._grid[best]), float(costs[best]))
        return self._priced[1]

    @property
    def _range(self) -> tuple[float, float]:
        return float(self._grid[0]), float(self._grid[-1])

    def _counts_at(self, threshold) -> Counts:
        fn, tn = (below(scores, threshold) for scores in (self._positives, self._negatives))
        return Counts(len(self._positives) - fn, len(self._negatives) - tn, fn, tn)

    def _mistakes(self):
        """False positives and false negatives at every slider position, two int arrays."""
        return len(self._negatives) - below(self._negatives, self._grid), below(self._positives, self._grid)

    def _costs(self, fp, fn):
        return fp * self._cost_fp.value + fn * self._cost_fn.value

    def _show(self, threshold) -> str:
        return f"{threshold:.{self._digits}f}"


def _pr_curve(y_true, y_score) -> str:
    precision, recall = pr_points(y_true, y_score)
    return svg.curve(PR_FRAME.x(recall), PR_FRAME.y(precision), svg.BLUE, 2)


def _thousands(value: float) -> str:
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:g}"
