"""Class-label metrics against scikit-learn on random input, and on the edges."""

import numpy as np
import pytest
import sklearn.metrics as reference
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn_reference import AVERAGES, VOCABULARIES, assert_same, indicators, labelled

from ftlib import measure
from ftlib.errors import InputError

RULES = st.sampled_from([0.0, 1.0, np.nan, 0, 1])
THREE = ("precision_score", "recall_score", "f1_score")
some = settings(max_examples=30, deadline=None)


@some
@given(labelled())
def test_matrix_and_whole_set_metrics(case):
    y_true, y_pred, weight = case
    for name in ("confusion_matrix", "accuracy_score", "balanced_accuracy_score", "matthews_corrcoef"):
        assert_same(name, y_true, y_pred, sample_weight=weight)
    assert_same("multilabel_confusion_matrix", y_true, y_pred, sample_weight=weight)
    assert_same("accuracy_score", y_true, y_pred, normalize=False, sample_weight=weight)


@some
@given(labelled(), st.sampled_from(["true", "pred", "all"]))
def test_normalised_matrix(case, normalize):
    assert_same("confusion_matrix", *case[:2], sample_weight=case[2], normalize=normalize)


@some
@given(labelled(), st.sampled_from(AVERAGES), RULES, st.sampled_from(THREE))
def test_averaged_precision_recall_f(case, average, rule, name):
    y_true, y_pred, weight = case
    assert_same(name, y_true, y_pred, average=average, sample_weight=weight, zero_division=rule)


@some
@given(labelled([v for v in VOCABULARIES if len(v) == 2]), RULES, st.sampled_from(THREE))
def test_binary_precision_recall_f(case, rule, name):
    y_true, y_pred, weight = case
    words = np.unique(np.append(y_true, y_pred))
    for positive in words:
        assert_same(name, y_true, y_pred, pos_label=positive, sample_weight=weight, zero_division=rule)
    if words.dtype.kind != "U":  # pos_label=1 by default: a class that is there, or alone is missing
        assert_same(name, y_true, y_pred, zero_division=rule)


@some
@given(labelled(), st.sampled_from([0, 0.5, 1, 2, np.inf]), st.sampled_from(AVERAGES), RULES)
def test_fbeta_and_support(case, beta, average, rule):
    y_true, y_pred, weight = case
    options = {"beta": beta, "average": average, "sample_weight": weight, "zero_division": rule}
    assert_same("precision_recall_fscore_support", y_true, y_pred, **options)
    if np.isfinite(beta):
        assert_same("fbeta_score", y_true, y_pred, **options)


@some
@given(indicators(), st.sampled_from([*AVERAGES, "samples"]), RULES, st.sampled_from(THREE))
def test_multilabel(case, average, rule, name):
    y_true, y_pred, weight = case
    assert_same(name, y_true, y_pred, average=average, sample_weight=weight, zero_division=rule)
    assert_same("accuracy_score", y_true, y_pred, sample_weight=weight)
    for samplewise in (False, True):
        assert_same(
            "multilabel_confusion_matrix", y_true, y_pred, sample_weight=weight, samplewise=samplewise
        )


@some
@given(
    labelled([[0, 1, 2, 3]]), st.permutations([0, 1, 2, 3, 9]), st.integers(1, 5), st.sampled_from(AVERAGES)
)
def test_labels_choose_and_order_the_classes(case, order, count, average):
    y_true, y_pred, weight = case
    assert_same("confusion_matrix", y_true, y_pred, labels=order[:count], sample_weight=weight)
    assert_same("recall_score", y_true, y_pred, labels=order[:count], sample_weight=weight, average=average)
    assert_same(
        "precision_score", y_true, y_pred, labels=order[:count], sample_weight=weight, average=average
    )


@some
@given(labelled(), st.sampled_from(AVERAGES))
def test_specificity_is_the_recall_of_the_negatives(case, average):
    """One against the rest: swap 0 and 1 in the indicators, and recall becomes specificity."""
    y_true, y_pred, weight = case
    words = np.unique(np.append(y_true, y_pred))
    found = measure.specificity_score(y_true, y_pred, average=average, sample_weight=weight)
    tn, fp, fn, tp = (
        reference.multilabel_confusion_matrix(y_true, y_pred, sample_weight=weight, labels=words)
        .reshape(-1, 4)
        .T
    )
    if average == "micro":
        tn, fp = tn.sum(keepdims=True), fp.sum(keepdims=True)
    each = np.divide(tn, tn + fp, out=np.zeros(len(tn)), where=tn + fp > 0)
    support = (tp + fn) if average == "weighted" and (tp + fn).sum() else np.ones(len(each))
    np.testing.assert_allclose(found, each if average is None else np.average(each, weights=support))


@some
@given(labelled([[0, 1, 2, 3], ["mono", "poly", "other"]]))
def test_micro_averages_are_accuracy(case):
    y_true, y_pred, weight = case
    accuracy = measure.accuracy_score(y_true, y_pred, sample_weight=weight)
    for name in THREE:
        assert getattr(measure, name)(y_true, y_pred, average="micro", sample_weight=weight) == pytest.approx(
            accuracy
        )


@some
@given(labelled([[0, 1, 2]]), st.randoms(use_true_random=False))
def test_order_of_examples_and_repetition_change_nothing(case, random):
    y_true, y_pred, _ = case
    order = random.sample(range(len(y_true)), len(y_true))
    once = measure.f1_score(y_true, y_pred, average="macro")
    assert measure.f1_score(y_true[order], y_pred[order], average="macro") == pytest.approx(once)
    assert measure.f1_score(np.tile(y_true, 3), np.tile(y_pred, 3), average="macro") == pytest.approx(once)
    weighted = measure.f1_score(y_true, y_pred, average="macro", sample_weight=np.full(len(y_true), 3))
    assert weighted == pytest.approx(once)


