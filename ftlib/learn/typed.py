"""Questions as plain text, and answers as people type them; see :mod:`ftlib.learn.text` for how."""

import re
import shutil
import sys
import textwrap
import unicodedata

from ftlib.errors import InputError
from ftlib.learn import panels, render
from ftlib.learn.exercise import exercise
from ftlib.learn.session import LETTERS, Session
from ftlib.learn.words import visible

WIDTH = 88
CELLS = ("tp", "fn", "fp", "tn")
MANY_LINES = ("predict", "code")
ASK = {
    "choice": "Type one letter.",
    "multi": "Type the letters of all that hold, such as A C.",
    "numeric": "Type a number.",
    "text": "Type a word or two.",
    "order": "Type the letters from first to last, such as B A C.",
    "match": "Type number and letter for each, such as 1B 2A.",
    "confusion": "Type the four counts in the order TP FN FP TN.",
    "predict": "Type what it prints.",
    "code": "Complete the code.",
}


# -- showing ----------------------------------------------------------------------------------------------------


def wrapped(text: str, indent: str = "") -> str:
    """Text wrapped line by line; lines of code (indented by four spaces) stay as they are."""
    lines, width = [], _width()
    for line in text.splitlines():
        if line.startswith("    ") or not line.strip():
            lines.append(indent + line if line.strip() else "")
        else:
            hang = indent + " " * len(re.match(r"\s*(?:[-*]|\w{1,2}\.)?\s*", line).group())
            lines += textwrap.wrap(line, width, initial_indent=indent, subsequent_indent=hang)
    return "\n".join(lines)


def _width() -> int:
    """WIDTH, less in a narrow terminal; a notebook has none, so its text is the same everywhere."""
    if not (sys.stdout and sys.stdout.isatty()):
        return WIDTH
    return max(24, min(WIDTH, shutil.get_terminal_size().columns - 1))


def question_text(session, number: int, total: int) -> str:
    """One question as plain text: its place, the prompt, lettered options, how to answer. Holds no key."""
    question = session.question
    head = f"Question {number + 1} of {total} ({panels.KIND_NAMES[question.kind]}, {question.difficulty})"
    parts = [head, "", wrapped(render.text(question.prompt))]
    if question.code:
        parts += ["", textwrap.indent(question.code.strip("\n"), "    ")]
    if question.kind == "code":
        parts += ["", textwrap.indent(exercise(question.exercise, question.file).starter.rstrip(), "    ")]
    parts += ["", *_parts(session)]
    unit = f" In {question.unit}." if question.unit else ""
    return "\n".join([*parts, ASK[question.kind] + unit])


def _parts(session):
    question = session.question
    lettered = {part.key: part.text for part in question.options or question.items}
    left = [_named(str(n), pair.left) for n, pair in enumerate(question.pairs, 1)]
    right = [_named(letter, text) for letter, text in zip(LETTERS, _rights(session))]
    options = [_named(letter, lettered[key]) for letter, key in zip(LETTERS, session.order) if lettered]
    shown = [wrapped(line, "  ") for line in [*options, *left, *(["with"] if right else []), *right]]
    return [*shown, ""] if shown else []


def _named(name, markdown):
    """A part behind its letter or number; code begins on a line of its own."""
    text = render.text(markdown)
    return f"{name}.\n{text}" if text.startswith("    ") else f"{name}. {text}"


def _rights(session) -> dict[str, str]:
    """Right side → key, in the order shown; pairs may share a right side."""
    pairs, found = {pair.key: pair for pair in session.question.pairs}, {}
    for key in session.order if pairs else ():
        found.setdefault(pairs[key].right, key)
    return found


def questions_text(sitting) -> str:
    """The whole quiz as plain text, the same whatever was answered; what stands in for widgets."""
    head = f"{sitting.title}: {len(sitting)} questions. Run this cell in JupyterLab, Notebook, VS Code or Voila to answer."
    blocks = [question_text(Session(q, 0), n, len(sitting)) for n, q in enumerate(sitting.questions)]
    return "\n\n".join([head, *blocks])


