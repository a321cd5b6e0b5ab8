"""Ten ways to learn a concept, how far each has been gone, and what to do next; data only, nothing is shown.

Practice, challenge, recall and metrics count by themselves, from the attempts. The other ways count when a page
calls ``Progress.visit(way, concept)``. Where a way leads for a concept may be set in ``quizzes/ways.toml``::

    [batchnorm]
    visualise = "02_freezing.ipynb#Watch-the-statistics-move"
"""

import tomllib
from pathlib import Path
from urllib.parse import quote

import msgspec

from ftlib.learn import runs
from ftlib.learn.bank import load_banks, load_concepts
from ftlib.learn.records import COUNTED
from ftlib.paths import course


class Way(msgspec.Struct, frozen=True):
    """One way to learn: slug, title, what one does, the notebook it leads to ("" = the concept's own lesson)."""

    slug: str
    title: str
    what: str
    notebook: str = ""


WAYS = (
    Way("why", "Why", "see what it is good for", "01_why_fine_tune"),
    Way("lesson", "Lesson", "read and run the lesson"),
    Way("deep-dive", "Deep dive", "follow the worked steps of its questions"),
    Way("visualise", "Visualise", "watch the pipeline, the shapes, an epoch"),
    Way("practice", "Practice", "answer its quiz questions"),
    Way("challenge", "Challenge", "five timed problems, two tries each", "00_start_here"),
    Way("recall", "Recall and review", "cards for what was missed", "00_start_here"),
    Way("metrics", "Metrics", "judge it by numbers that fit the task", "04_metrics"),
    Way("experiment", "Experiment", "turn a knob and measure"),
    Way("project", "Project", "use it in the capstone", "11_capstone"),
)
_CONTEXT_WAYS = {"quiz": "practice", "exercise": "practice", "strength": "practice", "challenge": "challenge"}
_CONTEXT_WAYS |= {"review": "recall"}


class Cell(msgspec.Struct, frozen=True):
    """One way of one concept: how often it was taken, and where it leads ("" while that page does not exist)."""

    times: int
    link: str

    @property
    def taken(self) -> bool:
        """Whether it was taken at all."""
        return self.times > 0


class Row(msgspec.Struct, frozen=True):
    """One concept: its title, lesson and section, level (strong / growing / weak / new), and its ten ways."""

    concept: str
    title: str
    lesson: str
    section: str
    level: str
    score: float
    ways: dict[str, Cell]

    @property
    def link(self) -> str:
        """Its section, relative to the course's folder."""
        return where(self.lesson, self.section)


class Step(msgspec.Struct, frozen=True):
    """One thing to do next: what, why, and where ("" = here)."""

    what: str
    why: str
    link: str = ""

    def __str__(self):
        return f"{self.what} — {self.why}" + (f" ({self.link})" if self.link else "")


def where(lesson: str, section: str = "") -> str:
    """A section's place, relative to the course's folder.

    >>> where("02_freezing", "BatchNorm keeps moving")
    'notebooks/02_freezing.ipynb#BatchNorm-keeps-moving'
    """
    heading = section.replace("`", "").replace(" ", "-")  # as front ends name the anchor of a heading
    anchor = f"#{quote(heading, safe='')}" if section else ""
    return f"notebooks/{quote(lesson)}.ipynb{anchor}"


def ways_table(store=None, *, banks=None) -> list[Row]:
    """Concept × ten ways, in the order in which the lessons bring the concepts up."""
    store, homes = runs.open_or(store), _homes(load_banks() if banks is None else banks)
    titles, known, taken, places = load_concepts(), _mastery(store), _taken(store), _places()
    rows = []
    for concept, question in homes.items():
        mastery = known.get(concept)
        cells = {
            way.slug: Cell(taken.get((way.slug, concept), 0), _link(way, concept, question, places))
            for way in WAYS
        }
        level, score = (mastery.level, mastery.score) if mastery else ("new", 0.0)
        title = titles.get(concept, concept)
        rows.append(Row(concept, title, question.lesson, question.section, level, score, cells))
    return rows


def next_steps(store=None, *, banks=None, most: int = 3) -> list[Step]:
    """What to do next, the most useful first: cards that are due, weak concepts, new ones, then harder ways."""
    from ftlib.learn.review import review

    store = runs.open_or(store)
    banks = load_banks() if banks is None else banks
    due, rows = review(store=store, banks=banks).due(), ways_table(store, banks=banks)
    steps = [Step("Review your cards", f"{len(due)} due", where("00_start_here"))] if due else []
    for level, verb in (("weak", "Read again"), ("growing", "Practise"), ("new", "Begin")):
        named = [row for row in rows if row.level == level]
        steps += [Step(f"{verb}: {row.title}", _why(row), row.link) for row in named]
    if rows and all(row.level == "strong" for row in rows):
        steps.append(Step("Take a challenge", "every concept is strong", where("00_start_here")))
    return steps[:most]


def _why(row):
    return (
        "not tried yet"
        if row.level == "new"
        else f"{row.level}, {100 * row.score:.0f} % of your latest answers right"
    )


def _homes(banks):
    """Concept → the first question on it: its lesson and section are the concept's home."""
    homes = {}
    for bank in banks:
        for question in bank.questions:
            homes.setdefault(question.concept, question)
    return homes


def _mastery(store):
    return store.mastery() if hasattr(store, "mastery") else {}


def _taken(store):
    """(way, concept) → times, from visits and from attempts."""
    taken = dict(store.visits()) if hasattr(store, "visits") else {}
    for attempt in store.attempts():
        ways = [_CONTEXT_WAYS.get(attempt.context)]
        ways += ["metrics"] if attempt.lesson[:2] in ("04", "05", "06") else []
        for way in ways if attempt.verdict in COUNTED else []:
            taken[way, attempt.concept] = taken.get((way, attempt.concept), 0) + 1
    return taken


def _places():
    file = course() / "quizzes" / "ways.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def _link(way, concept, question, places):
    """Where a way leads; "" while the notebook is not there, so that no page shows a dead link."""
    named = places.get(concept, {}).get(way.slug)
    if way.slug == "practice" and not named:
        path = f"quizzes/{question.lesson}.ipynb"
    elif named:
        path = f"notebooks/{named}"
    else:
        own = not way.notebook or way.notebook == question.lesson
        path = where(way.notebook or question.lesson, question.section if own else "")
    return path if Path(course(), path.partition("#")[0]).exists() else ""
