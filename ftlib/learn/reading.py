"""Numbers and words as people type them.

Numbers: ``0.85  .85  0,85  85%  85 %  17/20  1e-3  1.5×10^-3  1 000  1_000  −2  3.4M  12 s  1500 ms``.

- A lone dot is always the decimal point; a lone comma is one too, except in ``1,000``,
  which may be either. Both readings are kept, and the one that is right counts.
- With both signs present the last one is the decimal sign: ``1,234.5`` and ``1.234,5``.
- Where no unit is asked for, ``85 %`` is 0.85. Where the answer is in %, ``85``, ``85 %``
  and also the ratio ``0.85`` (1 or less, no sign typed) are taken.
- A unit may be left out; another unit of time is converted; any other is refused, which
  costs no attempt.

Words: case, spaces, hyphens, underscores, quotes, backticks, a leading article, ``()`` and
punctuation at the end make no difference. Output: trailing spaces, blank lines at either end,
spaces beside brackets and commas, and the kind of quotes make none.

>>> read_number("85 %"), read_number("1,000"), read_number("17/20")
((0.85,), (1000.0, 1.0), (0.85,))
>>> same_words("The Model.Eval()", "`model.eval`")
True
"""

import math
import re
import unicodedata

LONGEST_NUMBER = 80
LONGEST_TEXT = 20_000
MINUS = dict.fromkeys(map(ord, "−–—‐‑﹣－"), "-")
SPACE = dict.fromkeys(map(ord, "\u00a0\u2007\u2009\u200a\u202f\u2002\u2003\t"), " ")
SIGNS = MINUS | SPACE | dict(zip(map(ord, "⁄∕÷×·∙٪％，．٫٬’＇"), "///***%%,..,''"))
SCIENTIFIC = re.compile(r"\s*[*x]\s*10\s*(?:\^|\*\*)\s*\(?\s*([+-]?\d+)\s*\)?", re.IGNORECASE)
DIGITS = r"[+-]?\s*(?:\d[\d ,.'_]*|[.,]\d[\d ,.'_]*)(?:\s*[eE][+-]?\d+)?"
NUMBER = re.compile(rf"\s*(?P<top>{DIGITS})(?:\s*/\s*(?P<bottom>{DIGITS}))?\s*(?P<unit>.*)")
GROUPED = re.compile(r"\d{1,3}(?:[ '_]\d{3})+(?:[.,]\d+)?")
TIME = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}
TIME_NAMES = {
    "µs": "us",
    "μs": "us",
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "msec": "ms",
    "millisecond": "ms",
    "milliseconds": "ms",
    "mins": "min",
    "minute": "min",
    "minutes": "min",
    "hour": "h",
    "hours": "h",
}
PERCENT = {"%", "percent", "per cent", "pct"}
MULTIPLES = {"k": 1e3, "K": 1e3, "thousand": 1e3, "M": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}


class Unreadable(ValueError):
    """What was typed is not a number; the message says what was expected."""


def read_number(typed, unit: str = "") -> tuple[float, ...]:
    """Every value that ``typed`` may mean, the likeliest first, in the unit asked for.

    Parameters
    ----------
    typed : str, int or float
        As a person types it.
    unit : str
        The unit of the answer: "", "%", "s", "ms", or any word shown beside the box.

    Raises
    ------
    Unreadable
        If it is no finite number or carries another unit.
    """
    if isinstance(typed, bool) or not isinstance(typed, str | int | float):
        raise Unreadable("Write one number, such as 0.85.")
    text = typed if isinstance(typed, str) else _shown(typed)
    if len(text) > LONGEST_NUMBER:
        raise Unreadable(f"Write one number; this is {len(text)} characters long.")
    found = NUMBER.fullmatch(_clean(text))
    if not found:
        raise Unreadable(f"“{text.strip()}” is not a number. Write one such as 0.85, 85 % or 17/20.")
    values = [a / b for a in _decimals(found["top"]) for b in _bottoms(found["bottom"])]
    values = _in_unit(values, found["unit"].strip(" .)("), unit)
    if not all(map(math.isfinite, values)):
        raise Unreadable("That number is too large to be meant. Write one such as 0.85.")
    return tuple(dict.fromkeys(values))


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


