"""The two things an explorer shows, a picture and its numbers, each in every form it needs.

A ``Panel`` becomes a figure of the live page or a part of the static picture; ``Numbers``
becomes an HTML table, lines of SVG text, or plain text.
"""

from dataclasses import dataclass
from html import escape
from textwrap import wrap

from ftlib.measure.explorers import svg

WIDTH = 320
SLOT = WIDTH + 24


@dataclass(frozen=True)
class Panel:
    """One picture: its title (the finding), SVG body, and the same in words for who cannot see it.

    The body is drawn on ``WIDTH`` × ``height`` units.
    """

    title: str
    body: str
    words: str
    height: int = 220

    def figure(self) -> str:
        """The panel as an HTML figure."""
        return (
            f"<figure><figcaption>{escape(self.title)}</figcaption>"
            f'<svg viewBox="0 0 {WIDTH} {self.height}" role="img" aria-label="{escape(self.words)}">'
            f"{self.body}</svg></figure>"
        )

    def drawn(self, x: float, y: float) -> str:
        """The panel at (x, y) of a static picture, its title above it."""
        heading = svg.text(x, y + 13, self.title, 13, font_weight=600)
        return heading + svg.tag("g", self.body, transform=f"translate({x} {y + 22})")

    @property
    def drawn_height(self) -> float:
        """How many units ``drawn`` takes from top to bottom."""
        return self.height + 22


@dataclass(frozen=True)
class Numbers:
    """A small table: caption, column heads and rows of strings.

    Columns in ``right`` align right; those in ``aside`` give way where room is short (a narrow page,
    the static picture), those in ``spare`` where it is shorter still (a telephone). ``folded`` gives a long table its own scroll bar.

    >>> table = Numbers("Counts", ("what", "n"), [("images", "200")])
    >>> print(table.text())
    Counts
    what    n
    images  200
    """

    caption: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]
    right: tuple[int, ...] = (-1,)
    note: str = ""
    aside: tuple[int, ...] = ()
    spare: tuple[int, ...] = ()
    folded: bool = False

    def html(self) -> str:
        """An HTML table with a caption and header cells, so that screen readers can walk it."""
        marks = [self._mark(j) for j in range(len(self.head))]
        head = "".join(f'<th scope="col" {m}>{escape(h)}</th>' for h, m in zip(self.head, marks))
        body = "".join(
            f'<tr><th scope="row">{escape(row[0])}</th>'
            + "".join(f"<td {m}>{escape(cell)}</td>" for cell, m in zip(row[1:], marks[1:]))
            + "</tr>"
            for row in self.rows
        )
        table = (
            f"<caption>{escape(self.caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        )
        note = f'<p class="ftx-lead">{escape(self.note)}</p>' if self.note else ""
        return f"<table>{table}</table>{note}"

    def drawn(self, x: float, y: float, width: float) -> str:
        """The table as lines of SVG text."""
        pieces = [svg.text(x, y + 13, self.caption, 13, font_weight=600)]
        anchors = self._anchors(width)
        for i, row in enumerate([self.head, *self._kept()]):
            base, ink = y + 36 + 21 * i, svg.INK if i else svg.SOFT
            for j, (at, anchor) in anchors.items():
                pieces.append(svg.text(x + at, base, row[j], 12, ink, anchor))
            pieces.append(svg.line(x, base + 6.5, x + width, base + 6.5))
        return "".join(pieces)

    @property
    def drawn_height(self) -> float:
        """How many units ``drawn`` takes from top to bottom."""
        return 46 + 21 * len(self._kept())

    def text(self) -> str:
        """The table as plain text, columns padded with spaces."""
        rows = [self.head, *self.rows]
        widths = [max(len(row[j]) for row in rows) for j in range(len(self.head))]
        lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths)).rstrip() for row in rows]
        return "\n".join([self.caption, *lines, *([self.note] if self.note else [])])

    def _kept(self) -> list[tuple[str, ...]]:
        """The rows of a picture that cannot scroll: nine of a folded table, first and last among them."""
        if not self.folded or len(self.rows) <= 9:
            return self.rows
        return [self.rows[round(i * (len(self.rows) - 1) / 8)] for i in range(9)]

    def _mark(self, column: int) -> str:
        kinds = (("num", self.right), ("aside", self.aside), ("spare", self.spare))
        names = [name for name, found in kinds if column in self._all(found)]
        return f'class="{" ".join(names)}"' if names else ""

    def _all(self, columns) -> set[int]:
        return {j % len(self.head) for j in columns}

    def _anchors(self, width: float) -> dict[int, tuple[float, str]]:
        """Where each column that is drawn stands, and its text-anchor; room goes by the longest cell."""
        shown = [j for j in range(len(self.head)) if j not in self._all(self.aside)]
        longest = {j: max(len(row[j]) for row in [self.head, *self.rows]) + 3 for j in shown}
        anchors, start = {}, 0.0
        for j in shown:
            end = start + longest[j] / sum(longest.values()) * width
            anchors[j] = (end, "end") if j in self._all(self.right) else (start, "start")
            start = end
        return anchors


