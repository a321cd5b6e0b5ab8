"""What a model takes in, and one look at how it runs.

Finding a head, ordering stages and checking a split all need the same thing: a
batch the model accepts, run once in eval mode, with every mode put back after.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary, ref

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from ftlib.errors import ModelError
from ftlib.tune.checks import check_model


@dataclass(frozen=True)
class Run:
    """One eval-mode forward: module names in the order first called, and the output's shape."""

    order: tuple[str, ...]
    output_shape: tuple[int, ...]


_runs: "WeakKeyDictionary[nn.Module, tuple[tuple, tuple, Run]]" = WeakKeyDictionary()


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Everything in eval and without gradients inside; each module's own mode is put back after.

    The flags are set one by one: ``model.eval()`` would go through ``train()``, which frozen
    parts answer in their own way.
    """
    modes = [(module, module.training) for module in model.modules()]
    try:
        for module, _ in modes:
            module.training = False
        with torch.no_grad():
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def input_shape(model: nn.Module) -> tuple[int, ...]:
    """The shape of one input without the batch dimension: (3, 224, 224), or (in_features,) for a plain MLP.

    Taken from what the model says of itself (``ftlib_info``, timm's ``pretrained_cfg``,
    torchvision's ``image_size``), else from its first layer.
    """
    info = getattr(model, "ftlib_info", None)
    if info is not None:
        return tuple(info.input_size)
    cfg = getattr(model, "pretrained_cfg", None)
    if cfg and cfg.get("input_size"):
        return tuple(cfg["input_size"])
    first = next((m for m in model.modules() if isinstance(m, nn.Linear | nn.Conv1d | nn.Conv2d)), None)
    if isinstance(first, nn.Linear):
        return (first.in_features,)
    if isinstance(first, nn.Conv2d):
        size = getattr(model, "image_size", 299 if type(model).__name__ == "Inception3" else 224)
        return (first.in_channels, size, size)
    raise ModelError(
        f"cannot tell what {type(model).__name__} takes in: it has no Linear or Conv2d layer first. "
        "Pass example=, one batch it accepts."
    )


def example_batch(model: nn.Module, n: int = 2) -> torch.Tensor:
    """A float batch (n, *input_shape) on the model's device; the same numbers every time, global RNG untouched."""
    home = next(model.parameters(), torch.zeros(()))
    noise = torch.randn((n, *input_shape(model)), generator=torch.Generator().manual_seed(0))
    return noise.to(home.device, home.dtype)


def first_tensor(output) -> torch.Tensor:
    """The logits in what a model returns: the tensor itself, ``.logits``, or the first of a tuple or dict."""
    if isinstance(output, torch.Tensor):
        return output
    if hasattr(output, "logits"):
        return output.logits
    values = list(output.values()) if isinstance(output, dict) else output
    if isinstance(values, list | tuple) and values:
        return first_tensor(values[0])
    raise ModelError(f"the model returned {type(output).__name__}, expected a tensor, a tuple or .logits")


def check_filled(model: nn.Module) -> None:
    """Raise InputError where ``model`` is no module, ModelError where a lazy layer of it has no weights yet.

    A made-up batch would settle the width of such a layer for good.
    """
    check_model(model)
    lazy = [name for name, p in model.named_parameters() if is_lazy(p)]
    if lazy:
        raise ModelError(
            f"{lazy[0]} of this {type(model).__name__} has no shape yet (a lazy layer); run one real batch "
            "through the model first: model(x)"
        )


def run_once(model: nn.Module, example: torch.Tensor | None = None) -> Run:
    """Run one example in eval mode and note which modules were called, in order.

    The note is kept as long as the model keeps its modules (told by weak references: an id may be used again
    once its module is gone), so asking again is free.
    """
    signature = tuple((name, ref(module)) for name, module in model.named_modules())
    kept, shape, run = _runs.get(model, (None, None, None))
    if kept == signature and (example is None or tuple(example.shape[1:]) == shape):
        return run
    example = example_batch(model, 1) if example is None else example
    run = _run(model, example)
    _runs[model] = (signature, tuple(example.shape[1:]), run)
    return run


def _run(model: nn.Module, example: torch.Tensor) -> Run:
    check_filled(model)
    called: dict[str, None] = {}
    hooks = [
        module.register_forward_pre_hook(lambda _m, _x, name=name: called.setdefault(name))
        for name, module in model.named_modules()
    ]
    try:
        with eval_mode(model):
            output = first_tensor(model(example))
    except Exception as error:  # whatever a forward may raise at a batch it was not made for
        raise ModelError(
            f"{type(model).__name__} does not run on a batch of shape {tuple(example.shape)}: {error}. "
            "Pass example=, one batch it accepts; stages(model, example) once is enough, it is remembered."
        ) from error
    finally:
        for hook in hooks:
            hook.remove()
    return Run(tuple(called), tuple(output.shape))
