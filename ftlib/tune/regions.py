"""From what a caller names (a head, stages, modules, names) to the modules and parameters meant."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

import torch
from torch import nn

from ftlib.errors import ModelError
from ftlib.tune.heads import Head
from ftlib.tune.stages import Stage, stages

UNTOLD = (
    " Its stages cannot be told by a made-up batch: call stages(model, example) once, with one batch it takes; "
    "that is remembered."
)


@dataclass
class Region:
    """Modules (with all inside them) and parameters of one model, by id."""

    modules: set[int] = field(default_factory=set)
    parameters: set[int] = field(default_factory=set)

    def add_module(self, module: nn.Module) -> None:
        self.modules.update(id(m) for m in module.modules())
        self.parameters.update(id(p) for p in module.parameters())


def region(model: nn.Module, what) -> Region:
    """The part of ``model`` that ``what`` names: a ``Head``, a ``Stage``, a module or parameter of the model,
    the name of a module, parameter or stage, or any list of these. Raises ModelError with the nearest names.
    """
    found = Region()
    for item in _flatten(what):
        _add(found, model, item)
    return found


def _flatten(what) -> Iterable:
    if isinstance(what, Iterable) and not isinstance(what, str | nn.Module | torch.Tensor):
        for item in what:
            yield from _flatten(item)
    elif what is not None:
        yield what


def _add(found: Region, model: nn.Module, item) -> None:
    if isinstance(item, str):
        _add_name(found, model, item)
    elif isinstance(item, nn.Module):
        _check_own(model, item, model.modules())
        found.add_module(item)
    elif isinstance(item, torch.Tensor):
        _check_own(model, item, model.parameters())
        found.parameters.add(id(item))
    elif isinstance(item, Stage):
        for name in item.modules:
            found.add_module(_module(model, name))
        found.parameters.update(id(p) for _, p in item.parameters(model))
    elif isinstance(item, Head):
        _add_head(found, model, item)
    else:
        raise ModelError(
            f"cannot tell which part of the model {item!r} is; give a Head (from replace_head or find_head), "
            "a Stage (from stages), a module of this model, or a name such as 'layer4'"
        )


def _add_name(found: Region, model: nn.Module, name: str) -> None:
    modules, parameters = dict(model.named_modules()), dict(model.named_parameters(remove_duplicate=False))
    if name and name in modules:
        found.add_module(modules[name])
    elif name in parameters:
        found.parameters.add(id(parameters[name]))
    else:
        stages = {stage.name: stage for stage in stages_or_none(model)}
        if name not in stages:
            untold = "" if stages else UNTOLD
            raise ModelError(unknown_name(model, name, [*modules, *parameters, *stages]) + untold)
        _add(found, model, stages[name])


def _check_own(model: nn.Module, item, own: Iterable) -> None:
    if all(item is not one for one in own):
        raise ModelError(
            f"the {type(item).__name__} given is not part of this {type(model).__name__}; if the layer was "
            "replaced or the model copied since, name it instead, as in keep='fc'"
        )


def _add_head(found: Region, model: nn.Module, head: Head) -> None:
    own = {id(m) for m in model.modules()}
    if all(id(m) in own for m in head.modules):
        for module in head.modules:
            found.add_module(module)
    else:  # the head of a copy: same names
        for name in head.names:
            found.add_module(_module(model, name))


def _module(model: nn.Module, name: str) -> nn.Module:
    try:
        return model.get_submodule(name)
    except AttributeError:
        names = [n for n, _ in model.named_modules()]
        raise ModelError(unknown_name(model, name, names)) from None


def stages_or_none(model: nn.Module) -> tuple[Stage, ...]:
    """``stages(model)``, or an empty tuple for a model whose stages cannot be told."""
    try:
        return stages(model)
    except (
        Exception
    ):  # telling them takes a forward on made-up input, which a foreign model may refuse anyhow
        return ()


def unknown_name(model: nn.Module, name: str, known: Iterable[str]) -> str:
    """The message for a name that ``model`` does not have, with the nearest that it has."""
    known = [k for k in dict.fromkeys(known) if k]
    near = get_close_matches(name, known, n=4, cutoff=0.4) or [k for k in known if "." not in k][:8]
    return (
        f"{type(model).__name__} has no module, parameter or stage named {name!r}; "
        f"nearest: {', '.join(near) or 'none, it has no parts'}. "
        "`[name for name, _ in model.named_modules()]` lists them all."
    )
