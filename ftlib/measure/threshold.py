"""Choosing a threshold: by what mistakes cost, by a floor for recall or precision, by F-beta.

Choose on validation data and report on test data: the best threshold of a sample is partly luck,
and on the sample it was chosen from it looks better than it is.
"""

import math
from dataclasses import dataclass

import numpy as np

from ftlib.errors import InputError
from ftlib.measure.confusion import divide
from ftlib.measure.counts import Counts
from ftlib.measure.curves import confusion_matrix_at_thresholds
from ftlib.measure.validate import as_array, check_choice


@dataclass(frozen=True, eq=False)
class Sweep:
    """What happens at each threshold: arrays of shape (T,), thresholds falling, the first one infinite.

    At thresholds[i] every score ≥ thresholds[i] is called positive; at infinity none is. ``precision``
    is NaN where nothing is called positive (there is none to judge), not 0.
    """

    thresholds: np.ndarray
    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    tn: np.ndarray

    @property
    def precision(self) -> np.ndarray:
        """TP / (TP + FP), NaN where nothing is called positive."""
        return divide(self.tp, self.tp + self.fp, np.nan)

    @property
    def recall(self) -> np.ndarray:
        """TP / (TP + FN), 0 without positives."""
        return divide(self.tp, self.tp + self.fn)

    @property
    def accuracy(self) -> np.ndarray:
        """(TP + TN) / all."""
        return (self.tp + self.tn) / (self.tp + self.fp + self.fn + self.tn)

    def fbeta(self, beta: float = 1.0) -> np.ndarray:
        """F_β at each threshold, 0 where undefined."""
        above = (1 + beta**2) * self.tp
        return divide(above, above + beta**2 * self.fn + self.fp)

    def cost(self, matrix) -> np.ndarray:
        """Total cost with ``matrix`` = [[cost of a TN, of a FP], [of a FN, of a TP]]."""
        (tn, fp), (fn, tp) = _costs(matrix)
        return tn * self.tn + fp * self.fp + fn * self.fn + tp * self.tp

    def counts(self, index: int) -> Counts:
        """The four counts at one index."""
        return Counts(*(float(field[index]) for field in (self.tp, self.fp, self.fn, self.tn)))

    def at(self, threshold: float) -> int:
        """Index of the entry that holds for ``threshold``: the smallest listed one that is ≥ it."""
        return len(self.thresholds) - 1 - int(np.searchsorted(self.thresholds[::-1], threshold, side="left"))


@dataclass(frozen=True)
class ThresholdChoice:
    """A threshold, why it was chosen, and the counts it gives on the data it was chosen from."""

    threshold: float
    by: str
    reason: str
    counts: Counts
    cost: float

    def apply(self, y_true, y_score, *, pos_label=None, sample_weight=None) -> Counts:
        """The counts on other data (the test split) at this threshold."""
        return Counts.at(y_true, y_score, self.threshold, pos_label=pos_label, sample_weight=sample_weight)

    def __str__(self) -> str:
        c = self.counts
        return (
            f"threshold {self.threshold:.4g} ({self.reason}): precision {c.precision:.4f}, recall {c.recall:.4f}, "
            f"F1 {c.f1:.4f}, {c}"
        )


def threshold_sweep(y_true, y_score, *, pos_label=None, sample_weight=None) -> Sweep:
    """The counts at every threshold that makes a difference, from "none" to "all" called positive.

    >>> sweep = threshold_sweep([0, 1, 1], [0.2, 0.5, 0.9])
    >>> sweep.thresholds.tolist(), sweep.recall.tolist()
    ([inf, 0.9, 0.5, 0.2], [0.0, 0.5, 1.0, 1.0])
    """
    tns, fps, fns, tps, thresholds = confusion_matrix_at_thresholds(
        y_true, y_score, pos_label=pos_label, sample_weight=sample_weight
    )
    positives, negatives = tps[-1], fps[-1]
    first = lambda value, rest: np.append(float(value), rest)
    return Sweep(
        first(np.inf, thresholds), first(0, tps), first(0, fps), first(positives, fns), first(negatives, tns)
    )


