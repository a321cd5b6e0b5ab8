"""Words and printed output as people type them.

Words: case, spaces, hyphens, underscores, quotes, backticks, a leading article, ``()`` and
punctuation at the end make no difference. Output: trailing spaces, blank lines at either end,
spaces beside brackets and commas, the kind of quotes and of minus signs make none. Marks that
nobody sees (zero-width spaces, writing direction) count nowhere.

>>> same_words("The Model.Eval()", "`model.eval`")
True
"""

import re
import unicodedata

LONGEST_TEXT = 20_000
MINUS = dict.fromkeys(map(ord, "−–—‐‑﹣－"), "-")
SPACE = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u200a\u202f\u2002\u2003\t"), " ")
QUOTES = dict.fromkeys(map(ord, "“”„‘’‚"), "'")


def visible(text: str) -> str:
    """Text without the marks that nobody sees: zero-width spaces, writing direction, byte order."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def same_words(given: str, wanted: str) -> bool:
    """True if two texts are the same to a person: see the module's rules."""
    return _words(given) == _words(wanted)


def no_words(given: str) -> bool:
    """True if nothing is left of a text once spaces and punctuation are gone."""
    return not _words(given).strip("….-_*/\\|#")


def output_lines(text: str) -> list[str]:
    """Printed output as lines, free of the differences that a person would not mind."""
    lines = [_output_line(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return lines


def same_output(given: str, wanted: str) -> bool:
    """True if two printed outputs agree; quotes around the whole of ``given`` are forgiven."""
    bare = given.strip().strip("`")
    unquoted = bare[1:-1] if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "'\"" else bare
    return output_lines(wanted) in (output_lines(given), output_lines(bare), output_lines(unquoted))


def _words(text: str) -> str:
    text = unicodedata.normalize("NFKC", visible(text)).casefold().strip()
    text = re.sub(r"^(?:the|an|a)\s+", "", text.strip("`\"'“”‘’ "))
    text = re.sub(r"(?<=\w)[-‐‑](?=\w)", "", text)
    text = re.sub(r"[\s`\"'“”‘’_,;:!?()]", "", text)
    return text.strip(".")


def _output_line(line: str) -> str:
    line = re.sub(r"\s+", " ", visible(line).translate(SPACE | MINUS | QUOTES)).strip()
    line = re.sub(r" ?([,:()\[\]{}=]) ?", r"\1", line).replace('"', "'")
    return re.sub(r"\b(true|false|none)\b", lambda word: word[0].capitalize(), line)
