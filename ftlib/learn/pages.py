"""The progress page: how well each concept is known, which of ten ways were taken, what to do next."""

from html import escape
from itertools import groupby

import ipywidgets as W

from ftlib.learn import panels, runs
from ftlib.learn.card import View, button, html
from ftlib.learn.challenge import badges
from ftlib.learn.standing import standing
from ftlib.learn.views import LEVELS, level_chip
from ftlib.learn.ways import WAYS, next_steps, ways_table

COUNTED_BY_ITSELF = ("practice", "challenge", "recall", "metrics")


def progress_page(*, store=None, banks=None) -> "ProgressPage":
    """Show the learner's progress over every concept of the course.

    ``store`` defaults to the learner's own, ``banks`` to the course's.
    """
    return ProgressPage(runs.open_or(store), banks)


class ProgressPage(View):
    """What to do next, concept × ten ways, and the ways of one concept at a time.

    ``rows`` are the concepts as :func:`ftlib.learn.ways.ways_table` gives them; ``refresh`` reads them anew.
    """

    def __init__(self, store, banks=None):
        self.store, self.banks = store, banks
        self._head, self._next = html("", "ftl-head"), html()
        self._tables, self._folds, self._pills = W.VBox(), {}, {}
        self._lessons, self._concepts = W.Box().add_class("ftl-nav"), W.Box().add_class("ftl-nav")
        self._said = {way.slug: html() for way in WAYS}
        self._done = {way.slug: self._did_button(way) for way in WAYS}
        pairs = [part for way in WAYS for part in (self._said[way.slug], self._done[way.slug])]
        ways, trouble = W.Box(pairs).add_class("ftl-ways"), getattr(store, "trouble", "")
        notice = html(panels.notice(trouble), "ftl-notice")
        again = W.Box([button("Look again", self.refresh)]).add_class("ftl-actions")
        one = html('<div class="ftl-head"><h3>One concept, ten ways</h3></div>')
        super().__init__(
            [self._head, notice, self._next, self._tables, one, self._lessons, self._concepts, ways, again]
        )
        self.concept = None
        self.refresh()

    def __repr__(self):
        known = sum(row.level != "new" for row in self.rows)
        return f"<progress: {known} of {len(self.rows)} concepts tried>"

    def stand_in(self):
        return standing(self.store, banks=self.banks), f"{self._head.value}{self._next.value}"

    def refresh(self):
        """Read the store again and redraw."""
        self.rows = ways_table(self.store, banks=self.banks)
        self._head.value = _head(self.rows, self.store)
        self._next.value = _next(next_steps(self.store, banks=self.banks))
        for name, rows in self._by_lesson():
            self._folds.setdefault(name, html()).value = _lesson_table(name, list(rows))
        self._tables.children = list(self._folds.values())
        if self.rows:
            self.choose(self.concept or self.rows[0].concept)

    def choose(self, concept: str):
        """Show the ten ways of a concept."""
        self.concept = concept
        row = next(row for row in self.rows if row.concept == concept)
        names = [name for name, _ in self._by_lesson()]
        mine = [r for r in self.rows if r.lesson == row.lesson]
        first = {name: next(r.concept for r in self.rows if r.lesson == name) for name in names}
        self._lessons.children = [
            self._pill(panels.lesson_title(name), first[name], name == row.lesson) for name in names
        ]
        self._concepts.children = [self._pill(r.title, r.concept, r is row) for r in mine]
        for way in WAYS:
            self._show_way(row, way)

    def _pill(self, words, concept, here):
        """The button of a lesson or concept; always the same one, so that it keeps the focus."""
        if (words, concept) not in self._pills:
            self._pills[words, concept] = button(words, lambda: self.choose(concept))
        made = self._pills[words, concept]
        made.tooltip = f"{words}, shown now" if here else words
        made._dom_classes = ("ftl-pill", *(["ftl-here"] if here else []))
        return made

    def _did_button(self, way):
        return button(f"I did this: {way.title.lower()}", lambda: self._did(way))

    def _show_way(self, row, way):
        cell = row.ways[way.slug]
        times = (
            f"taken {cell.times} {'time' if cell.times == 1 else 'times'}" if cell.taken else "not taken yet"
        )
        words = panels.link(way.title, cell.link) if cell.link else escape(way.title)
        self._said[
            way.slug
        ].value = f'<div class="ftl-item"><strong>{words}</strong> — {escape(way.what)} · {times}</div>'
        counted = way.slug in COUNTED_BY_ITSELF or not cell.link
        self._done[way.slug].layout.display = "none" if counted else None
        self._said[way.slug]._dom_classes = ("ftl-whole",) if counted else ()

    def _did(self, way):
        self.store.visit(way.slug, self.concept)
        self.rows = ways_table(self.store, banks=self.banks)
        self.choose(self.concept)  # the tables wait for "Look again": redrawn, an open one would fold up
        self._said[way.slug].value += panels.announced(f"{way.title}: noted.")

    def _by_lesson(self):
        return groupby(sorted(self.rows, key=lambda row: row.lesson), key=lambda row: row.lesson)


def _head(rows, store):
    levels = [row.level for row in rows]
    counts = [f"{levels.count(level)} {level}" for level in LEVELS if levels.count(level)]
    won = [f"{times} {name}" for name, times in badges(store).items()] if hasattr(store, "runs") else []
    medals = f" · badges: {', '.join(won)}" if won else ""
    return (
        f'<h2>Your progress</h2><p class="ftl-score"><strong>{len(rows)} concepts</strong> · '
        f"{' · '.join(counts)}{medals}</p>"
    )


def _next(steps):
    items = "".join(f"<li>{panels.link(step.what, step.link)} — {escape(step.why)}</li>" for step in steps)
    return f'<div class="ftl-box"><h3>What to do next</h3><ol>{items}</ol></div>' if steps else ""


def _lesson_table(lesson, rows):
    """One lesson's concepts × ten ways, folded; the summary says how they stand."""
    levels = [row.level for row in rows]
    counts = ", ".join(f"{levels.count(level)} {level}" for level in LEVELS if levels.count(level))
    heads = "".join(f'<th scope="col" class="ftl-tall"><span>{escape(way.title)}</span></th>' for way in WAYS)
    body = "".join(_row(row) for row in rows)
    title = escape(panels.lesson_title(lesson))
    return (
        f'<details class="ftl-fold"><summary>{title} <span class="ftl-aside">{counts}</span></summary>'
        f'<div class="ftl-scroll" role="region" tabindex="0" aria-label="{title}: concepts and ways">'
        f'<table><tr><th scope="col">Concept</th><th scope="col">Level</th>{heads}</tr>{body}</table></div></details>'
    )


def _row(row):
    cells = "".join(_cell(way, row.ways[way.slug]) for way in WAYS)
    return f'<tr><th scope="row">{panels.link(row.title, row.link)}</th><td>{level_chip(row.level)}</td>{cells}</tr>'


def _cell(way, cell):
    times = f"taken {cell.times}" if cell.taken else "not taken"
    mark = f'<span aria-hidden="true">{"●" if cell.taken else "○"}</span>'
    return f'<td class="ftl-dot{" ftl-taken" if cell.taken else ""}">{mark}<span class="ftl-vh">{times}</span></td>'
