"""Scores made ready to be cut: sorted, counted, and turned into curves and bars."""

import numpy as np

from ftlib.errors import InputError
from ftlib.measure.curves import precision_recall_curve
from ftlib.measure.validate import as_scores, binary_truth

BINS = 32


def sorted_scores(y_true, y_score):
    """Scores of the positives and of the negatives, each sorted upward."""
    scores = as_scores(y_score)
    truth = binary_truth(y_true, len(scores))
    if truth.all() or not truth.any():
        raise InputError(
            f"y_true holds only one class ({len(truth)} labels); a threshold needs both to divide."
        )
    return np.sort(scores[truth]), np.sort(scores[~truth])


def below(scores, threshold):
    """How many of the sorted scores lie below the threshold, compared in the scores' own precision."""
    return np.searchsorted(scores, np.asarray(threshold, dtype=scores.dtype), side="left")


def positions(positives, negatives, step) -> np.ndarray:
    """Every position of the slider: 0 to 1 where the scores lie within, else their own range."""
    low, high = float(min(positives[0], negatives[0])), float(max(positives[-1], negatives[-1]))
    if low >= 0 and high <= 1:
        step = step or 0.01
        return np.round(np.arange(round(1 / step) + 1) * step, 10)
    if low == high:
        low, high = low - 1, high + 1
    step = step or 10.0 ** np.floor(np.log10((high - low) / 50))
    return np.round(np.arange(np.floor(low / step), np.ceil(high / step) + 1) * step, 10)


def pr_points(y_true, y_score):
    """Precision and recall along the curve as drawn: stepwise, thinned to what a screen can show."""
    precision, recall, _ = precision_recall_curve(y_true, y_score)
    keep = np.unique(np.linspace(0, len(recall) - 1, 200).astype(int))
    precision, recall = precision[keep], recall[keep]
    return np.repeat(precision, 2)[1:], np.repeat(recall, 2)[:-1]


def histogram(scores, low, high):
    """Bin edges and heights (tallest = 1) of one class's histogram."""
    heights, edges = np.histogram(scores, BINS, (low, high))
    return edges, heights / heights.max()


def bar_path(frame, bars, sign, cut, right_side) -> str:
    """The bars of one class on one side of the threshold's pixel, as one path."""
    edges, heights = bars
    zero, pieces = frame.y(0), []
    for left, right_edge, height in zip(frame.x(edges[:-1]), frame.x(edges[1:]) - 0.8, heights):
        start, end = (max(left, cut), right_edge) if right_side else (left, min(right_edge, cut))
        if height and end > start:
            tip = frame.y(sign * height)
            pieces.append(f"M{start:.1f} {zero:.1f}V{tip:.1f}H{end:.1f}V{zero:.1f}z")
    return "".join(pieces)
