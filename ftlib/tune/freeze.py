"""Freeze and unfreeze parts of a model: gradients and training mode together.

``requires_grad = False`` alone leaves BatchNorm averaging and dropout dropping; these verbs set both, and
what they set holds through every later ``model.train()``. Each acts in place and returns a report.
"""

import torch
from torch import nn

from ftlib.tune.inputs import check_filled
from ftlib.tune.regions import region
from ftlib.tune.report import FreezeReport, freeze_report
from ftlib.tune.resting import settle, working
from ftlib.tune.stages import Stage, find_stage, stages


def freeze(model: nn.Module, keep=None) -> FreezeReport:
    """Freeze every parameter of ``model`` except those in ``keep``, in place.

    ``keep`` is a ``Head`` (from ``replace_head`` or ``find_head``), a ``Stage``, a module or parameter of the
    model, the name of one or of a stage, or a list of these; None freezes everything. What is kept becomes
    trainable. Frozen BatchNorm, dropout and the like go to eval and stay there through every later
    ``model.train()``; old gradients of frozen parameters are dropped, so that no optimizer moves them again.

    A parameter shared between a kept and a frozen layer stays trainable: it is one tensor. A BatchNorm of
    which only weight or bias are kept leaves its statistics alone. Dropout right before a kept layer works on.

    Raises ModelError (with the nearest names) when ``keep`` names nothing in the model.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))
    >>> freeze(model, keep="3")
    part  tensors  numbers    share  trains
    ----  -------  -------  -------  ------
    stem        4       56  75.68 %  no
    head        2       18  24.32 %  yes
    frozen:    4 tensors, 56 numbers (75.68 %)
    trainable: 2 tensors, 18 numbers (24.32 %)
    stopped by this call: 4 tensors; started: 0; held in eval: 1 BatchNorm and dropout layers
    >>> model.train()[1].training
    False
    """
    check_filled(model)
    kept = region(model, keep)
    before = _flags(model)
    for parameter in model.parameters():
        _set_trainable(parameter, id(parameter) in kept.parameters)
    settle(model, kept.modules)
    return freeze_report(model, before)


def unfreeze(model: nn.Module, *what) -> FreezeReport:
    """Make ``what`` trainable again, in place: gradients, and BatchNorm and dropout that follow ``train()``.

    ``what`` takes all that ``freeze(keep=...)`` takes; without it the whole model is unfrozen. The layers
    take the mode the model is in now. An optimizer built earlier does not hold the new parameters: build it
    again with ``param_groups(model)``, or use :class:`GradualUnfreezing` inside ``fit``.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    >>> _ = freeze(model)
    >>> unfreeze(model, "1").started
    ('1.weight', '1.bias')
    """
    check_filled(model)
    before = _flags(model)
    opened = region(model, what or model)
    for parameter in model.parameters():
        if id(parameter) in opened.parameters:
            _set_trainable(parameter, True)
    settle(model, opened.modules | working(model))
    return freeze_report(model, before)


def freeze_to(model: nn.Module, stage: str | Stage, *, example: torch.Tensor | None = None) -> FreezeReport:
    """Freeze all stages before ``stage``; from it on, up to the head, everything trains. In place.

    ``stage`` is a name out of ``stages(model)`` (or of a module in one), or a ``Stage`` itself. The first stage unfreezes the whole
    model, ``"head"`` leaves only the head trainable. ``example`` is one batch, for models that cannot say
    what they take in. Raises ModelError with the nearest stage names.
    """
    return freeze(model, keep=stages(model, example)[find_stage(model, stage, example) :])


def unfreeze_next(model: nn.Module) -> FreezeReport:
    """Unfreeze, in place, the stage nearest to the head that is not wholly trainable yet.

    One call a few epochs apart walks from head to stem. When nothing is frozen any more, nothing changes
    and the report's ``started`` is empty. An optimizer built earlier must be told: see ``unfreeze``.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> _ = freeze(model)
    >>> [unfreeze_next(model).started for _ in range(3)]
    [('2.weight', '2.bias'), ('0.weight', '0.bias'), ()]
    """
    stage = next_stage(model)
    return freeze_report(model, _flags(model)) if stage is None else unfreeze(model, stage)


def next_stage(model: nn.Module) -> Stage | None:
    """The ``Stage`` that ``unfreeze_next`` would unfreeze, or None when everything trains."""
    for stage in reversed(stages(model)):
        if not all(p.requires_grad for _, p in stage.parameters(model)):
            return stage
    return None


def _flags(model: nn.Module) -> dict[str, bool]:
    return {name: p.requires_grad for name, p in model.named_parameters()}


def _set_trainable(parameter: nn.Parameter, wanted: bool) -> None:
    if wanted and not (parameter.is_floating_point() or parameter.is_complex()):
        return  # integer weights (quantised layers) cannot have a gradient
    parameter.requires_grad_(wanted)
    if not wanted:
        parameter.grad = None  # an old gradient would let momentum, Adam or weight decay move it again
