"""Rules for variants: sound ranges, and no draw that divides by zero or makes two answers coincide."""

import itertools
import keyword
import math
from collections.abc import Iterator

from ftlib.errors import BankError
from ftlib.learn.expression import FUNCTIONS, PLACEHOLDER, evaluate, names_in, render
from ftlib.learn.kinds import close
from ftlib.learn.questions import Question
from ftlib.learn.rules import texts
from ftlib.learn.rules_kinds import SHADOWED
from ftlib.learn.variants import concrete, draw

EXHAUSTIVE = 3000
DRAWN = 1000
CLOSE_UP = 40
AVOID = "; narrow the ranges or add to where"


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
        elif any(isinstance(value, str) and ("<" in value or "{{" in value) for value in _texts_of(values)):
            yield f"vars.{name}", "a text value must hold no `<` and no `{{`"
        elif name in question.given and not _is_one_of(question.given[name], values):
            yield f"given.{name}", f"{question.given[name]} is outside the variable's values"
    if set(question.given) != set(question.vars):
        yield "given", f"must give a value for each of: {', '.join(question.vars) or 'no variables'}"
    yield from _expressions(question)


def _values(choice):
    return choice.choices if hasattr(choice, "choices") else range(choice[0], choice[1] + 1)


def _texts_of(values):
    return () if isinstance(values, range) else values


def _is_one_of(value, values) -> bool:
    """Membership that never walks through a range: for anything but a whole number Python would."""
    return value in values if isinstance(value, int) or not isinstance(values, range) else False


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
    """The variants to be looked at closely, each with a text that says which; and the faults of all draws.

    Every draw that ``where`` admits is computed if there are at most EXHAUSTIVE, else the corners and
    DRAWN seeds; a few of them are made into whole questions.
    """
    try:
        if question.where and not evaluate(question.where, question.given):
            return [], [("given", f"does not meet where: `{question.where}`")]
        draws = list(_draws(question))
        faults = _first_faults(question, draws)
        picked = draws[:1] if faults else draws[:: max(1, len(draws) // CLOSE_UP)]
        return [(_named(values), concrete(question, values)) for values in picked], faults
    except BankError as error:
        return [], [("vars", f"{error}{AVOID}")]


def _first_faults(question: Question, draws: list[dict]) -> list[tuple[str, str]]:
    """The faults of the first draw that has any."""
    computed = list(_computed(question))
    for values in draws:
        faults = list(_draw_faults(question, computed, values))
        if faults:
            return [
                (field, f"{message}{_named(values)}{AVOID if values else ''}") for field, message in faults
            ]
    return []


def _computed(question: Question) -> Iterator[str]:
    """Every expression of a question, those inside placeholders included."""
    yield from (expression for _, expression in expressions(question) if isinstance(expression, str))
    for _, text in texts(question):
        yield from (inner.partition(":")[0].strip() for _, inner in PLACEHOLDER.findall(text))


def _draw_faults(question: Question, computed: list[str], values: dict) -> Iterator[tuple[str, str]]:
    """What goes wrong for these values: BankError for what cannot be computed, faults for what coincides."""
    for expression in computed:
        evaluate(expression, values)
    for wrong in question.wrong:
        if COINCIDES.get(question.kind, _never)(question, wrong.value, values):
            yield f"wrong {wrong.value!r}", "grades as right; it coincides with the answer"
    for one, other in itertools.combinations(question.wrong, 2):
        if TWINS.get(question.kind, _never)(question, (one.value, other.value), values):
            yield f"wrong {other.value!r}", SHADOWED
    shown = [render(option.text, values) for option in question.options]
    if any("{{" in option.text for option in question.options) and len(set(shown)) < len(shown):
        yield "option", "two of them read the same"


def _same_number(question: Question, value, values: dict) -> bool:
    numbers = [evaluate(part, values) for part in (value, question.answer, question.tolerance)]
    return all(isinstance(number, int | float) for number in numbers) and close(*numbers)


def _twin_numbers(question: Question, pair, values: dict) -> bool:
    numbers = [evaluate(part, values) for part in (*pair, question.tolerance)]
    return all(isinstance(number, int | float) for number in numbers) and close(*numbers)


def _twin_cells(question: Question, pair, values: dict) -> bool:
    if not all(isinstance(cells, dict) for cells in pair):
        return False
    whole = [{**question.matrix, **cells} for cells in pair]
    return all(evaluate(whole[0].get(c), values) == evaluate(n, values) for c, n in whole[1].items())


def _same_cells(question: Question, value, values: dict) -> bool:
    cells = value.items() if isinstance(value, dict) else [("", "")]
    return all(
        evaluate(question.matrix.get(cell), values) == evaluate(number, values) for cell, number in cells
    )


def _never(question: Question, value, values: dict) -> bool:
    return False


COINCIDES = {"numeric": _same_number, "confusion": _same_cells}
TWINS = {"numeric": _twin_numbers, "confusion": _twin_cells}


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
    yield from (draw(question, seed) for seed in range(1, 4 if small else DRAWN + 1))


def _ends(values) -> list:
    return list(values) if len(values) <= 3 else [values[0], values[len(values) // 2], values[-1]]


def _named(values: dict) -> str:
    return f" (with {', '.join(f'{name}={value}' for name, value in values.items())})" if values else ""
