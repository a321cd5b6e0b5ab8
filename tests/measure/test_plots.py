"""Plots: the title states the finding, size and style hold, colour is never alone, curves are the data's."""

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from ftlib import measure
from ftlib.errors import InputError
from ftlib.measure import Counts, style

RNG = np.random.default_rng(0)
Y = np.repeat([0, 1], [70, 30])
GOOD, FAIR = 0.5 * Y + 0.5 * RNG.random(100), 0.2 * Y + 0.8 * RNG.random(100)
ROWS = [
    {
        "epoch": i,
        "train_loss": 1 / i,
        "val_loss": 0.5 + 0.1 * abs(i - 4),
        "val_recall": 0.1 * i,
        "val_f1": 0.09 * i,
    }
    for i in range(1, 9)
]
MATRIX = [[50, 5, 1], [4, 40, 9], [0, 2, 30]]
DRAWN = {
    "history": lambda **k: measure.plot_history(ROWS, baseline=0.9, **k),
    "confusion": lambda **k: measure.plot_confusion_matrix(MATRIX, classes=["a", "b", "c"], **k),
    "pr": lambda **k: measure.plot_pr(Y, {"base": FAIR, "tuned": GOOD}, threshold=0.5, **k),
    "roc": lambda **k: measure.plot_roc(Y, {"base": FAIR, "tuned": GOOD}, threshold=0.5, **k),
    "calibration": lambda **k: measure.plot_calibration(Y, {"base": FAIR, "tuned": GOOD}, n_bins=4, **k),
    "sweep": lambda **k: measure.plot_threshold_sweep(Y, GOOD, threshold=0.5, cost_fp=1, cost_fn=5, **k),
    "change": lambda **k: measure.plot_before_after(Counts(12, 12, 88, 4888), Counts(80, 200, 20, 4700), **k),
}
each_plot = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)


@pytest.fixture(autouse=True)
def _headless():
    mpl.use("Agg")
    yield
    plt.close("all")


def title(ax) -> str:
    return (ax.figure.get_suptitle() or ax.get_title(loc="left")).replace("\n", " ")


def inked_box(ax) -> tuple:
    """Bounding box in inches of everything drawn on the figure."""
    ax.figure.canvas.draw()
    return ax.figure.get_tightbbox().extents


@each_plot
def test_size_title_and_settings(draw):
    before = dict(mpl.rcParams)
    ax = draw()
    assert tuple(ax.figure.get_size_inches()) == (5, 3)
    assert any(letter.isdigit() for letter in title(ax)), "a finding names its number"
    assert draw(title="Said by the caller: 3 of 4").figure.get_suptitle() == "Said by the caller: 3 of 4"
    assert {k: v for k, v in mpl.rcParams.items() if k != "backend"} == {
        k: v for k, v in before.items() if k != "backend"
    }


@each_plot
def test_nothing_is_cut_off(draw):
    left, bottom, right, top = inked_box(draw())
    assert left >= -0.02
    assert bottom >= -0.02
    assert right <= 5.02
    assert top <= 3.02


@each_plot
def test_axes_of_the_caller_are_used(draw):
    figure, ax = plt.subplots(1, 2)
    assert draw(ax=ax[1]) is ax[1]
    assert len(figure.axes) == 2
    assert title(ax[1])
    assert not figure.get_suptitle()


@each_plot
def test_series_differ_in_more_than_colour(draw):
    """Lines of different colour in one plot also differ in dash pattern or marker."""
    looks = {}
    for line in draw().lines:
        if len(line.get_xdata()) > 2:
            looks.setdefault((str(line._unscaled_dash_pattern), line.get_marker()), set()).add(
                line.get_color()
            )
    assert all(len(colors) == 1 for colors in looks.values()), looks


def luminance(color) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(a, b) -> float:
    light, dark = sorted((luminance(a) + 0.05, luminance(b) + 0.05), reverse=True)
    return light / dark


