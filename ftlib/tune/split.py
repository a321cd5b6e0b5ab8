"""Cut a model in two at a stage: ``front`` up to it, ``rest`` from it on.

The root's ``forward`` is traced with torch.fx, stages being leaves, so what lies between stages
(pooling, flattening, position embeddings) lands on the right side by itself. Both halves hold the
model's own modules, not copies.
"""

from contextlib import suppress

import torch
from torch import fx, nn
from torch.utils._pytree import tree_leaves, tree_map

from ftlib.errors import ModelError
from ftlib.tune.checks import check_model
from ftlib.tune.inputs import eval_mode, example_batch
from ftlib.tune.parts import ROWS, Part, steps_of
from ftlib.tune.stages import Stage, find_stage, goes_along, stages
from ftlib.tune.trace import trace

_CONSTANTS = (int, float, str, type(None), torch.Size)  # no device: the model may move to another


def split_at(
    model: nn.Module, stage: str | Stage, example: torch.Tensor | None = None
) -> tuple[nn.Module, nn.Module]:
    """Cut ``model`` before ``stage`` (a name from ``stages(model)``, or a module's): (front, rest).

    ``rest(front(x))`` equals ``model(x)`` bit for bit in eval; a dummy batch (``example``, if given)
    verifies it here. At ``"head"``, ``front`` gives pooled features and ``rest`` turns them into logits.
    Both share the model's parameters and buffers, so training ``rest`` trains the model, and
    ``rest.train()`` leaves frozen parts in eval as the model does. A dropout right before the head is
    in ``rest``. Auxiliary heads are in neither. Split after replacing the head: later replacements
    are not seen. Where a model hands sizes on from stage to stage, the cut holds for inputs of the example's
    size. Raises ModelError with the stages that work if the model cannot be cut there.
    """
    check_model(model, hooks=True)
    if hasattr(model, "_orig_mod") or isinstance(model, nn.DataParallel):
        inner = "_orig_mod" if hasattr(model, "_orig_mod") else "module"
        raise ModelError(f"{type(model).__name__} is a wrapper; give the model inside it, model.{inner}")
    found = stages(model, example)
    position = find_stage(model, stage, example)
    example = example_batch(model) if example is None else example
    graphs = _graphs(model, found, example)
    reason = graphs if isinstance(graphs, str) else ""
    if not reason:
        cut = _cut(model, graphs, found, position)
        reason = cut if isinstance(cut, str) else ""
    if not reason:
        front, rest = _parts(model, *graphs, cut)
        reason = _fault(model, front, rest, torch.cat([example, example[:1]]))
    if reason:
        works = [name for name in boundaries(model, example) if name != found[position].name]
        raise ModelError(
            f"{type(model).__name__} cannot be split at {found[position].name!r}: {reason}. "
            f"Stages that work: {', '.join(works) or 'none'}."
        )
    return front, rest


def boundaries(model: nn.Module, example: torch.Tensor | None = None) -> tuple[str, ...]:
    """The names of the stages that ``split_at`` can cut before: where one tensor crosses, a row an input."""
    found = stages(model, example)
    example = example_batch(model) if example is None else example
    graphs = _graphs(model, found, example)
    if isinstance(graphs, str):
        return ()
    cuts = [_cut(model, graphs, found, position) for position in range(len(found))]
    return tuple(
        stage.name
        for stage, cut in zip(found, cuts, strict=True)
        if not isinstance(cut, str) and not _misfit(cut[1].meta["value"], example)
    )


def _graphs(model: nn.Module, found: tuple[Stage, ...], example: torch.Tensor):
    """What forward does in eval and in training, node by node; or a str that says why it cannot be told.

    Only constants such as dropout's training flag may differ; a forward that takes another path in training
    (auxiliary heads, which may need larger pictures) is held to the path of eval. The second is traced with one
    input more than the first, so that the two tell what depends on the number of inputs.
    """
    longer = torch.cat([example, example[:1]])
    try:
        evaluating, training = trace(model, found, False, example), []
        with suppress(Exception):
            training = trace(model, found, True, longer)
        if _acts(evaluating) != _acts(training):
            training = trace(model, found, False, longer)
    except Exception as error:  # whatever a forward may raise when it is traced
        reason = str(error).partition(".")[0].replace("\n", " ")
        return f"its forward cannot be traced ({type(error).__name__}: {reason})"
    if _acts(evaluating) != _acts(training):
        return "what its forward does depends on the number of inputs"
    return evaluating, training


