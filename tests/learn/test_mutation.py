"""No key can be wrong in silence: every mutant of every bank must turn something red.

Each question's proof runs once. Then one thing at a time is changed (a key, an option, a tolerance, an alias,
a wrong value, a cell, an order, a pair, an output, a checker), and one of three must notice: the proof (it
disagrees), ``ftlib check`` (a fault), or the canonical line that nbval compares (it differs).

Run with ``-s`` to see killed / total; the count also stands in the test's properties.
"""

import os
from collections import Counter
from pathlib import Path

import pytest
from mutants import mutants

from ftlib.errors import BankError
from ftlib.learn.bank import bank_paths, load_bank
from ftlib.learn.check import check_question
from ftlib.learn.proof import canonical, run_all

SAMPLE = Path(__file__).parent / "data" / "sample.toml"
PATHS = [SAMPLE, *bank_paths()]
QUESTIONS = [question for path in PATHS for question in load_bank(path).questions]


@pytest.fixture(scope="module")
def outcomes():
    """Question id → what its proof came to, by seed; or the message of what went wrong."""
    alone = "PYTEST_XDIST_WORKER" in os.environ and (os.cpu_count() or 1) < 2
    return run_all(QUESTIONS, workers=1 if alone else 2)


def noticed_by(question, proved, line: str) -> str:
    """Which of the three turns red for a mutant: "proof", "check", "line", or "" if none does."""
    try:
        now = canonical(question, proved)
    except (BankError, ArithmeticError, TypeError):
        return "proof"
    if check_question(question):
        return "check"
    return "line" if now != line else ""


def test_every_proof_agrees_with_its_bank(outcomes):
    faults = []
    for question in QUESTIONS:
        try:
            canonical(question, _ran(outcomes[question.id]))
        except BankError as error:
            faults.append(str(error))
    assert not faults, "\n".join(faults)


def test_every_mutant_is_killed(outcomes, capsys, record_property):
    killers, alive = Counter(), []
    for question in QUESTIONS:
        proved = _ran(outcomes[question.id])
        line = canonical(question, proved)
        for name, mutant, seen in mutants(question, proved):
            killer = noticed_by(mutant, seen, line)
            killers[killer or "none"] += 1
            alive += [] if killer else [f"{question.id}: {name}"]
    total, killed = killers.total(), killers.total() - killers["none"]
    text = ", ".join(f"{count} by {name}" for name, count in killers.most_common())
    record_property("mutants killed", f"{killed} / {total}")
    with capsys.disabled():
        print(f"\nmutants killed: {killed} / {total} of {len(QUESTIONS)} questions ({text})")
    assert not alive, "\n".join(alive)
    assert total > 5 * len(QUESTIONS)


def _ran(outcome):
    if isinstance(outcome, str):
        raise BankError(outcome)
    return outcome
