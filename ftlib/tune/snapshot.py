"""Compare tensors bit by bit, and put a model back exactly as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import torch
from torch import nn


def named_buffers(model: nn.Module) -> Iterator[tuple[str, torch.Tensor, nn.Module]]:
    """(qualified name, buffer, module that holds it) of every buffer, those out of the state dict included."""
    for prefix, module in model.named_modules():
        for name, buffer in module._buffers.items():
            if buffer is not None:
                yield f"{prefix}.{name}".lstrip("."), buffer, module


def same_bits(a: torch.Tensor, b: torch.Tensor) -> bool:
    """True when two tensors agree in shape, dtype and every bit (nan equals the same nan, 0.0 is not -0.0)."""
    if a.shape != b.shape or a.dtype != b.dtype or a.device != b.device:
        return False
    a, b = (t.detach().contiguous().reshape(-1).view(torch.uint8) for t in (a, b))
    return torch.equal(a, b)


@contextmanager
def put_back(model: nn.Module, optimizer: torch.optim.Optimizer | None = None) -> Iterator[None]:
    """Leave model, optimizer and torch's random numbers as they came, whatever happens inside.

    Put back are parameters, buffers, gradients, ``requires_grad``, each module's mode, the optimizer's state
    and rates; not the list of modules. Costs memory for one more copy of each.

    >>> layer = nn.Linear(2, 1)
    >>> old = layer.weight.clone()
    >>> with put_back(layer):
    ...     _ = nn.init.zeros_(layer.weight)
    >>> same_bits(layer.weight, old)
    True
    """
    holders = [(m._parameters, dict(m._parameters)) for m in model.modules()]
    holders += [(m._buffers, dict(m._buffers)) for m in model.modules()]
    tensors = {id(t): t for _, held in holders for t in held.values() if t is not None}
    values = {key: t.detach().clone() for key, t in tensors.items()}
    flags = {
        key: (t.requires_grad, t.grad if t.grad is None else t.grad.clone()) for key, t in tensors.items()
    }
    modes = [(m, m.training) for m in model.modules()]
    state = None if optimizer is None else deepcopy(optimizer.state_dict())
    devices = sorted({t.device.index or 0 for t in tensors.values() if t.is_cuda})
    try:
        with torch.random.fork_rng(devices=devices):
            yield
    finally:
        with torch.no_grad():
            for held, names in holders:
                held.update(names)
            for key, tensor in tensors.items():
                if tensor.shape == values[key].shape and tensor.dtype == values[key].dtype:
                    tensor.copy_(values[key])
                else:  # what stood in it was exchanged for something else
                    tensor.data = values[key]
                if tensor.is_leaf:
                    tensor.requires_grad_(flags[key][0])
                    tensor.grad = flags[key][1]
        for module, mode in modes:
            module.training = mode
        if optimizer is not None:
            optimizer.load_state_dict(state)
