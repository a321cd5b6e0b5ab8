"""What freezing saves: real step times and the bytes a training step must keep, stage by stage.

``measure_freezing`` gives a plain dict of numbers, ready for JSON and for
``ftlib.measure.FreezeExplorer``, which draws it without torch.
"""

import time
from copy import deepcopy

import torch
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from ftlib.errors import InputError, ModelError
from ftlib.tune.checks import check_model
from ftlib.tune.device import device_for
from ftlib.tune.freeze import freeze_to
from ftlib.tune.split import split_at
from ftlib.tune.stages import stages

TENSORS_KEPT_BY_ADAMW = 3  # gradient, running mean, running square: each as large as the parameter


def measure_freezing(
    model: nn.Module, batch=None, *, steps: int = 5, name: str | None = None, device=None
) -> dict:
    """Measure one AdamW training step for every place where freezing can end.

    Args:
        model: a classifier; it is copied, and left as it came.
        batch: images (N, 3, H, W), default 16 random ones at 128 px; the labels are made up,
            because neither time nor memory depends on them.
        steps: timed steps for each boundary, taken in turns, after one to warm up. The fastest counts:
            what other programs take of the machine can only make a step slower.
        name: what to call the model in the record.
        device: default CUDA, else MPS, else CPU.

    Returns a dict: ``model``, ``device``, ``threads``, ``batch`` (shape), ``stages`` (name, tensors, numbers)
    and ``boundaries``, one for each stage, "all before it is frozen": ``train_from``, ``frozen_stages``,
    ``trainable_numbers``, ``step_ms``, ``cached_step_ms`` (the frozen part's output stored, so that only
    the rest runs; None where the model cannot be cut), ``saved_bytes`` (activations that autograd keeps from
    forward to backward), ``optimizer_bytes`` (gradients and AdamW's two states) and ``peak_bytes``
    (the device's own peak, on CUDA only).

    >>> from torch import nn
    >>> net = nn.Sequential(nn.Flatten(), nn.Linear(48, 8), nn.Linear(8, 2))
    >>> record = measure_freezing(net, torch.zeros(4, 3, 4, 4), steps=1, device="cpu")
    >>> record["boundaries"][0]["trainable_numbers"], record["boundaries"][-1]["trainable_numbers"]
    (410, 18)
    """
    if steps < 1:
        raise InputError(f"steps={steps}; one timed step a boundary is the least, more are steadier.")
    check_model(model, hooks=True)
    device = device_for(device)
    batch = torch.randn(16, 3, 128, 128) if batch is None else torch.as_tensor(batch)
    model, batch = deepcopy(model).to(device), batch.to(device)
    found = stages(model, batch[:2])
    parts = [
        {"name": s.name, "tensors": len(p), "numbers": sum(v.numel() for _, v in p)}
        for s in found
        for p in [list(s.parameters(model))]
    ]
    boundaries = [_boundary(model, batch, i, stage) for i, stage in enumerate(found)]
    _time_in_turns(boundaries, ("step_ms", "cached_step_ms"), steps)
    return {
        "model": name or type(model).__name__,
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "threads": torch.get_num_threads(),
        "batch": list(batch.shape),
        "steps": steps,
        "stages": parts,
        "boundaries": boundaries,
    }


def saved_bytes(model: nn.Module, forward) -> int:
    """Bytes of activations that autograd holds after ``forward()``, for the backward pass.

    Each storage counts once; parameters and buffers do not count, they are there anyway.
    """
    own = {tensor.untyped_storage().data_ptr() for tensor in [*model.parameters(), *model.buffers()]}
    held: dict[int, int] = {}

    def keep(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            held[storage.data_ptr()] = max(storage.nbytes(), held.get(storage.data_ptr(), 0))
        return tensor

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        _loss = forward()  # kept, or its graph and all it holds would be freed on the way
    return sum(held.values())


def _boundary(model: nn.Module, batch, frozen: int, stage) -> dict:
    """All numbers of one boundary but the times; in their places stand the steps to be timed."""
    model = deepcopy(model)
    freeze_to(model, stage)
    trainable = [p for p in model.parameters() if p.requires_grad]
    step, forward = _step(model, batch, trainable)
    return {
        "train_from": stage.name,
        "frozen_stages": frozen,
        "trainable_tensors": len(trainable),
        "trainable_numbers": sum(p.numel() for p in trainable),
        "step_ms": step,
        "cached_step_ms": _cached_step(model, batch, stage, trainable) if frozen else None,
        "saved_bytes": saved_bytes(model, forward),
        "optimizer_bytes": TENSORS_KEPT_BY_ADAMW * sum(p.numel() * p.element_size() for p in trainable),
        "peak_bytes": _peak(step, batch.device),
    }


def _cached_step(model: nn.Module, batch, stage, trainable):
    try:
        front, rest = split_at(model, stage, batch[:2])
    except ModelError:
        return None
    front.eval()
    with torch.no_grad():
        return _step(rest, front(batch), trainable)[0]


def _step(model: nn.Module, x, trainable):
    """(a whole training step, its forward pass alone), two functions without arguments.

    The rate is zero, so that many steps on random images cannot diverge; the work is the same.
    """
    optimizer = torch.optim.AdamW(trainable, lr=0.0)
    model.train()

    def forward():
        out = model(x)
        out = out if isinstance(out, torch.Tensor) else out[0]
        return out.float().square().mean()

    def step():
        optimizer.zero_grad(set_to_none=True)
        forward().backward()
        optimizer.step()
        if x.is_cuda:
            torch.cuda.synchronize(x.device)

    return step, forward


def _peak(step, device) -> int | None:
    step()
    if device.type != "cuda":
        return None
    torch.cuda.reset_peak_memory_stats(device)
    step()
    return torch.cuda.max_memory_allocated(device)


def _time_in_turns(boundaries: list[dict], keys, steps: int) -> None:
    """Replace each step by its milliseconds, in place."""
    places = [(b, key) for b in boundaries for key in keys if b[key] is not None]
    times: dict[int, list[float]] = {i: [] for i in range(len(places))}
    for _ in range(steps + 1):
        for i, (boundary, key) in enumerate(places):
            started = time.perf_counter()
            boundary[key]()
            times[i].append(time.perf_counter() - started)
    for i, (boundary, key) in enumerate(places):
        boundary[key] = round(1000 * min(times[i][1:]), 3)
