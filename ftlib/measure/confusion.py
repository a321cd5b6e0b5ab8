"""Counting: from labels to confusion matrices. Every other classification metric starts here."""

from typing import NamedTuple

import numpy as np

from ftlib.errors import InputError
from ftlib.measure.validate import as_labels, as_weights, check_choice, label_pair


class Tally(NamedTuple):
    """Counts one class (or one label, or one example) at a time; each field has shape (K,)."""

    tp: np.ndarray
    fp: np.ndarray
    fn: np.ndarray
    tn: np.ndarray


def confusion_matrix(y_true, y_pred, *, labels=None, sample_weight=None, normalize=None) -> np.ndarray:
    """How often each true class (row) was called each class (column).

    C[i, j] = number of examples of class i predicted as class j (or the sum of their weights).
    ``normalize`` divides by the row ("true"), the column ("pred") or the whole ("all"); 0/0 gives 0.
    ``labels`` chooses and orders the classes (default: all that occur, sorted); examples of other
    classes are left out. Returns (K, K), int64 unless weighted by floats or normalised.

    Source: Provost, Fawcett & Kohavi (1998), "The case against accuracy estimation".

    >>> confusion_matrix([0, 0, 1, 1], [0, 1, 1, 1])
    array([[1, 1],
           [0, 2]])
    """
    check_choice(normalize, (None, "true", "pred", "all"), "normalize")
    classes, true, pred, weights = encoded(y_true, y_pred, labels, sample_weight)
    k, inside = len(classes), (true >= 0) & (pred >= 0)
    if not (true >= 0).any():
        raise InputError(f"none of labels={classes.tolist()} occurs in y_true; name at least one that does.")
    matrix = _bincount(k * true[inside] + pred[inside], None if weights is None else weights[inside], k * k)
    matrix = matrix.reshape(k, k)
    axis = {"true": 1, "pred": 0, "all": None}
    return matrix if normalize is None else divide(matrix, matrix.sum(axis=axis[normalize], keepdims=True))


def multilabel_confusion_matrix(
    y_true, y_pred, *, sample_weight=None, labels=None, samplewise=False
) -> np.ndarray:
    """One 2×2 matrix [[TN, FP], [FN, TP]] per class (one against the rest), shape (K, 2, 2).

    With a multi-label indicator (N, K) there is one per label, or one per example if ``samplewise``.

    >>> multilabel_confusion_matrix(["cat", "dog"], ["cat", "cat"])[1]    # "dog" was missed
    array([[1, 0],
           [1, 0]])
    """
    count = tally(y_true, y_pred, labels=labels, sample_weight=sample_weight, samplewise=samplewise)
    return np.stack([count.tn, count.fp, count.fn, count.tp], axis=1).reshape(-1, 2, 2)


def tally(y_true, y_pred, *, labels=None, sample_weight=None, samplewise=False) -> Tally:
    """TP, FP, FN, TN of each class against the rest, each of shape (K,)."""
    if np.ndim(y_true) > 1 and (indicator := label_pair(y_true, y_pred))[0].ndim == 2:
        return _tally_indicator(*indicator, labels, sample_weight, samplewise)
    if samplewise:
        raise InputError(
            "counting per example needs multi-label indicators of shape (N, K); got (N,) labels."
        )
    classes, true, pred, weights = encoded(y_true, y_pred, labels, sample_weight)
    # Codes start at -1 (a class that was not asked for): shift by one, count, drop that first bin.
    count = lambda codes, w: _bincount(codes + 1, w, len(classes) + 1)[1:]
    hit = true == pred
    tp = count(true[hit], None if weights is None else weights[hit])
    positives, called = count(true, weights), count(pred, weights)
    total = len(true) if weights is None else weights.sum()
    return Tally(tp, called - tp, positives - tp, total - called - positives + tp)


def _tally_indicator(true, pred, labels, sample_weight, samplewise) -> Tally:
    weights = as_weights(sample_weight, len(true))
    weights = np.ones(len(true), dtype=np.int64) if weights is None else weights
    if labels is not None:
        columns = as_labels(labels, "labels")
        if columns.dtype.kind == "U" or columns.min() < 0 or columns.max() >= true.shape[1]:
            raise InputError(
                f"labels={columns.tolist()}; with {true.shape[1]} columns use 0 to {true.shape[1] - 1}."
            )
        true, pred = true[:, columns], pred[:, columns]
    cells = (true * pred, (1 - true) * pred, true * (1 - pred), (1 - true) * (1 - pred))
    if samplewise:
        return Tally(*(weights * cell.sum(axis=1) for cell in cells))
    return Tally(*(weights @ cell for cell in cells))


def encoded(y_true, y_pred, labels=None, sample_weight=None):
    """(classes (K,), codes of y_true (N,), codes of y_pred (N,), weights): code = place in classes, or -1."""
    y_true, y_pred = label_pair(y_true, y_pred)
    if y_true.ndim == 2:
        raise InputError(
            f"y_true is a multi-label indicator of shape {y_true.shape}; this metric takes one class an "
            "example. multilabel_confusion_matrix and precision_score(average=…) take indicators."
        )
    weights = as_weights(sample_weight, len(y_true))
    classes = present_labels(y_true, y_pred) if labels is None else _asked(labels, y_true)
    return classes, _codes(y_true, classes), _codes(y_pred, classes), weights


def present_labels(y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
    """All labels that occur in either, sorted."""
    return np.union1d(np.unique(y_true), np.unique(y_pred))


def _asked(labels, y_true: np.ndarray) -> np.ndarray:
    classes = as_labels(labels, "labels")
    if classes.ndim != 1 or len(np.unique(classes)) != len(classes):
        raise InputError(f"labels={classes.tolist()} names a class twice; name each class once.")
    if (classes.dtype.kind == "U") != (y_true.dtype.kind == "U"):
        raise InputError(f"labels={classes.tolist()} are of another kind than y_true ({y_true.dtype}).")
    return classes


def _codes(values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    order = np.argsort(classes)
    place = np.searchsorted(classes, values, sorter=order).clip(max=len(classes) - 1)
    return np.where(classes[order][place] == values, order[place], -1)


def _bincount(codes, weights, length) -> np.ndarray:
    counts = np.bincount(codes, weights=weights, minlength=length)
    whole = weights is not None and weights.dtype.kind in "biu"
    return counts.round().astype(np.int64) if whole else counts


def divide(above, below, zero_division: float = 0.0) -> np.ndarray:
    """``above / below`` element by element, with ``zero_division`` wherever ``below`` is zero."""
    above, below = np.broadcast_arrays(np.asarray(above, dtype=float), np.asarray(below, dtype=float))
    return np.divide(above, below, out=np.full(below.shape, zero_division), where=below != 0)
