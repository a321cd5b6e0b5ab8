"""PR and ROC curves and their areas against scikit-learn: ties, weights, one class only."""

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn_reference import assert_same, class_probabilities, indicators, scored

from ftlib import measure
from ftlib.errors import InputError

some = settings(max_examples=45, deadline=None)
fewer = settings(max_examples=30, deadline=None)
CURVES = ("precision_recall_curve", "roc_curve", "confusion_matrix_at_thresholds")


@some
@given(scored(), st.sampled_from(CURVES))
def test_curves(case, name):
    y_true, y_score, weight = case
    assert_same(name, y_true, y_score, sample_weight=weight)


@some
@given(scored(), st.booleans(), st.sampled_from(CURVES[:2]))
def test_dropped_points(case, drop, name):
    y_true, y_score, weight = case
    assert_same(name, y_true, y_score, sample_weight=weight, drop_intermediate=drop)


@some
@given(scored(), st.sampled_from([None, 0.1, 0.5, 1.0]))
def test_areas(case, max_fpr):
    y_true, y_score, weight = case
    assert_same("average_precision_score", y_true, y_score, sample_weight=weight)
    seen = y_true if weight is None else y_true[weight > 0]
    if len(np.unique(seen)) == 2:
        assert_same("roc_auc_score", y_true, y_score, sample_weight=weight, max_fpr=max_fpr)
    else:  # scikit-learn counts classes before weights and fails on the latter
        assert np.isnan(measure.roc_auc_score(y_true, y_score, sample_weight=weight, max_fpr=max_fpr))


@fewer
@given(scored(), st.sampled_from(["ham", "spam"]))
def test_labels_that_are_words(case, positive):
    y_true, y_score, weight = case
    words = np.array(["ham", "spam"])[y_true]
    assert_same("precision_recall_curve", words, y_score, pos_label=positive, sample_weight=weight)
    assert_same("roc_auc_score", words, y_score)
    assert_same("roc_curve", y_true.astype(bool), y_score)
    assert_same("roc_curve", 2 * y_true - 1, y_score)


@fewer
@given(scored())
def test_ranking_alone_decides(case):
    """Any rising map of the scores leaves the areas as they are; turning all around gives 1 - AUC."""
    y_true, y_score, weight = case
    if len(np.unique(y_true)) < 2:
        return
    area = measure.roc_auc_score(y_true, y_score, sample_weight=weight)
    ranks = np.unique(y_score, return_inverse=True)[1]
    np.testing.assert_allclose(measure.roc_auc_score(y_true, ranks, sample_weight=weight), area)
    np.testing.assert_allclose(measure.roc_auc_score(y_true, -ranks, sample_weight=weight), 1 - area)


@fewer
@given(scored())
def test_auc_is_the_share_of_pairs_in_order(case):
    y_true, y_score, _ = case
    positive, negative = y_score[y_true == 1], y_score[y_true == 0]
    if len(positive) and len(negative):
        pairs = np.sign(positive[:, None] - negative)
        np.testing.assert_allclose(measure.roc_auc_score(y_true, y_score), (pairs + 1).mean() / 2)


@fewer
@given(
    class_probabilities(),
    st.sampled_from(["ovr", "ovo"]),
    st.sampled_from(["macro", "weighted", "micro", None]),
)
def test_many_classes(case, multi_class, average):
    y_true, proba, weight = case
    if multi_class == "ovo":
        weight, average = None, "weighted" if average == "weighted" else "macro"
    assert_same(
        "roc_auc_score", y_true, proba, multi_class=multi_class, average=average, sample_weight=weight
    )
    if multi_class == "ovr":
        assert_same("average_precision_score", y_true, proba, average=average, sample_weight=weight)


def test_classes_that_never_occur_need_labels():
    proba = np.array([[0.5, 0.3, 0.2], [0.2, 0.3, 0.5], [0.6, 0.2, 0.2]])
    with pytest.raises(InputError, match="labels="):
        measure.roc_auc_score([0, 2, 0], proba, multi_class="ovr")
    found = measure.roc_auc_score([0, 2, 0], proba, multi_class="ovr", labels=[0, 1, 2], average=None)
    assert np.isnan(found[1])
    assert_same("roc_auc_score", [0, 2, 0], proba, multi_class="ovr", labels=[0, 1, 2], average=None)


