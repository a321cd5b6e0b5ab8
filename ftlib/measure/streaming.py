"""Metrics over batches: counts and sums are added up, and divided once at the end.

The mean of the batches' scores is not the data's score: a short last batch weighs as much as a
full one, and precision, recall and F1 are ratios whose denominators differ from batch to batch.
"""

from collections import Counter

import numpy as np

from ftlib.errors import InputError
from ftlib.measure.confusion import confusion_matrix
from ftlib.measure.metrics import accuracy_score, precision_recall_fscore_support
from ftlib.measure.regression import number_pair, over_outputs, r2_of
from ftlib.measure.validate import as_weights, check_choice, label_pair


class Running:
    """Accumulate batches with `update`, read the metrics of all of them with `compute`.

    ``task="classification"`` keeps how often each (true, predicted) pair came, so memory grows with
    the number of different pairs and not with the data; `compute` gives accuracy, precision, recall,
    f1. ``average=None`` means "binary" while all labels are 0 and 1 (or bool) and "macro" otherwise.
    ``task="regression"`` keeps sums and gives mse, mae, r2. Two runs merge with ``+``.

    >>> run = Running()
    >>> _ = run.update([1, 1, 1, 0], [1, 0, 1, 0]).update([1], [0])      # batches of 4 and of 1
    >>> run.compute()["recall"]                                          # 2 of 4; a mean of batches says 1/3
    0.5
    """

    def __init__(self, task="classification", *, average=None, pos_label=1, zero_division=0.0):
        check_choice(task, ("classification", "regression"), "task")
        self.task, self.average = task, average
        self.pos_label, self.zero_division = pos_label, zero_division
        self.reset()

    def reset(self) -> "Running":
        """Forget everything; returns itself."""
        self.examples, self._kind, self._pairs, self._sums = 0, None, Counter(), None
        return self

    def update(self, y_true, y_pred, *, sample_weight=None) -> "Running":
        """Add one batch of labels (N,), (N, K) indicators or numbers; returns itself."""
        add = self._add_labels if self.task == "classification" else self._add_numbers
        self.examples += add(y_true, y_pred, sample_weight)
        return self

    def compute(self) -> dict[str, float]:
        """The metrics of all batches together. `InputError` before the first `update`."""
        self._check_not_empty()
        return self._classification() if self.task == "classification" else self._regression()

    def confusion_matrix(self, *, labels=None, normalize=None) -> np.ndarray:
        """(K, K) confusion matrix of all batches, as `ftlib.measure.confusion_matrix`."""
        true, pred, weights = self._label_pairs()
        return confusion_matrix(true, pred, labels=labels, sample_weight=weights, normalize=normalize)

    def __add__(self, other: "Running") -> "Running":
        if self.task != other.task:
            raise InputError(f"a {self.task} run and a {other.task} run cannot be added.")
        if self.examples and other.examples and self._kind != other._kind:
            raise InputError("the two runs saw labels of different kinds; map one to the other first.")
        both = Running(
            self.task, average=self.average, pos_label=self.pos_label, zero_division=self.zero_division
        )
        both.examples, both._pairs = self.examples + other.examples, self._pairs + other._pairs
        both._kind = self._kind if self.examples else other._kind
        both._sums = _merged(self._sums, other._sums)
        return both

    def _add_labels(self, y_true, y_pred, sample_weight) -> int:
        y_true, y_pred = label_pair(y_true, y_pred)
        self._check_kind((y_true.dtype.kind == "U", y_true.shape[1:]))
        weights = as_weights(sample_weight, len(y_true))
        pairs = zip(_keys(y_true), _keys(y_pred))
        if weights is None:
            self._pairs.update(pairs)
        else:
            for pair, weight in zip(pairs, weights.tolist()):
                self._pairs[pair] += weight
        return len(y_true)

    def _check_kind(self, kind) -> None:
        if self.examples and kind != self._kind:
            raise InputError(
                "this batch's labels differ in kind or in columns from those seen before; map them first."
            )
        self._kind = kind

    def _label_pairs(self):
        """The distinct (true, predicted) pairs as two arrays, and how often each came."""
        self._check_not_empty()
        true, pred = (np.array(side) for side in zip(*self._pairs))
        return true, pred, np.array(list(self._pairs.values()))

    def _check_not_empty(self) -> None:
        if not self.examples:
            raise InputError("nothing to compute: Running saw no batch; call update(y_true, y_pred) first.")

    def _classification(self) -> dict[str, float]:
        true, pred, weights = self._label_pairs()
        binary = true.ndim == 1 and true.dtype.kind in "bi" and {*true.tolist(), *pred.tolist()} <= {0, 1}
        average = self.average or ("binary" if binary else "macro")
        p, r, f, _ = precision_recall_fscore_support(
            true, pred, average=average, pos_label=self.pos_label, sample_weight=weights,
            zero_division=self.zero_division,
        )  # fmt: skip
        return {
            "accuracy": accuracy_score(true, pred, sample_weight=weights),
            "precision": p,
            "recall": r,
            "f1": f,
        }

    def _add_numbers(self, y_true, y_pred, sample_weight) -> int:
        y_true, y_pred, weights = number_pair(y_true, y_pred, sample_weight)
        weights = np.ones(len(y_true)) if weights is None else weights.astype(float)
        mean, error = np.average(y_true, axis=0, weights=weights), y_true - y_pred
        spread = weights @ (y_true - mean) ** 2
        self._sums = _merged(
            self._sums, (weights.sum(), mean, spread, weights @ error**2, weights @ abs(error))
        )
        return len(y_true)

    def _regression(self) -> dict[str, float]:
        total, _, spread, squared, absolute = self._sums
        r2 = r2_of(squared, spread) if self.examples > 1 else float("nan")
        return {
            "mse": over_outputs(squared / total, "uniform_average"),
            "mae": over_outputs(absolute / total, "uniform_average"),
            "r2": r2,
        }


def _keys(labels: np.ndarray) -> list:
    return [tuple(row) for row in labels.tolist()] if labels.ndim == 2 else labels.tolist()


def _merged(a, b):
    """Sums of two parts: weight, mean, spread around the mean, squared error, absolute error.

    The spread is merged around the common mean (Chan, Golub & LeVeque 1979), which stays exact where
    Σy² - (Σy)²/n cancels.
    """
    if a is None or b is None:
        return b if a is None else a
    total, shift = a[0] + b[0], b[1] - a[1]
    mean, spread = a[1] + shift * b[0] / total, a[2] + b[2] + shift**2 * a[0] * b[0] / total
    return total, mean, spread, a[3] + b[3], a[4] + b[4]
