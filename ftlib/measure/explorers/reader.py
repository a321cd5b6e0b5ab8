"""CurveReader: real runs to diagnose, with an answer to every guess."""

import itertools
import json
import random
from importlib.resources import files

from ftlib.errors import InputError
from ftlib.measure.explorers import svg
from ftlib.measure.explorers.base import LABEL, Explorer, button, row, widgets
from ftlib.measure.explorers.diagnoses import DIAGNOSES, column, feedback
from ftlib.measure.explorers.parts import Numbers, Panel, View

NEEDED = {"rows", "kind", "majority_accuracy", "probe_accuracy", "train_images"}


def recorded_runs() -> list[dict]:
    """The runs that come with the course, by name: trained once by benchmarks/record_runs.py.

    >>> [run["name"] for run in recorded_runs() if run["kind"] == "leak"]
    ['digits-leak', 'solar-leak']
    """
    folder = files("ftlib.measure").joinpath("data", "runs")
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    return [json.loads(file.read_text(encoding="utf-8")) for file in found]


class CurveReader(Explorer):
    """Look at real learning curves, say what is wrong with each, and be told.

    ``runs`` are the recorded ones unless a list comes: names of recorded runs, or dicts with ``kind``
    (a key of ``DIAGNOSES``), ``rows`` as in ``History.rows``, ``majority_accuracy``, ``probe_accuracy`` and
    ``train_images``. ``seed`` mixes their order; ``seed=None`` keeps it.

    >>> reader = CurveReader(["solar-overfitting"])
    >>> reader.guess("good").startswith("Not that.")
    True
    >>> reader.guess("overfitting").startswith("Right")
    True

    Raises InputError for an unknown name or guess, or a run that lacks what is needed.
    """

    title = "What is wrong with this run?"
    lead = (
        "Real training runs, faults made on purpose. Read both losses and the metrics, compare with the base "
        "model, then decide. Every guess is answered with this run’s numbers."
    )

    def __init__(self, runs=None, *, seed: int | None = 0):
        self.runs = _chosen(runs)
        if seed is not None:
            random.Random(seed).shuffle(self.runs)
        self.guesses: dict[int, list[str]] = {}
        self._at = 0
        self._options = widgets.RadioButtons(
            options=[(words, kind) for kind, words in DIAGNOSES.items()],
            value=None,
            layout=widgets.Layout(width="auto"),
        )
        self._epoch = widgets.IntSlider(
            min=1,
            max=2,
            value=1,
            description="Read at epoch",
            style=LABEL,
            layout={"width": "auto", "max_width": "420px"},
        )
        self._check = button("Check", self._check_clicked)
        self._check.add_class("ftx-main")
        self._back, self._on = button("Previous run", self.previous), button("Next run", self.next)
        self._epoch.observe(self.redraw, "value")
        self._set_epochs()
        super().__init__([self._epoch, self._options, row(self._check, self._back, self._on)])

    @property
    def run(self) -> dict:
        """The run that is shown."""
        return self.runs[self._at]

    @property
    def epoch(self) -> int:
        """The epoch whose numbers are read out; set it to move the slider."""
        return self._epoch.value

    @epoch.setter
    def epoch(self, epoch: int) -> None:
        self._epoch.value = epoch

    @property
    def score(self) -> tuple[int, int]:
        """(runs named at the first guess, runs named at all)."""
        named = [(g, self.runs[i]["kind"]) for i, g in self.guesses.items() if self.runs[i]["kind"] in g]
        return sum(guesses[0] == kind for guesses, kind in named), len(named)

    def guess(self, kind: str) -> str:
        """Guess what is wrong with the run that is shown; returns the answer, which is shown as well."""
        if kind not in DIAGNOSES:
            raise InputError(f"no diagnosis {kind!r}; there are {', '.join(DIAGNOSES)}")
        before = self.guesses.setdefault(self._at, [])
        if self.run["kind"] not in before:
            before.append(kind)
        self._options.value = kind
        self.redraw()
        return feedback(self.run, kind)

    def next(self) -> None:
        """Show the next run; after the last comes the first."""
        self._go(self._at + 1)

    def previous(self) -> None:
        """Show the run before."""
        self._go(self._at - 1)

    def _go(self, to: int) -> None:
        self._at = to % len(self.runs)
        guesses = self.guesses.get(self._at)
        self._options.value = guesses[-1] if guesses else None
        self._set_epochs()
        self.redraw()

    def _set_epochs(self) -> None:
        self._epoch.unobserve(self.redraw, "value")
        self._epoch.max = max(2, len(self.run["rows"]))
        self._epoch.value = len(self.run["rows"])
        self._epoch.observe(self.redraw, "value")

    def _check_clicked(self) -> None:
        if self._options.value is None:
            self._say_only("Choose one of the six diagnoses first, then check.")
        else:
            self.guess(self._options.value)

    def _say_only(self, words: str) -> None:
        self._said.value = f'<p class="ftx-say">{words}</p>'

    @property
    def _solved(self) -> bool:
        return self.run["kind"] in self.guesses.get(self._at, [])

    def view(self) -> View:
        first, named = self.score
        place = f"Run {self._at + 1} of {len(self.runs)}"
        guesses = self.guesses.get(self._at, [])
        if guesses:
            mood = "right" if self._solved else "wrong"
            say = feedback(self.run, guesses[-1])
        else:
            mood, say = "", self._task()
        tally = f" · {first} of {named} named at first guess" if named else ""
        return View(
            f"{place}{tally}. {say}", [self._loss_panel(), self._metric_panel()], self._numbers(), mood
        )

    def _task(self) -> str:
        run = self.run
        task = f"{run['task'].capitalize()}: " if run.get("task") else ""
        trained = f" {run['trained']}" if run.get("trained") else ""
        return (
            f"{task}{run['train_images']:,} training images.{trained} The largest class alone gives accuracy "
            f"{svg.short_number(run['majority_accuracy'])}, a linear probe {svg.short_number(run['probe_accuracy'])}. What do you see?"
        )

    def _loss_panel(self) -> Panel:
        train, val = column(self.run, "train_loss"), column(self.run, "val_loss")
        here = self.run["rows"][min(self.epoch, len(train)) - 1]
        frame, body = _frame(max(*train, *val), len(train), "loss")
        lines = [("training", train, svg.OCHRE, "6 4"), ("validation", val, svg.BLUE, None)]
        body += _lines(frame, lines, self.epoch, len(train))
        title = f"Epoch {self.epoch}: loss {here['train_loss']:.3f} train, {here['val_loss']:.3f} val"
        words = f"Training loss from {train[0]:.3f} to {train[-1]:.3f}, validation loss from {val[0]:.3f} to {val[-1]:.3f}."
        return Panel(title, body, words, 226)

    def _metric_panel(self) -> Panel:
        accuracy, f1 = column(self.run, "val_accuracy"), column(self.run, "val_f1")
        here = self.run["rows"][min(self.epoch, len(f1)) - 1]
        frame, body = _frame(1.0, len(f1), "validation metrics")
        levels = (
            (self.run["majority_accuracy"], "largest class", 11),
            (self.run["probe_accuracy"], "linear probe", -4),
        )
        for level, name, shift in levels:
            y = frame.y(level)
            body += svg.line(frame.left, y, frame.right, y, svg.SOFT, stroke_dasharray="2 3")
            body += svg.text(frame.left + 3, y + shift, name, 11, svg.SOFT)
        lines = [("accuracy", accuracy, svg.GREEN, None), ("F1", f1, svg.PLUM, "6 4")]
        body += _lines(frame, lines, self.epoch, len(f1))
        title = f"Epoch {self.epoch}: accuracy {here['val_accuracy']:.3f}, F1 {here['val_f1']:.3f}"
        words = f"Validation accuracy from {accuracy[0]:.3f} to {accuracy[-1]:.3f}, F1 from {f1[0]:.3f} to {f1[-1]:.3f}."
        return Panel(title, body, words, 226)

    def _numbers(self) -> Numbers:
        keys = ("train_loss", "val_loss", "val_accuracy", "val_f1")
        rows = [(str(r["epoch"]), *(f"{r[key]:.3f}" for key in keys)) for r in self.run["rows"]]
        head = ("epoch", "train loss", "val loss", "val acc.", "val F1")
        return Numbers("Numbers of every epoch", head, rows, (1, 2, 3, 4), folded=True)