@fewer
@given(indicators(), st.sampled_from(["micro", "macro", "weighted", "samples", None]), st.integers(0, 10**6))
def test_many_labels(case, average, seed):
    y_true, _, weight = case
    scores = np.random.default_rng(seed).integers(0, 4, y_true.shape) / 3
    for name in ("average_precision_score", "roc_auc_score"):
        assert_same(name, y_true, scores, average=average, sample_weight=weight)


@pytest.mark.parametrize("y_true", [[0, 0, 0], [1, 1, 1], [1, 0, 1]])
@pytest.mark.parametrize("y_score", [[0.5, 0.5, 0.5], [0.1, 0.5, 0.9]])
def test_one_class_and_all_ties(y_true, y_score):
    for name in (*CURVES, "roc_auc_score", "average_precision_score"):
        assert_same(name, y_true, y_score)


def test_one_example():
    for label in (0, 1):
        assert_same("precision_recall_curve", [label], [0.3])
        assert_same("roc_curve", [label], [0.3])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8, bool])
def test_scores_of_several_dtypes(dtype):
    y_true, y_score = np.array([0, 1, 1, 0, 1]), np.array([0, 1, 1, 1, 0]).astype(dtype)
    assert_same("precision_recall_curve", y_true, y_score)
    assert_same("roc_curve", y_true, y_score)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=12), st.booleans())
def test_auc_of_points(points, falling):
    x, y = (np.array(side, dtype=float) for side in zip(*sorted(points, reverse=falling)))
    np.testing.assert_allclose(measure.auc(x, y), reference.auc(x, y))


@pytest.mark.parametrize("name", [*CURVES, "roc_auc_score", "average_precision_score"])
@pytest.mark.parametrize(
    ("y_true", "y_score", "says"),
    [
        ([], [], "y_score is empty"),
        ([0, 1, 1], [0.1, np.nan, np.nan], "y_score holds NaN: 2 of 3 values.*first at index 1"),
        ([0, 1], [0.1, np.inf], "y_score holds infinity"),
        ([0, 1], ["a", "b"], "scores are numbers"),
        ([0, np.nan], [0.1, 0.2], "y_true holds NaN"),
        ([0, 1, 1], [0.1, 0.2], r"y_true has shape \(3,\) for 2 scores"),
    ],
)
def test_refusals(name, y_true, y_score, says):
    with pytest.raises(InputError, match=says):
        getattr(measure, name)(y_true, y_score)


def test_more_refusals():
    with pytest.raises(InputError, match="say which is positive"):
        measure.roc_curve(["a", "b"], [0.1, 0.2])
    with pytest.raises(InputError, match="pos_label=3 is none of"):
        measure.roc_curve([0, 1], [0.1, 0.2], pos_label=3)
    with pytest.raises(InputError, match="one score an example"):
        measure.roc_curve([0, 1], [[0.1, 0.9], [0.2, 0.8]])
    with pytest.raises(InputError, match="3 classes but y_score one column"):
        measure.roc_auc_score([0, 1, 2], [0.1, 0.2, 0.3])
    with pytest.raises(InputError, match="sum to 1"):
        measure.roc_auc_score([0, 1, 2], np.ones((3, 3)), multi_class="ovr")
    with pytest.raises(InputError, match="multi_class='raise'"):
        measure.roc_auc_score([0, 1, 2], np.full((3, 3), 1 / 3))
    with pytest.raises(InputError, match="max_fpr=2"):
        measure.roc_auc_score([0, 1], [0.1, 0.2], max_fpr=2)
    with pytest.raises(InputError, match="rises and falls"):
        measure.auc([0, 1, 0.5], [0, 1, 1])
    with pytest.raises(InputError, match="two points"):
        measure.auc([0], [1])
    with pytest.raises(InputError, match="not sorted"):
        measure.roc_auc_score([0, 1, 2], np.full((3, 3), 1 / 3), multi_class="ovr", labels=[2, 1, 0])
