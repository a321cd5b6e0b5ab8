"""Metrics worked out as fractions, as rows of a table: name, formula, numbers, value."""

from ftlib.measure.counts import Counts, Worked

LABELS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "accuracy": "accuracy",
    "specificity": "specificity",
    "negative_predictive_value": "neg. predictive value",
    "prevalence": "prevalence",
}


def value(worked: Worked) -> str:
    """Four decimals, or a word where the denominator is zero.

    >>> value(Counts(85, 15, 10, 90).worked["f1"]), value(Counts(0, 0, 5, 5).worked["precision"])
    ('0.8718', 'undefined')
    """
    return f"{worked.value:.4f}" if worked.denominator else "undefined"


def fraction(worked: Worked) -> str:
    """The numbers as counted: ``170 / 195``."""
    return f"{worked.numerator:,} / {worked.denominator:,}"


def rows(counts: Counts, names, formula: bool = True) -> list[tuple[str, ...]]:
    """One table row for each named metric."""
    lines = counts.worked
    found = [(LABELS[name], lines[name]) for name in names]
    return [(label, *([w.formula] if formula else []), fraction(w), value(w)) for label, w in found]
