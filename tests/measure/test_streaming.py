"""Running: counts over uneven batches equal the whole; a mean of batch scores does not."""

from itertools import pairwise

import numpy as np
import pytest
import sklearn.metrics as reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn_reference import indicators, labelled

from ftlib.errors import InputError
from ftlib.measure import Running

some = settings(max_examples=35, deadline=None)


def batches(n: int, cuts: list[int]):
    """Slices of 0 to n at the cuts, so of uneven length."""
    edges = sorted({0, n, *(cut % n for cut in cuts)})
    return [slice(a, b) for a, b in pairwise(edges)]


def expected(y_true, y_pred, weight, average):
    p, r, f, _ = reference.precision_recall_fscore_support(
        y_true, y_pred, average=average, sample_weight=weight, zero_division=0.0
    )
    accuracy = reference.accuracy_score(y_true, y_pred, sample_weight=weight)
    return {"accuracy": accuracy, "precision": p, "recall": r, "f1": f}


def run_over(y_true, y_pred, weight, cuts, **options):
    run = Running(**options)
    for part in batches(len(y_true), cuts):
        if weight is None or weight[part].sum() > 0:
            run.update(y_true[part], y_pred[part], sample_weight=None if weight is None else weight[part])
    return run


@some
@given(labelled(), st.lists(st.integers(0, 40), max_size=4), st.sampled_from(["macro", "micro", "weighted"]))
def test_uneven_batches_give_the_metrics_of_the_whole(case, cuts, average):
    y_true, y_pred, _ = case
    found = run_over(y_true, y_pred, None, cuts, average=average).compute()
    assert found == pytest.approx(expected(y_true, y_pred, None, average))


@some
@given(labelled([[0, 1], [False, True]]), st.lists(st.integers(0, 40), max_size=4))
def test_zero_and_one_are_binary_unless_told_otherwise(case, cuts):
    y_true, y_pred, weight = case
    weight = None if weight is None else weight + 1
    found = run_over(y_true, y_pred, weight, cuts).compute()
    assert found == pytest.approx(expected(y_true, y_pred, weight, "binary"))


@some
@given(indicators(), st.lists(st.integers(0, 40), max_size=4))
def test_multilabel(case, cuts):
    y_true, y_pred, _ = case
    assert run_over(y_true, y_pred, None, cuts).compute() == pytest.approx(
        expected(y_true, y_pred, None, "macro")
    )


@pytest.mark.filterwarnings("ignore:A single label was found")
@some
@given(labelled([[0, 1, 2], ["a", "b", "c"]]), st.lists(st.integers(0, 40), max_size=4))
def test_confusion_matrix_of_all_batches(case, cuts):
    y_true, y_pred, _ = case
    found = run_over(y_true, y_pred, None, cuts).confusion_matrix()
    assert found.tolist() == reference.confusion_matrix(y_true, y_pred).tolist()


@some
@given(
    st.integers(0, 10**6),
    st.integers(2, 30),
    st.lists(st.integers(0, 40), max_size=4),
    st.sampled_from([1, 2]),
)
def test_regression(seed, n, cuts, k):
    rng = np.random.default_rng(seed)
    y_true = 1e6 + rng.normal(size=(n, k))  # a large offset: sums of squares would cancel
    y_pred, weight = y_true + rng.normal(size=(n, k)), rng.integers(1, 4, n)
    found = run_over(y_true, y_pred, weight, cuts, task="regression").compute()
    assert found == pytest.approx({
        "mse": reference.mean_squared_error(y_true, y_pred, sample_weight=weight),
        "mae": reference.mean_absolute_error(y_true, y_pred, sample_weight=weight),
        "r2": reference.r2_score(y_true, y_pred, sample_weight=weight),
    }, rel=1e-6)  # fmt: skip


def test_the_mean_of_batch_scores_is_another_number():
    """A last batch of one weighs as much as a full one in a mean of means."""
    y_true = np.array([1, 0, 1, 0, 1, 0, 1, 0, 1])
    y_pred = np.array([1, 0, 1, 0, 1, 1, 1, 0, 0])
    parts = batches(9, [8])
    mean_of_means = np.mean([reference.accuracy_score(y_true[part], y_pred[part]) for part in parts])
    found = run_over(y_true, y_pred, None, [8]).compute()["accuracy"]
    assert found == 7 / 9
    assert mean_of_means == 0.4375


def test_two_runs_add_up():
    y_true, y_pred = np.array([0, 1, 2, 2, 1]), np.array([0, 2, 2, 1, 1])
    whole = Running().update(y_true, y_pred)
    assert (
        Running().update(y_true[:2], y_pred[:2]) + Running().update(y_true[2:], y_pred[2:])
    ).compute() == (whole.compute())
    assert (Running() + whole).examples == 5
    numbers = Running("regression").update([1, 2], [1, 3]) + Running("regression").update([5], [4])
    assert numbers.compute()["mse"] == pytest.approx(2 / 3)
    assert whole.reset().examples == 0


def test_tensors_and_one_example():
    run = Running().update(torch.tensor([1, 0]), torch.tensor([1, 1]))
    assert run.compute() == {"accuracy": 0.5, "precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3)}
    assert np.isnan(Running("regression").update([1.0], [2.0]).compute()["r2"])


def test_refusals():
    with pytest.raises(InputError, match="saw no batch"):
        Running().compute()
    with pytest.raises(InputError, match="saw no batch"):
        Running().confusion_matrix()
    with pytest.raises(InputError, match="task='ranking'"):
        Running("ranking")
    with pytest.raises(InputError, match="y_true is empty"):
        Running().update([], [])
    with pytest.raises(InputError, match="differ in kind"):
        Running().update(["a"], ["b"]).update([1], [1])
    with pytest.raises(InputError, match="differ in kind"):
        Running().update([[0, 1]], [[1, 1]]).update([1], [1])
    with pytest.raises(InputError, match="cannot be added"):
        Running() + Running("regression")
    with pytest.raises(InputError, match="different kinds"):
        Running().update(["a"], ["b"]) + Running().update([1], [1])