def _acts(nodes: list[fx.Node]) -> list[tuple]:
    return [(node.op, node.target) for node in nodes]


def _cut(model: nn.Module, graphs, found: tuple[Stage, ...], position: int):
    """(where to cut, the node that crosses there), or a str that says why the model cannot be cut there.

    The cut lies before the first node of the stage. Where several values cross, it moves up over
    arithmetic, indexing and norms to where one tensor does. Where there is no such place, sizes and other
    constants may cross as well: the later half can make them for itself.
    """
    nodes, later = graphs[0], found[position:]
    first = 1 if position == 0 else next((i for i, node in enumerate(nodes) if _belongs(node, later)), None)
    if first is None:
        return "nothing of it is called in eval"
    fixed = _independent(nodes)
    while first > 1 and _is_dropout(nodes[first - 1]):
        first -= 1
    where, crossing = _highest(model, nodes, first, fixed)
    if not _is_one_tensor(crossing):
        where, crossing = _highest(model, nodes, first, fixed | {nodes[i] for i in _constants(*graphs)})
    if _is_one_tensor(crossing):
        return where, crossing[0]
    asked = _crossing(nodes, first, fixed)
    if len(crossing) == 1:
        return f"what crosses there is {type(crossing[0].meta['value']).__name__}, not a tensor"
    return f"{len(asked)} values cross there ({', '.join(n.name for n in asked)}) where one can"


def _highest(model: nn.Module, nodes: list[fx.Node], first: int, known: set[fx.Node]):
    """(where, what crosses there): the first place at ``first`` or above it where one tensor crosses, or the last
    that may be looked at."""
    while True:
        crossing = _crossing(nodes, first, known)
        if _is_one_tensor(crossing) or first <= 1 or not _is_light(model, nodes[first - 1]):
            return first, crossing
        first -= 1


def _is_one_tensor(crossing: list[fx.Node]) -> bool:
    return len(crossing) == 1 and isinstance(crossing[0].meta["value"], torch.Tensor)


def _constants(evaluating: list[fx.Node], training: list[fx.Node]) -> dict[int, object]:
    """By position, the values without a tensor in them: one that is the same for any number of inputs, or
    ``ROWS`` where it is that number."""
    rows = (len(evaluating[0].meta["value"]), len(training[0].meta["value"]))
    found: dict[int, object] = {}
    for i, pair in enumerate(zip(evaluating, training, strict=True)):
        one, other = (node.meta["value"] for node in pair)
        if all(isinstance(leaf, _CONSTANTS) for leaf in tree_leaves((one, other))):
            if one == other:
                found[i] = one
            elif (one, other) == rows:
                found[i] = ROWS
    return found


def _parts(model: nn.Module, evaluating: list[fx.Node], training: list[fx.Node], cut: tuple[int, fx.Node]):
    """The two halves, each with its steps in eval and in training."""
    where, entry = cut
    constants, halves = _constants(evaluating, training), []
    for nodes in (evaluating, training):
        crossing, fixed = nodes[evaluating.index(entry)], _independent(nodes)
        again = [node for node in nodes[:where] if node in fixed]
        told = {nodes[i]: v for i, v in constants.items() if i < where and nodes[i] not in fixed}
        front = steps_of(nodes[:where], crossing, None)
        halves.append((front, steps_of(again + nodes[where:], None, crossing, told)))
    return [Part(model, *steps) for steps in zip(*halves, strict=True)]


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
        try:
            between = front(x)
            if misfit := _misfit(between, x):
                return misfit
            halves = rest(between)
        except Exception as error:  # whatever a module may raise
            return f"a half does not run on {len(x)} inputs ({type(error).__name__}: {error})"
        whole = model(x)
    if not all(tree_leaves(tree_map(_same, whole, halves))):
        return "the halves do not give the model's own output on a dummy batch"
    return ""


def _misfit(between, x: torch.Tensor) -> str:
    if not isinstance(between, torch.Tensor):
        return f"what crosses there is {type(between).__name__}, not a tensor"
    if len(between) != len(x):
        return f"{len(x)} inputs cross there as {len(between)} rows, not one a row"
    return ""


def _same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Equal to the last bit; NaN equals NaN."""
    return a.shape == b.shape and torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