def test_adjusted_balanced_accuracy():
    assert_same("balanced_accuracy_score", [0, 0, 1, 2], [0, 1, 1, 0], adjusted=True)


@pytest.mark.parametrize(
    ("y_true", "y_pred"),
    [
        ([1, 1, 1], [1, 1, 1]),
        ([0, 0, 0], [0, 0, 0]),
        ([0, 1, 1], [0, 0, 0]),
        ([0, 0, 0], [0, 1, 1]),
        ([1], [0]),
        ([True, False], [True, True]),
        ([1, 0, 1], [True, False, False]),
        (np.array([1, 0], dtype=np.uint8), np.array([1, 1], dtype=np.int64)),
        (np.array([[1], [0]]), [1, 1]),
        (np.array([1.0, 0.0]), [1, 1]),
    ],
)
def test_edges_binary(y_true, y_pred):
    for name in (
        *THREE,
        "accuracy_score",
        "confusion_matrix",
        "matthews_corrcoef",
        "balanced_accuracy_score",
    ):
        assert_same(name, y_true, y_pred)


def test_nothing_called_positive_follows_the_stated_rule():
    y_true, y_pred = [0, 1, 1], [0, 0, 0]
    assert measure.precision_score(y_true, y_pred) == 0.0
    assert measure.precision_score(y_true, y_pred, zero_division=1.0) == 1.0
    assert np.isnan(measure.precision_score(y_true, y_pred, zero_division=np.nan))
    assert (
        measure.recall_score(y_true, y_pred, zero_division=1.0) == 0.0
    )  # defined: two positives, none found


def test_text_of_object_dtype_and_tensors_are_read():
    objects = np.array(["fraud", "honest", "fraud"], dtype=object)
    assert measure.recall_score(objects, ["fraud", "fraud", "honest"], pos_label="fraud") == 0.5
    y_true, y_pred = torch.tensor([1, 0, 1]), torch.tensor([1.0, 0.0, 0.0], dtype=torch.bfloat16)
    assert measure.recall_score(y_true, y_pred) == 0.5
    assert measure.accuracy_score(torch.ones(2, requires_grad=True), [1, 1]) == 1.0


@pytest.mark.parametrize("name", [*THREE, "accuracy_score", "confusion_matrix", "matthews_corrcoef"])
@pytest.mark.parametrize(
    ("y_true", "y_pred", "says"),
    [
        ([], [], "y_true is empty"),
        ([0.0, np.nan, np.nan], [0, 0, 1], r"y_true holds NaN: 2 of 3 values.*first at index 1"),
        ([0, 1], [0, np.inf], "y_pred holds infinity"),
        ([0, 1], [0.2, 0.9], "y_pred holds 0.2.*threshold"),
        ([0, 1, 1], [0, 1], r"shape \(3,\) and y_pred \(2,\)"),
        ([0, 1], ["a", "b"], "int and y_pred str"),
        (["a", None], ["a", "b"], r"no label \(None\) at index 1"),
        (["a", np.nan], ["a", "b"], r"no label \(nan\) at index 1"),
        (["a", "b"], ["a", 1], "y_pred mixes kinds"),
        (["a", 1], np.array(["a", 1], dtype=object), "mixes kinds"),
        ([[0, 2], [1, 1]], [[0, 1], [1, 1]], "not an indicator"),
        (np.zeros((2, 2, 2)), np.zeros((2, 2, 2)), r"shape \(2, 2, 2\)"),
        (3, 4, "empty"),
        ([1 + 2j], [1], "dtype complex"),
    ],
)
def test_input_that_cannot_be_measured_is_refused(name, y_true, y_pred, says):
    with pytest.raises(InputError, match=says):
        getattr(measure, name)(y_true, y_pred)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"average": "mean"}, "average='mean'.*expected one of"),
        ({"average": "binary"}, "3 classes.*macro"),
        ({"average": "samples"}, "multi-label"),
        ({"average": "macro", "zero_division": "warn"}, "zero_division='warn'"),
        ({"average": "macro", "sample_weight": [1, 2]}, "expected 3 numbers"),
        ({"average": "macro", "sample_weight": [1, -1, 2]}, "minimum -1"),
        ({"average": "macro", "sample_weight": [0, 0, 0]}, "sum 0"),
        ({"average": "macro", "sample_weight": [1, np.nan, 0]}, "sample_weight holds NaN"),
        ({"average": "macro", "labels": [0, 0]}, "names a class twice"),
        ({"average": "macro", "labels": ["a"]}, "another kind"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options, says):
    with pytest.raises(InputError, match=says):
        measure.precision_score([0, 1, 2], [0, 2, 2], **options)


def test_more_refusals():
    with pytest.raises(InputError, match="pos_label='yes' is none of"):
        measure.recall_score(["a", "b"], ["a", "a"], pos_label="yes")
    with pytest.raises(InputError, match="beta=-1"):
        measure.fbeta_score([0, 1], [1, 1], beta=-1)
    with pytest.raises(InputError, match=r"none of labels=\[7\]"):
        measure.confusion_matrix([0, 1], [1, 1], labels=[7])
    with pytest.raises(InputError, match="multi-label indicator"):
        measure.confusion_matrix([[0, 1]], [[1, 1]])
    with pytest.raises(InputError, match="2 columns use 0 to 1"):
        measure.precision_score([[0, 1]], [[1, 1]], labels=[5], average="macro")
    with pytest.raises(InputError, match="2 labels an example"):
        measure.precision_score([[0, 1]], [[1, 1]])
