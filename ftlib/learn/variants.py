"""Seeded variants: the same question with other numbers, the same everywhere for the same seed.

Numbers are drawn with the one method of ``random.Random`` whose sequence Python promises
never to change, seeded by question id and seed, so a submission graded next year on
another machine sees the numbers its learner saw. Seed 0 gives the question's ``given`` values.
"""

import random

import msgspec

from ftlib.errors import BankError
from ftlib.learn.expression import evaluate, render

TRIES = 2000


def draw(question, seed: int) -> dict:
    """The variables of a variant: ``given`` for seed 0, else drawn until ``where`` holds.

    Raises BankError if no draw meets ``where``.
    """
    if not question.vars or seed == 0:
        return dict(question.given)
    source = random.Random(f"{question.id}:{seed}")
    for _ in range(TRIES):
        values = {name: _pick(source, question.vars[name]) for name in sorted(question.vars)}
        if not question.where or evaluate(question.where, values):
            return values
    raise BankError(
        f"{question.id}: where: `{question.where}` never held in {TRIES} draws; widen vars or where"
    )


def variant(question, seed: int = 0):
    """The concrete question of a seed: placeholders filled, expressions evaluated to numbers.

    A question that is already concrete comes back as it is. The input is not changed.

    Returns
    -------
    Question
        With ``seed`` and ``values`` set.
    """
    if question.seed is not None:
        return question
    return concrete(question, draw(question, seed), seed)


def concrete(question, values: dict, seed: int = 0):
    """The question with these values of its variables."""
    changes = {name: _filled(getattr(question, name), values) for name in TEXTS}
    changes |= {name: value(question, values) for name, value in EVALUATED.items()}
    return msgspec.structs.replace(question, seed=seed, values=values, **changes)


def display_order(question, seed: int = 0) -> list[str]:
    """The keys of options, items or right sides as they are shown: shuffled by seed.

    What is to be put in order or matched never comes out solved. Other kinds: [].
    """
    keys = [part.key for part in question.options or question.items or question.pairs]
    source = random.Random(f"order:{question.id}:{seed}")
    shuffled = sorted(keys, key=lambda _: source.random())
    if question.kind in ("order", "match") and shuffled == keys:
        shuffled = shuffled[1:] + shuffled[:1]
    return shuffled


def _pick(source: random.Random, choice):
    values = getattr(choice, "choices", None)
    if values is not None:
        return values[int(source.random() * len(values))]
    low, high = choice
    return low + int(source.random() * (high - low + 1))


def _filled(part, values: dict):
    """Every text inside ``part`` (str, tuple, record) with its placeholders filled."""
    if isinstance(part, str):
        return render(part, values)
    if isinstance(part, tuple):
        return tuple(_filled(item, values) for item in part)
    if isinstance(part, msgspec.Struct):
        texts = {
            n: _filled(v, values) for n in part.__struct_fields__ if isinstance(v := getattr(part, n), str)
        }
        return msgspec.structs.replace(part, **texts)
    return part


def _answer(question, values: dict):
    return question_value(question, question.answer, values)


def _wrong(question, values: dict) -> tuple:
    filled = zip(_filled(question.wrong, values), question.wrong)
    return tuple(
        msgspec.structs.replace(new, value=question_value(question, old.value, values)) for new, old in filled
    )


def question_value(question, value, values: dict):
    """An answer or a ``wrong`` value, made concrete as its kind needs it."""
    if question.kind == "numeric":
        return evaluate(value, values)
    if question.kind == "confusion" and isinstance(value, dict):
        return {cell: evaluate(number, values) for cell, number in value.items()}
    return render(value, values) if isinstance(value, str) else value


TEXTS = (
    "prompt",
    "hints",
    "steps",
    "quick_check",
    "mistakes",
    "options",
    "aliases",
    "code",
    "items",
    "pairs",
)
EVALUATED = {
    "answer": _answer,
    "wrong": _wrong,
    "tolerance": lambda q, v: evaluate(q.tolerance, v),
    "matrix": lambda q, v: {cell: evaluate(number, v) for cell, number in q.matrix.items()},
}
