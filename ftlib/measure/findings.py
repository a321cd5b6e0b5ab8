"""One sentence that says what a plot shows, computed from its numbers."""

import math

import numpy as np

from ftlib.measure.counts import Counts
from ftlib.measure.style import readable

LOWER_IS_BETTER = ("loss", "mse", "mae", "rmse", "error", "brier", "ece")


def history_finding(rows: list[dict]) -> str:
    """What the validation loss did (or the first column, where there is none).

    >>> history_finding([{"val_loss": 0.9}, {"val_loss": 0.5}, {"val_loss": 0.8}])
    'Validation loss is least at epoch 2 (0.500), then rises to 0.800'
    """
    name = "val_loss" if "val_loss" in rows[0] else next(key for key in rows[0] if key != "epoch")
    called = {"val_loss": "validation loss", "train_loss": "training loss"}.get(name, name.replace("_", " "))
    epochs = [row.get("epoch", i) for i, row in enumerate(rows, 1)]
    values = [float(row[name]) for row in rows]
    broken = next((epoch for epoch, value in zip(epochs, values) if not math.isfinite(value)), None)
    if broken is not None:
        return f"{_upper(called)} is no longer a number from epoch {broken} on"
    best = int(np.argmin(values))
    if len(values) == 1:
        return f"{_upper(called)} after one epoch: {values[0]:.3f}"
    if best == 0:
        return (
            f"{_upper(called)} never gets below its first value, {values[0]:.3f}; it ends at {values[-1]:.3f}"
        )
    if best == len(values) - 1:
        return f"{_upper(called)} falls from {values[0]:.3f} to {values[-1]:.3f} and is least at the end"
    later = "then rises to" if values[-1] > values[best] * 1.05 else "then stays near, at"
    return f"{_upper(called)} is least at epoch {epochs[best]} ({values[best]:.3f}), {later} {values[-1]:.3f}"


def confusion_finding(matrix: np.ndarray, names: list[str]) -> str:
    """The most common mistake.

    >>> confusion_finding(np.array([[4888, 12], [88, 12]]), ["honest", "fraud"])
    'Most common mistake: 88 of 100 “fraud” are called “honest”'
    """
    wrong = np.where(np.eye(len(matrix), dtype=bool), -1, matrix)
    true, pred = np.unravel_index(int(wrong.argmax()), wrong.shape)
    if wrong[true, pred] <= 0:
        return f"All {matrix.sum():g} are right"
    total = matrix[true].sum()
    return (
        f"Most common mistake: {wrong[true, pred]:g} of {total:g} “{names[true]}” are called “{names[pred]}”"
    )


def areas_finding(areas: dict[str, float], area: str) -> str:
    """The area of one curve, or which of several is greatest.

    >>> areas_finding({"base": 0.81, "fine-tuned": 0.93}, "AUC")
    'Fine-tuned ranks best: AUC 0.930, against 0.810 (base)'
    """
    if len(areas) == 1:
        meaning = {"AP": "Average precision", "AUC": "Area under the ROC curve"}[area]
        return f"{meaning} {next(iter(areas.values())):.3f}"
    best = max(areas, key=areas.get)
    others = ", ".join(f"{value:.3f} ({name})" for name, value in areas.items() if name != best)
    return f"{_upper(best)} ranks best: {area} {areas[best]:.3f}, against {others}"


def point_finding(points: dict[str, Counts], threshold: float, rates: tuple[str, str]) -> str:
    """The two rates of the last model at the chosen threshold.

    >>> point_finding({"model": Counts(12, 12, 88, 4888)}, 0.5, ("precision", "recall"))
    'At threshold 0.5: precision 0.50, recall 0.12'
    """
    name, counts = list(points.items())[-1]
    who = f"{_upper(name)} at" if len(points) > 1 else "At"
    said = [f"{rate.replace('_', ' ')} {getattr(counts, rate):.2f}" for rate in rates]
    return f"{who} threshold {threshold:.3g}: {said[0]}, {said[1]}"


def calibration_finding(bins: dict[str, tuple], errors: dict[str, float]) -> str:
    """Which of several models is best calibrated; of one, where probability and truth differ most.

    ``bins`` maps each name to (share of positives, mean probability, examples) of its bins; the
    gap that is named is the one that adds most to ``errors``, the calibration error (ECE).
    """
    best = min(errors, key=errors.get)
    if len(errors) > 1:
        others = ", ".join(f"{value:.3f} ({name})" for name, value in errors.items() if name != best)
        return f"{_upper(best)} is best calibrated: ECE {errors[best]:.3f}, against {others}"
    if errors[best] < 0.03:
        return f"Calibrated: probabilities are off by {errors[best]:.3f} on average (ECE)"
    true, said, size = bins[best]
    worst = int(np.argmax(np.abs(true - said) * size))
    return f"Where it says {said[worst]:.2f}, {true[worst]:.2f} are positive; off by {errors[best]:.3f} on average"


def sweep_finding(sweep, threshold: float | None) -> str:
    """The counts at the chosen threshold, or where F1 is greatest."""
    if threshold is not None:
        counts = sweep.counts(sweep.at(threshold))
        return f"At {threshold:.3g} the model finds {counts.tp:g} of {counts.tp + counts.fn:g} and raises {counts.fp:g} false alarms"
    scores = sweep.fbeta(1.0)
    return f"F1 is greatest, {scores.max():.3f}, at threshold {sweep.thresholds[scores.argmax()]:.3g}"


def change_finding(changes: dict[str, tuple[float, float]]) -> str:
    """The greatest gain, and the greatest loss if there is one: {name: (before, after)}.

    >>> change_finding({"recall": (0.12, 0.81), "accuracy": (0.98, 0.95), "f1": (0.2, 0.5)})
    'Recall rises from 0.12 to 0.81; accuracy falls from 0.98 to 0.95'
    """
    gain = {n: (b - a if n.endswith(LOWER_IS_BETTER) else a - b) for n, (b, a) in changes.items()}
    best, worst = max(gain, key=gain.get), min(gain, key=gain.get)
    parts = [best] if gain[best] > 0 else []
    parts += [worst] if gain[worst] < 0 and worst not in parts else []
    if not parts:
        return "No metric changed"
    said = "; ".join(_moved(name, *changes[name]) for name in parts)
    return _upper(said)


def _moved(name: str, before: float, after: float) -> str:
    return f"{name.replace('_', ' ')} {'rises' if after > before else 'falls'} from {readable(before)} to {readable(after)}"


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]
