"""The four counts of a binary decision, and every number that follows from them.

>>> counts = Counts(tp=85, fp=15, fn=10, tn=90)
>>> print(counts.fractions()["f1"], round(counts.f1, 4))
170/195 0.8718
"""

import math
import numbers
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ftlib.errors import InputError
from ftlib.measure.validate import as_labels, as_scores, as_weights, binary_truth


class Ratio(Fraction):
    """An exact fraction that still shows the numbers it was counted from.

    >>> f1 = Ratio(170, 195)
    >>> print(f1), f1 == Fraction(34, 39), float(f1)
    170/195
    (None, True, 0.8717948717948718)
    """

    def __new__(cls, numerator, denominator):
        made = super().__new__(cls, Fraction(numerator) / Fraction(denominator))
        made.counted = (numerator, denominator)
        return made

    def __str__(self) -> str:
        return f"{self.counted[0]:g}/{self.counted[1]:g}"

    def __reduce__(self):
        return Ratio, self.counted

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self


@dataclass(frozen=True)
class Worked:
    """One metric worked out: ``str`` gives ``precision = TP / (TP + FP) = 85/100 = 0.8500``."""

    name: str
    formula: str
    numerator: float
    denominator: float

    @property
    def ratio(self) -> Ratio | None:
        """The exact fraction, or None where the denominator is zero."""
        return Ratio(self.numerator, self.denominator) if self.denominator else None

    @property
    def value(self) -> float:
        """The fraction as a float; 0.0 where the denominator is zero (the zero-division rule)."""
        return self.numerator / self.denominator if self.denominator else 0.0

    def __str__(self) -> str:
        fraction = f"{self.numerator:g}/{self.denominator:g}"
        tail = f"{self.value:.4f}" if self.denominator else "0 by the zero-division rule"
        return f"{self.name} = {self.formula} = {fraction} = {tail}"


