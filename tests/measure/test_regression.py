"""MSE, RMSE, MAE and R² against scikit-learn on random input, and on the edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn_reference import assert_same, weights

from ftlib import measure
from ftlib.errors import InputError

NAMES = ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score")
number = st.floats(-1000, 1000, width=32)


@st.composite
def targets(draw):
    n, k = draw(st.integers(1, 15)), draw(st.integers(1, 3))
    table = st.lists(st.one_of(number, st.integers(-2, 2)), min_size=n * k, max_size=n * k)
    shape = (n,) if k == 1 and draw(st.booleans()) else (n, k)
    pair = [np.array(draw(table), dtype=float).reshape(shape) for _ in range(2)]
    return *pair, draw(weights(n))


@settings(max_examples=60, deadline=None)
@given(targets(), st.sampled_from(["uniform_average", "raw_values"]))
def test_numbers(case, multioutput):
    y_true, y_pred, weight = case
    for name in NAMES:
        assert_same(name, y_true, y_pred, sample_weight=weight, multioutput=multioutput)


@settings(max_examples=35, deadline=None)
@given(targets(), st.booleans())
def test_r2_options(case, force_finite):
    y_true, y_pred, weight = case
    for multioutput in ("variance_weighted", "uniform_average"):
        options = {"sample_weight": weight, "force_finite": force_finite, "multioutput": multioutput}
        assert_same("r2_score", y_true, y_pred, **options)


@pytest.mark.parametrize("force_finite", [True, False])
@pytest.mark.parametrize("y_pred", [[5, 5, 5], [5, 5, 6]])
def test_r2_of_a_constant_target(y_pred, force_finite):
    assert_same("r2_score", [5, 5, 5], y_pred, force_finite=force_finite)


def test_weights_of_outputs():
    for name in NAMES:
        assert_same(name, [[1, 2], [3, 5]], [[1, 3], [4, 9]], multioutput=[0.3, 0.7])


def test_a_column_is_not_broadcast_against_a_row():
    """(N, 1) against (N,) silently makes an (N, N) table of differences in plain numpy and torch."""
    y_true, y_pred = np.array([1.0, 2.0, 3.0]), np.array([[1.0], [2.0], [3.0]])
    assert ((y_true - y_pred) ** 2).mean() > 1
    assert measure.mean_squared_error(y_true, y_pred) == 0
    assert measure.r2_score(y_true, y_pred) == 1


def test_r2_zero_is_the_mean_and_worse_is_negative():
    y_true = np.array([1.0, 2.0, 6.0])
    assert measure.r2_score(y_true, np.full(3, y_true.mean())) == pytest.approx(0)
    assert measure.r2_score(y_true, [6, 2, 1]) < 0
    assert np.isnan(measure.r2_score([1.0], [1.0]))


@pytest.mark.parametrize(
    ("y_true", "y_pred", "says"),
    [
        ([], [], "y_true is empty"),
        ([1, np.nan], [1, 2], "y_true holds NaN: 1 of 2"),
        ([1, 2], [1, np.inf], "y_pred holds infinity"),
        ([1, 2], [1, 2, 3], r"\(2,\) and y_pred \(3,\)"),
        (["a"], [1], "expected numbers"),
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_refusals(name, y_true, y_pred, says):
    with pytest.raises(InputError, match=says):
        getattr(measure, name)(y_true, y_pred)


def test_unknown_multioutput():
    with pytest.raises(InputError, match="multioutput='mean'"):
        measure.mean_squared_error([1], [1], multioutput="mean")