def test_strokes_are_seen_on_paper_and_letters_read():
    dashes = [str(pen.linestyle) for pen in style.STROKES]
    assert len(set(dashes)) == len(dashes) == len({pen.marker for pen in style.STROKES})
    for pen in style.STROKES:
        assert contrast(pen.color, style.PAPER) >= 3, "graphics: WCAG 1.4.11"
        assert contrast(pen.ink, style.PAPER) >= 4.5, "letters: WCAG 1.4.3"
    assert contrast(style.FAINT, style.PAPER) >= 4.5
    darkest = mpl.colormaps["Blues"](1 / 1.9)[:3]
    assert measure.plot_confusion_matrix([[1, 0], [0, 1]]).images[0].to_rgba(1.0)[:3] == darkest
    assert contrast(style.INK, darkest) >= 4.5


# Machado, Oliveira & Fernandes (2009), full deficiency, on linear RGB.
DEFICIENCIES = {
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.mark.parametrize("kind", DEFICIENCIES)
def test_colours_stay_apart_for_the_colour_blind(kind):
    seen = [np.clip(np.array(DEFICIENCIES[kind]) @ np.power(to_rgb(pen.color), 2.2), 0, 1) ** (1 / 2.2)
            for pen in style.STROKES[:4]]  # fmt: skip
    for i, one in enumerate(seen):
        for other in seen[:i]:
            assert np.linalg.norm(one - other) > 0.15


def test_pr_and_roc_lines_are_the_curves():
    ax = measure.plot_pr(Y, GOOD)
    precision, recall, _ = measure.precision_recall_curve(Y, GOOD, drop_intermediate=True)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.stack([recall, precision], axis=1))
    assert title(ax) == f"Average precision {measure.average_precision_score(Y, GOOD):.3f}"
    ax = measure.plot_roc(Y, {"base": FAIR, "tuned": GOOD})
    found = [np.trapezoid(line.get_ydata(), line.get_xdata()) for line in ax.lines[1:3]]
    assert found == pytest.approx([measure.roc_auc_score(Y, FAIR), measure.roc_auc_score(Y, GOOD)])
    assert title(ax).startswith(f"Tuned ranks best: AUC {found[1]:.3f}, against {found[0]:.3f} (base)")


def test_the_chosen_point_is_drawn_and_named():
    choice = measure.best_threshold(Y, GOOD, by="recall", at_least=0.9)
    ax = measure.plot_pr(Y, GOOD, threshold=choice)
    marked = [line.get_xydata()[0].tolist() for line in ax.lines if line.get_marker() == "o"]
    assert marked == [[choice.counts.recall, choice.counts.precision]]
    assert f"precision {choice.counts.precision:.2f}, recall {choice.counts.recall:.2f}" in title(ax)


def test_a_sweep_steps_where_the_counts_change():
    ax = measure.plot_threshold_sweep(Y, GOOD)
    recall = next(line for line in ax.lines if line.get_label() == "recall")
    at, value = recall.get_xydata()[20]
    assert (
        recall.get_drawstyle() == "steps-post"
    )  # x falls, so the value holds from here down to the next score
    assert Counts.at(Y, GOOD, at).recall == value
    lower, next_value = recall.get_xydata()[21]
    assert Counts.at(Y, GOOD, (at + lower) / 2).recall == value != next_value
    assert title(ax).startswith(f"F1 is greatest, {measure.threshold_sweep(Y, GOOD).fbeta().max():.3f}")


def test_a_confusion_matrix_shows_every_count():
    ax = measure.plot_confusion_matrix(Counts(12, 12, 88, 4888), classes=["honest", "fraud"])
    assert [text.get_text() for text in ax.texts] == [
        "4888\n100% of true", "12\n0% of true", "88\n88% of true", "12\n12% of true",
    ]  # fmt: skip
    assert title(ax) == "Most common mistake: 88 of 100 “fraud” are called “honest”"
    many = measure.plot_confusion_matrix(np.diag(range(1, 11)))
    assert [text.get_text() for text in many.texts] == [str(i) for i in range(1, 11)]
    assert title(many) == "All 55 are right"


