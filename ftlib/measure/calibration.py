"""Are the probabilities true? Brier score, log-loss, calibration curve, expected calibration error."""

import numpy as np

from ftlib.errors import InputError
from ftlib.measure.confusion import divide
from ftlib.measure.curves import indicator
from ftlib.measure.validate import as_labels, as_probabilities, as_weights, binary_truth, check_choice


def brier_score_loss(
    y_true, y_proba, *, sample_weight=None, pos_label=None, labels=None, scale_by_half="auto"
) -> float:
    """Mean squared error of the probabilities. 0 is perfect; always saying 0.5 costs 0.25.

    Binary (N,): Σ wᵢ·(pᵢ - yᵢ)² / Σ wᵢ. Classes (N, K): Σ wᵢ·Σₖ (pᵢₖ - [yᵢ = k])² / Σ wᵢ, halved if
    ``scale_by_half`` ("auto": for K = 2), so that both forms agree for two classes.
    Source: Brier (1950), "Verification of forecasts expressed in terms of probability".

    >>> brier_score_loss([0, 1, 1], [0.0, 1.0, 0.5])
    0.08333333333333333
    """
    proba = as_probabilities(y_proba)
    if proba.ndim == 1:
        truth = binary_truth(y_true, len(proba), pos_label)
        errors = 2 * (proba - truth) ** 2
    else:
        errors = ((proba - indicator(y_true, _rows_sum_to_one(proba), labels)) ** 2).sum(axis=1)
    half = proba.ndim == 1 or proba.shape[1] < 3 if scale_by_half == "auto" else scale_by_half
    return float(np.average(errors, weights=as_weights(sample_weight, len(errors))) * (0.5 if half else 1))


def log_loss(y_true, y_proba, *, normalize=True, sample_weight=None, labels=None) -> float:
    """Mean surprise at the truth, in nats: -Σ wᵢ·ln pᵢ(yᵢ) / Σ wᵢ. What cross-entropy training lowers.

    ``y_proba`` is (N,) for the greater of two labels, or (N, K) in the order of the sorted labels; give
    ``labels`` if some class never occurs. Probabilities are kept eps away from 0 and 1 (eps of their
    dtype). ``normalize=False`` gives the sum. Guessing evenly costs ln K. Source: Good (1952), "Rational decisions".

    >>> round(log_loss([0, 1], [0.5, 0.5]), 4)
    0.6931
    """
    proba = as_probabilities(y_proba)
    if proba.ndim == 1:
        proba = np.stack([1 - proba, proba], axis=1)
    truth = indicator(y_true, _rows_sum_to_one(proba), labels)
    eps = np.finfo(proba.dtype).eps
    surprise = -(truth * np.log(proba.clip(eps, 1 - eps))).sum(axis=1)
    weights = as_weights(sample_weight, len(surprise))
    if normalize:
        return float(np.average(surprise, weights=weights))
    return float(surprise.sum() if weights is None else surprise @ weights)


def _rows_sum_to_one(proba: np.ndarray) -> np.ndarray:
    sums = proba.sum(axis=1)
    if np.allclose(sums, 1, rtol=np.sqrt(np.finfo(proba.dtype).eps)):
        return proba
    raise InputError(
        f"rows of y_proba sum to between {sums.min():g} and {sums.max():g}; expected 1. Use softmax over the "
        "classes, not a sigmoid each."
    )


def calibration_curve(y_true, y_prob, *, pos_label=None, n_bins=5, strategy="uniform"):
    """(prob_true, prob_pred): in each bin that is not empty, the share of positives and the mean probability.

    Bins are (a, b], equally wide ("uniform") or equally full ("quantile"). On the diagonal a model is
    calibrated: of the cells called 70 % likely, 70 % are faulty. Source: DeGroot & Fienberg (1983),
    "The comparison and evaluation of forecasters".

    >>> prob_true, prob_pred = calibration_curve([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], n_bins=2)
    >>> prob_true.tolist(), prob_pred.round(2).tolist()
    ([0.0, 1.0], [0.15, 0.8])
    """
    share, mean, _ = reliability(y_true, y_prob, pos_label=pos_label, n_bins=n_bins, strategy=strategy)
    return share, mean


