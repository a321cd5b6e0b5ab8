"""Find the head of a classifier and put a new one in.

Heads go by many names (``fc``, ``classifier``, ``classifier[-1]``, ``head``, ``heads.head``),
may be a 1x1 convolution (SqueezeNet), may have auxiliary twins (Inception, GoogLeNet) or come
as a pair (distilled DeiT). So nothing here trusts a name table: the model is run once and the
head is the last layer called, if its width is the width of the output.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch
from torch import nn

from ftlib.errors import ModelError
from ftlib.tune.checks import check_counts, check_model
from ftlib.tune.inputs import run_once

_LAYERS = (nn.Linear, nn.Conv2d)


@dataclass(frozen=True)
class Head:
    """The layer or layers that make the logits.

    ``names`` are qualified (``"classifier.1"``), the main head first, auxiliary heads after;
    ``modules`` the layers themselves; ``in_features`` the width of what the main head reads;
    ``num_classes`` the width of the logits.
    """

    names: tuple[str, ...]
    modules: tuple[nn.Module, ...]
    in_features: int
    num_classes: int

    def __str__(self) -> str:
        return f"{', '.join(self.names)}: {self.in_features} features -> {self.num_classes} classes"


def find_head(model: nn.Module, example: torch.Tensor | None = None) -> Head:
    """The head of any classifier: torchvision's, timm's, or your own.

    ``example`` is one batch the model accepts; needed only if the model cannot say what it takes.
    Changes nothing. Raises ModelError, with a list of candidates, if no head is found.

    >>> find_head(nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))).names
    ('2',)
    """
    check_model(model)
    names = _named_by_timm(model) or _last_of_its_width(model, example)
    modules = tuple(model.get_submodule(name) for name in names)
    return Head(names, modules, _width_in(modules[0]), _width_out(modules[0]))


def replace_head(
    model: nn.Module, num_classes: int, *, seed: int | None = None, example: torch.Tensor | None = None
) -> Head:
    """Replace the head, in place, by a fresh one with ``num_classes`` outputs; return what was put in.

    Every head is replaced (auxiliary and distillation heads too), on the same device, in the same
    dtype and kind (Linear or Conv2d), trainable, with PyTorch's default initialisation drawn from
    ``seed`` (None: the global generator). A forward on a dummy batch verifies the new width.
    A timm model built without a head (``num_classes=0``) gets the one timm has for it.
    Give the returned record to ``freeze(model, keep=head)``, and build the optimizer afterwards.

    >>> model = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3))
    >>> print(replace_head(model, 10, seed=0))
    2: 16 features -> 10 classes
    """
    check_model(model)
    check_counts(num_classes=(num_classes, 1), seed=(0 if seed is None else seed, 0))
    num_classes = int(num_classes)  # NumPy's whole numbers count too
    if _can_grow(model):
        return _grow(model, num_classes, seed, example)
    old = find_head(model, example)
    if "" in old.names:
        raise ModelError(
            f"this {type(model).__name__} is itself the head; put it in nn.Sequential to replace it"
        )
    with _drawn_from(seed):
        modules = tuple(_like(module, num_classes) for module in old.modules)
    _put(model, old.names, modules)
    _say_num_classes(model, num_classes)
    try:
        shape = run_once(model, example).output_shape
        if num_classes not in shape[1:]:
            raise ModelError(f"the model returns shape {shape} where {num_classes} classes were expected")
    except ModelError as error:
        _put(model, old.names, old.modules)
        _say_num_classes(model, old.num_classes)
        raise ModelError(
            f"{', '.join(old.names)} of {type(model).__name__} cannot be replaced by the shape of it alone: "
            f"{error} The old head is back; write the new one by hand."
        ) from error
    return Head(old.names, modules, old.in_features, num_classes)


def _can_grow(model: nn.Module) -> bool:
    return getattr(model, "num_classes", None) == 0 and hasattr(model, "reset_classifier")


def _grow(model: nn.Module, num_classes: int, seed: int | None, example: torch.Tensor | None) -> Head:
    """Let timm put a head where it built none; the model is as before if that gives no head."""
    with _drawn_from(seed):
        model.reset_classifier(num_classes)
    try:
        return find_head(model, example)
    except ModelError:
        model.reset_classifier(0)
        raise


@contextmanager
def _drawn_from(seed: int | None) -> Iterator[None]:
    """Random numbers from ``seed``, the global generator put back after; from the global one if None."""
    with torch.random.fork_rng(devices=[], enabled=seed is not None):
        if seed is not None:
            torch.manual_seed(seed)
        yield


def _named_by_timm(model: nn.Module) -> tuple[str, ...]:
    named = (getattr(model, "pretrained_cfg", None) or {}).get("classifier") or ()
    names = (named,) if isinstance(named, str) else tuple(named)
    modules = dict(model.named_modules())
    return names if all(isinstance(modules.get(name), _LAYERS) for name in names) else ()


def _last_of_its_width(model: nn.Module, example: torch.Tensor | None) -> tuple[str, ...]:
    run = run_once(model, example)
    layers = {name: module for name, module in model.named_modules() if isinstance(module, _LAYERS)}
    widths = {1} if len(run.output_shape) == 1 else {run.output_shape[1], run.output_shape[-1]}
    called = [name for name in run.order if model.get_submodule(name)._parameters]
    last = called[-1] if called else ""
    headless = getattr(model, "num_classes", None) == 0
    if headless or last not in layers or _width_out(layers[last]) not in widths:
        raise ModelError(_no_head(model, run.output_shape, [name for name in called if name in layers]))
    width = _width_out(layers[last])
    return (last, *_auxiliary(layers, set(run.order), width))


def _auxiliary(layers: dict[str, nn.Module], called: set[str], width: int) -> list[str]:
    """Heads that only training uses: in each branch never called in eval, the last layer of that width."""
    last_of_branch = {}
    for name, layer in layers.items():
        branch = name.partition(".")[0]
        if branch not in called and name not in called and _width_out(layer) == width:
            last_of_branch[branch] = name
    return list(last_of_branch.values())


def _no_head(model: nn.Module, shape: tuple[int, ...], candidates: list[str]) -> str:
    listed = ", ".join(f"{name} ({_width_out(model.get_submodule(name))})" for name in candidates[-5:])
    return (
        f"no head found in {type(model).__name__}: it returns shape {shape} and the last layer it calls is no "
        f"Linear or Conv2d of that width. Last layers called, with their widths: {listed or 'none'}. "
        "A model built without a head needs one first (timm: replace_head does it); else add your own."
    )


def _like(old: nn.Module, num_classes: int) -> nn.Module:
    """A fresh layer of the old one's kind, device, dtype and mode."""
    kind = {"device": old.weight.device, "dtype": old.weight.dtype, "bias": old.bias is not None}
    if isinstance(old, nn.Conv2d):
        geometry = {key: getattr(old, key) for key in ("stride", "padding", "dilation", "padding_mode")}
        new = nn.Conv2d(old.in_channels, num_classes, old.kernel_size, **geometry, **kind)
    else:
        new = nn.Linear(old.in_features, num_classes, **kind)
    return new.train(old.training)


def _put(model: nn.Module, names: tuple[str, ...], modules: tuple[nn.Module, ...]) -> None:
    for name, module in zip(names, modules, strict=True):
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, module)


def _say_num_classes(model: nn.Module, num_classes: int) -> None:
    """Keep what the model says of itself true."""
    if hasattr(model, "num_classes"):
        model.num_classes = num_classes
    if hasattr(model, "ftlib_info"):
        model.ftlib_info = replace(model.ftlib_info, num_classes=num_classes)


def _width_in(layer: nn.Module) -> int:
    return layer.in_features if isinstance(layer, nn.Linear) else layer.in_channels


def _width_out(layer: nn.Module) -> int:
    return layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels
