"""Curves over every threshold: precision-recall and ROC, and the areas under them.

All rest on one table: how many true and false positives there are if every score ≥ t is called
positive, for each distinct score t. Names, arguments and returned points are scikit-learn's.
"""

from itertools import combinations

import numpy as np

from ftlib.errors import InputError
from ftlib.measure.confusion import present_labels
from ftlib.measure.validate import as_labels, as_scores, as_weights, binary_truth, check_choice


def confusion_matrix_at_thresholds(y_true, y_score, *, pos_label=None, sample_weight=None):
    """(tns, fps, fns, tps, thresholds), one entry a distinct score, thresholds falling.

    Entry i counts what happens when every score ≥ thresholds[i] is called positive. Scores that
    tie share one entry, so no threshold can split them; examples of weight zero make no entry. Each
    returned array has shape (T,).

    >>> tns, fps, fns, tps, t = confusion_matrix_at_thresholds([0, 1, 1], [0.1, 0.4, 0.9])
    >>> tps.tolist(), fps.tolist(), t.tolist()
    ([1.0, 2.0, 2.0], [0.0, 0.0, 1.0], [0.9, 0.4, 0.1])
    """
    scores = as_scores(y_score)
    if scores.ndim != 1:
        raise InputError(
            f"y_score has shape {scores.shape}; a curve needs one score an example: pick a column."
        )
    truth = binary_truth(y_true, len(scores), pos_label)
    weights = as_weights(sample_weight, len(scores))
    if weights is not None and not weights.all():
        scores, truth, weights = scores[weights > 0], truth[weights > 0], weights[weights > 0]
    order = np.argsort(scores)[::-1]
    scores, truth = scores[order], truth[order]
    last = np.append(np.flatnonzero(scores[1:] != scores[:-1]), len(scores) - 1)  # end of each group of ties
    if weights is None:
        tps = np.cumsum(truth)[last].astype(float)
        fps = last + 1 - tps
    else:
        weights = weights[order].astype(float)
        tps, fps = np.cumsum(weights * truth)[last], np.cumsum(weights * ~truth)[last]
    return fps[-1] - fps, fps, tps[-1] - tps, tps, scores[last]


def precision_recall_curve(y_true, y_score, *, pos_label=None, sample_weight=None, drop_intermediate=False):
    """Precision (T+1,), recall (T+1,) and rising thresholds (T,), with the end point (recall 0, precision 1).

    P(t) = TP(t) / (TP(t) + FP(t)), R(t) = TP(t) / positives. Without a positive example recall is 1
    everywhere. ``drop_intermediate`` leaves out points between two of equal recall.
    Source: Davis & Goadrich (2006), "The relationship between precision-recall and ROC curves".

    >>> precision, recall, thresholds = precision_recall_curve([0, 1, 1], [0.6, 0.4, 0.9])
    >>> precision.round(2).tolist(), recall.tolist(), thresholds.tolist()
    ([0.67, 0.5, 1.0, 1.0], [1.0, 0.5, 0.5, 0.0], [0.4, 0.6, 0.9])
    """
    _, fps, _, tps, thresholds = confusion_matrix_at_thresholds(
        y_true, y_score, pos_label=pos_label, sample_weight=sample_weight
    )
    if drop_intermediate and len(tps) > 2:
        keep = _corners((tps[1:-1] != tps[:-2]) | (tps[1:-1] != tps[2:]))
        fps, tps, thresholds = fps[keep], tps[keep], thresholds[keep]
    called = tps + fps
    precision = np.divide(tps, called, out=np.zeros_like(tps), where=called != 0)
    recall = tps / tps[-1] if tps[-1] > 0 else np.ones_like(tps)
    return np.append(precision[::-1], 1.0), np.append(recall[::-1], 0.0), thresholds[::-1]