def reliability(y_true, y_prob, *, pos_label=None, n_bins=5, strategy="uniform"):
    """`calibration_curve` and, as a third array, how many examples each bin holds."""
    proba = as_probabilities(y_prob, "y_prob")
    truth = binary_truth(y_true, len(proba), pos_label)
    check_choice(strategy, ("uniform", "quantile"), "strategy")
    edges = np.linspace(0, 1, _bins(n_bins) + 1)
    edges = np.percentile(proba, 100 * edges) if strategy == "quantile" else edges
    share, mean, size = _per_bin(truth, proba, np.searchsorted(edges[1:-1], proba), n_bins)
    return share[size > 0], mean[size > 0], size[size > 0]


def expected_calibration_error(
    y_true, y_proba, *, n_bins=15, norm="l1", pos_label=None, labels=None
) -> float:
    """How far confidence is from accuracy, bin by bin: Σ_b (n_b / N)·|accuracy_b - confidence_b|.

    Binary (N,): confidence is the probability of ``pos_label``, accuracy the share of positives. Classes
    (N, K): confidence is the largest probability, accuracy how often that class is right; column k is
    ``labels[k]`` (default: class k). ``norm`` "l2" takes the root mean square over bins, "max" the worst bin.
    Bins are [b/B, (b+1)/B) and a confidence of exactly 1 has a bin of its own, so that the value
    equals torchmetrics' ``CalibrationError``. It depends on ``n_bins``: compare only at the same number.
    Sources: Naeini, Cooper & Hauskrecht (2015); Guo, Pleiss, Sun & Weinberger (2017), "On calibration
    of modern neural networks".

    >>> round(expected_calibration_error([0, 0, 1, 1], [0.1, 0.2, 0.7, 0.9], n_bins=2), 4)
    0.175
    """
    check_choice(norm, ("l1", "l2", "max"), "norm")
    proba = as_probabilities(y_proba)
    if proba.ndim == 1:
        right = binary_truth(y_true, len(proba), pos_label)
    else:
        right, proba = _top_right(y_true, proba, labels), proba.max(axis=1)
    edges = (np.arange(_bins(n_bins) + 1) / n_bins).astype(proba.dtype)
    accuracy, confidence, size = _per_bin(
        right, proba, np.searchsorted(edges, proba, "right") - 1, n_bins + 1
    )
    gap, share = np.abs(accuracy - confidence), size / len(proba)
    if norm == "max":
        return float(gap.max())
    return float(gap @ share if norm == "l1" else np.sqrt(gap**2 @ share))


def _bins(n_bins: int) -> int:
    if n_bins < 1 or n_bins != int(n_bins):
        raise InputError(f"n_bins={n_bins!r}; expected a whole number of 1 or more.")
    return int(n_bins)


def _per_bin(truth, proba, place, n_bins):
    """Share of true, mean probability and number of examples in each bin; 0 in an empty one."""
    size = np.bincount(place, minlength=n_bins)
    share = divide(np.bincount(place, weights=truth, minlength=n_bins), size)
    return share, divide(np.bincount(place, weights=proba, minlength=n_bins), size), size


def _top_right(y_true, proba: np.ndarray, labels) -> np.ndarray:
    """(N,) bool: is the class with the largest probability the true one?"""
    truth = as_labels(y_true, "y_true")
    columns = np.arange(proba.shape[1]) if labels is None else as_labels(labels, "labels")
    if truth.shape != (len(proba),) or len(columns) != proba.shape[1] or not np.isin(truth, columns).all():
        raise InputError(
            f"y_true of shape {truth.shape} does not fit the {proba.shape[1]} columns of y_proba "
            f"({columns[:8].tolist()}…); name the column's classes with labels=…"
        )
    return columns[proba.argmax(axis=1)] == truth
