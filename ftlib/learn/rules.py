"""Rules that every question keeps, whatever its kind. Each yields (field, message)."""

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from ftlib.errors import BankError
from ftlib.learn.expression import PLACEHOLDER, names_in
from ftlib.learn.questions import DIFFICULTIES, Question

Found = Iterator[tuple[str, str]]
ID = re.compile(r"\d\d-[a-z0-9]+(-[a-z0-9]+)*")
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
CHALLENGES = ("conceptual", "predict", "model", "hyperparameter", "metric", "debug")
TAGS = ("practice-five", "self-check", *(f"challenge:{name}" for name in CHALLENGES))
VARIED = ("vars", "given", "where")
KIND_FIELDS = {
    "choice": ("options", *VARIED),
    "multi": ("options", *VARIED),
    "numeric": ("answer", "tolerance", "unit", "wrong", *VARIED),
    "text": ("answer", "aliases", "wrong", *VARIED),
    "order": ("items", "wrong", *VARIED),
    "match": ("pairs", "wrong", *VARIED),
    "confusion": ("matrix", "wrong", *VARIED),
    "predict": ("code", "answer", "wrong", *VARIED),
    "code": ("exercise",),
}
OWNED = (
    "options",
    "answer",
    "tolerance",
    "unit",
    "wrong",
    "aliases",
    "items",
    "pairs",
    "matrix",
    "code",
    "exercise",
)
MARKDOWN = (
    "prompt",
    "hints",
    "steps",
    "quick_check",
    "mistakes",
    "options",
    "items",
    "pairs",
    "wrong",
    "aliases",
)
NOT_SHOWN = ("key", "misconception")
NAMES = {"options": "option"}


def common_faults(question: Question, concepts=None, headings=None) -> Found:
    """The faults that can be seen without making a variant."""
    yield from _identity(question, concepts, headings)
    yield from _help(question)
    yield from _fields(question)
    for field, text in texts(question):
        yield from ((field, message) for message in html_faults(text))
        yield from ((field, message) for message in placeholder_faults(text, question.vars))


def _identity(question: Question, concepts, headings) -> Found:
    if not ID.fullmatch(question.id) or (
        question.lesson[:2].isdigit() and question.id[:2] != question.lesson[:2]
    ):
        yield "id", f"write the lesson's number and a slug, such as {question.lesson[:2]}-bn-drift"
    if question.difficulty not in DIFFICULTIES:
        yield "difficulty", f"is {question.difficulty!r}; write one of {', '.join(DIFFICULTIES)}"
    if concepts is not None and question.concept not in concepts:
        yield (
            "concept",
            f"{question.concept!r} is not in concepts.toml; add it there or name one{_near(question.concept, concepts)}",
        )
    if headings is not None and question.section not in headings:
        yield (
            "section",
            f"{question.section!r} is no heading of the lesson{_near(question.section, headings)}",
        )
    for tag in question.tags:
        if tag not in TAGS:
            yield "tags", f"{tag!r} is unknown; tags are {', '.join(TAGS)}"


def _near(name: str, known) -> str:
    import difflib

    found = difflib.get_close_matches(name, list(known), 2, 0.5)
    return f"; near it: {', '.join(map(repr, found))}" if found else ""


def _help(question: Question) -> Found:
    if not question.prompt.strip():
        yield "prompt", "is empty; ask something"
    if not 1 <= len(question.hints) <= 3:
        yield "hints", f"there are {len(question.hints)}; write 1 to 3, from a nudge to almost there"
    if not question.steps:
        yield "steps", "are missing; write the worked solution, one step a line"
    if not question.quick_check.strip():
        yield "quick_check", "is missing; say how a learner can check the answer in one line"
    if not question.mistakes:
        yield "mistakes", "are missing; name at least one common mistake"
    for field in ("hints", "steps", "mistakes"):
        if any(not text.strip() for text in getattr(question, field)):
            yield field, "one of them is empty; write it or remove it"


def _fields(question: Question) -> Found:
    defaults = {f.name: f.default for f in msgspec.structs.fields(Question)}
    own = KIND_FIELDS[question.kind]
    for field in (*OWNED, *VARIED):
        empty = getattr(question, field) in (defaults[field], (), {}, "", None)
        if field not in own and not empty:
            yield NAMES.get(field, field), f"a {question.kind} question has none; remove it"
        required = field in own and field not in ("tolerance", "unit", "wrong", "aliases", *VARIED)
        if required and empty:
            yield NAMES.get(field, field), f"is missing; a {question.kind} question needs it"
    for wrong in question.wrong:
        yield from wrong_faults(f"wrong {wrong.value!r}", wrong)


def wrong_faults(field: str, part) -> Found:
    """A wrong answer must say why, and name the mistaken idea by a slug."""
    if not part.feedback.strip():
        yield f"{field}.feedback", "is empty; say why it is wrong, and name the misconception"
    if not SLUG.fullmatch(part.misconception):
        yield (
            f"{field}.misconception",
            "is missing; name the mistaken idea by a slug such as flag-freezes-batchnorm",
        )


def texts(question: Question) -> Iterator[tuple[str, str]]:
    """(field, text) of every markdown text of a question."""
    for field in MARKDOWN:
        yield from _texts(NAMES.get(field, field), getattr(question, field))
    if question.kind in ("text", "predict"):
        yield "answer", str(question.answer)
    yield "code", question.code


def _texts(field: str, part) -> Iterator[tuple[str, str]]:
    if isinstance(part, str):
        yield field, part
    elif isinstance(part, tuple):
        for item in part:
            yield from _texts(field, item)
    elif isinstance(part, msgspec.Struct):
        name = f"{field} {getattr(part, 'key', '')}".strip()
        for inner in part.__struct_fields__:
            if inner not in NOT_SHOWN and isinstance(getattr(part, inner), str):
                yield f"{name}.{inner}", getattr(part, inner)


@lru_cache(maxsize=1)
def _markdown():
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark", {"html": True}).enable("table")


def html_faults(text: str) -> list[str]:
    """A message for each piece of raw HTML outside code.

    >>> html_faults("`<b>` and 1 < 2"), html_faults("a <b onclick=x>b</b>")[0][:12]
    ([], '`<b onclick=')
    """
    if "<" not in text:
        return []
    tokens = _markdown().parse(text)
    every = [inner for token in tokens for inner in (token, *(token.children or ()))]
    found = [token.content.strip() for token in every if token.type in ("html_block", "html_inline")]
    return [f"`{html[:40]}` is raw HTML; use markdown, or backticks to show it as code" for html in found[:1]]


def placeholder_faults(text: str, known) -> list[str]:
    """A message for each placeholder that names no variable, or is no placeholder at all."""
    messages = []
    for whole in PLACEHOLDER.finditer(text):
        try:
            unknown = names_in(whole[2].partition(":")[0].strip()) - set(known)
        except BankError as error:
            messages.append(str(error))
            continue
        if unknown:
            there = ", ".join(known) or "none"
            messages.append(f"{whole[0]} names {', '.join(sorted(unknown))}; the variables are: {there}")
    if "{{" in PLACEHOLDER.sub("", text):
        messages.append("holds `{{` that is no placeholder; write {{name}} or {{= expression :.3f}}")
    return messages
