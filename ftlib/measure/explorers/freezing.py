"""FreezeExplorer: choose what to freeze; see trainable numbers, step time and memory."""

import json
from importlib.resources import files
from pathlib import Path

from ftlib.errors import InputError
from ftlib.measure.explorers import svg
from ftlib.measure.explorers.base import LABEL, Explorer, row, widgets
from ftlib.measure.explorers.parts import Numbers, Panel, View

RECORDED = "freezing_efficientnet_lite0.json"
NEEDED = {"model", "stages", "boundaries"}


class FreezeExplorer(Explorer):
    """Move the line between frozen and trained stages, and see what a training step then costs.

    ``record`` is a dict (or the path of a JSON file) as ``ftlib.tune.freeze_cost.measure_freezing``
    gives: numbers measured beforehand, so that nothing needs torch here. Without it a recorded
    measurement of EfficientNet-Lite0 is shown; machine and command are named under the picture.

    >>> explorer = FreezeExplorer()
    >>> explorer.frozen = 9
    >>> explorer.boundary["train_from"], explorer.boundary["trainable_numbers"]
    ('head', 2562)

    Raises InputError for a record that lacks what is needed.
    """

    title = "What does freezing save?"
    lead = (
        "Stages before the line are frozen: the gradient stops there, so nothing before it is kept for "
        "the backward pass or updated. The forward pass still runs through all of them, unless their output is stored."
    )

    def __init__(self, record=None, *, frozen=None, cached=False):
        self.record = read_record(record)
        self._names = [stage["name"] for stage in self.record["stages"]]
        last = len(self._names) - 1
        self._slider = widgets.IntSlider(
            value=last if frozen is None else min(max(frozen, 0), last),
            min=0,
            max=last,
            description="Stages frozen",
            style=LABEL,
            layout=widgets.Layout(width="auto", max_width="640px"),
        )
        self._cached = widgets.Checkbox(
            value=cached,
            description="store the frozen part’s output once, and train the rest from it",
            indent=False,
            layout=widgets.Layout(width="auto"),
        )
        for control in (self._slider, self._cached):
            control.observe(self.redraw, "value")
        super().__init__([self._slider, row(self._cached)])

    @property
    def frozen(self) -> int:
        """How many stages, from the stem on, are frozen; set it to move the slider."""
        return self._slider.value

    @frozen.setter
    def frozen(self, count: int) -> None:
        self._slider.value = count

    @property
    def cached(self) -> bool:
        """Whether the frozen part's output is taken from store."""
        return self._cached.value

    @cached.setter
    def cached(self, wanted: bool) -> None:
        self._cached.value = wanted

    @property
    def boundary(self) -> dict:
        """What was measured at the present line."""
        return self.record["boundaries"][self.frozen]

    def step_ms(self, frozen: int | None = None) -> float:
        """Milliseconds of one training step at a line (default: the present one)."""
        return self._steps()[self.frozen if frozen is None else frozen]

    def memory_bytes(self, frozen: int | None = None) -> int:
        """Bytes a step keeps at a line: activations for the backward pass, gradients, AdamW's state."""
        boundary = self.record["boundaries"][self.frozen if frozen is None else frozen]
        return boundary["saved_bytes"] + boundary["optimizer_bytes"]

    def view(self) -> View:
        now, total = self.boundary, sum(stage["numbers"] for stage in self.record["stages"])
        share, full = now["trainable_numbers"] / total, self.step_ms(0)
        what = "Nothing is frozen" if not self.frozen else f"Frozen up to {self._names[self.frozen - 1]}"
        faster = f" ({full / self.step_ms():.3g}× as fast as training all)" if self.frozen else ""
        say = (
            f"{what}: {now['trainable_numbers']:,} of {total:,} numbers train ({share:.2%}), "
            f"a step takes {milliseconds(self.step_ms())}{faster} "
            f"and keeps {mega(self.memory_bytes())}."
        )
        panels = [self._stage_panel(), self._time_panel(), self._memory_panel()]
        return View(say, panels, self._numbers(total))

    def _steps(self) -> list[float]:
        stored = self.cached
        return [(stored and b["cached_step_ms"]) or b["step_ms"] for b in self.record["boundaries"]]

    def _stage_panel(self) -> Panel:
        stages, pieces = self.record["stages"], []
        largest, pitch = max(s["numbers"] for s in stages), 196 / len(stages)
        for i, stage in enumerate(stages):
            y, wide = 4 + i * pitch, max(2.0, 120 * (stage["numbers"] / largest) ** 0.5)
            ice = i < self.frozen
            style = (
                {"fill": svg.WASH, "stroke": svg.SOFT, "stroke_dasharray": "4 2.5"}
                if ice
                else {"fill": svg.BLUE}
            )
            base = y + pitch / 2 + 3.5
            pieces += [
                svg.text(72, base, _cut(stage["name"]), 12, svg.SOFT if ice else svg.INK, "end"),
                svg.box(80, y + 2, wide, pitch - 4, rx=2, **style),
                svg.text(86 + wide, base, f"{stage['numbers']:,}", 11.5, svg.SOFT if ice else svg.INK),
                svg.text(
                    318, base, "frozen" if ice else "trains", 11.5, svg.SOFT if ice else svg.BLUE, "end"
                ),
            ]
        y = 4 + self.frozen * pitch
        pieces.append(svg.line(6, y, 318, y, svg.INK, stroke_width=2))
        words = f"{self.frozen} of {len(stages)} stages are frozen; the gradient reaches back to {self._names[self.frozen]}."
        return Panel(f"Gradient stops before {self._names[self.frozen]}", "".join(pieces), words, 216)

    def _time_panel(self) -> Panel:
        steps = self._steps()
        title = f"{milliseconds(self.step_ms())} a step" + (
            " from stored output" if self.cached and self.frozen else ""
        )
        body = _bars([[step] for step in steps], self.frozen, "ms", (svg.PLUM,))
        return Panel(title, body, f"Step time for each line: {_listed(steps)} ms.", 216)

    def _memory_panel(self) -> Panel:
        found = self.record["boundaries"]
        stacks = [[b["saved_bytes"] / 1e6, b["optimizer_bytes"] / 1e6] for b in found]
        body = _bars(stacks, self.frozen, "MB", (svg.GREEN, svg.OCHRE), ("activations", "gradients, AdamW"))
        words = f"Kept for each line: {_listed([sum(stack) for stack in stacks])} MB."
        return Panel(f"{mega(self.memory_bytes())} kept for one step", body, words, 216)

    def _numbers(self, total: int) -> Numbers:
        now, full = self.boundary, self.record["boundaries"][0]
        rows = [
            (
                "numbers that train",
                f"{now['trainable_numbers']:,}",
                f"{total:,}",
                _ratio(now, full, "trainable_numbers"),
            ),
            (
                "time of a step",
                milliseconds(self.step_ms()),
                milliseconds(self.step_ms(0)),
                f"{self.step_ms() / self.step_ms(0):.1%}",
            ),
            *(
                (label, mega(now[key]), mega(full[key]), _ratio(now, full, key))
                for label, key in (
                    ("activations kept", "saved_bytes"),
                    ("gradients and AdamW", "optimizer_bytes"),
                )
            ),
        ]
        size = "×".join(map(str, self.record.get("batch", [])))
        note = f"{self.record['model']}, one AdamW step on a batch of {size}"
        note += "".join(f"; {self.record[key]}" for key in ("machine", "command") if self.record.get(key))
        caption = f"{self.frozen} of {len(self._names)} stages frozen"
        return Numbers(caption, ("what", "now", "nothing frozen", "share"), rows, (1, 2, 3), note + ".")


