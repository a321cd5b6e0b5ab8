"""Rules of each kind, for one concrete variant: the key can be reached, and nothing wrong grades as right."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from ftlib.learn.grade import grade
from ftlib.learn.questions import Question
from ftlib.learn.rules import Found, wrong_faults
from ftlib.learn.words import same_output, same_words

CELLS = {"tp", "fp", "fn", "tn"}
DIGITS = 4
WIDEST = 0.25
SHADOWED = "is the same answer as another wrong value, so its feedback is never given; make them differ"


def kind_faults(question: Question) -> Found:
    """The faults of a concrete question; the key itself must grade as right, each wrong answer must not."""
    found = [*RULES[question.kind](question), *_shapes(question)]
    yield from found
    if found or question.kind == "code":
        return
    result = grade(question, question.key)
    if result.verdict != "right":
        yield "answer", f"the key {question.key!r} itself grades as {result.verdict!r}: {result.feedback}"
    for wrong in question.wrong:
        yield from _graded(question, wrong)


SHAPES = {"order": list | tuple, "match": dict, "confusion": dict}


def _shapes(question: Question) -> Found:
    for wrong in question.wrong:
        if not isinstance(wrong.value, SHAPES.get(question.kind, object)):
            yield f"wrong {wrong.value!r}", "has another form than an answer to this kind; see sample.toml"


def _graded(question: Question, wrong) -> Found:
    whole = {**question.key, **wrong.value} if isinstance(wrong.value, dict) else wrong.value
    result = grade(question, whole)
    if result.verdict == "right":
        yield f"wrong {wrong.value!r}", "grades as right; it coincides with the answer"
    elif not result.counts:
        yield f"wrong {wrong.value!r}", f"is no answer that a learner could give: {result.feedback}"
    elif wrong.feedback.strip() not in result.feedback:
        yield f"wrong {wrong.value!r}", SHADOWED


def _choice(question: Question) -> Found:
    correct = [option.key for option in question.options if option.correct]
    if len(correct) != 1:
        yield (
            "option",
            f"{len(correct)} are correct ({', '.join(correct) or 'none'}); a choice needs exactly one",
        )
    yield from _options(question)


def _multi(question: Question) -> Found:
    wrong = [option for option in question.options if not option.correct]
    if len(wrong) == len(question.options):
        yield "option", "none is correct, so the key cannot be reached; mark at least one"
    if not wrong:
        yield "option", "all are correct; add one that does not hold"
    yield from _options(question)


def _options(question: Question) -> Found:
    if len(question.options) < 2:
        yield "option", f"there are {len(question.options)}; give at least two"
    yield from _keys("option", [option.key for option in question.options])
    yield from _coinciding("option", [(option.key, option.text) for option in question.options])
    for option in question.options:
        if not option.text.strip():
            yield f"option {option.key}.text", "is empty"
        if not option.correct:
            yield from wrong_faults(f"option {option.key}", option)
        elif not option.feedback.strip():
            yield f"option {option.key}.feedback", "is empty; say why this option is right"
        elif option.misconception:
            yield f"option {option.key}.misconception", "belongs to wrong options only; remove it"


def _keys(field: str, keys: list[str]) -> Found:
    if len({key.casefold() for key in keys}) < len(keys):
        yield field, f"keys must differ: {', '.join(keys)}"
    for key in keys:
        if not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?", key):
            yield field, f"the key {key!r} must be letters, digits, - and _"


def _coinciding(field: str, texts: list[tuple[str, str]]) -> Found:
    seen: dict[str, str] = {}
    for key, text in texts:
        first = seen.setdefault(" ".join(text.split()), key)
        if first != key:
            yield f"{field} {key}", f"reads the same as {first}: {text.strip()[:60]!r}"


def _numeric(question: Question) -> Found:
    for field, value in [("answer", question.answer), ("tolerance", question.tolerance)]:
        if not _is_number(value):
            yield field, f"is {value!r}; write a number or an expression"
            return
    if any(not _is_number(wrong.value) for wrong in question.wrong):
        yield "wrong", "a value is no number; write a number or an expression"
        return
    if question.tolerance < 0:
        yield "tolerance", f"is {question.tolerance}; write 0 or more"
    typed = (
        f"{question.answer:.{DIGITS}g}"
        if question.answer != int(question.answer)
        else str(int(question.answer))
    )
    if grade(question, typed).verdict != "right":
        needed = abs(float(typed) - question.answer)
        yield (
            "tolerance",
            f"{question.tolerance:g} is too tight: {typed}, rounded to {DIGITS} digits, fails; allow {needed:.1g}",
        )
    if question.answer and question.tolerance > WIDEST * abs(question.answer):
        yield (
            "tolerance",
            f"±{question.tolerance:g} is over a quarter of the answer {question.answer:.4g}; narrow it",
        )


def _is_number(value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(question: Question) -> Found:
    if not isinstance(question.answer, str) or not question.answer.strip():
        yield "answer", "write a word or a short phrase"
        return
    yield from _distinct(question, (question.answer, *question.aliases), same_words)


def _predict(question: Question) -> Found:
    if not isinstance(question.answer, str) or not question.answer.strip():
        yield "answer", "write what the code prints, as a text"
        return
    try:
        compile(question.code, "<code>", "exec")
    except (SyntaxError, ValueError) as error:
        yield "code", f"Python cannot read it: {error}"
    yield from _distinct(question, (question.answer,), same_output)


def _distinct(question: Question, right: tuple[str, ...], same) -> Found:
    """No alias says again what is right already, and none says what is wrong."""
    for number, alias in enumerate(right[1:], 1):
        if any(same(alias, text) for text in right[:number]):
            yield "aliases", f"{alias!r} is accepted already; remove it"
    for wrong in question.wrong:
        if not isinstance(wrong.value, str):
            yield f"wrong {wrong.value!r}", "must be a text, as a learner would write it"
        elif any(same(wrong.value, text) for text in right[1:]):
            yield "aliases", f"one of them is the wrong value {wrong.value!r}; an alias must be right"


def _order(question: Question) -> Found:
    if len(question.items) < 3:
        yield "items", f"there are {len(question.items)}; give at least three"
    yield from _keys("items", [item.key for item in question.items])
    yield from _coinciding("items", [(item.key, item.text) for item in question.items])


def _match(question: Question) -> Found:
    if len(question.pairs) < 2 or len({pair.right for pair in question.pairs}) < 2:
        yield "pairs", "give at least two, with different right sides"
    yield from _keys("pairs", [pair.key for pair in question.pairs])
    yield from _coinciding("pairs", [(pair.key, pair.left) for pair in question.pairs])
    for pair in question.pairs:
        yield from wrong_faults(f"pairs {pair.key}", pair)


def _confusion(question: Question) -> Found:
    if set(question.matrix) != CELLS:
        yield "matrix", f"has the cells {', '.join(question.matrix)}; write tp, fp, fn and tn"
        return
    for cell, number in question.matrix.items():
        if not _is_number(number) or number < 0 or number != int(number):
            yield f"matrix.{cell}", f"is {number!r}; a count is a whole number, 0 or more"
    for wrong in question.wrong:
        if not isinstance(wrong.value, dict) or not set(wrong.value) <= CELLS or not wrong.value:
            yield f"wrong {wrong.value!r}", "write cells and numbers, such as { fp = 10, fn = 15 }"
        elif not all(map(_is_number, wrong.value.values())):
            yield f"wrong {wrong.value!r}", "one of its cells is no number; write a number or an expression"


def _code(question: Question) -> Iterator[tuple[str, str]]:
    """The exercise is there and its file imports no torch when it is opened; the proof runs it."""
    import ast

    folder = Path(question.file).parent / "exercises"
    files = sorted(folder.glob(f"{question.exercise[:2]}_*.py"))
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    strings = {n.value for tree in trees for n in ast.walk(tree) if isinstance(n, ast.Constant)}
    if question.exercise not in strings:
        yield "exercise", f"no file of {folder.name}/ holds {question.exercise!r}; add it to EXERCISES"
    for node in (
        node for tree in trees for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)
    ):
        names = [getattr(node, "module", "") or "", *(alias.name for alias in node.names)]
        if any(
            name.split(".")[0] in ("torch", "torchvision", "timm") or name == "ftlib.tune" for name in names
        ):
            yield (
                "exercise",
                "its file imports torch at the top; import it inside the checks, so that a quiz opens at once",
            )


RULES = {
    "choice": _choice,
    "multi": _multi,
    "numeric": _numeric,
    "text": _text,
    "order": _order,
    "match": _match,
    "confusion": _confusion,
    "predict": _predict,
    "code": _code,
}
