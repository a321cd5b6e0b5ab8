"""How each kind of question judges an answer that is not empty: credit, feedback, misconceptions.

One function a kind, ``(question, answer, values) -> Judged``; the table JUDGES lists them.
None of them raises for an answer of a wrong type or shape: that is a credit of None.
"""

from bisect import bisect_left

import msgspec

from ftlib.learn.expression import evaluate, render
from ftlib.learn.reading import Unreadable, read_number
from ftlib.learn.variants import question_value
from ftlib.learn.words import LONGEST_TEXT, no_words, output_lines, same_output, same_words

DUST = 1e-9


class Judged(msgspec.Struct):
    """A kind's judgement: credit 0–1, or no credit and the reason why it cannot be read."""

    credit: float | None
    feedback: str = ""
    misconceptions: tuple[str, ...] = ()
    parts: dict[str, bool] = {}


def is_nothing(answer) -> bool:
    """True if nothing was given: empty, blank, ``...``, or only such parts."""
    if isinstance(answer, str):
        return not answer.strip() or answer.strip() in ("...", "…")
    if isinstance(answer, dict):
        return all(is_nothing(part) for part in answer.values() if not isinstance(part, dict))
    return answer is None or answer is ... or (isinstance(answer, list | tuple) and not answer)


def _choice(question, answer, values) -> Judged:
    option = _option(question, answer)
    if option is None:
        return Judged(None, f"Choose one of {', '.join(o.key for o in question.options)}.")
    wrong = () if option.correct else (option.misconception,)
    return Judged(float(option.correct), render(option.feedback, values), wrong, {option.key: option.correct})


def _multi(question, answer, values) -> Judged:
    picked = [_option(question, key) for key in answer] if isinstance(answer, list | tuple) else [None]
    if None in picked:
        return Judged(None, f"Choose any of {', '.join(o.key for o in question.options)}.")
    picked = list({option.key: option for option in picked}.values())
    wrong = [option for option in picked if not option.correct]
    right = len(picked) - len(wrong)
    needed = sum(option.correct for option in question.options)
    credit = max(0.0, (right - len(wrong)) / needed) if needed else 0.0
    notes = [render(option.feedback, values) for option in (wrong or picked) if option.feedback]
    if right < needed:
        notes.append(f"{needed - right} more that {'holds' if needed - right == 1 else 'hold'} not chosen.")
    text = notes[0] if len(notes) == 1 else "\n".join(f"- {note}" for note in notes)
    return Judged(credit, text, tuple(o.misconception for o in wrong), {o.key: o.correct for o in picked})


def _option(question, answer):
    """The option named by a key, also typed as "B", "b." or "(b)"."""
    if not isinstance(answer, str) or len(answer) > 60:
        return None
    name = answer.strip().strip("().:").casefold()
    return next((option for option in question.options if option.key.casefold() == name), None)


def _numeric(question, answer, values) -> Judged:
    try:
        readings = read_number(answer, question.unit, question.prompt)
    except Unreadable as error:
        return Judged(None, str(error))
    key, tolerance = evaluate(question.answer, values), evaluate(question.tolerance, values)
    if any(close(reading, key, tolerance) for reading in readings):
        return Judged(1.0, f"The value is {key:.6g}{_unit(question)}.")
    for wrong in question.wrong:
        if any(close(reading, evaluate(wrong.value, values), tolerance) for reading in readings):
            return Judged(0.0, render(wrong.feedback, values), (wrong.misconception,))
    if tolerance and any(close(reading, key, 5 * tolerance) for reading in readings):
        return Judged(0.0, f"Close, but not within ±{tolerance:g}: round only at the end.")
    return Judged(0.0, f"{readings[0]:.10g}{_unit(question)} is not the value.")


def close(value: float, key: float, tolerance: float) -> bool:
    """|value − key| ≤ tolerance; a hair's breadth more, so that 0.88 for 0.875 ± 0.005 passes."""
    return abs(value - key) <= tolerance + DUST * max(1.0, abs(key))


def _unit(question) -> str:
    return f" {question.unit}" if question.unit else ""


def _text(question, answer, values) -> Judged:
    given = _typed(answer)
    if given is None or no_words(given):
        return Judged(None, "Write a word or a short phrase.")
    wanted = [render(text, values) for text in (str(question.answer), *question.aliases)]
    if any(same_words(given, text) for text in wanted):
        return Judged(1.0, f"{wanted[0]}.")
    return _known_wrong(question, values, lambda value: same_words(given, value)) or Judged(
        0.0, "Not this word."
    )


def _predict(question, answer, values) -> Judged:
    given = _typed(answer)
    if given is None:
        return Judged(None, "Write what the code prints, line by line.")
    wanted = render(str(question.answer), values)
    if same_output(given, wanted):
        return Judged(1.0, "That is what it prints.")
    known = _known_wrong(question, values, lambda value: same_output(given, value))
    return known or Judged(0.0, _first_difference(output_lines(given), output_lines(wanted)))


