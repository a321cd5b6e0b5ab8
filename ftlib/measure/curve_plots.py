"""Plots over every threshold: precision-recall, ROC, calibration, sweep. See `ftlib.measure.plots`.

Where scores are taken, a dict ``{"base model": scores, "fine-tuned": scores}`` draws one line each;
``threshold`` is a number or a `ThresholdChoice`.
"""

import numpy as np

from ftlib.errors import InputError
from ftlib.measure.calibration import expected_calibration_error, reliability
from ftlib.measure.counts import Counts
from ftlib.measure.curves import auc, average_precision_score, precision_recall_curve, roc_curve
from ftlib.measure.findings import areas_finding, calibration_finding, point_finding, sweep_finding
from ftlib.measure.style import FAINT, INK, PAPER, axes, headline, note, share_axis, stroke, styled, thin
from ftlib.measure.threshold import ThresholdChoice, threshold_sweep


@styled
def plot_pr(y_true, y_score, *, threshold=None, pos_label=None, title=None, ax=None):
    """Precision against recall, with the point of ``threshold`` (a number or a `ThresholdChoice`).

    The dotted level is the share of positives: what a random ranking would reach.
    """
    ax, models, areas = axes(ax), _models(y_score), {}
    for i, (name, scores) in enumerate(models.items()):
        precision, recall, _ = precision_recall_curve(
            y_true, scores, pos_label=pos_label, drop_intermediate=True
        )
        areas[name] = average_precision_score(y_true, scores, pos_label=1 if pos_label is None else pos_label)
        keep, text = thin(len(recall)), f"{name} (AP {areas[name]:.3f})"
        ax.plot(recall[keep], precision[keep], **stroke(i).line, drawstyle="steps-post", label=text)
    share = Counts.at(y_true, next(iter(models.values())), np.inf, pos_label=pos_label).prevalence
    ax.axhline(share, color=FAINT, linewidth=1, linestyle=(0, (2, 2)))
    note(ax, 0.0, share + 0.015, f"random ranking {share:.2f}", va="bottom")
    ax.set(xlabel="recall", ylabel="precision")
    _finish_curve(ax, y_true, models, areas, threshold, pos_label, ("recall", "precision"), "AP", title)
    return ax


@styled
def plot_roc(y_true, y_score, *, threshold=None, pos_label=None, title=None, ax=None):
    """True against false positive rate, with the point of ``threshold``; the diagonal is a random ranking."""
    ax, models, areas = axes(ax), _models(y_score), {}
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (2, 2)))
    note(ax, 0.62, 0.56, "random ranking", va="top")
    for i, (name, scores) in enumerate(models.items()):
        fpr, tpr, _ = roc_curve(y_true, scores, pos_label=pos_label)
        if np.isnan(fpr[0]) or np.isnan(tpr[0]):
            raise InputError("y_true holds one class only; a ROC curve needs positives and negatives.")
        areas[name], keep = auc(fpr, tpr), thin(len(fpr))
        ax.plot(fpr[keep], tpr[keep], **stroke(i).line, label=f"{name} (AUC {areas[name]:.3f})")
    ax.set(xlabel="false positive rate", ylabel="true positive rate (recall)")
    _finish_curve(
        ax, y_true, models, areas, threshold, pos_label, ("false_positive_rate", "recall"), "AUC", title
    )
    return ax


def _finish_curve(ax, y_true, models, areas, threshold, pos_label, rates, area, title) -> None:
    """Ring the points of ``threshold``, write the legend and the title."""
    share_axis(ax)
    if len(models) > 1:
        ax.legend(loc="lower left" if area == "AP" else "lower right")
    if threshold is None:
        headline(ax, title or areas_finding(areas, area))
        return
    at = _number(threshold)
    points = {name: Counts.at(y_true, scores, at, pos_label=pos_label) for name, scores in models.items()}
    for i, counts in enumerate(points.values()):
        ax.plot(*(getattr(counts, rate) for rate in rates), "o", markersize=9, color=stroke(i).ink,
                markerfacecolor=PAPER, markeredgewidth=2, zorder=5, clip_on=False)  # fmt: skip
    said = point_finding(points, at, rates[::-1])
    headline(ax, title or f"{said} ({area} {list(areas.values())[-1]:.3f})")


@styled
def plot_calibration(y_true, y_prob, *, n_bins=10, strategy="uniform", pos_label=None, title=None, ax=None):
    """Share of positives against the probability said, bin by bin; on the diagonal the two agree.

    The area of a mark shows how many examples its bin holds.
    """
    ax, models, bins, errors = axes(ax), _models(y_prob), {}, {}
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=1, linestyle=(0, (2, 2)))
    note(ax, 0.59, 0.66, "as often as said", ha="right")
    for i, (name, proba) in enumerate(models.items()):
        bins[name] = reliability(y_true, proba, pos_label=pos_label, n_bins=n_bins, strategy=strategy)
        errors[name] = expected_calibration_error(y_true, proba, n_bins=n_bins, pos_label=pos_label)
        _draw_reliability(ax, *bins[name], stroke(i), f"{name} (ECE {errors[name]:.3f})")
    share_axis(ax)
    ax.set(xlabel="probability said (larger mark: more examples)", ylabel="share that is positive")
    if len(models) > 1:
        ax.legend(loc="upper left")
    headline(ax, title or calibration_finding(bins, errors))
    return ax


def _draw_reliability(ax, true, said, size, pen, text) -> None:
    ax.vlines(said, said, true, color=pen.color, linewidth=0.8, alpha=0.6)
    ax.plot(said, true, **pen.line, label=text)
    ax.scatter(said, true, 12 + 130 * size / size.sum(), color=pen.color, marker=pen.marker, zorder=3)


@styled
def plot_threshold_sweep(
    y_true, y_score, *, threshold=None, cost_fp=None, cost_fn=None, pos_label=None, title=None, ax=None
):
    """Precision, recall and F1 at every threshold; with costs also the cost, as a share of the greatest."""
    ax, sweep = axes(ax), threshold_sweep(y_true, y_score, pos_label=pos_label)
    keep = thin(len(sweep.thresholds) - 1) + 1
    lines = {"precision": sweep.precision, "recall": sweep.recall, "F1": sweep.fbeta(1.0)}
    if cost_fp is not None or cost_fn is not None:
        cost = sweep.cost([[0, cost_fp or 0], [cost_fn or 0, 0]])
        lines[f"cost ÷ {cost.max():g}"] = cost / (cost.max() or 1)
    for i, (name, values) in enumerate(lines.items()):
        ax.plot(sweep.thresholds[keep], values[keep], **stroke(i).line, drawstyle="steps-post", label=name)
    share_axis(ax, "y")
    chosen = _number(threshold)
    if chosen is not None:
        ax.axvline(chosen, color=INK, linewidth=1)
        note(ax, chosen, 1.03, f" {chosen:.3g}", va="bottom", color=INK)
    ax.set(xlabel="threshold: every score at or above it is called positive", ylabel="share")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    headline(ax, title or sweep_finding(sweep, chosen))
    return ax


def _models(scores) -> dict:
    return dict(scores) if isinstance(scores, dict) else {"model": scores}


def _number(threshold) -> float | None:
    return threshold.threshold if isinstance(threshold, ThresholdChoice) else threshold
