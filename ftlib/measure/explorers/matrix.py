"""The 2×2 confusion matrix as pictures: hue tells what a case truly is, fill how it was judged.

Positives are blue and negatives ochre; judged rightly is filled, judged wrongly is hollow with a dashed
edge. So the matrix reads without colour and in grey print.
"""

from ftlib.measure.counts import Counts
from ftlib.measure.explorers import svg
from ftlib.measure.explorers.parts import WIDTH, Panel

NAMES = {"tp": "true positives", "fp": "false positives", "fn": "false negatives", "tn": "true negatives"}


def right(hue: str) -> dict:
    """Fill of a case judged rightly."""
    return {"fill": hue, "stroke": hue, "stroke_width": 1.2}


def wrong(hue: str) -> dict:
    """Fill of a case judged wrongly: hollow."""
    return {"fill": svg.WASH, "stroke": hue, "stroke_width": 1.2, "stroke_dasharray": "4 2.5"}


STYLE = {"tp": right(svg.BLUE), "fn": wrong(svg.BLUE), "tn": right(svg.OCHRE), "fp": wrong(svg.OCHRE)}


def matrix_panel(counts: Counts, names: tuple[str, str]) -> Panel:
    """The confusion matrix as scikit-learn lays it out: rows are the truth, columns the call."""
    body, left, top, wide, high = [], 86, 34, 112, 78
    places = {"tn": (0, 0), "fp": (1, 0), "fn": (0, 1), "tp": (1, 1)}
    for key, (column, line) in places.items():
        body.append(
            _cell(left + column * (wide + 6), top + line * (high + 6), wide, high, key, getattr(counts, key))
        )
    for i, name in enumerate(names):
        body.append(svg.text(left + wide / 2 + i * (wide + 6), 25, _cut(name, 16), 12, svg.INK, "middle"))
        body.append(
            svg.text(left - 8, top + high / 2 + i * (high + 6) + 4, _cut(name, 12), 12, svg.INK, "end")
        )
    body.append(svg.text(left, 9, "called →", 11, svg.SOFT))
    body.append(svg.text(left - 8, 25, "truly ↓", 11, svg.SOFT, "end"))
    wrong_now, total = counts.fp + counts.fn, counts.total
    words = ", ".join(f"{getattr(counts, key):,} {name}" for key, name in NAMES.items())
    title = f"{wrong_now:,} of {total:,} judged wrongly"
    return Panel(title, "".join(body), f"Confusion matrix: {words}.", height=204)


def _cell(x, y, wide, high, key, count) -> str:
    ink = svg.PAPER if key in ("tp", "tn") else svg.INK
    middle = x + wide / 2
    return (
        svg.box(x, y, wide, high, rx=5, **STYLE[key])
        + svg.text(middle, y + high / 2 + 3, f"{count:,}", 22, ink, "middle", font_weight=650)
        + svg.text(
            middle,
            y + high / 2 + 21,
            f"{key.upper()} · {'right' if key[0] == 't' else 'wrong'}",
            11,
            ink,
            "middle",
        )
    )


def mosaic_panel(counts: Counts, names: tuple[str, str]) -> Panel:
    """The same four counts as areas: widths are the classes' shares, filled heights recall and specificity."""
    left, top, wide, high, gap = 8, 26, WIDTH - 16, 168, 6
    positives, negatives, total = counts.tp + counts.fn, counts.tn + counts.fp, counts.total or 1
    body, x = [], left
    for kind, keys, size in ((1, ("tp", "fn"), positives), (0, ("tn", "fp"), negatives)):
        width = (wide - gap) * size / total
        y = top
        for key in keys:
            count = getattr(counts, key)
            height = high * count / (size or 1)
            body.append(_tile(x, y, width, height, key, count))
            y += height
        share, anchor = f"{_cut(names[kind], 14)} {size / total:.0%}", "start" if kind else "end"
        body.append(svg.text(x if kind else x + width, 16, share, 12, svg.INK, anchor))
        x += width + gap
    body.append(
        svg.text(left, top + high + 17, "area = number of cases · filled = judged rightly", 11, svg.SOFT)
    )
    words = f"Of {positives:,} {names[1]}, {counts.tp:,} are found; of {negatives:,} {names[0]}, {counts.tn:,} are left alone."
    return Panel("The four counts as areas", "".join(body), words, height=216)


def _tile(x, y, width, height, key, count) -> str:
    tile = svg.box(x + 0.6, y + 0.6, width - 1.2, height - 1.2, **STYLE[key]) if count else ""
    words = f"{key.upper()} {count:,}"
    if height < 16 or width < 7 * len(words):
        return tile
    ink = svg.PAPER if key in ("tp", "tn") else svg.INK
    return tile + svg.text(x + width / 2, y + height / 2 + 4.5, words, 13, ink, "middle", font_weight=600)


def _cut(words: str, most: int) -> str:
    return words if len(words) <= most else words[: max(1, most - 1)] + "…"
