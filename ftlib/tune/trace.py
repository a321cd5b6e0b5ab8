"""What a model's forward does between its stages, as a list of nodes (torch.fx)."""

import inspect
from collections.abc import Iterator

import torch
from torch import fx, nn

from ftlib.tune.inputs import eval_mode
from ftlib.tune.parts import call, filled
from ftlib.tune.stages import Stage


def trace(model: nn.Module, found: tuple[Stage, ...], training: bool, example: torch.Tensor) -> list[fx.Node]:
    """The nodes of forward in order, stages being one node a module; in eval or in training.

    ``example`` runs along, and each node's ``meta["value"]`` is what it had there. Only root and containers
    take the training flag: no module runs in training here. A forward that asks for sizes (``if``, loops)
    is traced for those of the example.
    """
    tracer = _Tracer(found, example)
    with eval_mode(model), torch.random.fork_rng(devices=[]):
        for name in ("", *tracer.open):
            model.get_submodule(name).training = training
        graph = tracer.trace(model, _defaults(model))
    return _alive(list(graph.nodes))


class _Answers:
    """A proxy whose value is known while tracing, so that it may serve as a length or a number."""

    def __len__(self) -> int:
        return len(self.tracer.plain(self, "its length"))

    def __index__(self) -> int:
        return self.tracer.plain(self, "its value").__index__()

    def __float__(self) -> float:
        return float(self.tracer.plain(self, "its value"))


class _Known(_Answers, fx.Proxy):
    def __getattr__(self, name: str) -> "_KnownAttribute":
        return _KnownAttribute(self, name)


class _KnownAttribute(_Answers, fx.proxy.Attribute):
    pass


class _Tracer(fx.Tracer):
    """Looks into the containers that span several stages and into nothing else, and runs the example along.

    So it can answer questions about sizes. Questions about the numbers in a tensor stay unanswered: the
    answer would hold for the example alone.
    """

    def __init__(self, found: tuple[Stage, ...], example: torch.Tensor):
        super().__init__(param_shapes_constant=True)
        modules = [name.split(".") for stage in found for name in stage.modules]
        self.open = {".".join(parts[:i]) for parts in modules for i in range(1, len(parts))}
        self.example, self.inputs, self.running = example, 0, False

    def is_leaf_module(self, _module: nn.Module, name: str) -> bool:
        return name not in self.open

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Known(node, self)

    def create_node(self, kind, target, args, kwargs, name=None, type_expr=None) -> fx.Node:
        node = super().create_node(kind, target, args, kwargs, name, type_expr)
        self.running = True
        try:
            node.meta["value"] = self._value(node)
        finally:
            self.running = False
        return node

    def _value(self, node: fx.Node):
        args, kwargs = filled((node.args, node.kwargs), fx.Node, lambda n: n.meta["value"])
        if node.op == "placeholder":
            self.inputs += 1
            return self.example.clone() if self.inputs == 1 else args[0]
        return None if node.op == "output" else call(self.root, node.op, node.target, args, kwargs)

    def create_proxy(self, *args, **kwargs):
        """A proxy, but None for None: nothing can answer ``is None`` for it."""
        proxy = super().create_proxy(*args, **kwargs)
        return None if proxy.node.meta["value"] is None else proxy

    def call_module(self, module, forward, args, kwargs):
        return (
            forward(*args, **kwargs) if self.running else super().call_module(module, forward, args, kwargs)
        )

    def getattr(self, attr, value, cache):
        return value if self.running else super().getattr(attr, value, cache)

    def to_bool(self, proxy: fx.Proxy) -> bool:
        return bool(self.plain(proxy, "whether it is true"))

    def iter(self, proxy: fx.Proxy) -> Iterator[fx.Proxy]:
        return iter([proxy[i] for i in range(len(self.plain(proxy, "its items")))])

    def plain(self, proxy: fx.Proxy, question: str):
        """The value of what is no tensor."""
        value = proxy.node.meta["value"]
        if isinstance(value, torch.Tensor):
            raise fx.proxy.TraceError(f"forward asks of a tensor {question}")
        return value


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
