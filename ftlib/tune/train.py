"""The one training loop: ``fit`` and ``evaluate``."""

import copy
import math
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.optim.lr_scheduler import CyclicLR, LRScheduler, OneCycleLR, ReduceLROnPlateau
from torch.utils.data import DataLoader

from ftlib.errors import InputError
from ftlib.tune.checks import (
    check_counts,
    check_model,
    check_optimizer,
    check_trainable,
    check_training,
)
from ftlib.tune.depthwise import quick_depthwise
from ftlib.tune.device import device_for
from ftlib.tune.gradual import add_unfrozen
from ftlib.tune.history import Evaluation, History
from ftlib.tune.loop import (
    default_loss,
    metrics_of,
    predict,
    seeded,
    task_of,
    threads_for,
    train_epoch,
)
from ftlib.tune.optim import param_groups
from ftlib.tune.sets import as_set, batches

__all__ = ["evaluate", "fit"]


def fit(
    model: nn.Module,
    train,
    val=None,
    *,
    epochs: int = 5,
    lr: float = 1e-3,
    optimizer: torch.optim.Optimizer | None = None,
    loss_fn=None,
    task: str | None = None,
    batch_size: int = 64,
    seed: int = 0,
    device=None,
    monitor: str = "val_loss",
    patience: int | None = None,
    restore_best: bool = True,
    scheduler=None,
    callbacks=(),
    progress: bool = True,
) -> History:
    """Train the trainable parameters of ``model`` in place, and say how every epoch went.

    Args:
        train, val: a set, any Dataset, a DataLoader, or a pair (x, y) of tensors or arrays.
        optimizer: default AdamW over ``param_groups(model, lr)``; ``lr`` counts only there.
        loss_fn: ``loss_fn(outputs, targets) -> scalar``; default cross-entropy or squared error.
        task: "classification" or "regression"; default by the targets (whole numbers or not).
        seed: of batch order and dropout; the global generators are put back afterwards.
        device: default CUDA (in mixed precision), else MPS, else CPU; the model stays there.
        monitor: the column that decides which epoch was best.
        patience: stop after this many epochs without a better one.
        restore_best: end with the weights and buffers of the best epoch, not of the last.
        scheduler: a scheduler, or a function that makes one from the optimizer. Stepped every
            epoch; OneCycleLR and CyclicLR every batch.
        callbacks: one or several, each called as ``callback(row, model)`` after every epoch. What
            they unfreeze joins the default optimizer.

    The model ends in eval mode with the best weights so far, also when training is interrupted.
    Raises InputError when nothing is trainable, when the optimizer holds none of the trainable
    parameters, or when targets do not fit the model's outputs.

    >>> x = torch.linspace(-1, 1, 64)[:, None]
    >>> history = fit(nn.Linear(1, 2), (x, (x[:, 0] > 0).long()), epochs=3, lr=0.1, progress=False)
    >>> len(history), history["train_loss"][-1] < history["train_loss"][0]
    (3, True)
    """
    check_model(model)
    check_counts(
        epochs=(epochs, 0),
        batch_size=(batch_size, 1),
        patience=(1 if patience is None else patience, 1),
        seed=(seed, 0),
    )
    several = isinstance(callbacks, Iterable) and not callable(callbacks)
    callbacks = list(callbacks) if several else [callbacks]
    check_training(loss_fn, optimizer, scheduler, callbacks)
    train, device = as_set(train), device_for(device)
    model.to(device)
    task = task or task_of(train)
    loss_fn = loss_fn or default_loss(task)
    own, optimizer = optimizer is None, optimizer or default_optimizer(model, lr)
    check_optimizer(model, optimizer)
    scheduler = scheduler(optimizer) if _is_factory(scheduler) else scheduler
    each_batch = isinstance(scheduler, (OneCycleLR, CyclicLR))
    if patience is not None and val is None and monitor != "train_loss":
        raise InputError(f"patience watches {monitor!r}, and no validation data came; pass val=")
    history, bar = History(monitor), _bar(train, batch_size, epochs, progress)

    with (
        seeded(seed, device),
        threads_for(model, train),
        quick_depthwise(model, device),
        bar,
        _ends_at_best(model) as best,
    ):

        def after_step():
            bar.update()
            if each_batch:
                _step(scheduler)

        for epoch in range(1, epochs + 1):
            started, rate = time.perf_counter(), max(group["lr"] for group in optimizer.param_groups)
            data = batches(train, batch_size, shuffle=True, seed=seed * 100_003 + epoch)
            row = {"epoch": epoch}
            row["train_loss"] = train_epoch(model, data, optimizer, loss_fn, task, device, after_step)
            row |= _validate(model, val, loss_fn, task, device, batch_size)
            row |= {"lr": rate, "seconds": time.perf_counter() - started}
            history.rows.append(row)
            bar.set_postfix({k: f"{v:.3f}" for k, v in row.items() if k.endswith("loss")}, refresh=False)
            if history.note_best(row) and restore_best:
                best.update(copy.deepcopy(model.state_dict()))
            history.stopped = _reason_to_stop(history, patience)
            if history.stopped:
                break
            if scheduler is not None and not each_batch:
                plateau = isinstance(scheduler, ReduceLROnPlateau)
                _step(scheduler, *([row.get(monitor, row["train_loss"])] if plateau else []))
            for callback in callbacks:
                callback(row, model)
            if own:
                add_unfrozen(optimizer, model, lr)
            else:
                check_optimizer(model, optimizer)

    return history


