"""Arithmetic that a bank may contain, and the ``{{ }}`` placeholders in its texts.

An expression is parsed, checked node by node against a short list, and walked;
nothing is ever handed to ``eval``. Names are the variables of a variant.

>>> evaluate("tp / (tp + fp)", {"tp": 85, "fp": 15})
0.85
>>> render("P = {{= tp / (tp + fp) :.3f}} of {{tp}}", {"tp": 85, "fp": 15})
'P = 0.850 of 85'
"""

import ast
import math
import operator
import re
from functools import lru_cache

from ftlib.errors import BankError

LONGEST = 500
LARGEST_POWER = 64
FUNCTIONS = {
    "abs": abs,
    "ceil": math.ceil,
    "exp": math.exp,
    "floor": math.floor,
    "log": math.log,
    "max": max,
    "min": min,
    "round": round,
    "sqrt": math.sqrt,
}
PLACEHOLDER = re.compile(r"\{\{\s*(=?)\s*([^{}]+?)\s*\}\}")
FORMAT = re.compile(r"[+]?,?(\.\d{1,2})?[defg%]?")


def _power(base, exponent):
    if abs(exponent) > LARGEST_POWER:
        raise OverflowError(f"power {exponent} is over {LARGEST_POWER}")
    return base**exponent


BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: _power,
}
UNARY = {ast.UAdd: operator.pos, ast.USub: operator.neg, ast.Not: operator.not_}
COMPARE = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


def evaluate(expression, values: dict | None = None):
    """The value of an expression over ``values``; a number is its own value.

    Parameters
    ----------
    expression : str, int, float or bool
        Arithmetic (``+ - * / // % **``), comparisons, ``and or not``, ``a if c else b``
        and the functions ``abs ceil exp floor log max min round sqrt``.
    values : dict of str to number or str
        The variables.

    Raises
    ------
    BankError
        If it cannot be read, names something unknown, or cannot be computed
        (division by zero, a logarithm of 0, …).
    """
    if not isinstance(expression, str):
        return expression
    try:
        value = _walk(parsed(expression), values or {})
    except (ArithmeticError, ValueError, TypeError) as error:
        if isinstance(error, BankError):
            raise
        shown = ", ".join(f"{k}={v}" for k, v in (values or {}).items())
        raise BankError(
            f"`{expression}` cannot be computed for {shown or 'no variables'}: {error}"
        ) from error
    if isinstance(value, complex):
        raise BankError(f"`{expression}` is a complex number; keep negative numbers out of the root")
    return value


@lru_cache(maxsize=4096)
def parsed(expression: str) -> ast.expr:
    """The checked syntax tree of an expression. Raises BankError for anything but arithmetic."""
    if len(expression) > LONGEST:
        raise BankError(f"an expression of {len(expression)} characters is too long (limit {LONGEST})")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BankError(
            f"`{expression}` is not an expression: write arithmetic such as tp / (tp + fp)"
        ) from error
    for node in ast.walk(tree):
        if not _allowed(node):
            raise BankError(
                f"`{expression}` holds {type(node).__name__}, which is not allowed: only arithmetic, comparisons "
                f"and the functions {', '.join(FUNCTIONS)}"
            )
    return tree


def names_in(expression) -> set[str]:
    """The variables an expression uses.

    >>> sorted(names_in("max(tp, fp) / 2"))
    ['fp', 'tp']
    """
    if not isinstance(expression, str):
        return set()
    return {node.id for node in ast.walk(parsed(expression)) if isinstance(node, ast.Name)} - set(FUNCTIONS)


def render(text: str, values: dict | None = None) -> str:
    """``text`` with each ``{{name}}`` and ``{{= expression :.3f}}`` filled in.

    Raises BankError for an unknown name or a format that is not a plain number format.
    """
    if "{{" not in text:
        return text
    return PLACEHOLDER.sub(lambda found: _filled(found, values or {}), text)


def placeholders(text: str) -> set[str]:
    """The variables that the placeholders of ``text`` use."""
    found = PLACEHOLDER.findall(text) if "{{" in text else []
    return set().union(*(names_in(_split(inner)[0]) for _, inner in found))


def plain(value) -> str:
    """A number as a person writes it: no trailing zeros, no float dust.

    >>> plain(0.1 + 0.2), plain(3.0), plain(85)
    ('0.3', '3', '85')
    """
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def _split(inner: str) -> tuple[str, str]:
    expression, _, spec = inner.partition(":")
    return expression.strip(), spec.strip()


def _filled(found: re.Match, values: dict) -> str:
    expression, spec = _split(found[2])
    if not FORMAT.fullmatch(spec):
        raise BankError(f"`{found[0]}` has the format {spec!r}; write one such as .3f, .1%, d or ,d")
    value = evaluate(expression, values)
    try:
        return format(value, spec) if spec else plain(value)
    except ValueError as error:
        raise BankError(f"`{found[0]}` cannot be shown as {spec!r}: {error}") from error


def _allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float | str)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS and not node.keywords
    kinds = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Name, ast.Load, ast.And, ast.Or)
    return isinstance(node, kinds) or type(node) in BINARY or type(node) in UNARY or type(node) in COMPARE


def _walk(node: ast.expr, values: dict):
    return WALKERS[type(node)](node, values)


def _name(node: ast.Name, values: dict):
    if node.id not in values:
        known = ", ".join(values) or "none (the question has no vars)"
        raise BankError(f"unknown name `{node.id}`; the variables are: {known}")
    return values[node.id]


def _binary(node: ast.BinOp, values: dict):
    left, right = _walk(node.left, values), _walk(node.right, values)
    if isinstance(left, str) or isinstance(right, str):
        raise TypeError("arithmetic needs numbers, and one of the two is a text")
    return BINARY[type(node.op)](left, right)


def _bool(node: ast.BoolOp, values: dict) -> bool:
    every = all if isinstance(node.op, ast.And) else any
    return every(_walk(part, values) for part in node.values)


def _compare(node: ast.Compare, values: dict) -> bool:
    terms = [_walk(part, values) for part in (node.left, *node.comparators)]
    return all(COMPARE[type(op)](a, b) for op, a, b in zip(node.ops, terms, terms[1:]))


WALKERS = {
    ast.Constant: lambda node, values: node.value,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: lambda n, v: UNARY[type(n.op)](_walk(n.operand, v)),
    ast.BoolOp: _bool,
    ast.Compare: _compare,
    ast.IfExp: lambda n, v: _walk(n.body if _walk(n.test, v) else n.orelse, v),
    ast.Call: lambda n, v: FUNCTIONS[n.func.id](*(_walk(a, v) for a in n.args)),
}
