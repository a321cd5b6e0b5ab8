"""Numbers as people type them; words and printed output are read by `ftlib.learn.words`.

Numbers: ``0.85  .85  0,85  85%  85 %  17/20  ½  1e-3  1.5×10^-3  1 000  1_000  −2  3.4M  12 s  1500 ms  €5``.

- A lone dot is always the decimal point; a lone comma is one too, except in ``1,000``,
  which may be either. Both readings are kept, and the one that is right counts.
- With both signs present the last one is the decimal sign: ``1,234.5`` and ``1.234,5``.
- Where no unit is asked for, ``85 %`` is 0.85. Where the answer is in %, ``85``, ``85 %``
  and also the ratio ``0.85`` (1 or less, no sign typed) are taken.
- A unit may be left out; another unit of time is converted. A word of the question ("2 tensors")
  may stand beside the number. Any other unit or word is refused, which costs no attempt.
- What leads up to the number is passed over: ``≈0.85``, ``about 0.85``, ``recall: 0.85``,
  ``85/100 = 0.85`` (the last counts); so is a remark behind it: ``0.85 (rounded)``.
- Refused as well, at no cost: ``2 3/4``, ``1½``, ``0.8 or 0.9``, ``85 of 100``, ``2^10``, ``nan``.

>>> read_number("85 %"), read_number("1,000"), read_number("17/20")
((0.85,), (1000.0, 1.0), (0.85,))
"""

import math
import re
import unicodedata

from ftlib.learn.words import MINUS, SPACE, visible

LONGEST_NUMBER = 80
SIGNS = MINUS | SPACE | dict(zip(map(ord, "⁄∕÷×·∙٪％，．٫٬’＇"), "///***%%,..,''"))
LEAD = re.compile(
    r"(?:(?:about|around|roughly|nearly|approx(?:imately|\.)?|circa|ca\.?)\s+|[^\W\d][\w ]*:\s*)+",
    re.IGNORECASE,
)
REMARK = re.compile(r"(?<=\S)\s*\(([^()]*)\)$")
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
SAME = {
    "€": {"eur", "euro", "euros"},
    "points": {"%", "pp", "pts", "percentage points", "percent points"},
}
UNITS = PERCENT | {*TIME, *TIME_NAMES, *MULTIPLES}


class Unreadable(ValueError):
    """What was typed is not a number; the message says what was expected."""


def read_number(typed, unit: str = "", prompt: str = "") -> tuple[float, ...]:
    """Every value that ``typed`` may mean, the likeliest first, in the unit asked for.

    Parameters
    ----------
    typed : str, int or float
        As a person types it.
    unit : str
        The unit of the answer: "", "%", "s", "ms", or any word shown beside the box.
    prompt : str
        The question: its words may stand beside the number.

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
    found = NUMBER.fullmatch(_clean(text, unit, prompt))
    if not found:
        raise Unreadable(f"“{text.strip()}” is not a number. Write one such as 0.85, 85 % or 17/20.")
    values = [a / b for a in _decimals(found["top"]) for b in _bottoms(found["bottom"])]
    beside = found["unit"].strip(" .)(")
    values = _in_unit(values, "" if _is_of(beside, prompt) else beside, unit)
    if not all(map(math.isfinite, values)):
        raise Unreadable("That number is too large to be meant. Write one such as 0.85.")
    return tuple(dict.fromkeys(values))


def _shown(number) -> str:
    if isinstance(number, int) and abs(number) >= 10**60:
        raise Unreadable("That number is too large to be meant. Write one such as 0.85.")
    return repr(number)


def _clean(text: str, unit: str, prompt: str) -> str:
    text = "".join(map(_digit, visible(text).translate(SIGNS))).strip(' `$"~\n\r')
    text = ([part for part in re.split("[=≈]", text) if part.strip()] or [""])[-1]
    text = _bare(text.strip(' `$"~'), unit, prompt)
    text = re.sub(r"^([+-]?)10(?=\^|\*\*)", r"\g<1>1*10", text)
    text = SCIENTIFIC.sub(r"e\1", text)
    return re.sub(
        r"^([+-]?0)\*(?=\d)", r"\1.", re.sub(r"[.,;!…]+$", "", text)
    )  # 0·85: nobody multiplies by 0


def _digit(c: str) -> str:
    """A character as digits: full-width and other scripts' digits, and ½ as 1/2."""
    if unicodedata.decimal(c, None) is not None:
        return str(unicodedata.decimal(c))
    is_fraction = unicodedata.decomposition(c).startswith("<fraction>")
    return " " + unicodedata.normalize("NFKC", c).replace("⁄", "/") if is_fraction else c


def _bare(text: str, unit: str, prompt: str) -> str:
    """Without what leads up to the number, a remark behind it and brackets around it; a unit before it goes behind."""
    text = REMARK.sub(lambda remark: remark[0] if remark[1].strip() in UNITS else "", text)
    text = re.sub(r"^\(([^()]*)\)$", r"\1", text).strip()
    lead = LEAD.match(text)
    text = text[lead.end() :] if lead else text
    before = re.match(r"([^\W\d]{3,})\s+(?=[-+.,\d])", text)
    if before and _is_of(before[1], prompt):
        return text[before.end() :]
    names = "|".join(filter(None, (re.escape(unit), "[%€£]")))
    return re.sub(rf"^([-+]?)({names})\s*(?=[-+.,\d])(.*)$", r"\1\3 \2", text, flags=re.IGNORECASE)


def _is_of(words: str, prompt: str) -> bool:
    """True if these are words, and the question's own: "2 tensors" where it asks how many tensors."""
    stems = {word.removesuffix("s") for word in re.findall(r"[^\W\d_]{3,}", prompt.casefold())}
    typed = words.casefold().split()
    known = {*UNITS, *(name for same in SAME.values() for name in same)}
    return bool(typed) and all(w not in known and w.removesuffix("s") in stems for w in typed)


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
    multiple, _, rest = typed.partition(" ")
    if multiple in MULTIPLES and unit not in ("%", *TIME):
        return _in_unit([v * MULTIPLES[multiple] for v in values], rest, unit)
    if unit and (unit.casefold() in (name, f"{name}s", name.removesuffix("s")) or name in SAME.get(unit, ())):
        return values
    known = TIME_NAMES.get(name, name), TIME_NAMES.get(unit, unit)
    if all(time in TIME for time in known):
        return [v * TIME[known[0]] / TIME[known[1]] for v in values]
    wanted = f"the number in {unit}" if unit else "the number alone"
    raise Unreadable(f"“{typed}” was not expected here. Write {wanted}.")
