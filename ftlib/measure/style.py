"""One look for every plot: 5×3 inches, ink on its own paper, a dash pattern and a marker with each colour.

The paper is opaque, so a plot reads the same in a light notebook, a dark one and on a printed page.
Colours are Okabe & Ito's (2008), which colour-blind readers can tell apart, the blue darkened so that
it also differs from green in grey and for tritan sight. Each comes with its own line style and marker,
so nothing rests on colour alone.
"""

import functools
import re
import textwrap
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_hex, to_rgb

SIZE = (5, 3)
OWN = "drawn-by-ftlib"
PAPER, INK, FAINT, RULE = "#ffffff", "#1f2328", "#656d76", "#d8dde3"


class Stroke(NamedTuple):
    """How one series is drawn."""

    color: str
    linestyle: object
    marker: str

    @property
    def ink(self) -> str:
        """The colour darkened for small letters, so that they keep a contrast of 4.5 on paper."""
        return to_hex(0.62 * np.array(to_rgb(self.color)) + 0.38 * np.array(to_rgb(INK)))

    @property
    def line(self) -> dict:
        """Keyword arguments for ``ax.plot``."""
        return {"color": self.color, "linestyle": self.linestyle}


STROKES = (
    Stroke("#005b99", "solid", "o"),
    Stroke("#d55e00", (0, (5, 2)), "s"),
    Stroke("#009e73", (0, (1, 1.2)), "^"),
    Stroke("#1f2328", (0, (6, 2, 1, 2)), "D"),
    Stroke("#b0508c", (0, (3, 1, 1, 1, 1, 1)), "v"),
)
RC = {
    "font.size": 9,
    "figure.dpi": 130,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlecolor": INK,
    "axes.titlepad": 9,
    "text.color": INK,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "legend.fontsize": 8.5,
}


def styled(draw):
    """Run a plotting function in this style, leaving matplotlib's own settings as they were."""

    @functools.wraps(draw)
    def inner(*args, **kwargs):
        with plt.rc_context(RC):
            drawn = draw(*args, **kwargs)
            # A notebook's backend wakes up at the first figure and turns interactive mode on. Leaving the
            # context would turn it off again, and no later figure would be shown.
            interactive = plt.isinteractive()
        plt.interactive(interactive)
        return drawn

    return inner


def axes(ax=None, *, rows: int = 1):
    """``ax`` if given, else new axes on a 5×3 figure (a list of them for ``rows`` > 1), with quiet ticks."""
    if ax is None:
        figure, ax = plt.subplots(rows, 1, figsize=SIZE, sharex=True, layout="constrained", squeeze=rows == 1)
        figure.set_gid(OWN)
        ax = ax if rows == 1 else list(ax[:, 0])
    for one in ax if isinstance(ax, list) else [ax]:
        one.tick_params(colors=FAINT, labelcolor=INK, labelsize=8, length=3, width=0.8)
    return ax


def stroke(index: int) -> Stroke:
    """The stroke of the index-th series, starting over after the last."""
    return STROKES[index % len(STROKES)]


def headline(ax, text: str) -> None:
    """Set the finding as title: over the whole figure if we made it, else over the caller's ``ax``."""
    figure, own = ax.figure, ax.figure.get_gid() == OWN
    width = figure.get_size_inches()[0] * (1 if own else ax.get_position().width)
    lines = even_lines(text, most=int(11.9 * width))
    if own:
        figure.suptitle(lines, x=0.01, ha="left", fontsize=10, fontweight="bold", color=INK)
    else:
        ax.set_title(lines)


def even_lines(text: str, most: int) -> str:
    """``text`` broken into lines of even length, none over ``most`` characters, numbers kept with their word.

    >>> even_lines("Recall rises from 0.12 to 0.81; accuracy falls", most=40)
    'Recall rises from 0.12 to 0.81;\\naccuracy falls'
    """
    count = -(-len(text) // most)
    bound = re.sub(r" (?=[\d(“])", "\N{NO-BREAK SPACE}", text)
    lines = textwrap.wrap(bound, most if count == 1 else min(most, len(text) // count + 8))
    return "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")


def share_axis(ax, which: str = "both") -> None:
    """Axes that run from 0 to 1, with a hair of room so that lines at the ends stay whole."""
    if which in ("x", "both"):
        ax.set_xlim(-0.015, 1.015)
    if which in ("y", "both"):
        ax.set_ylim(-0.02, 1.03)


def label_ends(ax, ends: list[tuple[float, str, str]], gap: float = 0.1) -> None:
    """Write each series' name right of the axes at the height (value, text, color) where it ends.

    Labels closer than ``gap`` of the axes' height are pushed apart, so none covers another.
    """
    low, high = ax.get_ylim()
    ends = sorted(ends, key=lambda end: end[0])
    heights = spread([(value - low) / (high - low) for value, *_ in ends], gap)
    for height, (_, text, color) in zip(heights, ends):
        ax.text(1.015, height, text, color=color, transform=ax.transAxes, va="center", fontsize=8.5)


def spread(heights: list[float], gap: float) -> list[float]:
    """Rising heights, moved little and kept within 0 to 1, so that neighbours stand ``gap`` apart.

    >>> [round(h, 2) for h in spread([0.5, 0.52], gap=0.1)]
    [0.46, 0.56]
    """
    moved = np.asarray(heights, dtype=float)
    for _ in range(200):
        short = np.clip(gap - np.diff(moved), 0, None) / 2
        moved[:-1] -= short
        moved[1:] += short
        moved = moved.clip(0, 1)
        if (np.diff(moved) >= gap - 1e-3).all():
            break
    return moved.tolist()


def note(ax, x: float, y: float, text: str, **kwargs) -> None:
    """A small grey remark at data coordinates (x, y)."""
    ax.text(x, y, text, **{"color": FAINT, "fontsize": 8, **kwargs})


def thin(index_count: int, most: int = 2000) -> np.ndarray:
    """Indices of at most ``most`` points out of ``index_count``, both ends kept: enough for 5 inches."""
    if index_count <= most:
        return np.arange(index_count)
    return np.unique(np.linspace(0, index_count - 1, most).round().astype(int))


def readable(value: float) -> str:
    """A number in three digits, without exponents: 0.12, 0.928, 2,860.

    >>> readable(0.12), readable(2859.7)
    ('0.12', '2,860')
    """
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