@dataclass(frozen=True)
class Counts:
    """True positives, false positives, false negatives, true negatives.

    Each is a number ≥ 0 (a whole one unless examples carry weights). Metrics are
    properties; where a denominator is zero they are 0.0, the rule of `precision_score`.
    Counts of two batches add up: ``Counts(1, 0, 0, 0) + Counts(0, 1, 0, 0)``.

    >>> print(Counts(tp=12, fp=12, fn=88, tn=4888))
    TP 12  FP 12  FN 88  TN 4888 (n = 5000)
    """

    tp: float
    fp: float
    fn: float
    tn: float

    def __post_init__(self):
        for name, value in zip(("tp", "fp", "fn", "tn"), self, strict=True):
            if not isinstance(value, numbers.Real) or not math.isfinite(value) or value < 0:
                raise InputError(f"{name}={value!r}; a count is a finite number, 0 or more.")
            object.__setattr__(self, name, int(value) if value == int(value) else float(value))

    @classmethod
    def of(cls, y_true, y_pred, *, pos_label=1, sample_weight=None) -> "Counts":
        """Count (N,) labels against (N,) predictions, ``pos_label`` being the positive class.

        >>> Counts.of([1, 1, 0, 0], [1, 0, 0, 0])
        Counts(tp=1, fp=0, fn=1, tn=2)
        """
        predicted = as_labels(y_pred, "y_pred")
        truth = binary_truth(y_true, len(predicted), pos_label)
        return cls._tally(truth, predicted == pos_label, sample_weight)

    @classmethod
    def at(cls, y_true, y_score, threshold: float, *, pos_label=None, sample_weight=None) -> "Counts":
        """Count when every score ≥ ``threshold`` is called positive.

        >>> Counts.at([0, 1, 1], [0.2, 0.5, 0.9], threshold=0.5)
        Counts(tp=2, fp=0, fn=0, tn=1)
        """
        scores = as_scores(y_score)
        return cls._tally(binary_truth(y_true, len(scores), pos_label), scores >= threshold, sample_weight)

    @classmethod
    def _tally(cls, truth, called, sample_weight) -> "Counts":
        weights = as_weights(sample_weight, len(truth))
        cells = np.bincount(2 * truth + called, weights=weights, minlength=4)
        tn, fp, fn, tp = cells.tolist()
        return cls(tp=tp, fp=fp, fn=fn, tn=tn)

    def __iter__(self) -> Iterator[float]:
        return iter((self.tp, self.fp, self.fn, self.tn))

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*(a + b for a, b in zip(self, other, strict=True)))

    def __str__(self) -> str:
        return f"TP {self.tp:g}  FP {self.fp:g}  FN {self.fn:g}  TN {self.tn:g} (n = {self.total:g})"

    @property
    def total(self) -> float:
        """All examples, TP + FP + FN + TN."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def matrix(self) -> np.ndarray:
        """(2, 2) confusion matrix as scikit-learn lays it out: [[TN, FP], [FN, TP]], rows are the truth."""
        return np.array([[self.tn, self.fp], [self.fn, self.tp]])

    @property
    def worked(self) -> dict[str, Worked]:
        """Every rational metric as a `Worked` line: formula, numerator, denominator, value."""
        tp, fp, fn, tn = self
        positives, negatives = tp + fn, tn + fp
        rows = (
            ("accuracy", "(TP + TN) / all", tp + tn, self.total),
            ("precision", "TP / (TP + FP)", tp, tp + fp),
            ("recall", "TP / (TP + FN)", tp, positives),
            ("f1", "2·TP / (2·TP + FP + FN)", 2 * tp, 2 * tp + fp + fn),
            ("specificity", "TN / (TN + FP)", tn, negatives),
            ("false_positive_rate", "FP / (FP + TN)", fp, negatives),
            ("negative_predictive_value", "TN / (TN + FN)", tn, tn + fn),
            ("prevalence", "(TP + FN) / all", positives, self.total),
        )
        return {row[0]: Worked(*row) for row in rows}

    def fractions(self) -> dict[str, Ratio | None]:
        """Exact `fractions.Fraction` of every rational metric; None where the denominator is zero.

        >>> print(Counts(85, 15, 10, 90).fractions()["recall"])
        85/95
        """
        return {name: line.ratio for name, line in self.worked.items()}

    accuracy = property(lambda self: self.worked["accuracy"].value, doc="(TP + TN) / all.")
    precision = property(lambda self: self.worked["precision"].value, doc="TP / (TP + FP).")
    recall = property(lambda self: self.worked["recall"].value, doc="TP / (TP + FN), or sensitivity.")
    f1 = property(lambda self: self.worked["f1"].value, doc="2·TP / (2·TP + FP + FN).")
    specificity = property(lambda self: self.worked["specificity"].value, doc="TN / (TN + FP).")
    prevalence = property(lambda self: self.worked["prevalence"].value, doc="(TP + FN) / all.")
    false_positive_rate = property(
        lambda self: self.worked["false_positive_rate"].value, doc="FP / (FP + TN) = 1 - specificity."
    )

    @property
    def balanced_accuracy(self) -> float:
        """(recall + specificity) / 2; a class with no example is left out, as in scikit-learn."""
        lines = [self.worked[name] for name in ("recall", "specificity")]
        present = [line.value for line in lines if line.denominator]
        return sum(present) / len(present) if present else 0.0

    @property
    def mcc(self) -> float:
        """Matthews correlation: (TP·TN - FP·FN) / √((TP+FP)(TP+FN)(TN+FP)(TN+FN)); 0.0 where undefined."""
        tp, fp, fn, tn = self
        below = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
        return (tp * tn - fp * fn) / math.sqrt(below) if below else 0.0

    def fbeta(self, beta: float) -> float:
        """(1 + β²)·TP / ((1 + β²)·TP + β²·FN + FP): β > 1 favours recall, β < 1 precision."""
        above = (1 + beta**2) * self.tp
        below = above + beta**2 * self.fn + self.fp
        return above / below if below else 0.0

    def cost(self, fp: float = 1.0, fn: float = 1.0) -> float:
        """What the mistakes cost: FP times ``fp`` plus FN times ``fn``."""
        return self.fp * fp + self.fn * fn
