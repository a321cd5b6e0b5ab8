"""Does what a proof computed agree with what the bank says? And the facts that the canonical line states."""

from ftlib.learn.grade import grade
from ftlib.learn.kinds import close
from ftlib.learn.questions import Question


def disagreements(question: Question, outcome: dict) -> list[str]:
    """Every point in which a concrete question and its proof's outcome differ; [] if they agree."""
    if question.kind == "code":
        return _exercise(outcome)
    if "holds" in outcome:
        if not question.options:
            return [f"the proof assigns `holds`; a {question.kind} question needs `answer`."]
        return _holds(question, outcome["holds"])
    return _answer(question, outcome["answer"])


def facts(question: Question, outcome: dict) -> list[str]:
    """The parts of the canonical line: the key, then all that a learner's answer is compared with."""
    key = "" if question.kind == "code" else f"key {_key(question)}"
    return [part for part in (key, *FACTS[question.kind](question, outcome)) if part]


def _holds(question: Question, holds: dict[str, bool]) -> list[str]:
    keys = [option.key for option in question.options]
    faults = [
        f"`holds` names {key!r}; the options are {', '.join(keys)}." for key in holds if key not in keys
    ]
    for option in question.options:
        if option.key in holds and holds[option.key] != option.correct:
            faults.append(
                f"option {option.key} is marked {_word(option.correct)}; the proof says {_word(holds[option.key])}."
            )
        if option.correct and option.key not in holds:
            faults.append(f"option {option.key} is the key and the proof does not compute it.")
    if question.kind == "choice" and sum(holds.values()) != 1:
        faults.append(f"{sum(holds.values())} options hold by the proof; a choice needs exactly 1.")
    return faults


def _word(correct: bool) -> str:
    return "right" if correct else "wrong"


def _answer(question: Question, computed) -> list[str]:
    judged = grade(question, _as_keys(question, computed))
    if judged.verdict != "right":
        return [f"the key is {_key(question)}; the proof computes {_one_line(computed)} ({judged.verdict})."]
    faults = []
    if question.kind == "numeric" and not close(float(computed), question.answer, question.tolerance / 2):
        faults.append(
            f"the key {question.answer:.6g} and the computed {float(computed):.6g} lie more than half the "
            f"tolerance apart; write the key with more digits."
        )
    return faults + [
        f"the wrong value {_one_line(wrong.value)} grades as right."
        for wrong in question.wrong
        if _is_right(question, wrong)
    ]


def _as_keys(question: Question, computed):
    """A match may be computed as key → right side's text, which says more than keys alone."""
    if question.kind != "match" or not isinstance(computed, dict):
        return computed
    keys = {pair.right: pair.key for pair in question.pairs}
    return {
        left: keys.get(right, right) if isinstance(right, str) else right for left, right in computed.items()
    }


def _is_right(question: Question, wrong) -> bool:
    if isinstance(wrong.value, dict):  # a part of an answer: the rest as it should be
        return grade(question, {**question.key, **wrong.value}).verdict == "right"
    return grade(question, wrong.value).verdict == "right"


def _exercise(outcome: dict) -> list[str]:
    faults = []
    if outcome["starter"] != "not attempted":
        faults.append(f"the starter is judged {outcome['starter']!r}; it must be 'not attempted'.")
    if outcome["solution"] != "right":
        faults.append(f"the solution is judged {outcome['solution']!r}.")
    if not outcome["wrong"]:
        faults.append("the exercise lists no wrong submission; give one for each misconception.")
    for slug, (verdict, misconceptions) in outcome["wrong"].items():
        if verdict != "wrong" or misconceptions != [slug]:
            faults.append(f"the wrong submission {slug!r} is judged {verdict!r} with {misconceptions}.")
    return faults


def _key(question: Question) -> str:
    return _one_line(question.key)


def _one_line(value) -> str:
    """A key on one line with few digits.

    >>> _one_line(0.8947368), _one_line(["a", "b"]), _one_line({"tp": 3})
    ('0.894737', 'a b', 'tp=3')
    """
    if isinstance(value, bool) or not isinstance(value, int | float | list | tuple | dict):
        return " / ".join(str(value).strip().splitlines())
    if isinstance(value, dict):
        return " ".join(f"{key}={_one_line(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return " ".join(_one_line(part) for part in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _options(question: Question, outcome: dict) -> list[str]:
    word = {True: "yes", False: "no", None: "not computed"}
    holds = outcome.get("holds", {})
    return [", ".join(f"{option.key} {word[holds.get(option.key)]}" for option in question.options)]


def _wrongs(question: Question) -> str:
    slugs = [f"{_one_line(wrong.value)} ({wrong.misconception})" for wrong in question.wrong]
    return f"not {'; '.join(slugs)}" if slugs else ""


def _numeric(question: Question, outcome: dict) -> list[str]:
    unit = f" {question.unit}" if question.unit else ""
    return [f"±{question.tolerance:g}{unit}", _wrongs(question)]


def _text(question: Question, outcome: dict) -> list[str]:
    return [f"also {'; '.join(question.aliases)}" if question.aliases else "", _wrongs(question)]


def _pairs(question: Question, outcome: dict) -> list[str]:
    return ["; ".join(f"{pair.left} = {pair.right}" for pair in question.pairs), _wrongs(question)]


def _code(question: Question, outcome: dict) -> list[str]:
    names = ", ".join(outcome.get("wrong", {})) or "none"
    return [question.exercise, "starter not attempted, solution right", f"refused: {names}"]


def _only_wrongs(question: Question, outcome: dict) -> list[str]:
    return [_wrongs(question)]


FACTS = {
    "choice": _options,
    "multi": _options,
    "numeric": _numeric,
    "text": _text,
    "order": _only_wrongs,
    "match": _pairs,
    "confusion": _only_wrongs,
    "predict": _only_wrongs,
    "code": _code,
}
