"""Every way to break one thing in a question's key: what the mutation test must see turn red.

A mutant is (name, question, outcomes): one field of the question changed, the proof's outcomes as they were; or,
for a code exercise, what its proof would come to if the checker or one of the submissions were other than it is.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from ftlib.learn.questions import Question

NOISE = "qzx"


def mutants(question: Question, outcomes: dict) -> Iterator[tuple[str, Question, dict]]:
    """All mutants of a question whose proof came to ``outcomes`` (by seed)."""
    if question.kind == "code":
        for name, outcome in _exercises(outcomes[0]):
            yield name, question, {0: outcome}
    else:
        for name, changes in KINDS[question.kind](question):
            yield name, replace(question, **changes), outcomes


def _at(parts: tuple, index: int, part) -> tuple:
    return (*parts[:index], part, *parts[index + 1 :])


def _swapped(parts: tuple, i: int, j: int) -> tuple:
    return _at(_at(parts, i, parts[j]), j, parts[i])


def _choice(question):
    options = question.options
    for i, option in enumerate(options):
        if not option.correct:
            moved = tuple(replace(o, correct=o.key == option.key) for o in options)
            yield f"key moved to {option.key}", {"options": moved}
        yield (
            f"option {option.key} flipped",
            {"options": _at(options, i, replace(option, correct=not option.correct))},
        )


def _multi(question):
    options = question.options
    for i, option in enumerate(options):
        yield (
            f"option {option.key} flipped",
            {"options": _at(options, i, replace(option, correct=not option.correct))},
        )


def _wrongs(question, right, other):
    """Each listed wrong value made right, and made another one."""
    for i, wrong in enumerate(question.wrong):
        yield f"wrong {i + 1} is the answer", {"wrong": _at(question.wrong, i, replace(wrong, value=right))}
        yield (
            f"wrong {i + 1} is another",
            {"wrong": _at(question.wrong, i, replace(wrong, value=other(wrong.value)))},
        )


def _tolerances(question):
    tolerance = f"({question.tolerance})"
    yield "tolerance twenty times wider", {"tolerance": f"{tolerance} * 20" if question.tolerance else 0.5}
    if question.tolerance:
        yield "tolerance twenty times tighter", {"tolerance": f"{tolerance} / 20"}


def _numeric(question):
    key = f"({question.answer})"
    for name, other in {
        "a tenth more": f"{key} * 1.1 + 0.1",
        "negative": f"-{key} - 1",
        "halved": f"{key} / 2 - 1",
    }.items():
        yield f"answer {name}", {"answer": other}
    yield "unit", {"unit": "" if question.unit == "%" else "%"}
    yield from _tolerances(question)
    yield from _wrongs(question, question.answer, lambda value: f"({value}) * 1.3 + 1")


def _text(question):
    yield "answer", {"answer": NOISE}
    for i, alias in enumerate(question.aliases):
        yield f"alias {alias} dropped", {"aliases": question.aliases[:i] + question.aliases[i + 1 :]}
        yield f"alias {alias} changed", {"aliases": _at(question.aliases, i, NOISE)}
    for wrong in question.wrong:
        yield f"alias {wrong.value} added", {"aliases": (*question.aliases, wrong.value)}
    yield from _wrongs(question, question.answer, lambda value: NOISE)


def _order(question):
    for i in range(len(question.items) - 1):
        yield f"items {i + 1} and {i + 2} swapped", {"items": _swapped(question.items, i, i + 1)}
    yield "items reversed", {"items": question.items[::-1]}
    yield from _wrongs(question, question.key, lambda value: value[::-1])


def _match(question):
    pairs = question.pairs
    for i in range(len(pairs)):
        for j in range(i):
            if pairs[i].right != pairs[j].right:
                changed = _at(
                    _at(pairs, i, replace(pairs[i], right=pairs[j].right)),
                    j,
                    replace(pairs[j], right=pairs[i].right),
                )
                yield f"right sides {j + 1} and {i + 1} swapped", {"pairs": changed}
    yield from _wrongs(question, question.key, lambda value: dict(zip(value, reversed([*value.values()]))))


def _confusion(question):
    matrix = question.matrix
    for i, cell in enumerate(matrix):
        yield f"{cell} one more", {"matrix": {**matrix, cell: f"({matrix[cell]}) + 1"}}
        for other in list(matrix)[:i]:
            if matrix[cell] != matrix[other]:
                swapped = {**matrix, cell: matrix[other], other: matrix[cell]}
                yield f"{cell} and {other} swapped", {"matrix": swapped}
    yield "tolerance of one", {"tolerance": 1}
    more = lambda value: {cell: f"({number}) + 3" for cell, number in value.items()}
    yield from _wrongs(question, dict(matrix), more)


def _predict(question):
    lines = question.answer.rstrip("\n").split("\n")
    yield "a line more", {"answer": f"{question.answer.rstrip()}\n{NOISE}\n"}
    yield "the last line less", {"answer": "\n".join(lines[:-1])}
    for i, line in enumerate(lines):
        yield f"line {i + 1} changed", {"answer": "\n".join(_at(tuple(lines), i, f"{line[:-1]}{NOISE}"))}
    yield from _wrongs(question, question.answer, lambda value: NOISE)


def _exercises(outcome):
    """A starter that is done, a solution that is not, wrong submissions that pass, checkers that do not look."""
    yield "solution is the starter", {**outcome, "solution": outcome["starter"]}
    yield "starter is the solution", {**outcome, "starter": outcome["solution"]}
    yield "checker refuses all", {**outcome, "solution": "wrong"}
    yield "checker accepts all", {**outcome, "wrong": {slug: ["right", []] for slug in outcome["wrong"]}}
    yield "checker accepts the starter", {**outcome, "starter": "right"}
    yield "no wrong submissions", {**outcome, "wrong": {}}
    for slug in outcome["wrong"]:
        put = lambda verdict, slug=slug: {**outcome, "wrong": {**outcome["wrong"], slug: verdict}}
        yield f"checker blind to {slug}", put(["right", []])
        yield f"checker does not name {slug}", put(["wrong", []])
        yield f"checker takes {slug} for another", put(["wrong", [NOISE]])
        yield f"wrong submission {slug} is the starter", put(["not attempted", []])
        yield f"solution is {slug}", {**outcome, "solution": outcome["wrong"][slug][0]}


KINDS = {
    "choice": _choice,
    "multi": _multi,
    "numeric": _numeric,
    "text": _text,
    "order": _order,
    "match": _match,
    "confusion": _confusion,
    "predict": _predict,
}
