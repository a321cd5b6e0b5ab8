"""Prove that freezing holds: run one real training step and compare every tensor bit by bit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import nn

from ftlib.errors import InputError
from ftlib.tune.checks import check_model
from ftlib.tune.inputs import check_filled
from ftlib.tune.resting import working
from ftlib.tune.snapshot import named_buffers, put_back, same_bits


@dataclass(frozen=True, repr=False)
class Proof:
    """What one training step did to the model.

    ``moved``    names of frozen parameters and buffers that changed all the same;
    ``still``    names of trainable parameters that did not change;
    ``by``       for each name in ``moved``, the largest change of one number in it;
    ``reasons``  for each name in ``moved`` and ``still``, the likely reason;
    ``harmless`` the names in ``still`` that no step could have moved (no gradient, or one of zero);
    ``checked``  how many tensors were compared: ``frozen parameters``, ``frozen buffers``,
    ``trainable parameters``.
    """

    moved: tuple[str, ...]
    still: tuple[str, ...]
    by: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    harmless: tuple[str, ...] = ()
    checked: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Nothing frozen moved, something trainable did (where there is any), and none of it was left out."""
        trainable = self.checked.get("trainable parameters", 0)
        learned = trainable == 0 or len(self.still) < trainable
        return not self.moved and learned and set(self.still) <= set(self.harmless)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        frozen = f"{_count(self.checked, 'frozen parameters')} and {_count(self.checked, 'frozen buffers')}"
        trainable = self.checked["trainable parameters"]
        lines = [
            f"{'Proved' if self.ok else 'Not proved'}: one step, every tensor compared bit by bit",
            f"frozen:    {frozen}; {len(self.moved):,} moved",
            *_grouped(self.moved, self.reasons, self.by),
            f"trainable: {trainable:,} parameters; {trainable - len(self.still):,} moved, "
            f"{len(self.still):,} stayed still",
            *_grouped(self.still, self.reasons, {}),
        ]
        return "\n".join(lines)

    __repr__ = __str__


def prove_frozen(
    model: nn.Module,
    step: Callable[[], object],
    optimizer: torch.optim.Optimizer | None = None,
    *,
    restore: bool = True,
) -> Proof:
    """Run ``step()``, one real training step of your own, and compare all tensors of ``model`` bit by bit.

    ``step`` takes nothing; it should do what the training loop does, ``model.train()`` included. Frozen are
    the parameters with ``requires_grad=False`` and the buffers (running statistics) of layers that do not
    train; works on models frozen by any means. With the ``optimizer``, the reason for a trainable tensor
    that stays still is told more exactly.

    With ``restore`` (the default) the model (parameters, buffers, gradients, modes), the optimizer's state
    and torch's random numbers are as before afterwards, also when ``step`` raises. Otherwise the step stays.
    Needs memory for one more copy of the model. Whatever ``step`` raises comes through.

    >>> from torch import nn
    >>> model = nn.Sequential(nn.Linear(2, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    >>> model[:2].requires_grad_(False)[1].training  # the flag alone: BatchNorm stays in training mode
    True
    >>> optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    >>> def step():
    ...     loss = nn.functional.cross_entropy(model(torch.randn(8, 2)), torch.arange(8) % 2)
    ...     loss.backward()
    ...     optimizer.step()
    >>> prove_frozen(model, step, optimizer).moved
    ('1.running_mean', '1.running_var', '1.num_batches_tracked')
    """
    if not callable(step):
        raise InputError(
            f"step is {type(step).__name__}, expected a function without arguments that runs one training step: "
            "prove_frozen(model, lambda: train_one_batch(model, x, y, optimizer))"
        )
    check_model(model, hooks=True)
    check_filled(model)
    before = _look(model)
    with put_back(model, optimizer) if restore else nullcontext(), _gradients_noted(model) as noted:
        step()
        return _judge(before, _values(model), noted, optimizer, model)


@dataclass
class _Seen:
    """One tensor before the step: a copy, what kind it is, and what could make it move."""

    value: torch.Tensor
    kind: str  # "parameter", "buffer" or "trainable"
    old_gradient: bool = False


def _look(model: nn.Module) -> dict[str, _Seen]:
    works, seen = working(model), {}
    for name, parameter in model.named_parameters():
        kind = "trainable" if parameter.requires_grad else "parameter"
        seen[name] = _Seen(parameter.detach().clone(), kind, parameter.grad is not None)
    for name, buffer, owner in named_buffers(model):
        if id(owner) not in works:
            seen[name] = _Seen(buffer.detach().clone(), "buffer")
    return seen


def _values(model: nn.Module) -> dict[str, torch.Tensor]:
    return dict(model.named_parameters()) | {name: buffer for name, buffer, _ in named_buffers(model)}


