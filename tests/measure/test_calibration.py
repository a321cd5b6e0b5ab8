"""Brier, log-loss and calibration curve against scikit-learn; ECE against torchmetrics."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve as sklearn_calibration_curve
from sklearn_reference import assert_same, class_probabilities, scored
from torchmetrics.functional.classification import binary_calibration_error, multiclass_calibration_error

from ftlib import measure
from ftlib.errors import InputError

some = settings(max_examples=35, deadline=None)


@some
@given(scored())
def test_binary_brier_and_log_loss(case):
    y_true, proba, weight = case
    assert_same("brier_score_loss", y_true, proba, sample_weight=weight)
    for normalize in (True, False):
        assert_same("log_loss", y_true, proba, sample_weight=weight, labels=[0, 1], normalize=normalize)


@some
@given(class_probabilities(), st.sampled_from(["auto", True, False]))
def test_brier_and_log_loss_of_classes(case, half):
    y_true, proba, weight = case
    assert_same("brier_score_loss", y_true, proba, sample_weight=weight, scale_by_half=half)
    assert_same("log_loss", y_true, proba, sample_weight=weight)


def test_log_loss_of_float32_is_clipped_at_its_own_eps():
    assert_same("log_loss", [0, 1], np.array([1.0, 0.0], dtype=np.float32))
    assert_same("log_loss", ["ham", "spam"], [0.2, 0.7])
    assert_same("brier_score_loss", ["ham", "spam"], [0.2, 0.7], pos_label="spam")


@some
@given(scored(), st.integers(1, 12), st.sampled_from(["uniform", "quantile"]))
def test_calibration_curve(case, n_bins, strategy):
    y_true, proba, _ = case
    expected = sklearn_calibration_curve(y_true, proba, n_bins=n_bins, strategy=strategy)
    found = measure.calibration_curve(y_true, proba, n_bins=n_bins, strategy=strategy)
    for one, other in zip(found, expected):
        np.testing.assert_allclose(one, other)


@some
@given(
    st.integers(0, 10**6),
    st.integers(1, 60),
    st.sampled_from([1, 4, 8, 15, 16]),
    st.sampled_from(["l1", "l2", "max"]),
)
def test_expected_calibration_error_binary(seed, n, n_bins, norm):
    rng = np.random.default_rng(seed)
    proba = np.concatenate([rng.random(n), [0.0, 0.25, 0.5, 1.0]])  # ends, and edges that are exact
    truth = rng.integers(0, 2, n + 4)
    expected = binary_calibration_error(torch.tensor(proba), torch.tensor(truth), n_bins=n_bins, norm=norm)
    found = measure.expected_calibration_error(truth, proba, n_bins=n_bins, norm=norm)
    assert found == pytest.approx(float(expected), abs=1e-9)


@some
@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(2, 5), st.sampled_from(["l1", "l2", "max"]))
def test_expected_calibration_error_of_classes(seed, n, k, norm):
    rng = np.random.default_rng(seed)
    proba = rng.dirichlet(np.ones(k), n).astype(np.float32)
    truth = rng.integers(0, k, n)
    expected = multiclass_calibration_error(
        torch.tensor(proba), torch.tensor(truth), num_classes=k, norm=norm
    )
    assert measure.expected_calibration_error(truth, proba, norm=norm) == pytest.approx(
        float(expected), abs=2e-6
    )


def test_ece_of_named_classes():
    proba = np.array([[0.9, 0.1], [0.3, 0.7]])
    found = measure.expected_calibration_error(["dog", "dog"], proba, labels=["cat", "dog"])
    assert found == pytest.approx((0.9 + 0.3) / 2)  # sure of "cat" and wrong; 0.7 sure of "dog" and right


def test_a_calibrated_forecaster_has_little_error_and_a_boastful_one_much():
    rng = np.random.default_rng(0)
    proba = rng.random(20_000)
    truth = rng.random(20_000) < proba
    boast = np.where(proba > 0.5, 0.99, 0.01)
    assert measure.expected_calibration_error(truth, proba) < 0.02
    assert measure.expected_calibration_error(truth, boast) > 0.2


@pytest.mark.parametrize(
    "name", ["brier_score_loss", "log_loss", "calibration_curve", "expected_calibration_error"]
)
@pytest.mark.parametrize(
    ("y_true", "proba", "says"),
    [
        ([], [], "is empty"),
        ([0, 1], [0.1, np.nan], "holds NaN: 1 of 2"),
        ([0, 1], [-2.0, 3.0], "from -2 to 3; probabilities.*logits"),
        ([0, 1, 2], [0.1, 0.2, 0.3], "labels"),
    ],
)
def test_refusals(name, y_true, proba, says):
    with pytest.raises(InputError, match=says):
        getattr(measure, name)(y_true, proba)


def test_more_refusals():
    with pytest.raises(InputError, match=r"sum to between 0.8 and 1.2.*softmax"):
        measure.log_loss([0, 1], [[0.4, 0.4], [0.6, 0.6]])
    with pytest.raises(InputError, match="labels="):
        measure.log_loss([1, 1], [0.3, 0.4])
    with pytest.raises(InputError, match="n_bins=0"):
        measure.calibration_curve([0, 1], [0.1, 0.2], n_bins=0)
    with pytest.raises(InputError, match="norm='l3'"):
        measure.expected_calibration_error([0, 1], [0.1, 0.2], norm="l3")
    with pytest.raises(InputError, match="2 columns"):
        measure.expected_calibration_error([0, 5], [[0.5, 0.5], [0.1, 0.9]])