def evaluate(model, data, *, task=None, loss_fn=None, batch_size: int = 64, device=None) -> Evaluation:
    """Loss and metrics of ``model`` on ``data``, over all samples at once, with outputs and targets.

    Runs in eval mode without gradients and leaves every module in the mode it was in.
    Metrics are taken over the whole set, not as a mean over batches.

    >>> evaluate(nn.Identity(), (torch.eye(3), torch.tensor([0, 1, 1]))).metrics["accuracy"] == 2 / 3
    True
    """
    check_model(model)
    data, device = as_set(data), device_for(device)
    task = task or task_of(data)
    loss_fn = loss_fn or default_loss(task)
    with threads_for(model, data):
        loss, outputs, targets = predict(model.to(device), batches(data, batch_size), loss_fn, task, device)
    return Evaluation(loss, metrics_of(outputs, targets, task), outputs, targets, task)


def default_optimizer(model: nn.Module, lr: float) -> torch.optim.Optimizer:
    """AdamW over the trainable parameters, without decay on norms and biases."""
    check_trainable(model)
    return torch.optim.AdamW(param_groups(model, lr))


def _validate(model, val, loss_fn, task, device, batch_size) -> dict:
    if val is None:
        return {}
    loss, outputs, targets = predict(model, batches(val, batch_size), loss_fn, task, device)
    scores = {"loss": loss, **metrics_of(outputs, targets, task)}
    return {f"val_{name}": value for name, value in scores.items()}


def _reason_to_stop(history: History, patience: int | None) -> str:
    row = history.rows[-1]
    if not math.isfinite(row["train_loss"]):
        return (
            f"stopped: the training loss became {row['train_loss']} in epoch {row['epoch']}; try a smaller lr"
        )
    if history.monitor not in row and ("val_loss" in row or history.monitor != "val_loss"):
        raise InputError(f"monitor={history.monitor!r} is no column; there are {', '.join(row)}")
    since = row["epoch"] - (history.best_epoch or 0)
    if patience is not None and since >= patience:
        return f"stopped: no better {history.monitor} for {since} epochs"
    return ""


@contextmanager
def _ends_at_best(model: nn.Module) -> Iterator[dict]:
    """A dict for the best state so far. The model ends with it and in eval mode, whatever stops the training."""
    best: dict = {}
    try:
        yield best
    finally:
        if best:
            model.load_state_dict(best)
        model.eval()


def _is_factory(scheduler) -> bool:
    return callable(scheduler) and not isinstance(scheduler, LRScheduler)


def _step(scheduler, *metric) -> None:
    """One step of the scheduler; InputError where it cannot serve a group that came after it was built."""
    try:
        scheduler.step(*metric)
    except (IndexError, KeyError, RuntimeError, ValueError) as error:
        known, now = len(scheduler.get_last_lr()), len(scheduler.optimizer.param_groups)
        if known == now:
            raise
        raise InputError(
            f"{type(scheduler).__name__} was built for {known} groups of parameters, and unfreezing made them "
            f"{now}, which it cannot serve. Give fit an optimizer over all parameters, in which frozen ones wait "
            "untouched: optimizer=torch.optim.AdamW(model.parameters(), lr)"
        ) from error


def _bar(train, batch_size: int, epochs: int, progress: bool):
    from tqdm.auto import tqdm

    try:
        steps = len(train) if isinstance(train, DataLoader) else math.ceil(len(train) / batch_size)
    except TypeError:  # a loader over a stream does not know how long it is
        steps = None
    total = None if steps is None else steps * epochs
    return tqdm(total=total, desc="fit", unit="step", leave=False, disable=not progress)
