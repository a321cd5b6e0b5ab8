"""What can be known of code that a learner wrote: is it still the starter, what did it raise, its text."""

import inspect
import traceback
from types import CodeType, FunctionType

SOURCE = "<your answer>"


def raised(error: BaseException, answer=None) -> str:
    """What the learner's code raised, and in which of its lines."""
    code = getattr(inspect.unwrap(answer) if callable(answer) else None, "__code__", None)
    files = {SOURCE, code.co_filename if code else SOURCE}
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename in files]
    at = f" in line {lines[-1]} of your code" if lines else ""
    said = " ".join(str(error).split())[:300]
    return f"it raised {type(error).__name__}{at}{': ' + said if said else ''}"


def is_starter(answer, starter: str, name: str) -> bool:
    """True if ``answer`` compiles to the very instructions of the starter: nothing was filled in."""
    first = _code_named(compile(starter, SOURCE, "exec"), name)
    if first is None:
        return False
    if isinstance(answer, type):
        methods = [part for part in first.co_consts if isinstance(part, CodeType)]
        own = {key: value.__code__ for key, value in vars(answer).items() if isinstance(value, FunctionType)}
        return (
            bool(methods) and all(_same(m, own.get(m.co_name)) for m in methods) and len(own) == len(methods)
        )
    return callable(answer) and _same(first, getattr(inspect.unwrap(answer), "__code__", None))


def _code_named(code: CodeType, name: str) -> CodeType | None:
    parts = [part for part in code.co_consts if isinstance(part, CodeType)]
    return next((part for part in parts if part.co_name == name), None)


def _same(one, other) -> bool:
    if not (isinstance(one, CodeType) and isinstance(other, CodeType)):
        return type(one) is type(other) and one == other
    heads = [(c.co_code, c.co_names, c.co_varnames, len(c.co_consts)) for c in (one, other)]
    return heads[0] == heads[1] and all(map(_same, one.co_consts, other.co_consts))


def source_of(answer) -> str:
    """The source of what a learner defined, or else how it prints."""
    try:
        return inspect.getsource(inspect.unwrap(answer) if callable(answer) else answer)
    except (OSError, TypeError):
        return repr(answer)[:2000]