def roc_curve(y_true, y_score, *, pos_label=None, sample_weight=None, drop_intermediate=True):
    """False positive rate, true positive rate and falling thresholds, each (T+1,), from (0, 0) to (1, 1).

    FPR(t) = FP(t) / negatives, TPR(t) = TP(t) / positives; the first threshold is infinity. A rate
    whose class does not occur is NaN. ``drop_intermediate`` leaves out points on a straight line
    between two others, which changes no area. Source: Fawcett (2006), "An introduction to ROC analysis".

    >>> fpr, tpr, _ = roc_curve([0, 1, 1], [0.6, 0.4, 0.9])
    >>> fpr.tolist(), tpr.tolist()
    ([0.0, 0.0, 1.0, 1.0], [0.0, 0.5, 0.5, 1.0])
    """
    _, fps, _, tps, thresholds = confusion_matrix_at_thresholds(
        y_true, y_score, pos_label=pos_label, sample_weight=sample_weight
    )
    if drop_intermediate and len(tps) > 2:
        keep = _corners((np.diff(fps, 2) != 0) | (np.diff(tps, 2) != 0))
        fps, tps, thresholds = fps[keep], tps[keep], thresholds[keep]
    fps, tps = np.append(0.0, fps), np.append(0.0, tps)
    fpr = fps / fps[-1] if fps[-1] > 0 else np.full(len(fps), np.nan)
    tpr = tps / tps[-1] if tps[-1] > 0 else np.full(len(tps), np.nan)
    return fpr, tpr, np.append(np.inf, thresholds)


def _corners(inner: np.ndarray) -> np.ndarray:
    return np.concatenate([[True], inner, [True]])


def auc(x, y) -> float:
    """Area under the points (x, y) by the trapezoidal rule; x rises or falls. Needs two points.

    >>> auc([0, 0.5, 1], [0, 1, 1])
    0.75
    """
    x, y = as_scores(x, "x"), as_scores(y, "y")
    if x.shape != y.shape or x.ndim != 1 or len(x) < 2:
        raise InputError(f"x has shape {x.shape} and y {y.shape}; an area needs two points or more of each.")
    steps = np.diff(x)
    if (steps < 0).any() and (steps > 0).any():
        raise InputError("x rises and falls; an area needs points ordered by x.")
    return float(abs(steps) @ (y[1:] + y[:-1]) / 2)


def average_precision_score(y_true, y_score, *, average="macro", pos_label=1, sample_weight=None):
    """Area under the precision-recall steps, without interpolation: Σₙ (Rₙ - Rₙ₋₁)·Pₙ.

    Binary (N,); multi-class labels (N,) with scores (N, K); multi-label (N, K) with scores (N, K),
    averaged as ``average`` says. 0.0 without a positive example. A useless ranking gives the share of
    positives, not 0.5. Source: Manning, Raghavan & Schütze (2008), "Introduction to IR", section 8.4.

    >>> round(average_precision_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]), 4)
    0.8333
    """
    scores = as_scores(y_score)
    metric = lambda t, s, w: _binary_average_precision(t, s, w, 1)
    if scores.ndim == 2:
        return averaged_over_columns(metric, indicator(y_true, scores), scores, average, sample_weight)
    return _binary_average_precision(y_true, scores, sample_weight, pos_label)


def _binary_average_precision(y_true, y_score, sample_weight, pos_label) -> float:
    precision, recall, _ = precision_recall_curve(
        y_true, y_score, pos_label=pos_label, sample_weight=sample_weight
    )
    return max(0.0, float(-(np.diff(recall) @ precision[:-1])))


