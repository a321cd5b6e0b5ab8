"""Confidence intervals by resampling: how much could this number move with another test set?"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ftlib.errors import InputError
from ftlib.measure.validate import as_array, as_weights


@dataclass(frozen=True)
class Interval:
    """A metric's value with its percentile interval; ``str`` gives ``0.8718 [0.8202, 0.9143] (95 %)``."""

    estimate: float
    low: float
    high: float
    level: float
    resamples: int
    undefined: int = 0

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    @property
    def width(self) -> float:
        """High minus low."""
        return self.high - self.low

    def __str__(self) -> str:
        note = f", undefined in {self.undefined} of {self.resamples} resamples" if self.undefined else ""
        return f"{self.estimate:.4f} [{self.low:.4f}, {self.high:.4f}] ({self.level:.0%}{note})"


def bootstrap_interval(
    metric: Callable, y_true, y_pred_or_score, *, n=1000, level=0.95, seed=0, sample_weight=None
) -> Interval:
    """The percentile bootstrap interval of ``metric(y_true, y_pred_or_score)``.

    Draws ``n`` samples of N examples with replacement, keeping truth, prediction and weight together,
    and takes the (1 - level)/2 and (1 + level)/2 quantiles of the metric over them. ``metric`` is any
    function of this room or your own; options go in with `functools.partial`. A resample where it is
    NaN (one class only) is left out and counted; if most are, `InputError`. The interval covers luck in
    drawing the test set only, not another training run; examples must be independent (no two photos
    of one cell). Source: Efron (1979), "Bootstrap methods"; Efron & Tibshirani (1993), section 13.3.

    >>> from ftlib.measure import accuracy_score
    >>> print(bootstrap_interval(accuracy_score, [0, 1] * 50, [0, 1] * 40 + [1, 0] * 10))
    0.8000 [0.7200, 0.8800] (95%)
    """
    truth, guess = as_array(y_true, "y_true"), as_array(y_pred_or_score, "y_pred_or_score")
    if len(truth) != len(guess):
        raise InputError(
            f"y_true has {len(truth)} examples and y_pred_or_score {len(guess)}; they must agree."
        )
    if not 0 < level < 1 or n < 2:
        raise InputError(f"level={level!r}, n={n!r}; expected a level between 0 and 1 and n of 2 or more.")
    weights = as_weights(sample_weight, len(truth))
    values = np.array([_value(metric, truth, guess, weights, rows) for rows in _draws(len(truth), n, seed)])
    known = values[~np.isnan(values)]
    if len(known) < n / 2:
        raise InputError(
            f"the metric is undefined in {n - len(known)} of {n} resamples; too few examples of a class."
        )
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    estimate = _value(metric, truth, guess, weights, slice(None))
    return Interval(estimate, float(low), float(high), level, n, undefined=n - len(known))


def _draws(size: int, n: int, seed: int):
    rng = np.random.default_rng(seed)
    return (rng.integers(0, size, size) for _ in range(n))


def _value(metric, truth, guess, weights, rows) -> float:
    extra = {} if weights is None else {"sample_weight": weights[rows]}
    try:
        value = float(metric(truth[rows], guess[rows], **extra))
    except TypeError as error:
        raise InputError(f"the metric must return one number ({error}); choose an average.") from error
    return value if math.isfinite(value) else math.nan
