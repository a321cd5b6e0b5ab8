"""Halves of a model: a part of its graph, run step by step with its own modules.

No code is generated: a step is plain data, so a half deep-copies and pickles as any module does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import fx, nn
from torch.fx.node import map_aggregate


@dataclass(frozen=True)
class _Ref:
    """A value made by an earlier step, by number."""

    step: int


ROWS = _Ref(-1)  # how many inputs there are


@dataclass(frozen=True)
class Step:
    """One node of the traced graph. ``done`` lists the values nothing needs any more."""

    number: int
    op: str
    target: str | Callable
    args: tuple
    kwargs: dict
    done: tuple[int, ...] = ()


class Part(nn.Module):
    """One half of a split model: the same modules under the same names, run step by step.

    Trains, deep-copies, pickles and saves as any module; what it shares with the whole model stays
    shared, so training one trains the other.
    """

    def __init__(self, model: nn.Module, steps: list[Step], steps_in_training: list[Step]):
        super().__init__()
        self._steps, self._steps_in_training = steps, steps_in_training
        self.training = model.training
        for step in sorted(steps, key=lambda step: step.op == "get_attr"):
            if step.op in ("call_module", "get_attr"):
                _share(model, self, step.target)

    def forward(self, x: torch.Tensor):
        """Batch in, what the model has at the other side of this half out."""
        values: dict[int, object] = {}
        for step in self._steps_in_training if self.training else self._steps:
            if step.op == "placeholder":
                values[ROWS.step] = len(x)
                values[step.number] = x.clone()  # a layer that works in place must not reach a cached batch
                continue
            args, kwargs = filled((step.args, step.kwargs), _Ref, lambda ref: values[ref.step])
            for number in step.done:
                del values[number]
            if step.op == "output":
                return args[0]
            values[step.number] = call(self, step.op, step.target, args, kwargs)


def call(root: nn.Module, op: str, target, args: tuple, kwargs: dict):
    """Do what one node of a graph does, with the modules and tensors below ``root``."""
    if op == "call_module":
        return root.get_submodule(target)(*args, **kwargs)
    if op == "get_attr":
        return attribute(root, target)
    if op == "call_method":
        return getattr(args[0], target)(*args[1:], **kwargs)
    return target(*args, **kwargs)


def filled(part, kind: type, look: Callable):
    """``part`` with every ``kind`` in it looked up; lists and dicts are new and may be changed by who gets them."""
    if isinstance(part, kind):
        return look(part)
    if isinstance(part, slice):
        return slice(*(filled(x, kind, look) for x in (part.start, part.stop, part.step)))
    if isinstance(part, dict):
        return {key: filled(value, kind, look) for key, value in part.items()}
    if isinstance(part, list):
        return [filled(value, kind, look) for value in part]
    if isinstance(part, tuple):
        values = [filled(value, kind, look) for value in part]
        return type(part)(*values) if hasattr(part, "_fields") else tuple(values)
    return part


def steps_of(
    nodes: list[fx.Node],
    out: fx.Node | None,
    entry: fx.Node | None,
    told: dict[fx.Node, object] | None = None,
) -> list[Step]:
    """Steps for ``nodes``, which end in ``out`` or begin with ``entry`` as the input; unneeded ones left out.
    ``told`` are the constants among what came before."""
    needed, kept = {out} if out else set(), []
    for node in reversed(nodes):
        if node in needed or node.op == "output" or (node.op == "placeholder" and not entry):
            kept.insert(0, node)
            needed |= set(node.all_input_nodes)
    numbers = {node: i for i, node in enumerate([entry, *kept] if entry else kept)}
    steps = [Step(0, "placeholder", "x", (), {})] if entry else []
    told = told or {}
    look = lambda node: told[node] if node in told else _Ref(numbers[node])
    for node in kept:
        args, kwargs = filled((node.args, node.kwargs), fx.Node, look)
        steps.append(Step(numbers[node], node.op, node.target, args, kwargs))
    if out:
        steps.append(Step(len(steps), "output", "output", (_Ref(numbers[out]),), {}))
    return _free_early(steps)


def _free_early(steps: list[Step]) -> list[Step]:
    """Let each value go with its last use, so that a half needs no more memory than the model."""
    seen: set[int] = set()
    freed = []
    for step in reversed(steps):
        used: set[int] = set()
        map_aggregate(
            (step.args, step.kwargs), lambda a, used=used: used.add(a.step) if isinstance(a, _Ref) else a
        )
        done = tuple(sorted(used - seen))
        seen |= used
        freed.insert(0, Step(step.number, step.op, step.target, step.args, step.kwargs, done))
    return freed


def _share(model: nn.Module, part: nn.Module, target: str) -> None:
    """Hang ``model``'s own module, parameter or buffer ``target`` under the same name in ``part``."""
    path, _, last = target.rpartition(".")
    here, there = part, model
    for name in path.split(".") if path else ():
        there = getattr(there, name)
        if name not in here._modules:
            here.add_module(name, nn.Module())
            here._modules[name].training = there.training
        here = here._modules[name]
        if here is there:  # inside a module that is shared as a whole
            return
    value = getattr(there, last)
    if isinstance(value, nn.Module):
        here.add_module(last, value)
    elif isinstance(value, nn.Parameter):
        here.register_parameter(last, value)
    elif last in there._buffers:
        here.register_buffer(last, value, persistent=last not in there._non_persistent_buffers_set)
    else:
        setattr(here, last, value)


def attribute(root: nn.Module, target: str):
    """What a dotted name means below ``root``."""
    for name in target.split("."):
        root = getattr(root, name)
    return root
