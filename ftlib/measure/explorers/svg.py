"""Drawing with strings: the few SVG shapes that the explorers need.

A slider move must become a new picture in a few hundredths of a second, so there is
no plotting library here: every function returns a short piece of SVG text. Colours
are *tokens* such as ``var(--ftx-blue)``, which the page's theme fills in; ``plain``
puts fixed light-theme colours in their place for pictures that stand alone.

>>> circle(10, 20, 3, fill=BLUE)
'<circle cx="10" cy="20" r="3" fill="var(--ftx-blue)"/>'
>>> plain(circle(10, 20, 3, fill=BLUE))
'<circle cx="10" cy="20" r="3" fill="#0a598a"/>'
"""

import re
from dataclasses import dataclass
from html import escape

import numpy as np

INK, SOFT, RULE, PAPER, WASH = (f"var(--ftx-{name})" for name in ("ink", "soft", "rule", "paper", "wash"))
BLUE, OCHRE, GREEN, PLUM = (f"var(--ftx-{name})" for name in ("blue", "ochre", "green", "plum"))

# Light-theme values of the tokens, for pictures that leave the page (GitHub, a printed copy).
LIGHT = {
    "ink": "#24292f",
    "soft": "#57606a",
    "rule": "#d0d7de",
    "paper": "#ffffff",
    "wash": "#f3f5f7",
    "blue": "#0a598a",
    "ochre": "#b15207",
    "green": "#166b4f",
    "plum": "#84407a",
}
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def plain(svg: str) -> str:
    """``svg`` with every colour token replaced by its light-theme value."""
    return re.sub(r"var\(--ftx-(\w+)\)", lambda found: LIGHT[found[1]], svg)


def short(number: float) -> str:
    """A coordinate in at most one decimal: pictures stay small and byte-identical.

    >>> short(12.0), short(12.345)
    ('12', '12.3')
    """
    words = f"{number:.1f}"
    return words.removesuffix(".0").replace("-0", "0") if words.endswith(".0") else words


def short_number(value: float) -> str:
    """Three digits that count: what a sentence can carry.

    >>> short_number(0.88421), short_number(12.3456), short_number(0.00041)
    ('0.884', '12.3', '0.00041')
    """
    return f"{value:.3g}"


def tag(name: str, inside: str | None = None, **attributes) -> str:
    """One SVG element; ``stroke_width=2`` becomes ``stroke-width="2"``, None is left out."""
    parts = [name]
    for key, value in attributes.items():
        if value is not None:
            value = short(value) if isinstance(value, int | float | np.number) else escape(str(value))
            parts.append(f'{key.rstrip("_").replace("_", "-")}="{value}"')
    start = " ".join(parts)
    return f"<{start}/>" if inside is None else f"<{start}>{inside}</{name}>"


def line(x1, y1, x2, y2, stroke=RULE, **more) -> str:
    """A straight line."""
    return tag("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke=stroke, **more)


def circle(x, y, r, **more) -> str:
    """A disc around (x, y)."""
    return tag("circle", cx=x, cy=y, r=r, **more)


def box(x, y, width, height, **more) -> str:
    """A rectangle; sizes below zero are drawn as zero."""
    return tag("rect", x=x, y=y, width=max(0, width), height=max(0, height), **more)


def text(x, y, words, size=12, fill=INK, anchor="start", **more) -> str:
    """One line of text; ``anchor`` is start, middle or end."""
    anchor = None if anchor == "start" else anchor
    return tag("text", escape(str(words)), x=x, y=y, font_size=size, fill=fill, text_anchor=anchor, **more)


def path(xs, ys) -> str:
    """The ``d`` of a polyline through the points; a gap (NaN) lifts the pen.

    >>> path([0, 1, 2, 3], [5, 6, float("nan"), 7])
    'M0 5L1 6M3 7'
    """
    pieces, pen = [], "M"
    for x, y in zip(xs, ys):
        if x != x or y != y:
            pen = "M"
            continue
        pieces.append(f"{pen}{short(x)} {short(y)}")
        pen = "L"
    return "".join(pieces)


def curve(xs, ys, stroke=BLUE, width=2.0, dash=None, **more) -> str:
    """A polyline; ``dash`` tells lines apart where colour cannot."""
    style = {"fill": "none", "stroke": stroke, "stroke_width": width, "stroke_dasharray": dash}
    return tag("path", d=path(xs, ys), stroke_linejoin="round", stroke_linecap="round", **style, **more)


@dataclass(frozen=True)
class Frame:
    """A plotting area in pixels and the data range it shows; ``x`` and ``y`` convert.

    >>> frame = Frame(40, 10, 200, 100, (0, 1), (0, 50))
    >>> frame.x(0.5), frame.y(50)
    (140.0, 10.0)
    """

    left: float
    top: float
    width: float
    height: float
    xlim: tuple[float, float] = (0.0, 1.0)
    ylim: tuple[float, float] = (0.0, 1.0)

    def x(self, value):
        """Pixel column of a data value (number or array)."""
        low, high = self.xlim
        return self.left + (value - low) / ((high - low) or 1) * self.width

    def y(self, value):
        """Pixel row of a data value (number or array); larger values lie higher."""
        low, high = self.ylim
        return self.top + (1 - (value - low) / ((high - low) or 1)) * self.height

    @property
    def right(self) -> float:
        """Pixel column of the right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Pixel row of the lower edge."""
        return self.top + self.height

    def axes(self, xlabel="", ylabel="", xticks=(), yticks=(), write=None) -> str:
        """Grid lines, tick labels and the two axis names (the vertical one lies on top)."""
        write = write or (lambda value: f"{value:g}")
        rows = [
            line(self.left, self.y(t), self.right, self.y(t), stroke_width=0.8)
            + text(self.left - 5, self.y(t) + 3.5, write(t), 11, SOFT, "end")
            for t in yticks
        ]
        columns = [
            line(self.x(t), self.bottom, self.x(t), self.bottom + 3)
            + text(self.x(t), self.bottom + 14, write(t), 11, SOFT, "middle")
            for t in xticks
        ]
        base = line(self.left, self.bottom, self.right, self.bottom, SOFT)
        names = text(self.right, self.bottom + 27, xlabel, 11, SOFT, "end") if xlabel else ""
        names += text(2, self.top - 8, ylabel, 11, SOFT) if ylabel else ""
        return "".join(rows + columns) + base + names


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """About ``count`` round numbers between ``low`` and ``high``.

    >>> nice_ticks(0, 1), nice_ticks(0, 870)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 200.0, 400.0, 600.0, 800.0])
    """
    span = (high - low) or 1.0
    power = 10.0 ** np.floor(np.log10(span / count))
    step = min((m * power for m in (1, 2, 2.5, 5, 10)), key=lambda s: abs(span / s - count))
    first = np.ceil(low / step - 1e-9) * step
    return [round(float(t), 10) + 0.0 for t in np.arange(first, high + step * 1e-6, step)]
