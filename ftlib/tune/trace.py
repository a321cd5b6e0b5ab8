"""What a model's forward does between its stages, as a list of nodes (torch.fx)."""

import inspect
from collections.abc import Iterator

import torch
from torch import fx, nn

from ftlib.tune.inputs import eval_mode
from ftlib.tune.parts import attribute
from ftlib.tune.stages import Stage


def trace(model: nn.Module, found: tuple[Stage, ...], training: bool, example: torch.Tensor) -> list[fx.Node]:
    """The nodes of forward in order, stages being one node a module; in eval or in training.

    Only root and containers take the training flag: no module runs in training here. A forward that
    asks for sizes (loops, ``if``) is traced along ``example``, and holds for its height and width.
    """
    with eval_mode(model):
        tracers = [_Tracer(found), _Follower(found, example)]
        for name in ("", *tracers[0].open):
            model.get_submodule(name).training = training
        try:
            graph = tracers[0].trace(model, _defaults(model))
        except Exception:  # a forward can be untraceable in as many ways as it can be written
            with torch.random.fork_rng(devices=[]):
                graph = tracers[1].trace(model, _defaults(model))
    return _alive(list(graph.nodes))


class _Tracer(fx.Tracer):
    """Looks into the containers that span several stages and into nothing else."""

    def __init__(self, found: tuple[Stage, ...]):
        super().__init__(param_shapes_constant=True)
        modules = [name.split(".") for stage in found for name in stage.modules]
        self.open = {".".join(parts[:i]) for parts in modules for i in range(1, len(parts))}

    def is_leaf_module(self, _module: nn.Module, name: str) -> bool:
        return name not in self.open


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


class _Follower(_Tracer):
    """Runs the example along while it traces, and so can answer questions about sizes.

    Questions about the numbers in a tensor stay unanswered: the answer would hold for the example alone.
    """

    def __init__(self, found: tuple[Stage, ...], example: torch.Tensor):
        super().__init__(found)
        self.example, self.values, self.running = example, {}, False

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Known(node, self)

    def create_node(self, kind, target, args, kwargs, name=None, type_expr=None) -> fx.Node:
        node = super().create_node(kind, target, args, kwargs, name, type_expr)
        self.running = True
        try:
            self.values[node] = self._value(node)
        finally:
            self.running = False
        return node

    def _value(self, node: fx.Node):
        args, kwargs = fx.node.map_arg((node.args, node.kwargs), self.values.__getitem__)
        match node.op:
            case "placeholder":
                return args[0] if len(self.values) else self.example.clone()
            case "get_attr":
                return attribute(self.root, node.target)
            case "call_module":
                return self.root.get_submodule(node.target)(*args, **kwargs)
            case "call_method":
                return getattr(args[0], node.target)(*args[1:], **kwargs)
            case "call_function":
                return node.target(*args, **kwargs)

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
        value = self.values[proxy.node]
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
