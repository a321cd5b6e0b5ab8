"""What training and evaluation hand back: values that print as small tables."""

from dataclasses import dataclass, field

import numpy as np

from ftlib.errors import InputError
from ftlib.tune.loop import predictions_of


@dataclass
class History:
    """One row for each epoch of a ``fit``, and which of them was the best.

    ``rows`` are dicts: epoch (from 1), train_loss, val_loss and the validation metrics, lr,
    seconds. ``history["val_loss"]`` is that column as a list. ``best_epoch`` is the epoch with the
    best ``monitor`` (None before there is one), ``stopped`` says why training ended. Printed
    without the seconds, so that the same run prints the same text.

    >>> history = History("val_loss", [{"epoch": 1, "train_loss": 0.7, "val_loss": 0.61}])
    >>> history.note_best(history.rows[0])
    True
    >>> print(history)
    epoch  train_loss  val_loss
        1      0.7000    0.6100  best
    """

    monitor: str = "val_loss"
    rows: list[dict] = field(default_factory=list)
    best_epoch: int | None = None
    stopped: str = ""

    def __getitem__(self, name: str) -> list:
        if self.rows and name not in self.rows[0]:
            raise InputError(f"no column {name!r}; there are {', '.join(self.rows[0])}")
        return [row[name] for row in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def best(self) -> dict | None:
        """The row of the best epoch."""
        return next((row for row in self.rows if row["epoch"] == self.best_epoch), None)

    def note_best(self, row: dict) -> bool:
        """Make ``row`` the best where its ``monitor`` beats the best so far; a nan never does.

        Smaller is better for names that end in loss, mse or mae, else larger.
        """
        if self.monitor not in row:
            return False
        sign = -1 if self.monitor.endswith(("loss", "mse", "mae")) else 1
        value = sign * row[self.monitor]
        better = not np.isnan(value) and (self.best is None or value > sign * self.best[self.monitor])
        if better:
            self.best_epoch = row["epoch"]
        return better

    def __str__(self) -> str:
        if not self.rows:
            return "no epoch ran"
        names = [name for name in self.rows[0] if name != "seconds"]
        lines = ["  ".join(names)]
        for row in self.rows:
            cells = [_cell(name, row[name]).rjust(len(name)) for name in names]
            lines.append("  ".join(cells) + ("  best" if row["epoch"] == self.best_epoch else ""))
        return "\n".join([*lines, *filter(None, [self.stopped])])

    __repr__ = __str__


@dataclass(frozen=True)
class Evaluation:
    """A model's outputs on a set, and what they are worth.

    ``loss`` is the mean over samples; ``metrics`` are accuracy, precision, recall and f1, or mse
    and r2; ``logits`` is float32 (N, C), ``targets`` (N,). Compute any other metric from these.
    """

    loss: float
    metrics: dict[str, float]
    logits: np.ndarray
    targets: np.ndarray
    task: str = "classification"

    @property
    def predictions(self) -> np.ndarray:
        """(N,): the class with the largest logit, or the predicted value."""
        return predictions_of(self.logits, self.task)

    @property
    def probabilities(self) -> np.ndarray:
        """(N, C) softmax of the logits; (N, 2) where the model has one output."""
        if self.task == "regression":
            raise InputError("a regression has no probabilities; use .predictions")
        logits = self.logits.astype(np.float64)
        if logits.shape[1] == 1:
            logits = np.concatenate([np.zeros_like(logits), logits], axis=1)
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)

    def __str__(self) -> str:
        named = ", ".join(f"{name} {value:.4f}" for name, value in self.metrics.items())
        return f"{len(self.targets)} samples: loss {self.loss:.4f}, {named}"

    def __repr__(self) -> str:
        return f"<{self}>"


def _cell(name: str, value) -> str:
    if isinstance(value, int):
        return str(value)
    return f"{value:.1e}" if name == "lr" else f"{value:.4f}"
