"""What is wrong with a bank: every fault that an author can make, with file, question, field and what to do.

>>> faults = check_bank("quizzes/02_freezing.toml")  # doctest: +SKIP
>>> print(*faults, sep="\\n")  # doctest: +SKIP
02_freezing.toml: 02-bn-drift: option b.feedback: is empty; say why this option is right or wrong

`check_banks` also finds ids that two banks share. With ``prove=True`` every proof runs, too; that imports
whatever the proofs import and takes as long as they take.
"""

import re
from functools import lru_cache
from pathlib import Path

from ftlib.errors import BankError, InputError
from ftlib.learn.bank import bank_paths, load_concepts, parse_bank
from ftlib.learn.questions import Bank, Fault, Question
from ftlib.learn.rules import common_faults
from ftlib.learn.rules_kinds import kind_faults
from ftlib.learn.rules_proof import proof_faults
from ftlib.learn.rules_vars import checked_variants, vars_faults

HEADING = re.compile(r"#{1,6}\s+(.+?)\s*#*\s*")


def check_banks(names=None, prove: bool = False) -> list[Fault]:
    """The faults of the course's banks, or of those named.

    Parameters
    ----------
    names : list of str or path, optional
        Paths, or parts of a file's name such as "02".
    prove : bool
        Run the proofs as well.

    Raises
    ------
    InputError
        If a name fits no bank.
    """
    paths = [path for name in names for path in _named(name)] if names else bank_paths()
    faults = [fault for path in paths for fault in check_bank(path, prove)]
    return faults + _shared_ids(
        [parse_bank(path)[0] for path in dict.fromkeys([*bank_paths(), *paths])], paths
    )


def check_bank(path, prove: bool = False) -> list[Fault]:
    """The faults of one bank, in the order of its questions; [] if it is in order."""
    path = Path(path)
    if not path.exists():
        raise InputError(f"no bank at {path}; expected a file such as quizzes/02_freezing.toml")
    bank, faults = parse_bank(path)
    faults += [Fault(path.name, "", field, message) for field, message in _bank_faults(bank, path)]
    headings, concepts = lesson_headings(bank.lesson, path.parent), load_concepts(path.parent)
    for question in bank.questions:
        found = check_question(question, concepts, headings)
        if prove and not found:
            found = _prove(question)
        faults += [Fault(path.name, question.id, field, message) for field, message in found]
    return faults


def check_question(question: Question, concepts=None, headings=None) -> list[tuple[str, str]]:
    """(field, message) of each fault of one question; ``None`` for concepts or headings skips that look-up."""
    found = [*common_faults(question, concepts, headings), *proof_faults(question)]
    unsound = list(vars_faults(question))
    variants, trouble = ([], []) if unsound else checked_variants(question)
    found += unsound or (trouble if not found else [])
    for name, shown in variants:
        faults = [(field, f"{message}{name}") for field, message in kind_faults(shown)]
        if faults:
            found += faults
            break
    return list(dict.fromkeys(found))


def report(names=None, prove: bool = False) -> tuple[str, bool]:
    """The text that ``ftlib check`` prints, and whether all is in order."""
    faults = check_banks(names, prove)
    banks = [parse_bank(path)[0] for name in names for path in _named(name)] if names else None
    banks = banks or [parse_bank(path)[0] for path in bank_paths()]
    total = sum(len(bank.questions) for bank in banks)
    head = f"{len(banks)} {_plural(len(banks), 'bank')}, {total} {_plural(total, 'question')}"
    proved = ", every proof run" if prove else ""
    if not faults:
        return f"{head}: no faults{proved}.", True
    return "\n".join(
        [*map(str, faults), f"{head}: {len(faults)} {_plural(len(faults), 'fault')}{proved}."]
    ), False


def lesson_headings(lesson: str, folder: Path) -> set[str] | None:
    """The headings of a lesson's source, or None if the source is not there (yet).

    Reads ``notebooks/src/NN_name.py`` beside the bank's folder: markdown cells of a jupytext percent script.
    """
    path = folder.parent / "notebooks" / "src" / f"{lesson}.py"
    return _headings(path, path.stat().st_mtime_ns) if path.exists() else None


@lru_cache(maxsize=64)
def _headings(path: Path, changed: int) -> set[str]:
    found, in_markdown, in_fence, bare = set(), False, False, False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("# %%"):
            in_markdown, in_fence, bare = "[markdown]" in line, False, False
            continue
        bare = bare or line.startswith(('"""', 'r"""'))  # a cell in quotes: its lines carry no leading "# "
        text = line if bare else line.removeprefix("#").strip()
        if text.startswith("```"):
            in_fence = not in_fence
        elif in_markdown and not in_fence and (heading := HEADING.fullmatch(text)):
            found.add(heading[1])
    return found


def _bank_faults(bank: Bank, path: Path) -> list[tuple[str, str]]:
    faults = []
    if path.stem[:2].isdigit() and bank.lesson != path.stem:
        faults.append(("lesson", f"is {bank.lesson!r} in a file called {path.name}; the two must agree"))
    if not bank.title.strip():
        faults.append(("title", "is empty; give the lesson's title"))
    if not bank.questions:
        faults.append(("question", "there is none; write [[question]] tables"))
    seen: set[str] = set()
    for question in bank.questions:
        if question.id in seen:
            faults.append(("id", f"{question.id!r} is used twice; ids are never shared or reused"))
        seen.add(question.id)
    return faults


def _shared_ids(banks: list[Bank], wanted: list[Path]) -> list[Fault]:
    faults, homes = [], {}
    for bank in banks:
        name = Path(bank.file).name
        for question in bank.questions:
            home = homes.setdefault(question.id, name)
            if home != name and {Path(p).name for p in wanted} & {home, name}:
                faults.append(
                    Fault(name, question.id, "id", f"{home} uses it, too; ids are never shared or reused")
                )
    return faults


def _prove(question: Question) -> list[tuple[str, str]]:
    from ftlib.learn.proof import canonical, run_proofs

    try:
        canonical(question, run_proofs(question))
    except BankError as error:
        return [("proof", str(error).removeprefix(f"{question.id}: ").removeprefix("proof: "))]
    return []


def _named(name) -> list[Path]:
    if Path(name).suffix == ".toml":
        return [Path(name)]
    found = [path for path in bank_paths() if str(name) in path.stem]
    if not found:
        raise InputError(
            f"no bank is named {str(name)!r}; there are {', '.join(p.stem for p in bank_paths()) or 'none'}"
        )
    return found


def _plural(number: int, word: str) -> str:
    return word if number == 1 else f"{word}s"