def _judge(before, after, noted, optimizer, model) -> Proof:
    moved, still, by, reasons, harmless = [], [], {}, {}, []
    for name, seen in before.items():
        now = after.get(name)
        same = now is not None and same_bits(seen.value, now)
        if seen.kind != "trainable" and not same:
            moved.append(name)
            by[name] = _largest_change(seen.value, now)
            reasons[name] = _why_moved(name, seen, now, optimizer, model)
        elif seen.kind == "trainable" and (same or now is None):
            still.append(name)
            reasons[name], could_not = _why_still(noted.get(name), now, optimizer)
            if could_not:
                harmless.append(name)
    kinds = [seen.kind for seen in before.values()]
    checked = {
        "frozen parameters": kinds.count("parameter"),
        "frozen buffers": kinds.count("buffer"),
        "trainable parameters": kinds.count("trainable"),
    }
    return Proof(tuple(moved), tuple(still), by, reasons, tuple(harmless), checked)


def _why_moved(name: str, seen: _Seen, now, optimizer, model) -> str:
    if now is None:
        return "the step took it out of the model"
    if seen.kind == "buffer":
        owner = model.get_submodule(name.rpartition(".")[0])
        layer = type(owner).__name__
        return f"{layer} ran in training mode; freeze(model, keep=...) keeps it in eval through model.train()"
    if seen.old_gradient:
        return "a gradient from before the freeze was still on it; set p.grad = None when freezing"
    if now.requires_grad:
        return "the step set requires_grad back to True"
    if optimizer is not None and id(now) not in _held(optimizer):
        return "the step wrote into it, and not through this optimizer"
    return "the step wrote into it although it has no gradient"


def _why_still(gradient: float | None, now: torch.Tensor | None, optimizer) -> tuple[str, bool]:
    """The likely reason, and whether no optimizer could have moved it."""
    if now is None:
        return "the step took it out of the model", False
    group = None if optimizer is None else _held(optimizer).get(id(now))
    if optimizer is not None and group is None:
        return "the optimizer does not hold it; build the optimizer after replace_head and freeze", False
    if gradient is None:
        return "no gradient reached it: the loss does not depend on it, or backward() was not called", True
    if gradient == 0:
        return "its gradient was exactly zero", True
    if group is None and gradient <= _rounding(now):
        return f"its gradient is next to nothing (at most {gradient:.2g})", True
    if group is None:
        return "it had a gradient, but no optimizer moved it; pass optimizer= to learn more", False
    if group["lr"] == 0:
        return "its learning rate in the optimizer is 0", False
    return f"the step rounds to nothing (gradient at most {gradient:.2g}, lr {float(group['lr']):.2g})", True


def _rounding(tensor: torch.Tensor) -> float:
    """A gradient this small is lost in rounding at a usual rate: that of a bias before BatchNorm, say."""
    return 100 * torch.finfo(tensor.dtype).eps * float(tensor.detach().abs().max())


def _held(optimizer) -> dict[int, dict]:
    return {id(p): group for group in optimizer.param_groups for p in group["params"]}


def _largest_change(was: torch.Tensor, now: torch.Tensor | None) -> float:
    if now is None or was.shape != now.shape:
        return float("nan")
    if was.is_complex():
        was, now = torch.view_as_real(was), torch.view_as_real(now)
    change = (now.detach().double() - was.to(now.device).double()).abs()
    return float(change.max()) if change.numel() else 0.0


@contextmanager
def _gradients_noted(model: nn.Module) -> Iterator[dict[str, float]]:
    """Largest gradient that reached each trainable parameter, noted as it arrives (zero_grad may follow)."""
    noted: dict[str, float] = {}

    def note(name: str, gradient: torch.Tensor) -> None:
        size = float(gradient.detach().abs().max()) if gradient.numel() else 0.0
        noted[name] = max(noted.get(name, 0.0), size)

    hooks = [
        parameter.register_hook(lambda gradient, name=name: note(name, gradient))
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    ]
    try:
        yield noted
    finally:
        for hook in hooks:
            hook.remove()


def _count(checked: dict[str, int], kind: str) -> str:
    return f"{checked[kind]:,} {kind.split()[1]}"


def _grouped(names: tuple[str, ...], reasons: dict[str, str], by: dict[str, float]) -> list[str]:
    """One paragraph a reason: how many tensors, the first few names, and by how much."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(reasons[name], []).append(name)
    lines = []
    for reason, members in groups.items():
        shown = ", ".join(f"{n} by {by[n]:.2g}" if n in by else n for n in members[:3])
        more = f" and {len(members) - 3:,} more" if len(members) > 3 else ""
        lines += [f"  {shown}{more}", f"    {reason}"]
    return lines
