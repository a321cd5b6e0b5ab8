"""Where to start with the learning rate: a sweep on a copy of the model."""

import copy
from dataclasses import dataclass
from itertools import count

import numpy as np
from torch import nn

from ftlib.errors import DataError, InputError
from ftlib.tune.checks import check_counts, check_model, check_training
from ftlib.tune.device import device_for
from ftlib.tune.loop import (
    check_fits,
    default_loss,
    loss_of,
    mover,
    seeded,
    task_of,
    trainable_batches,
)
from ftlib.tune.sets import as_set, batches
from ftlib.tune.train import default_optimizer


@dataclass(frozen=True)
class LRFind:
    """The sweep of ``lr_find``: rates tried, smoothed training losses, and the rate it suggests."""

    lrs: np.ndarray
    losses: np.ndarray
    suggestion: float

    def __str__(self) -> str:
        return f"lr_find: try lr {self.suggestion:.1e}, a tenth of where the loss was lowest ({len(self.lrs)} steps)"

    __repr__ = __str__


def lr_find(
    model: nn.Module,
    train,
    *,
    lowest: float = 1e-6,
    highest: float = 1.0,
    steps: int = 100,
    batch_size: int = 64,
    loss_fn=None,
    task: str | None = None,
    seed: int = 0,
    device=None,
) -> LRFind:
    """Train a copy of ``model`` with a rate that grows each step, and see which rate still helps.

    The rate grows geometrically from ``lowest`` to ``highest``; the sweep ends early when the smoothed
    loss is four times its best. The suggestion is a tenth of the rate at which it was lowest. Everything happens on a copy: weights, buffers, gradients, modes and the
    global generators of the caller are as they were. Take the suggestion as an order of magnitude.

    Source of the method: L. N. Smith, "Cyclical Learning Rates for Training Neural Networks", 2017.
    """
    if not 0 < lowest < highest or steps < 10:
        raise InputError(
            f"lowest={lowest}, highest={highest}, steps={steps}; expected 0 < lowest < highest, steps ≥ 10"
        )
    check_model(model)
    check_counts(seed=(seed, 0), batch_size=(batch_size, 1))
    check_training(loss_fn, None, None, ())
    train, device = as_set(train), device_for(device)
    task = task or task_of(train)
    loss_fn = loss_fn or default_loss(task)
    trial = copy.deepcopy(model).to(device)
    optimizer, losses, move = default_optimizer(trial, lowest), [], mover(trial, device)
    rates = np.geomspace(lowest, highest, steps)
    with seeded(seed, device):
        trial.train()
        for lr, (x, y) in zip(rates, _endless(trial, train, batch_size, seed)):
            for group in optimizer.param_groups:
                group["lr"] = float(lr)
            output, y = trial(move(x)), y.to(device)
            if not losses:
                check_fits(output, y, task)
            loss = loss_of(output, y, loss_fn, task)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            smooth = _smoothed(losses)
            if not np.isfinite(smooth[-1]) or smooth[-1] > 4 * smooth.min():
                break
    if not losses:
        raise DataError("there was no batch to train on; pass two samples or more")
    if not np.isfinite(losses[0]):
        raise InputError(f"the first loss is {losses[0]}, which no rate can mend; look at inputs and loss_fn")
    smooth = smooth[np.isfinite(smooth)]
    return LRFind(rates[: len(smooth)], smooth, float(rates[smooth.argmin()]) / 10)


def _endless(model, data, batch_size: int, seed: int):
    for epoch in count():
        walk = trainable_batches(batches(data, batch_size, shuffle=True, seed=seed + epoch), model)
        first = next(walk, None)
        if first is None:  # a loader without a batch would be asked for ever
            return
        yield first
        yield from walk


def _smoothed(losses: list[float], keep: float = 0.9) -> np.ndarray:
    """Exponential moving average without the pull towards its starting value of 0."""
    average, smooth = 0.0, []
    for step, loss in enumerate(losses, 1):
        average = keep * average + (1 - keep) * loss
        smooth.append(average / (1 - keep**step))
    return np.array(smooth)
