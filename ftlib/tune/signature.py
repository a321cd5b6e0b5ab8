"""What a module computes, as one digest: equal digests, equal outputs.

Weights alone do not say it: the same weights under another stride, another ``eps`` or an edited
``forward`` give other outputs. So the digest takes in every parameter and buffer, every module's settings
and hooks, and the code that runs: the methods of its class, what they close over, and the functions and
constants they name. Not the mode, nor which parameters are trainable. Code of Python's own library and of
the packages in ``VERSIONED`` is named only, with the package's version.
"""

import functools
import sys
import types
from dataclasses import fields, is_dataclass
from enum import Enum
from importlib.metadata import version

import numpy as np
import torch
from torch import nn

from ftlib.tune.store import sha256

_MACHINERY = frozenset(vars(nn.Module())) | {"training", "train"}
_PLAIN = (bool, int, float, complex, str, bytes, range, slice, Enum)
_PLAIN += (type(None), type(...), torch.dtype, torch.device, np.generic)
_WRAPPERS = (functools.partial, types.MethodType, staticmethod, classmethod, property, types.SimpleNamespace)
VERSIONED = ("numpy", "timm", "torch", "torchvision")
_GIVEN = {*sys.stdlib_module_names, *VERSIONED}


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
    return sha256([version(name) for name in VERSIONED], _of_module(module, set()))


def _of_module(module: nn.Module, seen: set[int]) -> list:
    seen.update(map(id, module.modules()))
    parts = [(name, _described(_settings(part), seen)) for name, part in module.named_modules()]
    held = {**module.state_dict(), **dict(module.named_parameters()), **dict(module.named_buffers())}
    return [*parts, _described(held, seen)]


def _settings(module: nn.Module) -> list:
    own = {name: value for name, value in vars(module).items() if name not in _MACHINERY}
    hooks = [*module._forward_pre_hooks.values(), *module._forward_hooks.values()]
    return [type(module), module.forward, own, hooks]


def _described(value, seen: set[int]):
    """Plain data that says what ``value`` is and holds no memory address. What was ``seen`` is only named."""
    if isinstance(value, _PLAIN):
        return repr(value)
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return sha256(value)
    if isinstance(value, (list, tuple)):
        return [_described(one, seen) for one in value]
    if isinstance(value, dict):
        return [(_described(key, seen), _described(one, seen)) for key, one in value.items()]
    if isinstance(value, (set, frozenset)):
        return sorted(repr(_described(one, seen)) for one in value)
    if isinstance(value, (types.CodeType, *_WRAPPERS)):
        return _described(_inside(value), seen)
    if id(value) in seen or isinstance(value, types.ModuleType):
        return _name(value)
    if isinstance(value, nn.Module):  # held in a plain list or by a hook, so not registered
        return _of_module(value, seen)
    seen.add(id(value))
    return [_name(value), [] if _is_given(value) else _described(_inside(value), seen)]


def _inside(value) -> list:
    """What decides how a function, a class or any other object behaves."""
    if isinstance(value, types.CodeType):
        return [value.co_code.hex(), value.co_names, value.co_consts]
    if isinstance(value, types.FunctionType):
        held = [cell.cell_contents for cell in value.__closure__ or () if cell != types.CellType()]
        return [value.__code__, value.__defaults__, value.__kwdefaults__, held, _globals_of(value)]
    if isinstance(value, functools.partial):
        return [value.func, value.args, value.keywords]
    if isinstance(value, (types.MethodType, staticmethod, classmethod)):
        return [value.__func__, getattr(value, "__self__", None)]
    if isinstance(value, property):
        return [value.fget]
    if isinstance(value, type):
        return [value.__bases__, {name: one for name, one in vars(value).items() if _counts(name, one)}]
    held = {field.name: getattr(value, field.name) for field in fields(value)} if is_dataclass(value) else {}
    return [type(value), held | getattr(value, "__dict__", {})]


def _counts(name: str, value) -> bool:
    """Whether an attribute of a class may decide what it computes. What ``__init__`` made is looked at itself;
    Python keeps notes of its own (``__slotnames__``) among the rest of such names."""
    return name not in ("__init__", "__annotate__") and (
        isinstance(value, types.FunctionType) or not name.startswith("__")
    )


def _globals_of(function: types.FunctionType) -> dict:
    """The globals a function names, and out of modules among them what it may take from there."""
    found, names = {}, _names(function.__code__)
    for name in names:
        value = function.__globals__.get(name)
        if isinstance(value, types.ModuleType):
            own = {} if _is_given(value) else vars(value)
            found |= {f"{name}.{inner}": own[inner] for inner in names if inner in own}
        else:
            found[name] = value
    return found


def _names(code: types.CodeType) -> list[str]:
    inner = [name for one in code.co_consts if isinstance(one, types.CodeType) for name in _names(one)]
    return [*code.co_names, *inner]


def _is_given(value) -> bool:
    home = value.__name__ if isinstance(value, types.ModuleType) else getattr(value, "__module__", None)
    return str(home).partition(".")[0] in _GIVEN


def _name(value) -> str:
    value = value if isinstance(value, type) or hasattr(value, "__qualname__") else type(value)
    return f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', '')}"