def best_threshold(
    y_true, y_score, *, by="cost", at_least=None, beta=1.0, cost_fp=1.0, cost_fn=1.0, cost_matrix=None,
    pos_label=None, sample_weight=None,
) -> ThresholdChoice:  # fmt: skip
    """The threshold that is best on these scores; every score ≥ it is then called positive.

    - ``by="cost"``: least Σ cost, with ``cost_fp`` and ``cost_fn``, or a (2, 2) ``cost_matrix``
      [[TN, FP], [FN, TP]] (a gain is a negative cost). Calling nothing positive (threshold inf) may win.
    - ``by="recall", at_least=r``: greatest precision among thresholds whose recall is ≥ r.
    - ``by="precision", at_least=p``: greatest recall among thresholds whose precision is ≥ p.
    - ``by="fbeta", beta=β``: greatest F_β.

    Among equals: the other of precision and recall decides, then the higher threshold. A floor that no
    threshold reaches raises `InputError` naming the best there is. Source: Elkan (2001), "The foundations
    of cost-sensitive learning"; Lipton, Elkan & Naryanaswamy (2014) on F.

    >>> best_threshold([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.9], by="recall", at_least=1.0).threshold
    0.5
    """
    check_choice(by, ("cost", "recall", "precision", "fbeta"), "by")
    sweep = threshold_sweep(y_true, y_score, pos_label=pos_label, sample_weight=sample_weight)
    costs = sweep.cost([[0, cost_fp], [cost_fn, 0]] if cost_matrix is None else cost_matrix)
    if by == "cost":
        index, reason = int(np.argmin(costs)), f"least cost {costs.min():g}"
    elif by == "fbeta":
        scores = sweep.fbeta(beta)
        index, reason = int(np.argmax(scores)), f"greatest F{beta:g} {scores.max():.4f}"
    else:
        index = _best_above_floor(sweep, by, at_least)
        reason = f"{by} at least {at_least:g}"
    return ThresholdChoice(
        float(sweep.thresholds[index]), by, reason, sweep.counts(index), float(costs[index])
    )


def _best_above_floor(sweep: Sweep, by: str, floor) -> int:
    if floor is None or not 0 < floor <= 1:
        raise InputError(f"by={by!r} needs at_least= a share above 0 and up to 1; got {floor!r}.")
    held, other = (sweep.recall, sweep.precision) if by == "recall" else (sweep.precision, sweep.recall)
    allowed = np.nan_to_num(held, nan=-1.0) >= floor
    if not allowed.any():
        raise InputError(
            f"no threshold reaches {by} {floor:g}; the greatest here is {np.nanmax(held):.4g}. Lower the floor, "
            "or improve the model."
        )
    best = np.where(allowed, other, -1.0)
    ties = np.flatnonzero(best == np.nanmax(best))
    return int(ties[np.argmax(held[ties])])


def _costs(matrix) -> np.ndarray:
    costs = as_array(matrix, "cost_matrix").astype(float)
    if costs.shape != (2, 2) or not np.isfinite(costs).all():
        raise InputError(f"cost_matrix={matrix!r}; expected [[TN, FP], [FN, TP]] of finite numbers.")
    return costs


def cost_threshold(cost_fp: float = 1.0, cost_fn: float = 1.0) -> float:
    """The least-cost threshold for calibrated probabilities: cost_fp / (cost_fp + cost_fn). No data needed.

    Call positive where the expected cost of keeping silent, p·cost_fn, is at least that of an alarm,
    (1 - p)·cost_fp. Source: Elkan (2001), equation 2.

    >>> cost_threshold(cost_fp=1, cost_fn=9)
    0.1
    """
    if not (cost_fp >= 0 and cost_fn >= 0 and 0 < cost_fp + cost_fn < math.inf):
        raise InputError(f"cost_fp={cost_fp!r}, cost_fn={cost_fn!r}; expected costs ≥ 0, not both zero.")
    return cost_fp / (cost_fp + cost_fn)
