"""Cut a model in two at a stage: ``front`` up to it, ``rest`` from it on.

The root's ``forward`` is traced with torch.fx, stages being leaves, so what lies between stages
(pooling, flattening, position embeddings) lands on the right side by itself. Both halves hold the
model's own modules, not copies.
"""

import inspect

import torch
from torch import fx, nn
from torch.utils._pytree import tree_leaves, tree_map

from ftlib.errors import ModelError
from ftlib.tune.inputs import eval_mode, example_batch
from ftlib.tune.parts import Part, steps_of
from ftlib.tune.stages import Stage, find_stage, stages


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
    found = stages(model, example)
    position = find_stage(model, stage, example)
    refusal = f"{type(model).__name__} cannot be split at {found[position].name!r}"
    graphs = _graphs(model, found)
    if isinstance(graphs, str):
        raise ModelError(f"{refusal}: {graphs}.")
    cut = _cut(*graphs, found, position)
    if isinstance(cut, str):
        works = boundaries(model, example)
        raise ModelError(f"{refusal}: {cut}. Stages that work: {', '.join(works) or 'none'}.")
    front, rest = (Part(model, *steps) for steps in cut)
    _verify(model, front, rest, example_batch(model) if example is None else example, refusal)
    return front, rest


def boundaries(model: nn.Module, example: torch.Tensor | None = None) -> tuple[str, ...]:
    """The names of the stages that ``split_at`` can cut before, as far as the structure tells."""
    found = stages(model, example)
    graphs = _graphs(model, found)
    if isinstance(graphs, str):
        return ()
    return tuple(s.name for i, s in enumerate(found) if not isinstance(_cut(*graphs, found, i), str))


def _graphs(model: nn.Module, found: tuple[Stage, ...]):
    """What forward does in eval and in training, node by node; or a str that says why it cannot be told."""
    try:
        return _trace(model, found, training=False), _trace(model, found, training=True)
    except Exception as error:  # a trace fails in as many ways as forward can be written
        reason = str(error).partition(".")[0].replace("\n", " ")
        return f"its forward cannot be traced ({type(error).__name__}: {reason})"


def _cut(evaluating: list[fx.Node], training: list[fx.Node], found: tuple[Stage, ...], position: int):
    """((front's steps, in training), (rest's steps, in training)), or a str that says why not."""
    halves = _halves(evaluating, found[position:], position == 0)
    if isinstance(halves, str):
        return halves
    # Only constants such as dropout's training flag may differ; a forward that takes another path
    # in training (auxiliary heads) is held to the path of eval.
    same = [(n.op, n.target) for n in evaluating] == [(n.op, n.target) for n in training]
    in_training = _halves(training, found[position:], position == 0) if same else halves
    return tuple(zip(halves, in_training, strict=True))


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
    return steps_of(before, crossing[0], None), steps_of([*again, *after], None, crossing[0])


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


def _verify(model: nn.Module, front: nn.Module, rest: nn.Module, x: torch.Tensor, refusal: str) -> None:
    with eval_mode(model), eval_mode(front), eval_mode(rest):
        between = front(x)
        if not isinstance(between, torch.Tensor):
            raise ModelError(f"{refusal}: what crosses there is {type(between).__name__}, not a tensor.")
        if len(between) != len(x):
            raise ModelError(f"{refusal}: {len(x)} inputs cross there as {len(between)} rows, not one a row.")
        halves, whole = rest(between), model(x)
    if not all(tree_leaves(tree_map(_same, whole, halves))):
        raise ModelError(f"{refusal}: the halves do not give the model's own output on a dummy batch.")


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Equal to the last bit; NaN equals NaN."""
    return a.shape == b.shape and torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