def roc_auc_score(
    y_true, y_score, *, average="macro", sample_weight=None, max_fpr=None, multi_class="raise", labels=None
):
    """Area under the ROC curve: the chance that a positive outscores a negative, ties counting half.

    Binary (N,); multi-label (N, K) with scores (N, K); multi-class (N,) with probabilities (N, K) and
    ``multi_class`` "ovr" (each class against the rest) or "ovo" (each pair, Hand & Till 2001). NaN if
    only one class occurs. ``max_fpr`` takes the area up to that rate, rescaled so that chance is 0.5
    (McClish 1989). Source: Hanley & McNeil (1982), "The meaning and use of the area under a ROC curve".

    >>> roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    scores = as_scores(y_score)
    metric = lambda t, s, w: _binary_roc_auc(t, s, w, max_fpr)
    if scores.ndim == 1:
        return metric(_greater_label(y_true, len(scores)), scores, sample_weight)
    if np.ndim(y_true) == 2:
        return averaged_over_columns(metric, indicator(y_true, scores), scores, average, sample_weight)
    check_choice(multi_class, ("ovr", "ovo"), "multi_class")
    if not np.allclose(scores.sum(axis=1), 1):
        raise InputError(
            "multi-class roc_auc_score needs probabilities: rows of y_score that sum to 1 (softmax)."
        )
    truth = indicator(y_true, scores, labels)
    if multi_class == "ovr":
        return averaged_over_columns(metric, truth, scores, average, sample_weight)
    return _one_against_one(metric, truth.astype(bool), scores, average, sample_weight)


def _greater_label(y_true, n: int) -> np.ndarray:
    present = np.unique(as_labels(y_true, "y_true"))
    if len(present) > 2:
        raise InputError(
            f"y_true holds {len(present)} classes but y_score one column; pass scores of shape (N, K)."
        )
    return binary_truth(y_true, n, present[-1].item())


def _binary_roc_auc(truth, scores, sample_weight, max_fpr=None) -> float:
    fpr, tpr, _ = roc_curve(truth, scores, sample_weight=sample_weight)
    if np.isnan(fpr[0]) or np.isnan(tpr[0]):
        return float("nan")
    if max_fpr in (None, 1):
        return auc(fpr, tpr)
    if not 0 < max_fpr < 1:
        raise InputError(f"max_fpr={max_fpr!r}; expected a rate above 0 and up to 1.")
    stop = np.searchsorted(fpr, max_fpr, side="right")
    edge = np.interp(max_fpr, fpr[stop - 1 : stop + 1], tpr[stop - 1 : stop + 1])
    area, chance = auc(np.append(fpr[:stop], max_fpr), np.append(tpr[:stop], edge)), max_fpr**2 / 2
    return 0.5 * (1 + (area - chance) / (max_fpr - chance))


def indicator(y_true, scores: np.ndarray, labels=None) -> np.ndarray:
    """(N, K) of 0 and 1: multi-label truth as it is, or (N,) class labels spread over K columns."""
    truth = as_labels(y_true, "y_true")
    if truth.ndim == 1:
        classes = present_labels(truth, truth) if labels is None else as_labels(labels, "labels")
        if (classes[1:] <= classes[:-1]).any():
            raise InputError(f"labels={classes.tolist()} are not sorted; columns follow the sorted labels.")
        if not np.isin(truth, classes).all():
            raise InputError(f"y_true holds labels that are not in labels={classes.tolist()}.")
        truth = (truth[:, None] == classes).astype(np.int64)
    if truth.shape != scores.shape:
        raise InputError(
            f"y_true makes {truth.shape[1]} columns for {len(truth)} examples and the scores have shape "
            f"{scores.shape}. If a class never occurs, name all with labels=…"
        )
    return truth


def averaged_over_columns(metric, truth, scores, average, sample_weight):
    """``metric(truth, scores, weights)`` of each column, averaged as in scikit-learn's ranking metrics."""
    check_choice(average, (None, "micro", "macro", "weighted", "samples"), "average")
    weights = as_weights(sample_weight, len(truth))
    if average == "micro":
        repeated = None if weights is None else np.repeat(weights, truth.shape[1])
        return metric(truth.ravel(), scores.ravel(), repeated)
    if average == "samples":
        return _mean([metric(t, s, None) for t, s in zip(truth, scores)], weights)
    values = np.array([metric(t, s, weights) for t, s in zip(truth.T, scores.T)])
    if average is None:
        return values
    support = truth.sum(axis=0) if weights is None else weights @ truth
    return _mean(values, support if average == "weighted" else None)


def _mean(values, weights=None) -> float:
    values = np.asarray(values, dtype=float)
    if weights is None:
        return float(values.mean())
    if weights.sum() == 0:
        return 0.0
    return float(np.average(np.where(weights == 0, 0.0, values), weights=weights))


def _one_against_one(metric, truth, scores, average, sample_weight) -> float:
    check_choice(average, ("macro", "weighted"), "average with multi_class='ovo'")
    if sample_weight is not None:
        raise InputError("multi_class='ovo' takes no sample_weight; use multi_class='ovr'.")
    pairs, shares = [], []
    for a, b in combinations(range(truth.shape[1]), 2):
        either = truth[:, a] | truth[:, b]
        areas = [metric(truth[either, k], scores[either, k], None) for k in (a, b)]
        pairs.append(sum(areas) / 2)
        shares.append(either.mean())
    return float(np.average(pairs, weights=shares if average == "weighted" else None))
