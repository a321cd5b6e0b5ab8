"""What a module computes, as one digest: equal digests, equal outputs.

Weights alone do not say it: the same weights under another stride, another ``eps`` or an edited
``forward`` give other outputs. So the digest takes in every parameter and buffer, every module's class,
the code of its ``forward``, its settings and its hooks; not the mode, nor which parameters are trainable.
"""

import functools
import types
from dataclasses import fields, is_dataclass
from itertools import chain

import torch
from torch import nn

from ftlib.tune.store import sha256

_MACHINERY = frozenset(vars(nn.Module())) | {"training", "train"}
_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...), torch.dtype, torch.device)


def signature(module: nn.Module) -> str:
    """A digest of all that decides the module's outputs in eval mode; the same in every process.

    >>> one, two = nn.Linear(2, 2), nn.Linear(2, 2)
    >>> _ = two.load_state_dict(one.state_dict())
    >>> signature(one) == signature(two)
    True
    >>> _ = two.bias.data.add_(1e-6)
    >>> signature(one) == signature(two)
    False
    """
    structure = [(name, _of_module(part)) for name, part in module.named_modules()]
    tensors = chain(module.named_parameters(), module.named_buffers())
    return sha256(structure, *chain.from_iterable((name, _bytes(value)) for name, value in tensors))


def _of_module(module: nn.Module) -> tuple:
    settings = {name: value for name, value in vars(module).items() if name not in _MACHINERY}
    hooks = [*module._forward_pre_hooks.values(), *module._forward_hooks.values()]
    return _described(type(module)), _described(module.forward), _described(settings), _described(hooks)


def _described(value):
    """Plain data that says what ``value`` is and holds no memory address."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, (list, tuple)):
        return [_described(one) for one in value]
    if isinstance(value, dict):
        return [(_described(key), _described(one)) for key, one in value.items()]
    if isinstance(value, (set, frozenset)):
        return sorted(repr(_described(one)) for one in value)
    if isinstance(value, torch.Tensor):
        return sha256(_bytes(value))
    if isinstance(value, functools.partial):
        return _described([value.func, value.args, value.keywords])
    if isinstance(value, types.CodeType):
        return [value.co_code.hex(), value.co_names, _described(value.co_consts)]
    if is_dataclass(value) and not isinstance(value, type):
        return [_name(type(value)), *(_described(getattr(value, field.name)) for field in fields(value))]
    code = getattr(getattr(value, "__func__", value), "__code__", None)
    if code is not None:
        return [_name(value), _described(code)]
    return _name(value if isinstance(value, type) or hasattr(value, "__qualname__") else type(value))


def _name(value) -> str:
    return (
        f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', getattr(value, '__name__', ''))}"
    )


def _bytes(tensor: torch.Tensor):
    tensor = tensor.detach().cpu()
    plain = tensor.numel() and tensor.dtype is not torch.bool
    return (tensor.contiguous().view(torch.uint8) if plain and tensor.ndim else tensor.reshape(-1)).numpy()
