"""The four counts: the worked example, exact fractions, agreement with the functions."""

import copy
import pickle
from fractions import Fraction

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from ftlib.errors import InputError
from ftlib.measure import Counts, Ratio

WORKED = Counts(tp=85, fp=15, fn=10, tn=90)
FRAUD = Counts(tp=12, fp=12, fn=88, tn=4888)
numbers = st.integers(0, 50)


def test_the_worked_matrix_to_the_digits_of_the_course():
    assert (WORKED.total, WORKED.precision, WORKED.accuracy) == (200, 0.85, 0.875)
    assert f"{WORKED.recall:.4f} {WORKED.f1:.4f}" == "0.8947 0.8718"
    shown = {name: str(value) for name, value in WORKED.fractions().items()}
    assert shown["f1"] == "170/195"
    assert shown["precision"] == "85/100"
    assert shown["recall"] == "85/95"
    assert shown["accuracy"] == "175/200"
    assert WORKED.fractions()["f1"] == Fraction(170, 195) == Fraction(34, 39)
    assert str(WORKED.worked["f1"]) == "f1 = 2·TP / (2·TP + FP + FN) = 170/195 = 0.8718"


def test_the_fraud_model_that_is_not_ready():
    assert f"{FRAUD.accuracy:.2f} {FRAUD.recall:.2f}" == "0.98 0.12"
    assert FRAUD.cost(fp=1, fn=50) == 12 + 88 * 50
    assert FRAUD.prevalence == 0.02


@pytest.mark.filterwarnings("ignore:A single label was found")
@settings(max_examples=35, deadline=None)
@given(numbers, numbers, numbers, numbers)
def test_counts_agree_with_scikit_learn(tp, fp, fn, tn):
    counts = Counts(tp, fp, fn, tn)
    if not counts.total:
        return
    y_true = np.repeat([1, 0, 1, 0], list(counts))
    y_pred = np.repeat([1, 1, 0, 0], list(counts))
    assert Counts.of(y_true, y_pred) == counts
    assert counts.matrix.tolist() == reference.confusion_matrix(y_true, y_pred, labels=[0, 1]).tolist()
    pairs = {
        "precision": "precision_score",
        "recall": "recall_score",
        "f1": "f1_score",
        "accuracy": "accuracy_score",
    }
    for name, function in pairs.items():
        options = {} if name == "accuracy" else {"zero_division": 0.0}
        assert getattr(counts, name) == pytest.approx(getattr(reference, function)(y_true, y_pred, **options))
        exact = counts.fractions()[name]
        assert exact is None or float(exact) == pytest.approx(getattr(counts, name))
    assert counts.mcc == pytest.approx(reference.matthews_corrcoef(y_true, y_pred))
    assert counts.fbeta(2) == pytest.approx(reference.fbeta_score(y_true, y_pred, beta=2, zero_division=0.0))


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
@settings(max_examples=35, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=20))
def test_balanced_accuracy(pairs):
    y_true, y_pred = (list(side) for side in zip(*pairs))
    assert Counts.of(y_true, y_pred).balanced_accuracy == pytest.approx(
        reference.balanced_accuracy_score(y_true, y_pred)
    )


def test_zero_denominators_have_no_fraction_and_the_value_zero():
    silent = Counts(tp=0, fp=0, fn=3, tn=7)
    assert silent.precision == 0.0
    assert silent.fractions()["precision"] is None
    assert str(silent.worked["precision"]) == "precision = TP / (TP + FP) = 0/0 = 0 by the zero-division rule"
    nothing = Counts(0, 0, 0, 0)
    assert (nothing.accuracy, nothing.f1, nothing.mcc, nothing.balanced_accuracy) == (0, 0, 0, 0)
    assert set(nothing.fractions().values()) == {None}


def test_weights_thresholds_and_sums():
    assert Counts.of(["a", "b"], ["a", "a"], pos_label="a", sample_weight=[0.5, 2]) == Counts(0.5, 2, 0, 0)
    assert Counts.at([0, 1, 1], [0.2, 0.5, 0.9], 0.5) == Counts(
        2, 0, 0, 1
    )  # a score on the threshold is positive
    assert Counts(97, 27, 98, 4978) == WORKED + FRAUD


def test_counts_and_ratios_are_values():
    assert pickle.loads(pickle.dumps(WORKED)) == WORKED == copy.deepcopy(WORKED)
    ratio = pickle.loads(pickle.dumps(Ratio(170, 195)))
    assert str(ratio) == "170/195"
    assert str(copy.deepcopy(ratio)) == str(copy.copy(ratio)) == "170/195"
    assert ratio + 1 == Fraction(73, 39)


@pytest.mark.parametrize("bad", [-1, np.nan, np.inf, "3", None])
def test_counts_that_cannot_be(bad):
    with pytest.raises(InputError, match="tp="):
        Counts(bad, 0, 0, 0)
