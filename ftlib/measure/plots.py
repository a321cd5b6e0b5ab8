"""Plots whose title states the finding: learning curves, confusion matrix, before and after.

Every function here and in `ftlib.measure.curve_plots` returns the `matplotlib.axes.Axes` it drew on (a new
5×3 inch figure, or ``ax=``), computes its title from the data and takes ``title=`` where you know better.
See `ftlib.measure.style` for the look.
"""

import numpy as np
from matplotlib.patches import Rectangle

from ftlib.errors import InputError
from ftlib.measure.bootstrap import Interval
from ftlib.measure.confusion import divide
from ftlib.measure.counts import Counts
from ftlib.measure.findings import LOWER_IS_BETTER, change_finding, confusion_finding, history_finding
from ftlib.measure.style import (
    FAINT,
    INK,
    PAPER,
    RULE,
    axes,
    headline,
    label_ends,
    readable,
    stroke,
    styled,
)


@styled
def plot_history(
    history, columns=("train_loss", "val_loss"), *, metrics=(), baseline=None, title=None, ax=None
):
    """Learning curves: ``columns`` against the epoch, and ``metrics`` in a second panel below.

    ``history`` is what `fit` returns, or a list of dicts with one row an epoch. ``baseline`` is a
    horizontal line, such as the base model's validation loss. The best epoch of ``val_loss`` carries a
    ring. Returns the axes (a list of two with ``metrics``).
    """
    rows = list(getattr(history, "rows", history))
    if not rows:
        raise InputError("the history has no rows; train for at least one epoch first.")
    panels = axes(ax, rows=2 if metrics else 1)
    upper = panels[0] if metrics else panels
    _draw_columns(upper, rows, columns, baseline)
    upper.set_ylabel("loss" if all("loss" in name for name in columns) else "value")
    if metrics:
        _draw_columns(panels[1], rows, metrics, None, gap=0.2)
        panels[1].set_ylabel("metric")
    bottom = panels[1] if metrics else panels
    bottom.set_xlabel("epoch")
    bottom.xaxis.get_major_locator().set_params(integer=True)
    headline(upper, title or history_finding(rows))
    return panels


def _draw_columns(ax, rows, columns, baseline, gap=0.1) -> None:
    epochs = [row.get("epoch", i) for i, row in enumerate(rows, 1)]
    ends, marks = [], "o" if len(rows) <= 12 else ""
    for i, name in enumerate(columns):
        if any(name not in row for row in rows):
            raise InputError(f"the history has no column {name!r}; it has {', '.join(rows[0])}.")
        values, pen = np.array([row[name] for row in rows], dtype=float), stroke(i)
        ax.plot(epochs, values, **pen.line, marker=marks and pen.marker, markersize=4)
        finite = values[np.isfinite(values)]
        ends += [(finite[-1], name.replace("_", " "), pen.ink)] if len(finite) else []
        if name == "val_loss" and len(finite):
            best = int(np.nanargmin(np.where(np.isfinite(values), values, np.inf)))
            ax.plot(epochs[best], values[best], "o", markersize=11, fillstyle="none", color=INK, zorder=4)
    if baseline is not None:
        ax.axhline(baseline, color=FAINT, linewidth=1, linestyle=(0, (2, 2)))
        ends.append((baseline, "base model", FAINT))
    label_ends(ax, ends, gap)


@styled
def plot_confusion_matrix(matrix, *, classes=None, title=None, ax=None):
    """A confusion matrix (rows true, columns predicted) with each count and its share of the row.

    ``matrix`` is what `confusion_matrix` returns, shape (K, K), or `Counts`. ``classes`` names the K
    classes. Shade shows the share of the row; the cells that are right carry a frame.
    """
    counts = np.asarray(matrix.matrix if isinstance(matrix, Counts) else matrix)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise InputError(
            f"matrix has shape {counts.shape}; expected (K, K): confusion_matrix(y_true, y_pred)."
        )
    names = [str(name) for name in (range(len(counts)) if classes is None else classes)]
    if len(names) != len(counts):
        raise InputError(f"classes names {len(names)} classes and the matrix has {len(counts)}.")
    shares, ax = divide(counts, counts.sum(axis=1, keepdims=True)), axes(ax)
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1.9, aspect="auto")  # pale enough for ink on every cell
    for (row, column), count in np.ndenumerate(counts):
        _draw_cell(ax, row, column, count, shares[row, column], len(counts))
    ax.set_xticks(range(len(names)), names, rotation=0 if max(map(len, names)) * len(names) < 40 else 40)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="predicted", ylabel="true")
    ax.spines[:].set_visible(False)
    headline(ax, title or confusion_finding(counts, names))
    return ax