@pytest.mark.parametrize(
    ("losses", "says"),
    [
        ([0.9, 0.5, 0.8], "Validation loss is least at epoch 2 (0.500), then rises to 0.800"),
        ([0.9, 0.5, 0.51], "Validation loss is least at epoch 2 (0.500), then stays near, at 0.510"),
        ([0.9, 0.7, 0.5], "Validation loss falls from 0.900 to 0.500 and is least at the end"),
        ([0.5, 0.7, 0.9], "Validation loss never gets below its first value, 0.500; it ends at 0.900"),
        ([0.5, float("nan"), float("nan")], "Validation loss is no longer a number from epoch 2 on"),
        ([0.5], "Validation loss after one epoch: 0.500"),
    ],
)
def test_what_a_history_says(losses, says):
    rows = [{"epoch": i, "train_loss": loss, "val_loss": loss} for i, loss in enumerate(losses, 1)]
    assert title(measure.plot_history(rows)) == says


def test_a_history_is_anything_with_rows_and_may_have_a_second_panel():
    class Run:
        rows = ROWS

    upper, lower = measure.plot_history(Run(), metrics=("val_recall", "val_f1"))
    assert [line.get_ydata().tolist() for line in lower.lines] == [
        [r["val_recall"] for r in ROWS],
        [r["val_f1"] for r in ROWS],
    ]
    assert {text.get_text() for text in upper.texts} == {"train loss", "val loss"}
    assert inked_box(upper)[2] <= 5.02
    mse = measure.plot_history([{"train_loss": 2.0}, {"train_loss": 1.0}], columns=["train_loss"])
    assert title(mse) == "Training loss falls from 2.000 to 1.000 and is least at the end"


def test_before_and_after():
    before, after = {"val_loss": 0.6, "recall": 0.12}, {"val_loss": 0.3, "recall": 0.81, "extra": 1}
    ax = measure.plot_before_after(before, after)
    assert title(ax) == "Recall rises from 0.12 to 0.81"
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["val loss\n(less is better)", "recall"]
    assert (
        title(measure.plot_before_after({"mse": 3000.0}, {"mse": 2860.2})) == "Mse falls from 3,000 to 2,860"
    )
    assert title(measure.plot_before_after({"f1": 0.5}, {"f1": 0.5})) == "No metric changed"
    interval = measure.bootstrap_interval(measure.accuracy_score, Y, Y, n=10)
    assert (
        title(measure.plot_before_after({"accuracy": 0.5}, {"accuracy": interval}))
        == "Accuracy rises from 0.5 to 1"
    )


def test_calibration_titles():
    rng = np.random.default_rng(0)
    proba = rng.random(20_000)
    truth = rng.random(20_000) < proba
    assert title(measure.plot_calibration(truth, proba)).startswith(
        "Calibrated: probabilities are off by 0.0"
    )
    boast = np.where(proba > 0.5, 0.99, 0.05)
    assert title(measure.plot_calibration(truth, boast)).startswith("Where it says 0.99, 0.7")


def test_a_million_scores_are_thinned_to_what_can_be_seen():
    y, scores = np.tile([0, 1], 50_000), np.random.default_rng(0).random(100_000)
    assert all(len(line.get_xdata()) <= 2000 for line in measure.plot_pr(y, scores).lines)
    assert all(len(line.get_xdata()) <= 2000 for line in measure.plot_threshold_sweep(y, scores).lines)


def test_labels_at_the_ends_do_not_cover_one_another():
    heights = style.spread([0.98, 0.99, 1.0], gap=0.1)
    assert np.diff(heights).min() > 0.099
    assert max(heights) <= 1.0


def test_refusals():
    with pytest.raises(InputError, match="no rows"):
        measure.plot_history([])
    with pytest.raises(InputError, match="no column 'val_auc'; it has epoch"):
        measure.plot_history(ROWS, columns=["val_auc"])
    with pytest.raises(InputError, match=r"shape \(2, 3\)"):
        measure.plot_confusion_matrix([[1, 2, 3], [4, 5, 6]])
    with pytest.raises(InputError, match="names 1 classes and the matrix has 2"):
        measure.plot_confusion_matrix([[1, 2], [3, 4]], classes=["a"])
    with pytest.raises(InputError, match="one class only"):
        measure.plot_roc([1, 1], [0.1, 0.2])
    with pytest.raises(InputError, match="no metric in common"):
        measure.plot_before_after({"f1": 1}, {"mse": 2})
