"""Gradual unfreezing: one stage more every few epochs, from the head towards the stem."""

import torch
from torch import nn

from ftlib.errors import InputError
from ftlib.tune.freeze import next_stage, unfreeze
from ftlib.tune.optim import param_groups
from ftlib.tune.report import FreezeReport


class GradualUnfreezing:
    """A callback for ``fit`` that unfreezes the next stage after every ``every`` epochs.

    The optimizer that ``fit`` builds takes in what was unfrozen, at its one learning rate. An optimizer of
    your own knows nothing of later parameters, so give it here too: each newly unfrozen stage joins it as a
    group of its own, told apart by identity, with a real rate: ``lr`` if given, else ``decay`` times the
    lowest starting rate the optimizer has. Parameters it holds already (an optimizer over
    ``model.parameters()``) are left where they are.

    Schedulers that count the groups when they are built (``LambdaLR``, ``OneCycleLR``, ``CyclicLR``) cannot
    serve a group that comes later, and ``fit`` raises InputError: with these, build the optimizer over all parameters. Frozen ones have no
    gradient, so it passes over them until their turn.

    When ``fit`` trains only the rest of a model from cached features, stages before the cache stay frozen.
    Reports are kept in ``reports``, one for each stage.

    Source of the method: J. Howard, S. Ruder, "Universal Language Model Fine-tuning for Text
    Classification", 2018.

    >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> _ = model.requires_grad_(False)[2].requires_grad_(True)
    >>> optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
    >>> thaw = GradualUnfreezing(model, every=2, optimizer=optimizer)
    >>> for epoch in (1, 2):
    ...     thaw({"epoch": epoch}, model)
    >>> thaw.reports[0].started, [group["lr"] for group in optimizer.param_groups]
    (('0.weight', '0.bias'), [0.1, 0.05, 0.05])
    """

    def __init__(
        self,
        model: nn.Module,
        every: int = 1,
        *,
        optimizer: torch.optim.Optimizer | None = None,
        lr: float | None = None,
        decay: float = 0.5,
    ):
        if isinstance(every, bool) or not isinstance(every, int) or every < 1:
            raise InputError(f"every is {every!r}, expected a whole number of epochs, at least 1")
        if not 0 < decay <= 1 or (lr is not None and not lr > 0):
            raise InputError(f"decay={decay!r}, lr={lr!r}; expected 0 < decay <= 1 and a rate above 0")
        if lr is not None and optimizer is None:
            raise InputError(
                "lr is the rate of new groups in your own optimizer, and none came; pass optimizer= here and to "
                "fit, or leave lr out: the optimizer that fit builds takes new parameters in at fit's lr"
            )
        self.model, self.every, self.optimizer, self.lr, self.decay = model, every, optimizer, lr, decay
        self.reports: list[FreezeReport] = []

    def __call__(self, row: dict, model: nn.Module) -> None:
        """Called by ``fit`` after each epoch with the epoch's row and the model in training."""
        if row["epoch"] % self.every:
            return
        stage = next_stage(self.model)
        if stage is None or not _holds(model, [p for _, p in stage.parameters(self.model)]):
            return
        self.reports.append(unfreeze(self.model, stage))
        if self.optimizer is not None:
            add_unfrozen(self.optimizer, self.model, self.lr or self.decay * lowest_lr(self.optimizer))

    def __repr__(self) -> str:
        return f"GradualUnfreezing(every={self.every}): {len(self.reports)} stages unfrozen so far"


def add_unfrozen(optimizer: torch.optim.Optimizer, model: nn.Module, lr: float) -> int:
    """Add the trainable parameters of ``model`` that ``optimizer`` lacks, by id, as new groups at ``lr``.

    Weights take the highest weight decay in the optimizer, norm and bias none. Returns how many tensors came in.

    >>> model = nn.Linear(2, 2)
    >>> optimizer = torch.optim.SGD([model.weight], lr=0.1)
    >>> add_unfrozen(optimizer, model, lr=0.01), add_unfrozen(optimizer, model, lr=0.01)
    (1, 0)
    """
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    decay = max(group.get("weight_decay", 0.0) for group in optimizer.param_groups)
    added = 0
    for group in param_groups(model, lr, weight_decay=decay):
        new = [p for p in group["params"] if id(p) not in held]
        if new:
            extra = {"weight_decay": group["weight_decay"]} if "weight_decay" in optimizer.defaults else {}
            scheduled = {"initial_lr": lr} if "initial_lr" in optimizer.param_groups[0] else {}
            optimizer.add_param_group({"params": new, "lr": lr, **extra, **scheduled})
            added += len(new)
    return added


def lowest_lr(optimizer: torch.optim.Optimizer) -> float:
    """The lowest rate any group of ``optimizer`` started with, before a scheduler changed it."""
    return min(float(group.get("initial_lr", group["lr"])) for group in optimizer.param_groups)


def _holds(model: nn.Module, parameters: list[nn.Parameter]) -> bool:
    own = {id(p) for p in model.parameters()}
    return all(id(p) in own for p in parameters)
