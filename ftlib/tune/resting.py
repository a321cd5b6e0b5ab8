"""Which modules of a partly frozen model rest in eval, and how they stay there.

``requires_grad = False`` stops the optimizer, not the layer: BatchNorm goes on averaging its
batches and dropout goes on dropping whenever ``model.train()`` is called. A module that *rests*
stays in eval through every later ``train()``. The promise sits on the module itself as an instance
attribute, so it survives ``copy.deepcopy``, ``pickle`` and ``torch.save`` of the whole model.
"""

from functools import partial

from torch import nn


def rest(module: nn.Module) -> None:
    """Put one module (not its children) in eval and keep it there through every later ``train()``."""
    module.train = partial(_stay_eval, module)
    module.training = False


def wake(module: nn.Module, training: bool) -> None:
    """Undo :func:`rest`; the module's mode becomes ``training`` and follows ``train()`` again."""
    if rests(module):
        del module.train
        module.training = training


def rests(module: nn.Module) -> bool:
    """True when :func:`rest` holds this very module in eval."""
    train = module.__dict__.get("train")
    return isinstance(train, partial) and train.func is _stay_eval


def _stay_eval(module: nn.Module, mode: bool = True) -> nn.Module:
    module.training = False
    for child in module.children():  # a head put in later, inside a resting parent, still hears the call
        child.train(mode)
    return module


def keeps_statistics(module: nn.Module) -> bool:
    """True for layers that average their inputs in training mode: BatchNorm of any dimension, synchronised
    or fused with an activation, affine or not, and InstanceNorm that tracks its statistics."""
    return any(name.startswith("running_") for name, held in module._buffers.items() if held is not None)


def working(model: nn.Module) -> set[int]:
    """Ids of the modules holding tensors that learn now, judged by flags and by who rests.

    A module with trainable parameters works, a resting one never does. One with buffers only (BatchNorm
    without weights) works if it was not put to rest; in a model where nothing was, frozen by flags alone,
    it goes with the layer before it, as BatchNorm follows its convolution.
    """
    told = any(rests(module) for module in model.modules())
    found, last = set(), True
    for module in model.modules():
        if not _holds_tensors(module):
            continue
        own = [p.requires_grad for p in module._parameters.values() if p is not None]
        last = not rests(module) and (any(own) if own else told or last)
        if last:
            found.add(id(module))
    return found


def settle(model: nn.Module, opened: set[int]) -> None:
    """Let rest what is frozen and wake the others, given the ids of the ``opened`` modules.

    Parents of something that learns follow ``train()``, as their own code may ask for the mode (auxiliary
    outputs, functional dropout before the head). Everything else rests. Dropout and the like, which hold
    no tensors, rest unless they stand right before or after a layer that learns.
    """
    resting = _resting(model, opened)
    for module in model.modules():
        if id(module) in resting:
            rest(module)
        else:
            wake(module, model.training)


def _resting(model: nn.Module, opened: set[int]) -> set[int]:
    learning = opened | {id(m) for m in model.modules() if _has_trainable(m)}
    resting: set[int] = set()
    neighbours = _neighbours(model)

    def visit(module: nn.Module, inside: bool) -> None:
        if id(module) in opened:
            closed = inside = False
        elif any(id(m) in learning for m in module.modules()):
            closed = keeps_statistics(module)  # only its weight was kept: statistics stay as they are
        else:
            closed = inside or _bears_tensors(module) or not neighbours[id(module)] & learning
            inside = closed
        if closed:
            resting.add(id(module))
        for child in module.children():
            visit(child, inside)

    visit(model, False)
    return resting


def _neighbours(model: nn.Module) -> dict[int, set[int]]:
    """For each module, the ids of the tensor-holding modules registered just before and just after it."""
    order = list(model.modules())
    around: dict[int, set[int]] = {id(m): set() for m in order}
    for walk in (order, order[::-1]):
        last = None
        for module in walk:
            if last is not None:
                around[id(module)].add(last)
            if _holds_tensors(module):
                last = id(module)
    return around


def _holds_tensors(module: nn.Module) -> bool:
    held = [*module._parameters.values(), *module._buffers.values()]
    return any(tensor is not None for tensor in held)


def _bears_tensors(module: nn.Module) -> bool:
    return any(_holds_tensors(m) for m in module.modules())


def _has_trainable(module: nn.Module) -> bool:
    return any(p is not None and p.requires_grad for p in module._parameters.values())
