"""What the doors of this room check before they begin: a model, an optimizer, counts, a seed.

Each raises InputError that says what came, what was expected and what to try.
"""

import warnings
from numbers import Integral

import torch
from torch import nn

from ftlib.errors import InputError


def check_model(model, hooks: bool = False) -> None:
    """Raise InputError where ``model`` is no module, or, if ``hooks`` are wanted, one that takes none."""
    if not isinstance(model, nn.Module):
        known = f"; load it first: load_backbone({model!r})" if isinstance(model, str) else ""
        raise InputError(f"model is {type(model).__name__}, expected a torch.nn.Module{known}")
    if hooks and isinstance(model, torch.jit.ScriptModule):
        raise InputError(
            "model is a compiled torch.jit.ScriptModule, which cannot be looked into; give the nn.Module it was made from"
        )


def check_counts(**counts) -> None:
    """Each of ``counts`` is (value, least); raise InputError for the first that is no whole number of at least that."""
    for name, (value, least) in counts.items():
        whole = isinstance(value, Integral) and not isinstance(value, bool)
        if not whole or value < least:
            raise InputError(f"{name} is {value!r}, expected a whole number of at least {least}")


def check_training(loss_fn, optimizer, scheduler, callbacks) -> None:
    """Raise InputError where one of these is not what ``fit`` can call or step."""
    if loss_fn is not None and not callable(loss_fn):
        raise InputError(
            f"loss_fn is {loss_fn!r}, expected a function (outputs, targets) -> scalar such as torch.nn.CrossEntropyLoss()"
        )
    if optimizer is not None and not isinstance(optimizer, torch.optim.Optimizer):
        raise InputError(
            f"optimizer is {optimizer!r}, expected one that is built: torch.optim.AdamW(param_groups(model, lr))"
        )
    if scheduler is not None and not callable(scheduler) and not hasattr(scheduler, "step"):
        raise InputError(
            f"scheduler is {scheduler!r}, expected one, or a function that makes one from the optimizer"
        )
    for callback in callbacks:
        if not callable(callback):
            raise InputError(f"a callback is {callback!r}, expected a function (row, model)")


def check_trainable(model: nn.Module) -> None:
    """Raise InputError where no parameter of the model is trainable."""
    tensors = list(model.parameters())
    if not any(p.requires_grad for p in tensors):
        raise InputError(
            f"nothing to train: all {len(tensors)} parameter tensors are frozen. Unfreeze some, for example "
            "head = replace_head(model, num_classes); freeze(model, keep=head)"
        )


def check_optimizer(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Raise InputError where the optimizer would train nothing; warn where it leaves something out."""
    check_trainable(model)
    left_out = _left_out(model, optimizer)
    trainable = sum(p.requires_grad for p in model.parameters())
    if len(left_out) == trainable:
        raise InputError(
            f"the optimizer holds none of the {trainable} trainable tensors ({_some(left_out)}), so the loss "
            "would stay flat. It was built before they were made: build it after replace_head and freeze, "
            "torch.optim.AdamW(param_groups(model, lr))"
        )
    if left_out:
        warnings.warn(
            f"the optimizer leaves out {len(left_out)} of {trainable} trainable tensors: {_some(left_out)}",
            stacklevel=3,
        )


def _left_out(model, optimizer) -> list[str]:
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    return [name for name, p in model.named_parameters() if p.requires_grad and id(p) not in held]


def _some(names: list[str], shown: int = 3) -> str:
    return ", ".join(names[:shown]) + (", …" if len(names) > shown else "")