@dataclass(frozen=True)
class View:
    """All that an explorer shows at one moment: a sentence, pictures, and their numbers."""

    say: str
    panels: list[Panel]
    numbers: Numbers
    mood: str = ""

    def html(self) -> str:
        """The pictures and the table, laid out for the live page."""
        table = self.numbers.html()
        threes = len(self.panels) % 3 == 0
        kind = "ftx-full" if threes else f"ftx-rest{' ftx-two' if len(self.panels) % 3 == 1 else ''}"
        if self.numbers.folded:
            label = escape(self.numbers.caption)
            table = f'<div class="ftx-scroll" tabindex="0" role="region" aria-label="{label}">{table}</div>'
        cells = "".join(p.figure() for p in self.panels)
        return f'<div class="ftx-box"><div class="ftx-grid{" ftx-threes" if threes else ""}">{cells}<div class="{kind}">{table}</div></div></div>'

    def sheet(self, title: str) -> str:
        """One static SVG with everything on it, in fixed light colours."""
        said = wrap(self.say, 150)
        pieces, x, y, row_height = [], 20, 66 + 18 * len(said), 0
        for panel in self.panels:
            if x + SLOT > 20 + 3 * SLOT:
                x, y, row_height = 20, y + row_height + 16, 0
            pieces.append(panel.drawn(x, y))
            x, row_height = x + SLOT, max(row_height, panel.drawn_height)
        room = 3 - (x - 20) // SLOT
        if room < 1:
            x, y, row_height, room = 20, y + row_height + 16, 0, 3
        pieces.append(self.numbers.drawn(x, y, room * SLOT - 24))
        height = y + max(row_height, self.numbers.drawn_height) + 18
        return svg.plain(_sheet(title, said, 16 + 3 * SLOT, height, "".join(pieces)))

    def text(self, title: str) -> str:
        """Everything that matters, as plain text."""
        return f"{title}\n{self.say}\n\n{self.numbers.text()}"


def _sheet(title: str, said: list[str], width: float, height: float, body: str) -> str:
    card = svg.box(0.5, 0.5, width - 1, height - 1, rx=10, fill=svg.PAPER, stroke=svg.RULE)
    heading = svg.text(20, 32, title, 17, font_weight=650)
    heading += "".join(svg.text(20, 56 + 18 * i, words, 13, svg.SOFT) for i, words in enumerate(said))
    return svg.tag(
        "svg",
        svg.tag("title", title) + card + heading + body,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {svg.short(width)} {svg.short(height)}",
        width=width,
        height=height,
        font_family=svg.FONT,
        role="img",
        style="max-width: 100%; height: auto",  # a narrow page shrinks the picture instead of cutting it
    )
