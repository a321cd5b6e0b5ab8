"""Metrics of class labels, under scikit-learn's names and arguments.

**Averages.** ``average="binary"`` looks at ``pos_label`` alone; ``None`` gives one number a
class; ``"macro"`` is their plain mean, ``"weighted"`` their mean weighted by how often each
class is true; ``"micro"`` adds up the counts of all classes first and divides once;
``"samples"`` (multi-label only) averages over examples.

**Zero division.** Where a denominator is zero (nothing was called positive: precision; nothing
is positive: recall; neither: F-beta) the value is ``zero_division``: 0.0 unless said otherwise,
1.0, or NaN. NaN values are left out of a mean. No warning is printed; the rule is this one.
"""

import numpy as np

from ftlib.errors import InputError
from ftlib.measure.confusion import Tally, confusion_matrix, divide, present_labels, tally
from ftlib.measure.validate import as_weights, check_choice, check_zero_division, label_pair

AVERAGES = ("binary", None, "micro", "macro", "weighted", "samples")


def accuracy_score(y_true, y_pred, *, normalize=True, sample_weight=None) -> float:
    """Share of examples that are right: Σ wᵢ·[ŷᵢ = yᵢ] / Σ wᵢ.

    ``normalize=False`` gives the count instead. For multi-label (N, K) a row counts only if all
    of it is right (subset accuracy). A classifier that always names the larger class scores that
    class's share: compare with it before you rejoice.

    >>> accuracy_score([0, 1, 1, 0], [0, 1, 0, 0])
    0.75
    """
    y_true, y_pred = label_pair(y_true, y_pred)
    right = y_true == y_pred
    right = right.all(axis=1) if right.ndim == 2 else right
    weights = as_weights(sample_weight, len(right))
    right = right if weights is None else right * weights
    total = len(right) if weights is None else weights.sum()
    return float(right.sum() / total) if normalize else float(right.sum())


def precision_score(
    y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division=0.0
):
    """Of what was called positive, the share that is: TP / (TP + FP).

    Averages and the zero-division rule: see the top of this module. Returns a float, or (K,) with
    ``average=None``. Source: van Rijsbergen (1979), "Information Retrieval", chapter 7.

    >>> precision_score([1, 1, 0, 0], [1, 0, 1, 0])
    0.5
    """
    count = _counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    values = divide(count.tp, count.tp + count.fp, check_zero_division(zero_division))
    return _averaged(values, average, count, sample_weight)


def recall_score(
    y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division=0.0
):
    """Of what is positive, the share that was found: TP / (TP + FN). Also sensitivity, true positive rate.

    Averages and the zero-division rule: see the top of this module. Returns a float, or (K,) with
    ``average=None``. Source: van Rijsbergen (1979), chapter 7.

    >>> recall_score([1, 1, 1, 0], [1, 0, 0, 0])
    0.3333333333333333
    """
    count = _counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    values = divide(count.tp, count.tp + count.fn, check_zero_division(zero_division))
    return _averaged(values, average, count, sample_weight)


def specificity_score(
    y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division=0.0
):
    """Of what is negative, the share that was left alone: TN / (TN + FP). The recall of the negatives.

    scikit-learn has no function of this name; arguments and averages are those of `recall_score`
    ("weighted" weighs by true positives and false negatives, as there). Source: Yerushalmy (1947).

    >>> specificity_score([1, 0, 0, 0], [1, 1, 0, 0])
    0.6666666666666666
    """
    count = _counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    values = divide(count.tn, count.tn + count.fp, check_zero_division(zero_division))
    return _averaged(values, average, count, sample_weight)


def fbeta_score(
    y_true, y_pred, *, beta, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division=0.0
):
    """Harmonic mean of precision P and recall R, R counting β times as much.

    F_β = (1 + β²)·P·R / (β²·P + R) = (1 + β²)·TP / ((1 + β²)·TP + β²·FN + FP).
    The second form is used: it is zero-division-free wherever anything is or was called positive.
    Source: van Rijsbergen (1979), chapter 7, with β² = (1 - α) / α.

    >>> fbeta_score([1, 1, 0, 0], [1, 0, 0, 0], beta=2)
    0.5555555555555556
    """
    count = _counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    return _averaged(_fbeta(count, beta, check_zero_division(zero_division)), average, count, sample_weight)


def f1_score(
    y_true, y_pred, *, labels=None, pos_label=1, average="binary", sample_weight=None, zero_division=0.0
):
    """F_β with β = 1: 2·P·R / (P + R) = 2·TP / (2·TP + FP + FN). See `fbeta_score`.

    >>> f1_score([1, 1, 0, 0], [1, 0, 0, 0])
    0.6666666666666666
    """
    count = _counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    return _averaged(_fbeta(count, 1.0, check_zero_division(zero_division)), average, count, sample_weight)


