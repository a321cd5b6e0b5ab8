"""What freezing changed, as a record that prints as a small table."""

from dataclasses import dataclass, field

from torch import nn

from ftlib.tune.regions import stages_or_none
from ftlib.tune.resting import keeps_statistics, rests


@dataclass(frozen=True)
class Part:
    """One line of the table: a stage or top-level module, its tensors and numbers, and how many learn."""

    name: str
    tensors: int
    numbers: int
    trainable_tensors: int
    trainable_numbers: int


@dataclass(frozen=True, repr=False)
class FreezeReport:
    """What stopped, what started, and what the model holds now.

    ``stopped`` and ``started`` are names of parameters whose ``requires_grad`` changed in this call.
    A *tensor* is one entry of ``model.parameters()``, a *number* one scalar inside it. ``in_eval`` names
    the BatchNorm-like and dropout-like layers that stay in eval through every later ``model.train()``.
    """

    stopped: tuple[str, ...]
    started: tuple[str, ...]
    frozen_tensors: int
    frozen_numbers: int
    trainable_tensors: int
    trainable_numbers: int
    in_eval: tuple[str, ...]
    parts: tuple[Part, ...] = field(default=())

    def __str__(self) -> str:
        return "\n".join([*_table(self.parts), *_summary(self)])

    __repr__ = __str__


def freeze_report(model: nn.Module, before: dict[str, bool]) -> FreezeReport:
    """The report on ``model`` as it is now, given each parameter's ``requires_grad`` before the call."""
    named = dict(model.named_parameters())
    frozen = [p for p in named.values() if not p.requires_grad]
    trainable = [p for p in named.values() if p.requires_grad]
    return FreezeReport(
        stopped=tuple(n for n, p in named.items() if before.get(n, True) and not p.requires_grad),
        started=tuple(n for n, p in named.items() if not before.get(n, True) and p.requires_grad),
        frozen_tensors=len(frozen),
        frozen_numbers=sum(p.numel() for p in frozen),
        trainable_tensors=len(trainable),
        trainable_numbers=sum(p.numel() for p in trainable),
        in_eval=tuple(n for n, m in model.named_modules() if rests(m) and (keeps_statistics(m) or drops(m))),
        parts=_parts(model),
    )


def drops(module: nn.Module) -> bool:
    """True for dropout of any kind and stochastic depth, by the name of the class."""
    name = type(module).__name__.lower()
    return "drop" in name or "stochasticdepth" in name


def _parts(model: nn.Module) -> tuple[Part, ...]:
    groups: dict[str, list] = {}
    seen: set[int] = set()
    stage_lists = [(stage.name, stage.parameters(model)) for stage in stages_or_none(model)]
    top = [(name.split(".")[0], [(name, p)]) for name, p in model.named_parameters()]
    for part, parameters in stage_lists + top:  # what no stage holds is shown under its top-level module
        fresh = [p for _, p in parameters if id(p) not in seen]
        seen.update(id(p) for p in fresh)
        if fresh:
            groups.setdefault(part, []).extend(fresh)
    return tuple(_part(name, parameters) for name, parameters in groups.items())


def _part(name: str, parameters: list) -> Part:
    learns = [p for p in parameters if p.requires_grad]
    return Part(
        name, len(parameters), sum(p.numel() for p in parameters), len(learns), sum(p.numel() for p in learns)
    )


def _table(parts: tuple[Part, ...]) -> list[str]:
    total = sum(part.numbers for part in parts)
    rows = [("part", "tensors", "numbers", "share", "trains")]
    for part in parts:
        state = {0: "no", part.tensors: "yes"}.get(
            part.trainable_tensors, f"{part.trainable_tensors} of {part.tensors} tensors"
        )
        rows.append((part.name, f"{part.tensors:,}", f"{part.numbers:,}", share(part.numbers, total), state))
    return aligned(rows, left=(0, 4))


def _summary(report: FreezeReport) -> list[str]:
    total = report.frozen_numbers + report.trainable_numbers
    return [
        f"frozen:    {report.frozen_tensors:,} tensors, {report.frozen_numbers:,} numbers "
        f"({share(report.frozen_numbers, total)})",
        f"trainable: {report.trainable_tensors:,} tensors, {report.trainable_numbers:,} numbers "
        f"({share(report.trainable_numbers, total)})",
        f"stopped by this call: {len(report.stopped):,} tensors; started: {len(report.started):,}; "
        f"held in eval: {len(report.in_eval):,} BatchNorm and dropout layers",
    ]


def share(part: int, whole: int) -> str:
    """``part`` of ``whole`` in percent, two decimals; 0 and 100 only when nothing and all is meant.

    >>> share(2_562, 3_373_570), share(1, 10**9), share(7, 7)
    ('0.08 %', '<0.01 %', '100 %')
    """
    if whole == 0:
        return "-"
    percent = 100 * part / whole
    if 0 < percent < 0.01:
        return "<0.01 %"
    if 99.99 < percent < 100:
        return ">99.99 %"
    return f"{percent:.0f} %" if part in (0, whole) else f"{percent:.2f} %"


def aligned(rows: list[tuple[str, ...]], left: tuple[int, ...] = (0,)) -> list[str]:
    """Rows of text as lines with aligned columns and a rule under the first; ``left`` columns start left."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]

    def line(row):
        cells = [c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))]
        return "  ".join(cells).rstrip()

    return [line(rows[0]), "  ".join("-" * w for w in widths), *(line(row) for row in rows[1:])]