def _typed(answer) -> str | None:
    if isinstance(answer, str):
        return answer if len(answer) <= LONGEST_TEXT else None
    if isinstance(answer, bool) or not isinstance(answer, int | float):
        return str(answer) if isinstance(answer, bool) else None
    return f"{answer:.10g}" if isinstance(answer, float) else str(answer) if abs(answer) < 10**60 else None


def _first_difference(given: list[str], wanted: list[str]) -> str:
    for number, pair in enumerate(zip(given, wanted), 1):
        if pair[0] != pair[1]:
            return f"Line {number} is not what it prints." if len(wanted) > 1 else "It prints something else."
    return f"It prints {len(wanted)} {'line' if len(wanted) == 1 else 'lines'}; you wrote {len(given)}."


def _known_wrong(question, values, matches) -> Judged | None:
    for wrong in question.wrong:
        if matches(question_value(question, wrong.value, values)):
            return Judged(0.0, render(wrong.feedback, values), (wrong.misconception,))
    return None


def _order(question, answer, values) -> Judged:
    keys = [item.key for item in question.items]
    given = [k.strip().casefold() if isinstance(k, str) else k for k in answer] if _is_list(answer) else []
    if not all(isinstance(k, str) for k in given) or sorted(given) != sorted(keys):
        return Judged(None, f"Give each of {', '.join(sorted(keys))} once.")
    run = _longest_run([keys.index(key) for key in given])
    credit = (run - 1) / max(1, len(keys) - 1)
    known = _known_wrong(question, values, lambda value: list(value) == given)
    note = (
        known.feedback if known else f"{run} of {len(keys)} stand in the right order." if credit < 1 else ""
    )
    return Judged(credit if credit >= 0.5 else 0.0, note, known.misconceptions if known else ())


def _longest_run(places: list[int]) -> int:
    """Length of the longest increasing subsequence.

    >>> _longest_run([2, 0, 1, 3])
    3
    """
    ends: list[int] = []
    for place in places:
        at = bisect_left(ends, place)
        ends[at : at + 1] = [place]
    return len(ends)


def _is_list(answer) -> bool:
    return isinstance(answer, list | tuple)


def _match(question, answer, values) -> Judged:
    sides = {pair.key: pair.right for pair in question.pairs}
    given = (
        {k: v for k, v in answer.items() if not is_nothing(v)} if isinstance(answer, dict) else {None: None}
    )
    if not all(k in sides and isinstance(v, str) and v in sides for k, v in given.items()):
        return Judged(None, f"Give one of {', '.join(sides)} for each.")
    parts = {key: sides[key] == sides[right] for key, right in given.items()}
    known = _known_wrong(question, values, lambda value: value.items() <= given.items())
    missed = [pair for pair in question.pairs if parts.get(pair.key) is False]
    notes = [known.feedback] if known else [render(pair.feedback, values) for pair in missed if pair.feedback]
    slugs = (*(known.misconceptions if known else ()), *(pair.misconception for pair in missed))
    credit = sum(parts.values()) / len(sides)
    return Judged(credit, _listed(notes, sum(parts.values()), len(sides), "pairs"), slugs, parts)


def _confusion(question, answer, values) -> Judged:
    cells = {cell: evaluate(number, values) for cell, number in question.matrix.items()}
    given = (
        {k: v for k, v in answer.items() if not is_nothing(v)} if isinstance(answer, dict) else {None: None}
    )
    if not all(k in cells for k in given):
        return Judged(None, f"Fill in the cells {', '.join(cells)}.")
    try:
        read = {cell: read_number(number) for cell, number in given.items()}
    except Unreadable as error:
        return Judged(None, str(error))
    fits = lambda cell, number: any(close(reading, number, 0) for reading in read.get(cell, ()))
    parts = {cell: fits(cell, cells[cell]) for cell in given}
    known = _known_wrong(question, values, lambda value: all(fits(c, n) for c, n in value.items()))
    notes = [known.feedback] if known else []
    credit = sum(parts.values()) / len(cells)
    text = _listed(notes, sum(parts.values()), len(cells), "cells")
    return Judged(credit, text, known.misconceptions if known and credit < 1 else (), parts)


def _listed(notes: list[str], right: int, total: int, what: str) -> str:
    if right == total:
        return ""
    return "\n".join([f"{right} of {total} {what} are right.", *(f"- {note}" for note in notes)])


JUDGES = {
    "choice": _choice,
    "multi": _multi,
    "numeric": _numeric,
    "text": _text,
    "order": _order,
    "match": _match,
    "confusion": _confusion,
    "predict": _predict,
}
