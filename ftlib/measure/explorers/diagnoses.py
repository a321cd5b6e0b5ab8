"""The six diagnoses a learning curve can get: how each looks, and what a run's own numbers say about it.

Everything here is words and arithmetic over the rows of a run; ``CurveReader`` shows it.
"""

import itertools

from ftlib.measure.explorers.svg import short_number

DIAGNOSES = {
    "good": "nothing, it is a good run",
    "overfitting": "it overfits",
    "underfitting": "it underfits",
    "rate_too_high": "the learning rate is too high",
    "batchnorm_drift": "BatchNorm drifts in the frozen part",
    "leak": "validation data leaked into training",
}
LOOKS = {
    "good": "A good run: the validation loss falls and stays down, and the metrics beat the base model.",
    "overfitting": "Overfitting: the training loss keeps falling while the validation loss turns and climbs.",
    "underfitting": "Underfitting: the training loss itself stays high, and the metrics stay near the base line.",
    "rate_too_high": "A rate too high: the training loss itself jumps up again and again, because steps overshoot.",
    "batchnorm_drift": "BatchNorm drift: training looks well, yet validation, which uses the running "
    "statistics, is far worse than a linear probe, though only the head is trained.",
    "leak": "A leak: validation does as well as training, and far better than an honest base model on the same images.",
}
CURES = {
    "good": "Keep it, and report on the test set once.",
    "overfitting": "Stop at the epoch of the lowest validation loss; then freeze more, regularise, or find more images.",
    "underfitting": "Let more of the model train, give it better features, or train longer at a higher rate.",
    "rate_too_high": "Divide the rate by ten, or let lr_find suggest one.",
    "batchnorm_drift": "Freeze with ftlib.tune.freeze, which keeps frozen BatchNorm in eval through every train().",
    "leak": "Split again without duplicates and shared groups; nothing measured on this split counts.",
}
# Pairs that are often taken for each other: (what it is, what was guessed) → the difference.
DIFFERENCES = {
    (
        "good",
        "leak",
    ): "Good numbers are no proof of a leak: compare with the base model, and with the training loss.",
    (
        "good",
        "overfitting",
    ): "A gap between the two losses is normal; what matters is whether validation gets worse.",
    ("overfitting", "rate_too_high"): "With a rate too high the training loss could not fall so smoothly.",
    (
        "overfitting",
        "good",
    ): "Look at the validation loss, not at the training loss: from some epoch on it gets worse.",
    ("underfitting", "good"): "Steady is not enough: look where it settles, and what the base model reaches.",
    (
        "underfitting",
        "overfitting",
    ): "For overfitting there would have to be a fit: look at the training loss.",
    ("rate_too_high", "batchnorm_drift"): "Drift leaves the training loss calm. Is it calm here?",
    ("rate_too_high", "overfitting"): "Overfitting is a calm fall of the training loss. Is it calm here?",
    ("batchnorm_drift", "rate_too_high"): "A rate too high would shake the training loss as well. Does it?",
    (
        "batchnorm_drift",
        "overfitting",
    ): "Overfitting worsens step by step as the training loss falls; this jumps from "
    "epoch to epoch. And only a head is trained.",
    ("leak", "good"): "Too good is a warning: what does an honest base model reach with the same images?",
    ("leak", "overfitting"): "An overfitted model does badly on validation. How does it do here?",
}


def reading(run: dict, guess: str) -> str:
    """What the numbers of ``run`` say about ``guess``: the sign to look at, read out."""
    return _READINGS[guess](run, *(column(run, key) for key in ("train_loss", "val_loss", "val_accuracy")))


def column(run: dict, key: str) -> list[float]:
    """One column of a run's rows."""
    return [row[key] for row in run["rows"]]


def feedback(run: dict, guess: str) -> str:
    """Right or wrong, why, and from which numbers of this run one can tell."""
    if guess == run["kind"]:
        return (
            f"Right: {DIAGNOSES[guess]}. {reading(run, guess)} {_afterwards(run)} What to do: {CURES[guess]}"
        )
    words = f"Not that. {LOOKS[guess]} Here, {_lower(reading(run, guess))}"
    difference = DIFFERENCES.get((run["kind"], guess))
    return f"{words} {difference}" if difference else words


def _good(run, train, val, accuracy) -> str:
    best = min(val)
    return (
        f"The validation loss goes from {_f(val[0])} to {_f(val[-1])} (lowest {_f(best)} at epoch {val.index(best) + 1} of "
        f"{len(val)}), and accuracy ends at {_f(accuracy[-1])}, where a linear probe reaches {_f(run['probe_accuracy'])}."
    )


def _overfitting(run, train, val, accuracy) -> str:
    best = min(val)
    return (
        f"The validation loss is lowest at epoch {val.index(best) + 1} of {len(val)} ({_f(best)}) and ends at {_f(val[-1])}, "
        f"while the training loss goes from {_f(train[0])} to {_f(train[-1])}."
    )


def _underfitting(run, train, val, accuracy) -> str:
    return (
        f"The training loss goes from {_f(train[0])} to {_f(train[-1])}, and accuracy ends at {_f(accuracy[-1])}; always naming "
        f"the largest class gives {_f(run['majority_accuracy'])}, a linear probe {_f(run['probe_accuracy'])}."
    )


def _rate_too_high(run, train, val, accuracy) -> str:
    up = sum(max(0.0, b - a) for a, b in itertools.pairwise(train))
    return (
        f"The training loss lies between {_f(min(train))} and {_f(max(train))}, and its rises from epoch to epoch "
        f"add up to {_f(up)}."
    )


def _batchnorm_drift(run, train, val, accuracy) -> str:
    return (
        f"The training loss goes from {_f(train[0])} to {_f(train[-1])}, the validation loss from {_f(val[0])} to {_f(val[-1])}; "
        f"accuracy ends at {_f(accuracy[-1])}, where a linear probe reaches {_f(run['probe_accuracy'])}."
    )


def _leak(run, train, val, accuracy) -> str:
    return (
        f"The validation loss ends at {_f(val[-1])} beside a training loss of {_f(train[-1])}, and accuracy at {_f(accuracy[-1])}, "
        f"where a linear probe on the same {run['train_images']:,} images reaches {_f(run['probe_accuracy'])}."
    )


_READINGS = {
    "good": _good,
    "overfitting": _overfitting,
    "underfitting": _underfitting,
    "rate_too_high": _rate_too_high,
    "batchnorm_drift": _batchnorm_drift,
    "leak": _leak,
}


def _afterwards(run: dict) -> str:
    """What was hidden until now: the set-up and the test accuracy."""
    words = f"The set-up: {run['setup']}." if run.get("setup") else ""
    if run.get("test_accuracy") is not None:
        words += f" On the test set it reaches {_f(run['test_accuracy'])}."
    moved = [row["statistics_moved"] for row in run["rows"] if "statistics_moved" in row]
    if moved:
        words += f" The first layer’s running means had moved by {_f(moved[-1])} on average, with every weight frozen."
    return words.strip()


def _f(value: float) -> str:
    return short_number(value)


def _lower(words: str) -> str:
    return words[0].lower() + words[1:]