def precision_recall_fscore_support(
    y_true, y_pred, *, beta=1.0, labels=None, pos_label=1, average=None, sample_weight=None, zero_division=0.0
):
    """(precision, recall, F_β, support) from one count; support is None once averaged.

    >>> p, r, f, n = precision_recall_fscore_support([0, 1, 1], [0, 1, 0])
    >>> p.tolist(), r.tolist(), n.tolist()
    ([0.5, 1.0], [1.0, 0.5], [1, 2])
    """
    count, rule = (
        _counts(y_true, y_pred, labels, pos_label, average, sample_weight),
        check_zero_division(zero_division),
    )
    values = (
        divide(count.tp, count.tp + count.fp, rule),
        divide(count.tp, count.tp + count.fn, rule),
        _fbeta(count, beta, rule),
    )
    support = count.tp + count.fn if average is None else None
    return (*(_averaged(value, average, count, sample_weight) for value in values), support)


def balanced_accuracy_score(y_true, y_pred, *, sample_weight=None, adjusted=False) -> float:
    """Mean of the classes' recalls: (1/K)·Σₖ TPₖ / (TPₖ + FNₖ).

    Classes that never are true are left out. ``adjusted`` rescales so that chance is 0 and perfect
    is 1. Source: Brodersen, Ong, Stephan & Buhmann (2010), "The balanced accuracy and its posterior".

    >>> balanced_accuracy_score([0, 0, 0, 1], [0, 0, 0, 0])
    0.5
    """
    matrix = confusion_matrix(y_true, y_pred, sample_weight=sample_weight)
    support = matrix.sum(axis=1)
    recalls = np.diag(matrix)[support > 0] / support[support > 0]
    score, chance = recalls.mean(), 1 / len(recalls)
    return float(divide(score - chance, 1 - chance, np.nan) if adjusted else score)


def matthews_corrcoef(y_true, y_pred, *, sample_weight=None) -> float:
    """Correlation of truth and prediction, from -1 to 1; 0.0 where either is constant.

    Two classes: (TP·TN - FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)). For K classes the same
    correlation of one-hot rows. Sources: Matthews (1975); Gorodkin (2004) for K classes.

    >>> matthews_corrcoef([1, 1, 0, 0], [1, 1, 0, 1])
    0.5773502691896258
    """
    matrix = confusion_matrix(y_true, y_pred, sample_weight=sample_weight).astype(float)
    true, pred, n = matrix.sum(axis=1), matrix.sum(axis=0), matrix.sum()
    below = (n**2 - pred @ pred) * (n**2 - true @ true)
    return float((np.trace(matrix) * n - true @ pred) / np.sqrt(below)) if below > 0 else 0.0


def _counts(y_true, y_pred, labels, pos_label, average, sample_weight) -> Tally:
    """The tally that ``average`` asks for: of pos_label, of each class, of all at once, of each example."""
    check_choice(average, AVERAGES, "average")
    if average == "binary":
        return _binary_tally(*label_pair(y_true, y_pred), pos_label, sample_weight)
    count = tally(y_true, y_pred, labels=labels, sample_weight=sample_weight, samplewise=average == "samples")
    return Tally(*(field.sum(keepdims=True) for field in count)) if average == "micro" else count


def _binary_tally(y_true, y_pred, pos_label, sample_weight) -> Tally:
    present = present_labels(y_true, y_pred).tolist() if y_true.ndim == 1 else None
    if present is None or len(present) > 2:
        came = f"{y_true.shape[1]} labels an example" if present is None else f"{len(present)} classes"
        raise InputError(
            f"average='binary' with {came}; choose average='macro', 'micro', 'weighted' or None."
        )
    if pos_label not in present and len(present) == 2:
        raise InputError(f"pos_label={pos_label!r} is none of the labels {present}; name the positive one.")
    true, pred = y_true == pos_label, y_pred == pos_label
    weights = as_weights(sample_weight, len(true))
    tn, fp, fn, tp = np.bincount(2 * true + pred, weights=weights, minlength=4)
    return Tally(*(np.array([cell]) for cell in (tp, fp, fn, tn)))


def _fbeta(count: Tally, beta: float, zero_division: float) -> np.ndarray:
    if not beta >= 0:
        raise InputError(f"beta={beta!r}; expected a number ≥ 0 (2 favours recall, 0.5 precision).")
    if np.isposinf(beta):
        return divide(count.tp, count.tp + count.fn, zero_division)
    above = (1 + beta**2) * count.tp
    return divide(above, above + beta**2 * count.fn + count.fp, zero_division)


def _averaged(values, average, count: Tally, sample_weight):
    if average is None:
        return values
    weights = np.ones(len(values))
    if average == "weighted":
        weights = count.tp + count.fn
    elif average == "samples" and sample_weight is not None:
        weights = as_weights(sample_weight, len(values))
    return mean_of_defined(values, weights)


def mean_of_defined(values: np.ndarray, weights: np.ndarray) -> float:
    """Weighted mean of the values that are not NaN; weights that are all zero count as equal."""
    known = ~np.isnan(values)
    if not known.any():
        return float("nan")
    values, weights = values[known], weights[known]
    return float(values @ weights / weights.sum() if weights.sum() > 0 else values.mean())