def read_record(record) -> dict:
    """A freezing record from a dict, a path, or None for the recorded EfficientNet-Lite0."""
    if record is None:
        record = json.loads(files("ftlib.measure").joinpath("data", RECORDED).read_text(encoding="utf-8"))
    elif isinstance(record, str | Path):
        record = json.loads(Path(record).read_text(encoding="utf-8"))
    if not isinstance(record, dict) or not record.keys() >= NEEDED:
        have = ", ".join(record) if isinstance(record, dict) else type(record).__name__
        raise InputError(
            f"a freezing record needs {', '.join(sorted(NEEDED))}; this has {have}. "
            "Make one with ftlib.tune.freeze_cost.measure_freezing(model)."
        )
    if len(record["stages"]) != len(record["boundaries"]):
        raise InputError(
            f"{len(record['stages'])} stages and {len(record['boundaries'])} boundaries; expected one each."
        )
    return record


def milliseconds(value: float) -> str:
    """A time in ms with three digits that count.

    >>> milliseconds(1243.363), milliseconds(0.377)
    ('1,243 ms', '0.377 ms')
    """
    return f"{value:,.0f} ms" if value >= 99.5 else f"{value:.3g} ms"


def mega(size: float) -> str:
    """Bytes in megabytes (10⁶), three digits that count.

    >>> mega(118_299_936), mega(41_024)
    ('118 MB', '0.041 MB')
    """
    return f"{size / 1e6:.0f} MB" if size >= 99.5e6 else f"{size / 1e6:.3g} MB"


def _ratio(now: dict, full: dict, key: str) -> str:
    return f"{now[key] / full[key]:.2%}" if full[key] else "–"


def _listed(values) -> str:
    return ", ".join(f"{value:.3g}" for value in values)


def _cut(name: str) -> str:
    return name if len(name) <= 11 else "…" + name[-10:]


def _bars(stacks, chosen: int, unit: str, hues, legend=()) -> str:
    """One column a line between frozen and trained, the chosen one filled, the others hollow."""
    top = max(map(sum, stacks)) or 1.0
    frame = svg.Frame(36, 24, 276, 150, (0, len(stacks)), (0, top * 1.02))
    pieces = [frame.axes("stages frozen", unit, (), svg.nice_ticks(0, top, 3))]
    for i, stack in enumerate(stacks):
        base = 0.0
        for hue, part in zip(hues, stack):
            low, base = frame.y(base), base + part
            style = {"fill": hue} if i == chosen else {"fill": svg.WASH}
            left, high = frame.x(i + 0.12), frame.y(base)
            pieces.append(
                svg.box(left, high, frame.x(i + 0.88) - left, low - high, stroke=hue, stroke_width=1, **style)
            )
        ink, weight = (svg.INK, 700) if i == chosen else (svg.SOFT, None)
        pieces.append(svg.text(frame.x(i + 0.5), frame.bottom + 14, i, 11, ink, "middle", font_weight=weight))
    for i, (hue, name) in enumerate(zip(hues, legend)):
        x = 196
        pieces.append(
            svg.box(x, 6 + 16 * i, 10, 10, fill=hue) + svg.text(x + 15, 15 + 16 * i, name, 11, svg.SOFT)
        )
    return "".join(pieces)