def _chosen(runs) -> list[dict]:
    recorded = {run["name"]: run for run in recorded_runs()}
    chosen = (
        list(recorded.values())
        if runs is None
        else [recorded.get(r, r) if isinstance(r, str) else r for r in runs]
    )
    for run in chosen:
        if isinstance(run, str):
            raise InputError(f"no recorded run {run!r}; there are {', '.join(recorded)}")
        if not run.keys() >= NEEDED or run["kind"] not in DIAGNOSES or not run["rows"]:
            missing = (
                ", ".join(sorted(NEEDED - run.keys())) or f"a kind out of {', '.join(DIAGNOSES)}, and rows"
            )
            raise InputError(f"a run to read lacks {missing}")
    if not chosen:
        raise InputError("runs=[] leaves nothing to read; leave it out for the recorded runs")
    return chosen


def _frame(top: float, epochs: int, label: str) -> tuple[svg.Frame, str]:
    frame = svg.Frame(34, 24, 210, 158, (1, max(2, epochs)), (0, top * 1.02))
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100, epochs) if epochs / s <= 8)
    ticks = [1, *range(step if step > 1 else 2, epochs + 1, step)]
    return frame, frame.axes("epoch", label, ticks, svg.nice_ticks(0, top, 3))


def _lines(frame: svg.Frame, lines, epoch: int, count: int) -> str:
    """Curves named at their ends (the names kept apart), and a cursor at one epoch."""
    at = frame.x(min(epoch, count))
    pieces = [svg.line(at, frame.top - 4, at, frame.bottom, svg.INK, stroke_dasharray="1 3")]
    ends = [frame.y(values[-1]) for _, values, _, _ in lines]
    order = sorted(range(len(lines)), key=lambda i: ends[i])
    for above, below in itertools.pairwise(order):
        ends[below] = max(ends[below], ends[above] + 14)
    for (name, values, hue, dash), end in zip(lines, ends):
        xs = [frame.x(i + 1) for i in range(len(values))]
        pieces.append(svg.curve(xs, [frame.y(v) for v in values], hue, 2, dash))
        y = frame.y(values[min(epoch, count) - 1])
        pieces.append(svg.circle(at, y, 4, fill=hue, stroke=svg.PAPER, stroke_width=1.5))
        pieces.append(svg.text(frame.right + 6, min(end, frame.bottom) + 4, name, 11, hue, font_weight=600))
    return "".join(pieces)