def _shown(number) -> str:
    if isinstance(number, int) and abs(number) >= 10**60:
        raise Unreadable("That number is too large to be meant. Write one such as 0.85.")
    return repr(number)


def _clean(text: str) -> str:
    text = text.translate(SIGNS)
    text = "".join(
        str(unicodedata.decimal(c)) if unicodedata.decimal(c, None) is not None else c for c in text
    )
    text = re.sub(r"^([+-]?)10(?=\^|\*\*)", r"\g<1>1*10", text.strip(' `$"=≈~\n\r'))
    text = SCIENTIFIC.sub(r"e\1", text)
    return re.sub(r"[.,;!]+$", "", text)


def _bottoms(bottom: str | None) -> list[float]:
    values = _decimals(bottom) if bottom else [1.0]
    if 0.0 in values:
        raise Unreadable("A fraction over 0 is no number.")
    return values


def _decimals(body: str) -> list[float]:
    """The readings of digits with separators; two only for ``1,000``."""
    sign = -1.0 if body.startswith("-") else 1.0
    digits, _, exponent = body.lower().lstrip("+- ").strip().partition("e")
    digits = digits.strip()
    if re.search(r"[ '_]", digits):
        if not GROUPED.fullmatch(digits):
            raise Unreadable(f"“{body.strip()}” could be several numbers. Write one, such as 1000 or 0.85.")
        digits = re.sub(r"[ '_]", "", digits)
    power = f"e{exponent}" if exponent else ""
    return [sign * float(reading + power) for reading in _separated(digits)]


def _separated(digits: str) -> list[str]:
    signs = re.sub(r"\d", "", digits)
    if len(set(signs)) == 2:
        thousands, decimal = signs[0], signs[-1]
        whole, _, rest = digits.rpartition(decimal)
        return [f"{_ungrouped(whole, thousands)}.{rest}"]
    if len(signs) > 1:
        return [_ungrouped(digits, signs[0])]
    if re.fullmatch(r"[1-9]\d{0,2},\d{3}", digits):
        return [digits.replace(",", ""), digits.replace(",", ".")]
    return [digits.replace(",", ".")]


def _ungrouped(digits: str, sign: str) -> str:
    if not re.fullmatch(rf"\d{{1,3}}(?:{re.escape(sign)}\d{{3}})+", digits):
        raise Unreadable(f"“{digits}” could be several numbers. Write one, such as 1000 or 0.85.")
    return digits.replace(sign, "")


def _in_unit(values: list[float], typed: str, unit: str) -> list[float]:
    """``values`` converted from the unit typed to the unit asked for."""
    name = " ".join(typed.casefold().split())
    if not name:
        ratios = [100 * v for v in values if abs(v) <= 1] if unit == "%" else []
        return values + ratios
    if name in PERCENT and unit in ("", "%"):
        return values if unit == "%" else [v / 100 for v in values]
    if not unit and typed in MULTIPLES:
        return [v * MULTIPLES[typed] for v in values]
    if unit.casefold() in (name, f"{name}s", name.removesuffix("s")) and unit:
        return values
    known = TIME_NAMES.get(name, name), TIME_NAMES.get(unit, unit)
    if all(time in TIME for time in known):
        return [v * TIME[known[0]] / TIME[known[1]] for v in values]
    wanted = f"the number in {unit}" if unit else "the number alone"
    raise Unreadable(f"“{typed}” was not expected here. Write {wanted}.")


def _words(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).casefold().strip()
    text = re.sub(r"^(?:the|an|a)\s+", "", text.strip("`\"'“”‘’ "))
    text = re.sub(r"(?<=\w)[-‐‑](?=\w)", "", text)
    text = re.sub(r"[\s`\"'“”‘’_,;:!?()]", "", text)
    return text.strip(".")


def _output_line(line: str) -> str:
    line = re.sub(r"\s+", " ", line.translate(SPACE)).strip()
    line = re.sub(r" ?([,:()\[\]{}=]) ?", r"\1", line).replace('"', "'")
    return re.sub(r"\b(true|false|none)\b", lambda word: word[0].capitalize(), line)
