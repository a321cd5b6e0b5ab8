"""The parts of the training loop: device, seeds, losses, metrics, one pass in each direction."""

import random
import warnings
from contextlib import contextmanager, nullcontext

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.data import DataLoader

from ftlib import measure
from ftlib.errors import DataError, InputError
from ftlib.tune.checks import check_counts
from ftlib.tune.inputs import eval_mode, first_tensor
from ftlib.tune.sets import TensorSet, batches

AUXILIARY = 0.3  # weight of each auxiliary head's loss, as in "Going deeper with convolutions" (2014)
SMALL_MODEL, SMALL_SAMPLE = 100_000, 8_192  # numbers in a model and in a sample that one thread is best for


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and PyTorch's global generators (every device), and leave them seeded."""
    check_counts(seed=(seed, 0))
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


@contextmanager
def seeded(seed: int, device: torch.device):
    """Inside, everything is seeded; afterwards every generator goes on where it stood before."""
    python, numpy = random.getstate(), np.random.get_state()
    # Seeding reaches every device, so the state of every device in use is kept.
    in_use = device.type == "cuda" or torch.cuda.is_initialized()
    with torch.random.fork_rng(devices=range(torch.cuda.device_count()) if in_use else []):
        seed_everything(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


@contextmanager
def one_thread():
    """Inside, PyTorch computes on this thread alone; afterwards on as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def threads_for(model, data):
    """A context with one thread for a small head on features, and with as many as usual for all else.

    A batch of such work takes less time than waking a second thread, far less on a busy machine; and one
    thread gives the same numbers to the last bit on every machine setting.
    """
    small = isinstance(data, TensorSet) and data.features[:1].numel() <= SMALL_SAMPLE
    small = small and sum(p.numel() for p in model.parameters()) <= SMALL_MODEL
    return one_thread() if small else nullcontext()


def mixed_precision(device: torch.device):
    """(autocast, gradient scaler): bfloat16 on CUDA (float16 where it has none), nothing elsewhere."""
    if device.type != "cuda":
        return nullcontext(), torch.amp.GradScaler(device.type, enabled=False)
    dtype = torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    return torch.autocast("cuda", dtype), torch.amp.GradScaler("cuda", enabled=dtype is torch.float16)


def mover(model, device: torch.device):
    """A function that puts inputs on the device, in the precision of the model if that has none like theirs.

    NumPy counts in float64 and cached features are float32; a model of another precision refuses either.
    """
    kinds = [p.dtype for p in model.parameters() if p.is_floating_point()]

    def move(x):
        if kinds and torch.is_tensor(x) and x.is_floating_point() and x.dtype not in kinds:
            return x.to(device, kinds[0], non_blocking=True)
        return x.to(device, non_blocking=True)

    return move


def task_of(data) -> str:
    """ "classification" for whole-number targets, "regression" for fractional ones."""
    holder = data.dataset if isinstance(data, DataLoader) else data
    targets = getattr(holder, "targets", None)
    if targets is None or len(targets) == 0:
        targets = next((y for _, y in batches(data, 1)), None)
    if targets is None:
        raise DataError("there is no sample in this data")
    first = torch.as_tensor(targets[0])
    return "regression" if first.is_floating_point() else "classification"


def default_loss(task: str):
    """Cross-entropy (binary where the model has one output) or mean squared error."""
    if task == "regression":
        return lambda output, y: F.mse_loss(output, y.to(output.dtype))
    if task == "classification":
        return _cross_entropy
    raise InputError(f"task={task!r}; expected 'classification' or 'regression'")


def _cross_entropy(output: Tensor, y: Tensor) -> Tensor:
    if output.ndim == 2 and y.ndim != 1 and not y.is_floating_point():
        raise InputError(
            f"targets came as {tuple(y.shape)}, expected the number of a class for each sample, ({len(y)},): "
            "y[:, 0] for a column, y.argmax(1) for one-hot rows"
        )
    if output.ndim == 2 and output.shape[1] == 1:
        return F.binary_cross_entropy_with_logits(output[:, 0], y.to(output.dtype))
    return F.cross_entropy(output, y if y.is_floating_point() else y.long())


def loss_of(output, y: Tensor, loss_fn, task: str) -> Tensor:
    """The loss of a model's output; auxiliary heads (a tuple of outputs) count with a small weight."""
    if isinstance(output, tuple):
        main, *others = (one for one in output if one is not None)
        return loss_of(main, y, loss_fn, task) + AUXILIARY * sum(
            loss_of(one, y, loss_fn, task) for one in others
        )
    output = first_tensor(output)
    # (N, 1) against (N,) would broadcast to (N, N) and train towards the mean without an error
    if task == "regression" and output.shape != y.shape and output.numel() == y.numel():
        output = output.reshape(y.shape)
    return loss_fn(output, y)


def check_fits(output, y: Tensor, task: str) -> None:
    """Raise InputError where outputs and targets cannot belong together."""
    output = first_tensor(output)
    if task == "regression" and output.numel() != y.numel():
        raise InputError(
            f"the model gives {tuple(output.shape)} for targets {tuple(y.shape)}; a regression needs one "
            "output for each target: replace_head(model, 1)"
        )
    if task == "classification" and not y.is_floating_point() and output.ndim == 2:
        top = max(2, output.shape[1]) - 1
        if y.min() < 0 or y.max() > top:
            raise InputError(
                f"targets run from {int(y.min())} to {int(y.max())} and the model has outputs for 0 to {top}; "
                "number classes from 0, and replace_head(model, number of classes)"
            )


def trainable_batches(data, model):
    """The batches of ``data`` that ``model``, in training mode, can take: a lone sample is passed over where
    BatchNorm trains, which cannot normalise one value."""
    lone_is_unusable = any(isinstance(m, _BatchNorm) and m.training for m in model.modules())
    for x, y in data:
        if len(y) == 1 and lone_is_unusable:
            warnings.warn("passed over a batch of one sample: BatchNorm cannot train on it", stacklevel=4)
        else:
            yield x, y


def train_epoch(model, data, optimizer, loss_fn, task, device, after_step=lambda: None) -> float:
    """One pass over ``data`` (pairs x, y) with a step each; returns the mean loss over samples.

    Puts the model into training mode, in which frozen parts stay in eval if ``freeze`` froze them.
    """
    model.train()
    (autocast, scaler), move = mixed_precision(device), mover(model, device)
    total, count = torch.zeros((), device=device), 0
    for x, y in trainable_batches(data, model):
        x, y = move(x), y.to(device, non_blocking=True)
        with autocast:
            output = model(x)
            if not count:
                check_fits(output, y, task)
            loss = loss_of(output, y, loss_fn, task)
        optimizer.zero_grad(
            set_to_none=True
        )  # a gradient left at zero would let momentum move frozen weights
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        total += loss.detach() * len(y)
        count += len(y)
        after_step()
    if not count:
        raise DataError("there was no batch to train on; pass two samples or more")
    return (total / count).item()


def predict(model, data, loss_fn, task, device) -> tuple[float, np.ndarray, np.ndarray]:
    """(mean loss over samples, outputs float32 (N, C), targets (N,)), in eval mode, without gradients."""
    outputs, targets, total = [], [], 0.0
    (autocast, _), move = mixed_precision(device), mover(model, device)
    with eval_mode(model), torch.inference_mode():
        for x, y in data:
            x, y = move(x), y.to(device, non_blocking=True)
            with autocast:
                output = first_tensor(model(x))
                if not outputs:
                    check_fits(output, y, task)
                loss = loss_of(output, y, loss_fn, task)
            total = total + loss.detach().float() * len(y)
            outputs.append(output.float().cpu())
            targets.append(y.cpu())
    if not outputs:
        raise DataError("there is no sample to evaluate on")
    outputs, targets = torch.cat(outputs).numpy(), torch.cat(targets).numpy()
    return float(total) / len(targets), outputs.reshape(len(outputs), -1), targets


def metrics_of(outputs: np.ndarray, targets: np.ndarray, task: str) -> dict[str, float]:
    """Accuracy, precision, recall, F1 (of class 1 where there are two, else macro), or MSE and R²."""
    guesses = predictions_of(outputs, task)
    if task == "regression":
        if not np.isfinite(guesses).all():  # a run that diverged is told by its loss, not by an error
            return {"mse": float("nan"), "r2": float("nan")}
        truth = targets.reshape(guesses.shape)
        return {"mse": measure.mean_squared_error(truth, guesses), "r2": measure.r2_score(truth, guesses)}
    average = "binary" if outputs.shape[1] <= 2 else "macro"
    kind = {"average": average, "zero_division": 0.0}
    scores = {
        "accuracy": measure.accuracy_score(targets, guesses),
        "precision": measure.precision_score(targets, guesses, **kind),
        "recall": measure.recall_score(targets, guesses, **kind),
        "f1": measure.f1_score(targets, guesses, **kind),
    }
    return {name: float(value) for name, value in scores.items()}


def predictions_of(outputs: np.ndarray, task: str) -> np.ndarray:
    """Classes (N,) int64, or values: (N,) where there is one output a sample, else as they are."""
    if task == "regression":
        return outputs[:, 0] if outputs.shape[1] == 1 else outputs
    if outputs.shape[1] == 1:
        return (outputs[:, 0] > 0).astype(np.int64)
    return outputs.argmax(1)