def _draw_cell(ax, row, column, count, share, size) -> None:
    small = size > 4
    text = f"{count:g}" if small else f"{count:g}\n{share:.0%} of true"
    if not small or count:
        ax.text(column, row, text, ha="center", va="center", fontsize=7 if small else 9)
    if row == column:
        box = ((column - 0.46, row - 0.46), 0.92, 0.92)
        ax.add_patch(Rectangle(*box, fill=False, edgecolor=INK, linewidth=0.8 if small else 1.6))


@styled
def plot_before_after(before, after, *, names=("before", "after"), title=None, ax=None):
    """Each metric before (hollow) and after (filled) fine-tuning, joined by an arrow.

    Both are dicts of name → number or `Interval` (drawn as a line above or below), `Counts`, or anything with
    ``.metrics``. Names that end in loss, mse, mae or error are marked "less is better".
    """
    before, after = _metrics(before), _metrics(after)
    common = [name for name in before if name in after]
    if not common:
        raise InputError(f"before has {list(before)} and after {list(after)}: no metric in common.")
    ax, pen = axes(ax), stroke(0)
    for row, name in enumerate(common):
        _draw_change(ax, row, before[name], after[name], pen.color)
    ax.plot([], [], "o", color=INK, markerfacecolor=PAPER, label=names[0])
    ax.plot([], [], "o", color=pen.color, label=names[1])
    if any(isinstance(value, Interval) for value in (*before.values(), *after.values())):
        ax.plot([], [], color=FAINT, linewidth=1.4, label="interval")
    mark = lambda name: "\n(less is better)" if name.endswith(LOWER_IS_BETTER) else ""
    ax.set_yticks(range(len(common)), [name.replace("_", " ") + mark(name) for name in common])
    ax.set_ylim(len(common) - 0.4, -0.6)
    ax.margins(x=0.2)
    ax.grid(axis="x", color=RULE, linewidth=0.6)
    ax.set_axisbelow(True)
    ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=1)
    headline(
        ax, title or change_finding({name: (_middle(before[name]), _middle(after[name])) for name in common})
    )
    return ax


def _draw_change(ax, row, before, after, color) -> None:
    old, new = _middle(before), _middle(after)
    low, high = min(old, new), max(old, new)
    for value, pen, shift in ((before, FAINT, -0.18), (after, color, 0.18)):
        if isinstance(value, Interval):
            low, high = min(low, value.low), max(high, value.high)
            ax.plot([value.low, value.high], [row + shift] * 2, color=pen, linewidth=1.4)
    arrow = {"arrowstyle": "-|>", "color": FAINT, "shrinkA": 4, "shrinkB": 4}
    ax.annotate("", (new, row), (old, row), arrowprops=arrow)
    ax.plot(old, row, "o", color=INK, markerfacecolor=PAPER, markersize=7)
    ax.plot(new, row, "o", color=color, markersize=7)
    for value, pen, right in ((old, INK, old > new), (new, stroke(0).ink, new >= old)):
        ax.annotate(readable(value), (high if right else low, row), (8 if right else -8, 0), fontsize=8, color=pen,
                    textcoords="offset points", ha="left" if right else "right", va="center")  # fmt: skip


def _metrics(values) -> dict:
    if isinstance(values, Counts):
        return {name: getattr(values, name) for name in ("accuracy", "precision", "recall", "f1")}
    return dict(getattr(values, "metrics", values))


def _middle(value) -> float:
    return float(value.estimate if isinstance(value, Interval) else value)
