"""Metrics of numbers, under scikit-learn's names and arguments.

Targets and predictions are (N,), or (N, K) for K outputs. ``multioutput`` is "uniform_average"
(plain mean over outputs), "raw_values" (one number each) or K weights. An (N, 1) array counts as
(N,), so the silent (N, N) broadcast of ``y_true - y_pred`` cannot happen here.
"""

import numpy as np

from ftlib.errors import InputError
from ftlib.measure.validate import as_array, as_weights, check_finite


def mean_squared_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Mean of squared errors: Σ wᵢ·(yᵢ - ŷᵢ)² / Σ wᵢ. Unit: the target's, squared. 0 is perfect.

    >>> mean_squared_error([3, 5], [2, 7])
    2.5
    """
    y_true, y_pred, weights = number_pair(y_true, y_pred, sample_weight)
    return over_outputs(np.average((y_true - y_pred) ** 2, axis=0, weights=weights), multioutput)


def root_mean_squared_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Square root of each output's mean squared error: √MSE. Unit: the target's.

    >>> root_mean_squared_error([0, 0], [3, 3])
    3.0
    """
    errors = mean_squared_error(y_true, y_pred, sample_weight=sample_weight, multioutput="raw_values")
    return over_outputs(np.sqrt(errors), multioutput)


def mean_absolute_error(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"):
    """Mean of absolute errors: Σ wᵢ·|yᵢ - ŷᵢ| / Σ wᵢ. Unit: the target's. Outliers count less than in MSE.

    >>> mean_absolute_error([3, 5], [2, 7])
    1.5
    """
    y_true, y_pred, weights = number_pair(y_true, y_pred, sample_weight)
    return over_outputs(np.average(np.abs(y_true - y_pred), axis=0, weights=weights), multioutput)


def r2_score(y_true, y_pred, *, sample_weight=None, multioutput="uniform_average", force_finite=True):
    """Share of the variance explained: R² = 1 - Σ(yᵢ - ŷᵢ)² / Σ(yᵢ - ȳ)².

    1 is perfect; 0 is no better than always saying the mean ȳ; below 0 is worse than that. A
    constant target has no variance: then 1.0 if predicted exactly and 0.0 otherwise (with
    ``force_finite=False``: NaN and -inf). NaN for fewer than two examples. ``multioutput`` may also be
    "variance_weighted". Source: Draper & Smith (1998), "Applied Regression Analysis".

    >>> r2_score([1, 2, 3], [1, 2, 4])
    0.5
    """
    y_true, y_pred, weights = number_pair(y_true, y_pred, sample_weight)
    if len(y_true) < 2:
        return float("nan")
    weights = np.ones(len(y_true)) if weights is None else weights
    left = weights @ (y_true - y_pred) ** 2
    spread = weights @ (y_true - np.average(y_true, axis=0, weights=weights)) ** 2
    return r2_of(left, spread, multioutput, force_finite)


def r2_of(left: np.ndarray, spread: np.ndarray, multioutput="uniform_average", force_finite=True):
    """R² of K outputs from their sums of squares: left over (K,) and around the mean (K,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        scores = 1 - left / spread
        if force_finite:
            scores = np.where(spread == 0, np.where(left == 0, 1.0, 0.0), scores)
        if isinstance(multioutput, str) and multioutput == "variance_weighted":
            return float(np.average(scores, weights=spread if spread.any() else None))
    return over_outputs(scores, multioutput)


def number_pair(y_true, y_pred, sample_weight):
    """Both as float64 (N, K), finite and of one shape; weights (N,) or None."""
    pair = []
    for name, values in (("y_true", y_true), ("y_pred", y_pred)):
        array = as_array(values, name)
        if array.dtype.kind not in "biuf" or array.ndim > 2:
            raise InputError(
                f"{name} has shape {array.shape}, dtype {array.dtype}; expected numbers (N,) or (N, K)."
            )
        pair.append(check_finite(array.astype(np.float64), name).reshape(len(array), -1))
    if pair[0].shape != pair[1].shape:
        raise InputError(
            f"y_true has shape {np.shape(y_true)} and y_pred {np.shape(y_pred)}; they must agree."
        )
    return *pair, as_weights(sample_weight, len(pair[0]))


def over_outputs(values: np.ndarray, multioutput):
    """(K,) values, one an output, put together as ``multioutput`` says."""
    if isinstance(multioutput, str):
        if multioutput == "raw_values":
            return values
        if multioutput != "uniform_average":
            raise InputError(
                f"multioutput={multioutput!r}; expected 'uniform_average', 'raw_values' or weights."
            )
        return float(values.mean())
    weights = None if multioutput is None else as_weights(multioutput, len(values))
    return float(np.average(values, weights=weights))
