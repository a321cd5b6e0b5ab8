"""scikit-learn as the independent reference, and random inputs to compare on."""

import warnings

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from ftlib import measure
from ftlib.errors import InputError

VOCABULARIES = (
    [0, 1],
    [-1, 1],
    [False, True],
    [0, 1, 2, 3],
    [7, 3, 900],
    ["ham", "spam"],
    ["mono", "poly", "other"],
    [0.0, 1.0],
)
AVERAGES = ("micro", "macro", "weighted", None)


@st.composite
def weights(draw, n):
    """None, whole or fractional weights, some of them zero."""
    kind = draw(st.sampled_from(["none", "int", "float"]))
    if kind == "none":
        return None
    values = st.integers(0, 4) if kind == "int" else st.sampled_from([0.0, 0.25, 0.5, 1.0, 3.5])
    drawn = draw(st.lists(values, min_size=n, max_size=n))
    return np.array(drawn) if sum(drawn) else None


@st.composite
def labelled(draw, vocabularies=VOCABULARIES):
    """(y_true, y_pred, sample_weight) of 1 to 25 examples over one vocabulary."""
    words, n = draw(st.sampled_from(vocabularies)), draw(st.integers(1, 25))
    column = st.lists(st.sampled_from(words), min_size=n, max_size=n).map(np.array)
    return draw(column), draw(column), draw(weights(n))


@st.composite
def indicators(draw):
    """(y_true, y_pred, sample_weight): multi-label indicators of 1 to 12 examples, 2 to 4 labels."""
    n, k = draw(st.integers(1, 12)), draw(st.integers(2, 4))
    table = st.lists(st.integers(0, 1), min_size=n * k, max_size=n * k)
    return np.array(draw(table)).reshape(n, k), np.array(draw(table)).reshape(n, k), draw(weights(n))


@st.composite
def scored(draw):
    """(y_true in {0, 1}, scores with many ties, sample_weight)."""
    n = draw(st.integers(1, 30))
    truth = np.array(draw(st.lists(st.integers(0, 1), min_size=n, max_size=n)))
    values = draw(st.sampled_from([st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(0, 1, width=32)]))
    return truth, np.array(draw(st.lists(values, min_size=n, max_size=n))), draw(weights(n))


@st.composite
def class_probabilities(draw, most=4):
    """(y_true (N,), probabilities (N, K) that sum to 1, weights); every class occurs at least once."""
    k = draw(st.integers(3, most))
    n = draw(st.integers(k, 20))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    truth = rng.permutation(np.concatenate([np.arange(k), rng.integers(0, k, n - k)]))
    proba = rng.integers(0, 5, (n, k)) + 0.5
    return truth, proba / proba.sum(axis=1, keepdims=True), draw(weights(n))


def assert_same(name: str, *args, **kwargs):
    """Ours gives what scikit-learn gives, or refuses with `InputError` what it refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            expected = getattr(reference, name)(*args, **kwargs)
        except ValueError:
            with pytest.raises(InputError):
                getattr(measure, name)(*args, **kwargs)
            return
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = getattr(measure, name)(*args, **kwargs)
    assert_equal_values(found, expected, f"{name}{args}{kwargs}")


def assert_equal_values(found, expected, message=""):
    """Equal numbers, arrays or tuples of them, NaN where NaN, None where None."""
    if isinstance(expected, tuple):
        assert len(found) == len(expected), message
        for one, other in zip(found, expected):
            assert_equal_values(one, other, message)
    elif expected is None:
        assert found is None, message
    else:
        assert np.shape(found) == np.shape(expected), message
        assert_allclose(found, expected, rtol=1e-9, atol=1e-12, err_msg=message)
