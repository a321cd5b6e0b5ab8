"""The stages of a model, in the order data runs through them, from stem to head."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import nn

from ftlib.errors import ModelError
from ftlib.tune.heads import find_head
from ftlib.tune.inputs import run_once

_NORMS = re.compile(r"^(?!.*Conv).*Norm|^Affine$")


@dataclass(frozen=True)
class Stage:
    """One stage: its name, the qualified names of its modules, and loose parameters it owns.

    ``loose`` are parameters that sit directly on the root or on a container that spans several
    stages (``cls_token``, ``encoder.pos_embedding``).
    """

    name: str
    modules: tuple[str, ...]
    loose: tuple[str, ...] = ()

    def owns(self, name: str) -> bool:
        """Whether a qualified parameter, buffer or module name lies in this stage."""
        return name in self.loose or any(name == m or name.startswith(m + ".") for m in self.modules)

    def parameters(self, model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
        """(qualified name, parameter) of each parameter of this stage, as ``model`` holds them now."""
        return ((name, p) for name, p in model.named_parameters() if self.owns(name))


def stages(model: nn.Module, example: torch.Tensor | None = None) -> tuple[Stage, ...]:
    """The model's stages in the order data passes them; the first is "stem", the last "head".

    Between them: ``blocks.0`` … of EfficientNets and vision transformers, ``layer1`` … ``layer4``
    of ResNets, ``features.1`` … of torchvision's sequentials. Layers without parameters and norms
    go with the stage before them, a dropout right before the head with the head. Each parameter
    lies in one stage. The model is run once on a dummy batch (``example``, if given) to learn the order.

    >>> net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.LazyLinear(2))
    >>> _ = net(torch.zeros(1, 3, 8, 8))
    >>> [stage.name for stage in stages(net, torch.zeros(1, 3, 8, 8))]
    ['stem', 'head']
    """
    head = find_head(model, example).names
    units, trunk = _units(model, "", head)
    units = _in_order(units, run_once(model, example).order, head)
    groups = _groups(model, units, trunk, head)
    found = [Stage(group[0], tuple(group)) for group in groups]
    found[0] = replace(found[0], name="stem") if len(found) > 1 else found[0]
    found[-1] = replace(found[-1], name="head")
    return tuple(_give_loose(model, found))


def find_stage(model: nn.Module, stage: str | Stage, example: torch.Tensor | None = None) -> int:
    """The position of a stage in ``stages(model)``, by its name or by the name of a module in it.

    A name that spans several stages (``"blocks"``) means the first of them. Raises ModelError
    with the names there are.
    """
    found = stages(model, example)
    name = stage.name if isinstance(stage, Stage) else str(stage)
    tests = (lambda s: s.name == name, lambda s: s.owns(name), lambda s: _inside(s.modules[0], name))
    for test in tests:
        for position, candidate in enumerate(found):
            if test(candidate):
                return position
    raise ModelError(
        f"no stage {name!r} in {type(model).__name__}; its stages are {', '.join(s.name for s in found)}"
    )


def _inside(name: str, container: str) -> bool:
    return name == container or name.startswith(container + ".")


def _units(module: nn.Module, prefix: str, head: tuple[str, ...]) -> tuple[list[str], set[str]]:
    """The modules that stages are made of, and which of them are the trunk (the repeated part)."""
    children = [(f"{prefix}{name}", child) for name, child in module.named_children()]
    opened = {name for name, _ in children if any(h.startswith(name + ".") for h in head)}
    closed = [(name, child) for name, child in children if name not in opened and name not in head]
    total = sum(_size(child) for _, child in closed) or 1
    kinds = Counter(_kind(name) for name, child in closed if any(map(_size, child.children())))
    units, trunk = [], set()
    for name, child in children:
        share = _size(child) / total
        alone = kinds[_kind(name)] == 1
        if name in opened or (name not in head and _opens(child, share, alone)):
            inner, inner_trunk = _units(child, name + ".", head)
            units += inner
            trunk |= inner_trunk if name in opened else inner_trunk | _bearing(child, name)
        else:
            units.append(name)
            trunk |= {name} if _is_sequence(child) and not alone and name not in head else set()
    return units, trunk


def _bearing(container: nn.Module, name: str) -> set[str]:
    if not _is_sequence(container):
        return set()
    return {f"{name}.{child}" for child, module in container.named_children() if _size(module)}


def _opens(child: nn.Module, share: float, alone: bool) -> bool:
    """Whether a module is a trunk to be looked into: a lone sequence that weighs, or a wrapper round one."""
    if _is_sequence(child):
        return alone and share >= 0.25
    return alone and share > 0.5 and any(_is_sequence(inner) for inner in child.children())


def _is_sequence(module: nn.Module) -> bool:
    if not isinstance(module, nn.Sequential | nn.ModuleList | nn.ModuleDict):
        return False
    return sum(_size(child) > 0 for child in module.children()) >= 2


def _kind(name: str) -> str:
    return re.sub(r"\d+", "", name.rpartition(".")[2])


def _size(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def _in_order(units: list[str], called: tuple[str, ...], head: tuple[str, ...]) -> list[str]:
    """Units by first call; one that was never called stays behind its predecessor, the head comes last."""
    first: dict[str, int] = {}
    for position, name in enumerate(called):
        for unit in units:
            if _inside(name, unit):
                first.setdefault(unit, position)
    keys, last = {}, -1
    for unit in units:
        last = keys[unit] = first.get(unit, last)
    return sorted((u for u in units if u not in head), key=keys.get) + list(head)


def _groups(model: nn.Module, units: list[str], trunk: set[str], head: tuple[str, ...]) -> list[list[str]]:
    body = [u for u in units if u not in head]
    last = list(head)
    while body and isinstance(model.get_submodule(body[-1]), nn.Dropout):
        last.insert(0, body.pop())
    groups: list[list[str]] = []
    in_stem = any(u in trunk for u in body)
    for unit in body:
        if unit in trunk:
            joins, in_stem = groups and goes_along(model.get_submodule(unit)), False
        else:
            joins = groups and (in_stem or goes_along(model.get_submodule(unit)))
        if joins:
            groups[-1].append(unit)
        else:
            groups.append([unit])
    return [*groups, last]


def goes_along(module: nn.Module) -> bool:
    """Layers that belong to the stage before them: no parameters of their own, or a norm."""
    return _size(module) == 0 or bool(_NORMS.search(type(module).__name__))


def _give_loose(model: nn.Module, found: list[Stage]) -> list[Stage]:
    """Give each parameter that no stage's module holds to the first stage below its owner."""
    loose: dict[int, list[str]] = {}
    for name, _ in model.named_parameters():
        if not any(stage.owns(name) for stage in found):
            owner = name.rpartition(".")[0]
            below = (i for i, s in enumerate(found) if owner and any(_inside(m, owner) for m in s.modules))
            loose.setdefault(next(below, 0), []).append(name)
    return [replace(stage, loose=tuple(loose.get(i, ()))) for i, stage in enumerate(found)]