def result_text(result) -> str:
    """A verdict and its reason as plain text."""
    _, _, words = panels.VERDICTS[result.verdict]
    if result.verdict == "partly right":
        words += f" ({panels.points(result.score)} of 1 point)"
    said = render.text(result.feedback)
    return wrapped(f"{words}.{chr(10) if said.startswith('- ') else ' '}{said}".strip())


def steps_text(session) -> str:
    """The worked steps, quick check and common mistakes; says so while they are closed."""
    if not session.steps_allowed:
        return "The steps open once you have checked an answer."
    question = session.question
    lines = [f"{n}. {render.text(step)}" for n, step in enumerate(session.show_steps(), 1)]
    lines += [f"Quick check: {render.text(question.quick_check)}"] if question.quick_check else []
    lines += [f"Common mistake: {render.text(mistake)}" for mistake in question.mistakes]
    return "\n".join(wrapped(line) for line in lines)


def score_text(sitting) -> str:
    """Where the quiz stands, in one line."""
    return (
        f"{panels.points(sitting.score)} of {sitting.points} points, "
        f"{sitting.answered} of {len(sitting)} questions answered"
    )


# -- reading ----------------------------------------------------------------------------------------------------


def read_answer(session, typed):
    """What was typed, in the form the grader takes. Raises InputError that says how to type it."""
    kind = session.question.kind
    if kind in READERS and isinstance(typed, str) and typed.strip():
        return READERS[kind](session, unicodedata.normalize("NFKC", visible(typed)))
    if kind == "code" and callable(typed):
        from ftlib.learn.written import source_of

        return textwrap.dedent(source_of(typed))
    return str(typed) if isinstance(typed, int | float) and not isinstance(typed, bool) else typed


def _one_letter(session, typed):
    found = _letters(session, typed)
    if len(found) != 1:
        raise InputError(f"{typed.strip()!r} is not one letter. {ASK['choice']}")
    return found[0]


def _letters(session, typed):
    names = re.sub(r"\b(and|then)\b|[,;.()>→&+/-]", " ", typed, flags=re.IGNORECASE).upper().split()
    names = list(names[0]) if len(names) == 1 else names
    known = dict(zip(LETTERS, session.order))
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(f"{unknown[0]!r} is none of {', '.join(known)}. {ASK[session.question.kind]}")
    return [known[name] for name in names]


def _matched(session, typed):
    rights = dict(zip(LETTERS, _rights(session).values()))
    lefts = {str(n): pair.key for n, pair in enumerate(session.question.pairs, 1)}
    pair = r"(\d+)\W*([A-Za-z])"
    found, rest = re.findall(pair, typed), re.sub(pair, "", typed)
    twice = len(dict(found)) < len(found) or re.search(r"\w", rest)  # 1A 1B; or B1 A2, the other way round
    if not found or twice or any(n not in lefts or letter.upper() not in rights for n, letter in found):
        raise InputError(
            f"{typed.strip()!r} is not one of 1–{len(lefts)} with one of {', '.join(rights)}. {ASK['match']}"
        )
    return {lefts[n]: rights[letter.upper()] for n, letter in found}


def _cells(session, typed):
    names = "|".join(CELLS)
    named = re.findall(rf"\b({names})\s*[=:]?\s*(.*?)[\s,;]*(?=\b(?:{names})\b|$)", typed.lower(), re.DOTALL)
    numbers = [number.strip(",;") for number in typed.split()]  # a comma within a number is its own
    numbers = numbers if len(numbers) == 4 else re.split(r"[\s,;]+", typed.strip())
    if not named and len(numbers) != 4:
        raise InputError(f"{typed.strip()!r} is not four counts. {ASK['confusion']}")
    return dict(named or zip(CELLS, numbers))


READERS = {
    "choice": _one_letter,
    "multi": _letters,
    "order": _letters,
    "match": _matched,
    "confusion": _cells,
}


def check(session, typed) -> str:
    """Check what was typed and return the verdict as text; what cannot be read costs nothing."""
    try:
        answer = read_answer(session, typed)
    except InputError as error:
        return wrapped(f"Cannot be read. {error}")
    said = result_text(session.attempt(answer))
    return f"{said}\nNot saved. {session.trouble}" if session.trouble else said
