"""Cut a model in two at a stage: ``front`` up to it, ``rest`` from it on.

The root's ``forward`` is traced with torch.fx, stages being leaves, so what lies between stages
(pooling, flattening, position embeddings) lands on the right side by itself. Both halves hold the
model's own modules, not copies.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import fx, nn
from torch.fx.node import map_aggregate, map_arg

from ftlib.errors import ModelError
from ftlib.tune.inputs import eval_mode, example_batch
from ftlib.tune.stages import Stage, find_stage, stages


@dataclass(frozen=True)
class _Ref:
    """A value made by an earlier step, by number."""

    step: int


@dataclass(frozen=True)
class _Step:
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

    def __init__(self, model: nn.Module, steps: list[_Step], steps_in_training: list[_Step]):
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
                values[step.number] = x
                continue
            args = map_aggregate(step.args, lambda a: values[a.step] if isinstance(a, _Ref) else a)
            kwargs = map_aggregate(step.kwargs, lambda a: values[a.step] if isinstance(a, _Ref) else a)
            for number in step.done:
                del values[number]
            if step.op == "output":
                return args[0]
            values[step.number] = self._call(step, args, kwargs)

    def _call(self, step: _Step, args: tuple, kwargs: dict):
        if step.op == "call_module":
            return self.get_submodule(step.target)(*args, **kwargs)
        if step.op == "get_attr":
            return _attribute(self, step.target)
        if step.op == "call_method":
            return getattr(args[0], step.target)(*args[1:], **kwargs)
        return step.target(*args, **kwargs)


def split_at(
    model: nn.Module, stage: str | Stage, example: torch.Tensor | None = None
) -> tuple[nn.Module, nn.Module]:
    """Cut ``model`` before ``stage`` (a name from ``stages(model)``, or a module's): (front, rest).

    ``rest(front(x))`` equals ``model(x)`` bit for bit in eval; a dummy batch (``example``, if given)
    verifies it here. At ``"head"``, ``front`` gives pooled features and ``rest`` turns them into logits.
    Both share the model's parameters and buffers, so training ``rest`` trains the model, and
    ``rest.train()`` leaves frozen parts in eval as the model does. A dropout right before the head is
    in ``rest``. Auxiliary heads are in neither. Split after replacing the head: later replacements
    are not seen. Raises ModelError with the stages that work if the model cannot be cut there.
    """
    found = stages(model)
    position = find_stage(model, stage)
    cuts = _cut(model, found, position)
    if isinstance(cuts, str):
        works = [s.name for i, s in enumerate(found) if not isinstance(_cut(model, found, i), str)]
        raise ModelError(
            f"{type(model).__name__} cannot be split at {found[position].name!r}: {cuts}. "
            f"Stages that work: {', '.join(works) or 'none'}."
        )
    front, rest = (Part(model, *steps) for steps in cuts)
    _verify(model, front, rest, example_batch(model) if example is None else example, found[position].name)
    return front, rest


def _cut(model: nn.Module, found: tuple[Stage, ...], position: int):
    """((front's steps, in training), (rest's steps, in training)), or a str that says why not."""
    try:
        evaluating, training = (_trace(model, found, mode) for mode in (False, True))
    except Exception as error:  # fx fails in as many ways as Python has
        return f"its forward cannot be traced ({type(error).__name__}: {str(error).splitlines()[0]})"
    halves = _halves(evaluating, found[position:], position == 0)
    if isinstance(halves, str):
        return halves
    # Only constants such as dropout's training flag may differ; a forward that takes another path
    # in training (auxiliary heads) is held to the path of eval.
    same = [(n.op, n.target) for n in evaluating] == [(n.op, n.target) for n in training]
    return tuple(
        zip(halves, _halves(training, found[position:], position == 0) if same else halves, strict=True)
    )


class _Tracer(fx.Tracer):
    """Looks into the containers that span several stages and into nothing else."""

    def __init__(self, found: tuple[Stage, ...]):
        super().__init__(param_shapes_constant=True)
        modules = [name.split(".") for stage in found for name in stage.modules]
        self.open = {".".join(parts[:i]) for parts in modules for i in range(1, len(parts))}

    def is_leaf_module(self, _module: nn.Module, name: str) -> bool:
        return name not in self.open


def _trace(model: nn.Module, found: tuple[Stage, ...], training: bool) -> list[fx.Node]:
    with eval_mode(model):
        tracer = _Tracer(found)
        for name in ("", *tracer.open):
            model.get_submodule(name).training = training
        return _alive(list(tracer.trace(model, _defaults(model)).nodes))


def _defaults(model: nn.Module) -> dict[str, object]:
    """Every argument of ``forward`` but the first, held at its default."""
    parameters = list(inspect.signature(model.forward).parameters.values())[1:]
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def _alive(nodes: list[fx.Node]) -> list[fx.Node]:
    """The nodes the output needs, and the input: shape asserts and such are left out."""
    needed: set[fx.Node] = set()
    for node in reversed(nodes):
        if node in needed or node.op == "output":
            needed |= {node, *node.all_input_nodes}
    return [nodes[0], *(node for node in nodes[1:] if node in needed and node.op != "placeholder")]


def _halves(nodes: list[fx.Node], later: tuple[Stage, ...], whole: bool):
    """The steps before the first node of a later stage, and from it on; or a str that says why not."""
    first = 1 if whole else next((i for i, node in enumerate(nodes) if _belongs(node, later)), None)
    if first is None:
        return "nothing of it is called in eval"
    fixed = _independent(nodes)
    crossing = _crossing(nodes, first, fixed)
    while first > 1 and (
        _is_dropout(nodes[first - 1]) or (len(crossing) > 1 and _is_plain(nodes[first - 1]))
    ):
        first -= 1
        crossing = _crossing(nodes, first, fixed)
    if len(crossing) != 1:
        return f"{len(crossing)} values cross there ({', '.join(n.name for n in crossing)}) where one can"
    before, after = nodes[:first], nodes[first:]
    again = [n for n in before if n in fixed]
    return _steps(before, crossing[0], None), _steps([*again, *after], None, crossing[0])


def _crossing(nodes: list[fx.Node], first: int, fixed: set[fx.Node]) -> list[fx.Node]:
    """What is made before ``first``, needed from it on, and cannot be made again without the input."""
    needed = {n for node in nodes[first:] for n in node.all_input_nodes}
    return [n for n in nodes[:first] if n in needed and n not in fixed]


def _is_plain(node: fx.Node) -> bool:
    """Arithmetic and indexing between stages, which may run on either side of a cut."""
    return node.op in ("call_function", "call_method")


def _belongs(node: fx.Node, later: tuple[Stage, ...]) -> bool:
    return node.op in ("call_module", "get_attr") and any(stage.owns(node.target) for stage in later)


def _is_dropout(node: fx.Node) -> bool:
    return node.op == "call_function" and node.target in (nn.functional.dropout, torch.dropout)


def _independent(nodes: list[fx.Node]) -> set[fx.Node]:
    """Nodes that no input reaches (position tables, say): either half can make them for itself."""
    fixed: set[fx.Node] = set()
    for node in nodes:
        if node.op not in ("placeholder", "output") and all(n in fixed for n in node.all_input_nodes):
            fixed.add(node)
    return fixed


def _steps(nodes: list[fx.Node], out: fx.Node | None, entry: fx.Node | None) -> list[_Step]:
    """Steps for ``nodes``, which end in ``out`` or begin with ``entry`` as the input; unneeded ones left out."""
    needed, kept = {out} if out else set(), []
    for node in reversed(nodes):
        if node in needed or node.op == "output" or (node.op == "placeholder" and not entry):
            kept.insert(0, node)
            needed |= set(node.all_input_nodes)
    numbers = {node: i for i, node in enumerate([entry, *kept] if entry else kept)}
    steps = [_Step(0, "placeholder", "x", (), {})] if entry else []
    for node in kept:
        args, kwargs = (map_arg(part, lambda n: _Ref(numbers[n])) for part in (node.args, node.kwargs))
        steps.append(_Step(numbers[node], node.op, node.target, args, kwargs))
    if out:
        steps.append(_Step(len(steps), "output", "output", (_Ref(numbers[out]),), {}))
    return _free_early(steps)


def _free_early(steps: list[_Step]) -> list[_Step]:
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
        freed.insert(0, _Step(step.number, step.op, step.target, step.args, step.kwargs, done))
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


def _attribute(root: nn.Module, target: str):
    for name in target.split("."):
        root = getattr(root, name)
    return root


def _verify(model: nn.Module, front: nn.Module, rest: nn.Module, x: torch.Tensor, stage: str) -> None:
    with eval_mode(model), eval_mode(front), eval_mode(rest):
        between = front(x)
        if not isinstance(between, torch.Tensor):
            raise ModelError(
                f"{type(model).__name__} cannot be split at {stage!r}: what crosses there is "
                f"{type(between).__name__}, not a tensor. Split at another stage."
            )
        whole, halves = model(x), rest(between.clone())
    same = torch.utils._pytree.tree_map(torch.equal, whole, halves)
    if not all(torch.utils._pytree.tree_leaves(same)):
        raise ModelError(
            f"{type(model).__name__} split at {stage!r} does not give the model's own output on a dummy batch, "
            "so the halves are refused. Split at another stage, 'head' say."
        )
