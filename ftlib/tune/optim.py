"""Parameter groups with real learning rates: per stage, per layer, and no decay on norm and bias."""

from torch import nn

from ftlib.errors import InputError
from ftlib.tune.inputs import check_filled
from ftlib.tune.regions import UNTOLD, stages_or_none
from ftlib.tune.report import aligned

_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)


class ParamGroups(list):
    """A list of parameter groups, ready for any ``torch.optim`` optimizer, that prints as a table.

    Each group is a dict with ``name``, ``params``, ``lr`` and ``weight_decay``.
    """

    def __str__(self) -> str:
        rows = [("group", "tensors", "numbers", "lr", "decay")]
        for group in self:
            count, numbers = len(group["params"]), sum(p.numel() for p in group["params"])
            decay = f"{group['weight_decay']:g}"
            rows.append((group["name"], f"{count:,}", f"{numbers:,}", f"{group['lr']:.3g}", decay))
        return "\n".join(aligned(rows))

    __repr__ = __str__


def param_groups(
    model: nn.Module,
    lr: float = 1e-3,
    *,
    head_lr: float | None = None,
    layer_decay: float | None = None,
    weight_decay: float = 0.01,
) -> ParamGroups:
    """Exactly the trainable parameters of ``model``, each once, grouped with a real ``lr`` for the optimizer.

    - ``lr`` alone: one rate for all.
    - ``head_lr``: another, usually higher, rate for the head (discriminative learning rates).
    - ``layer_decay`` in (0, 1]: a stage ``k`` steps before the head trains at ``lr * layer_decay**k``.

    ``weight_decay`` is set on weights only: biases, parameters of norm layers and all other vectors
    (``ndim <= 1``) get 0. Parameters are told apart by identity: two layers with equal values are two, one
    tensor shared by two layers is one (at the rate of the first that holds it).

    Raises InputError when nothing is trainable, when a rate is not positive, or when ``head_lr`` or
    ``layer_decay`` is asked of a model whose stages cannot be told.

    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> param_groups(model, 1e-3, weight_decay=0.05)
    group          tensors  numbers     lr  decay
    -------------  -------  -------  -----  -----
    weights              2       48  0.001   0.05
    norm and bias        2       10  0.001      0
    """
    _check(lr=lr, head_lr=head_lr, layer_decay=layer_decay, weight_decay=weight_decay)
    check_filled(model)
    by_stage = head_lr is not None or layer_decay is not None
    rates = _rates(model, lr, head_lr, layer_decay) if by_stage else {}
    plain = _never_decayed(model)
    groups: dict[tuple, dict] = {}
    for parameter in model.parameters():  # each shared tensor comes once
        if parameter.requires_grad:
            stage, rate = rates.get(id(parameter), ("", lr))
            bare = id(parameter) in plain
            group = groups.setdefault((stage, bare), _group(stage, bare, rate, weight_decay))
            group["params"].append(parameter)
    if not groups:
        raise InputError(
            f"no parameter of this {type(model).__name__} is trainable, so there is nothing to optimize; "
            "unfreeze a part first, as in unfreeze(model, 'head') or freeze(model, keep=find_head(model))"
        )
    return ParamGroups(groups.values())


def _group(stage: str, bare: bool, lr: float, weight_decay: float) -> dict:
    name = " ".join(part for part in (stage, "norm and bias" if bare else "weights") if part)
    return {"name": name, "params": [], "lr": lr, "weight_decay": 0.0 if bare else weight_decay}


def _rates(
    model, lr: float, head_lr: float | None, layer_decay: float | None
) -> dict[int, tuple[str, float]]:
    """Stage name and learning rate of each parameter, by id."""
    stages = stages_or_none(model)
    if not stages:
        raise InputError(
            f"head_lr and layer_decay need to know the stages of the model, and those of this "
            f"{type(model).__name__} are not known; use one lr, or write the list of groups yourself.{UNTOLD}"
        )
    rates: dict[int, tuple[str, float]] = {}
    for steps, stage in enumerate(reversed(stages)):
        rate = head_lr if steps == 0 and head_lr is not None else lr * (layer_decay or 1.0) ** steps
        for _, parameter in stage.parameters(model):
            rates[id(parameter)] = (stage.name, rate)
    return rates


def _never_decayed(model: nn.Module) -> set[int]:
    found: set[int] = set()
    for module in model.modules():
        for name, parameter in module._parameters.items():
            if parameter is None:
                continue
            if parameter.ndim <= 1 or name == "bias" or isinstance(module, _NORMS):
                found.add(id(parameter))
    return found


def _check(*, weight_decay: float, **rates: float | None) -> None:
    for name, value in rates.items():
        if isinstance(value, str) or (value is not None and not value > 0):
            raise InputError(f"{name} is {value!r}, expected a number above 0, such as 1e-3")
    if rates["layer_decay"] is not None and rates["layer_decay"] > 1:
        raise InputError(f"layer_decay is {rates['layer_decay']!r}, expected at most 1, such as 0.75")
    if not weight_decay >= 0:
        raise InputError(f"weight_decay is {weight_decay!r}, expected 0 or more")
