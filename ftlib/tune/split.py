"""Cut a model in two at a stage: ``front`` up to it, ``rest`` from it on.

The root's ``forward`` is traced with torch.fx, stages being leaves, so what lies between stages
(pooling, flattening, position embeddings) lands on the right side by itself. Both halves hold the
model's own modules, not copies.
"""

import torch
from torch import fx, nn
from torch.utils._pytree import tree_leaves, tree_map

from ftlib.errors import ModelError
from ftlib.tune.inputs import eval_mode, example_batch
from ftlib.tune.parts import Part, steps_of
from ftlib.tune.stages import Stage, find_stage, goes_along, stages
from ftlib.tune.trace import trace


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
    example = example_batch(model) if example is None else example
    graphs = _graphs(model, found, example)
    cut = graphs if isinstance(graphs, str) else _cut(model, *graphs, found, position)
    if isinstance(cut, str):
        raise ModelError(_refusal(model, found, position, graphs, cut))
    front, rest = (Part(model, *steps) for steps in cut)
    if fault := _fault(model, front, rest, torch.cat([example, example[:1]])):
        raise ModelError(_refusal(model, found, position, graphs, fault))
    return front, rest


def boundaries(model: nn.Module, example: torch.Tensor | None = None) -> tuple[str, ...]:
    """The names of the stages that ``split_at`` can cut before, as far as the structure tells."""
    found = stages(model, example)
    graphs = _graphs(model, found, example_batch(model) if example is None else example)
    return () if isinstance(graphs, str) else _works(model, found, graphs)


def _works(model: nn.Module, found: tuple[Stage, ...], graphs) -> tuple[str, ...]:
    cuts = [_cut(model, *graphs, found, i) for i in range(len(found))]
    return tuple(stage.name for stage, cut in zip(found, cuts, strict=True) if not isinstance(cut, str))


def _refusal(model: nn.Module, found: tuple[Stage, ...], position: int, graphs, reason: str) -> str:
    name = found[position].name
    works = () if isinstance(graphs, str) else _works(model, found, graphs)
    others = ", ".join(other for other in works if other != name)
    return (
        f"{type(model).__name__} cannot be split at {name!r}: {reason}. Stages that work: {others or 'none'}."
    )


def _graphs(model: nn.Module, found: tuple[Stage, ...], example: torch.Tensor):
    """What forward does in eval and in training, node by node; or a str that says why it cannot be told."""
    try:
        return trace(model, found, False, example), trace(model, found, True, example)
    except Exception as error:  # whatever a forward may raise when it is traced
        reason = str(error).partition(".")[0].replace("\n", " ")
        return f"its forward cannot be traced ({type(error).__name__}: {reason})"


def _cut(
    model: nn.Module,
    evaluating: list[fx.Node],
    training: list[fx.Node],
    found: tuple[Stage, ...],
    position: int,
):
    """((front's steps, in training), (rest's steps, in training)), or a str that says why not."""
    halves = _halves(model, evaluating, found[position:], position == 0)
    if isinstance(halves, str):
        return halves
    # Only constants such as dropout's training flag may differ; a forward that takes another path
    # in training (auxiliary heads) is held to the path of eval.
    same = [(n.op, n.target) for n in evaluating] == [(n.op, n.target) for n in training]
    in_training = _halves(model, training, found[position:], position == 0) if same else halves
    return tuple(zip(halves, in_training, strict=True))


def _halves(model: nn.Module, nodes: list[fx.Node], later: tuple[Stage, ...], whole: bool):
    """The steps before the first node of a later stage, and from it on; or a str that says why not.

    Where several values cross, the cut moves up over arithmetic, indexing and norms to where one does.
    """
    first = 1 if whole else next((i for i, node in enumerate(nodes) if _belongs(node, later)), None)
    if first is None:
        return "nothing of it is called in eval"
    fixed = _independent(nodes)
    while first > 1 and _is_dropout(nodes[first - 1]):
        first -= 1
    asked = crossing = _crossing(nodes, first, fixed)
    while first > 1 and len(crossing) > 1 and _is_light(model, nodes[first - 1]):
        first -= 1
        crossing = _crossing(nodes, first, fixed)
    if len(crossing) != 1:
        return f"{len(asked)} values cross there ({', '.join(n.name for n in asked)}) where one can"
    before, after = nodes[:first], nodes[first:]
    again = [n for n in before if n in fixed]
    return steps_of(before, crossing[0], None), steps_of([*again, *after], None, crossing[0])


def _crossing(nodes: list[fx.Node], first: int, fixed: set[fx.Node]) -> list[fx.Node]:
    """What is made before ``first``, needed from it on, and cannot be made again without the input."""
    needed = {n for node in nodes[first:] for n in node.all_input_nodes}
    return [n for n in nodes[:first] if n in needed and n not in fixed]


def _is_light(model: nn.Module, node: fx.Node) -> bool:
    """What may run on either side of a cut: arithmetic and indexing, norms, layers without parameters."""
    if node.op == "call_module":
        return goes_along(model.get_submodule(node.target))
    return node.op != "placeholder"


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


def _fault(model: nn.Module, front: nn.Module, rest: nn.Module, x: torch.Tensor) -> str:
    """What is wrong with two halves, run on a batch; nothing if they are the model to the last bit."""
    with eval_mode(model), eval_mode(front), eval_mode(rest):
        between = front(x)
        if not isinstance(between, torch.Tensor):
            return f"what crosses there is {type(between).__name__}, not a tensor"
        if len(between) != len(x):
            return f"{len(x)} inputs cross there as {len(between)} rows, not one a row"
        halves, whole = rest(between), model(x)
    if not all(tree_leaves(tree_map(_same, whole, halves))):
        return "the halves do not give the model's own output on a dummy batch"
    return ""


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Equal to the last bit; NaN equals NaN."""
    return a.shape == b.shape and torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
