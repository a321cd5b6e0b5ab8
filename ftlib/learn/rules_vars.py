"""Rules for variants: sound ranges, and no draw that divides by zero or makes two answers coincide."""

import itertools
import keyword
import math
from collections.abc import Iterator

from ftlib.errors import BankError
from ftlib.learn.expression import FUNCTIONS, evaluate, names_in
from ftlib.learn.questions import Question
from ftlib.learn.variants import concrete, draw

EXHAUSTIVE = 600
DRAWN = 200
PROBED = range(1, DRAWN + 1)


def vars_faults(question: Question) -> Iterator[tuple[str, str]]:
    """What is wrong with ``vars``, ``given``, ``where`` and the expressions over them."""
    for name, choice in question.vars.items():
        if not name.isidentifier() or keyword.iskeyword(name) or name in FUNCTIONS:
            yield f"vars.{name}", "is no name for a variable; use a short word that is no function or keyword"
        values = _values(choice)
        if not values:
            yield (
                f"vars.{name}",
                "the range is empty; write [low, high] with low <= high, or {choices = [...]}",
            )
        elif any(isinstance(value, str) and ("<" in value or "{{" in value) for value in values):
            yield f"vars.{name}", "a text value must hold no `<` and no `{{`"
        elif name in question.given and question.given[name] not in values:
            yield f"given.{name}", f"{question.given[name]} is outside the variable's values"
    if set(question.given) != set(question.vars):
        yield "given", f"must give a value for each of: {', '.join(question.vars) or 'no variables'}"
    yield from _expressions(question)


def _values(choice):
    return choice.choices if hasattr(choice, "choices") else range(choice[0], choice[1] + 1)


def _expressions(question: Question) -> Iterator[tuple[str, str]]:
    for field, expression in expressions(question):
        try:
            unknown = names_in(expression) - set(question.vars)
        except BankError as error:
            yield field, str(error)
            continue
        if unknown:
            there = ", ".join(question.vars) or "none"
            yield field, f"`{expression}` names {', '.join(sorted(unknown))}; the variables are: {there}"


def expressions(question: Question) -> Iterator[tuple[str, object]]:
    """(field, expression) of all that is computed from the variables."""
    yield "where", question.where or None
    yield "tolerance", question.tolerance
    yield from ((f"matrix.{cell}", number) for cell, number in question.matrix.items())
    if question.kind == "numeric":
        yield "answer", question.answer
        yield from (("wrong", wrong.value) for wrong in question.wrong)
    if question.kind == "confusion":
        parts = [wrong.value for wrong in question.wrong if isinstance(wrong.value, dict)]
        yield from (("wrong", number) for part in parts for number in part.values())


def checked_variants(question: Question) -> tuple[list[tuple[str, Question]], list[tuple[str, str]]]:
    """The variants to be checked, each with a text that says which, and the faults of making them.

    Every draw that ``where`` admits if there are at most EXHAUSTIVE, else the corners and DRAWN seeds.
    """
    variants: list[tuple[str, Question]] = []
    try:
        if question.where and not evaluate(question.where, question.given):
            return [], [("given", f"does not meet where: `{question.where}`")]
        for values in _draws(question):
            variants.append((_named(values), concrete(question, values)))
    except BankError as error:
        return variants, [("vars", f"{error}; narrow the ranges or add to where")]
    return variants, []


def _draws(question: Question) -> Iterator[dict]:
    yield question.given
    names = list(question.vars)
    ranges = [_values(question.vars[name]) for name in names]
    if not names:
        return
    small = math.prod(map(len, ranges)) <= EXHAUSTIVE
    picked = ranges if small else [_ends(values) for values in ranges]
    for values in itertools.islice(itertools.product(*picked), EXHAUSTIVE):
        draw_ = dict(zip(names, values))
        if not question.where or evaluate(question.where, draw_):
            yield draw_
    yield from (draw(question, seed) for seed in (range(1, 4) if small else PROBED))


def _ends(values) -> list:
    return list(values) if len(values) <= 3 else [values[0], values[len(values) // 2], values[-1]]


def _named(values: dict) -> str:
    return f" (with {', '.join(f'{name}={value}' for name, value in values.items())})" if values else ""
