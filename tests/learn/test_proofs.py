"""Proofs: they compute, they agree, their line is the same everywhere, and constants are not taken for proofs."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from ftlib.errors import BankError
from ftlib.learn.bank import load_bank, load_banks
from ftlib.learn.proof import SEEDS, canonical, proof_cells, prove, run_all, run_proof, run_proofs
from ftlib.learn.questions import Option, Pair, Question, Wrong
from ftlib.learn.rules_proof import hard_coded

SAMPLE = Path(__file__).parent / "data" / "sample.toml"
QUESTIONS = {q.id: q for q in load_bank(SAMPLE).questions}
LINES = {
    "99-flag": "99-flag | choice | key b | a no, b yes, c no | proved",
    "99-hold": "99-hold | multi | key a b | a yes, b yes, c no, d no | seeds 0, 1, 2, 3: then a b; a b; a b | proved",
    "99-word": "99-word | text | key eval | also model.eval; evaluation mode | not train (train-is-neutral) | proved",
    "99-prints": "99-prints | predict | key 2 / ['fc.weight', 'fc.bias'] | "
    "not 4 / ['fc.weight', 'fc.bias'] (tensors-are-numbers) | proved",
    "99-recall-by-hand": "99-recall-by-hand | code | 99-recall-by-hand | starter not attempted, solution right | "
    "refused: count-for-share, zero-division-forgotten | proved",
}


def asked(kind="numeric", proof="", **fields) -> Question:
    return Question("99-q", kind, "easy", "recall", "S", "P?", proof=proof, **fields)


@pytest.mark.parametrize("name", LINES)
def test_the_canonical_line(name, capsys):
    prove(QUESTIONS[name])
    assert capsys.readouterr().out == LINES[name] + "\n"


def test_variants_are_proved_one_by_one():
    outcomes = run_proofs(QUESTIONS["99-precision"])
    assert tuple(outcomes) == SEEDS
    assert len({outcome["answer"] for outcome in outcomes.values()}) == len(SEEDS)
    broken = {**outcomes, 3: {"answer": outcomes[3]["answer"] + 0.1}}
    with pytest.raises(BankError, match="seed 3"):
        canonical(QUESTIONS["99-precision"], broken)


def test_all_proofs_in_parallel_come_to_the_same():
    bad = asked(proof="answer = 1 / 0")
    together = run_all([*QUESTIONS.values(), bad])
    assert "ZeroDivisionError" in together.pop("99-q")
    assert together == {name: run_proofs(question) for name, question in QUESTIONS.items()}


def test_a_proof_leaves_nothing_behind(capsys):
    assert run_proof(asked(proof="leak = 1\nprint('noise')\nanswer = leak + 1", answer=2)) == {"answer": 2}
    assert capsys.readouterr() == ("", "")
    with pytest.raises(BankError, match="NameError"):
        run_proof(asked(proof="answer = leak + 1", answer=2))


@pytest.mark.parametrize("library", ["random", "numpy.random"])
def test_random_numbers_are_the_same_in_any_order(library):
    question = asked(proof=f"import {library} as r\nanswer = r.random()", answer=0.5)
    first = run_proof(question)
    assert run_proof(question) == first != {"answer": 0.5}


def test_numbers_of_libraries_become_pythons_own():
    proof = "import numpy as np\nfrom fractions import Fraction\nanswer = {'tp': np.int64(3), 'fp': np.float32(0.5), 'fn': Fraction(1, 4)}"
    assert run_proof(asked(proof=proof)) == {"answer": {"tp": 3, "fp": 0.5, "fn": 0.25}}
    holds = "import numpy as np\nholds = {'a': np.array([1, 2]).sum() == 3, 'b': np.bool_(False)}"
    assert run_proof(asked("choice", holds)) == {"holds": {"a": True, "b": False}}


def test_output_that_ends_in_an_exception_is_proved_by_its_name():
    question = asked(
        "predict", code="print('before')\nopen('/nowhere/at/all')", answer="before\nFileNotFoundError\n"
    )
    assert canonical(question, run_proofs(question)).endswith("| proved")


DISAGREE = {
    "key off by a little": (asked(answer=0.85, tolerance=0.01), {"answer": 0.857}, "more digits"),
    "key off by much": (asked(answer=0.85, tolerance=0.01), {"answer": 0.95}, "computes 0.95"),
    "no number": (asked(answer=0.85, tolerance=0.01), {"answer": "x"}, "invalid"),
    "not a number": (asked(answer=0.85, tolerance=0.01), {"answer": float("nan")}, "invalid"),
    "holds for a number": (asked(answer=1), {"holds": {"a": True}}, "needs `answer`"),
    "wrong is right": (asked(answer=1, wrong=(Wrong(1.0, "f", "m"),)), {"answer": 1}, "grades as right"),
    "another key": (
        asked("choice", options=(Option("a", "A", True), Option("b", "B"))),
        {"answer": "b"},
        "key is a",
    ),
    "not all right": (
        asked("multi", options=(Option("a", "A", True), Option("b", "B", True))),
        {"answer": ["a"]},
        "partly right",
    ),
}


@pytest.mark.parametrize("name", DISAGREE)
def test_disagreements_are_said(name):
    question, outcome, word = DISAGREE[name]
    with pytest.raises(BankError, match=word):
        canonical(question, {0: outcome})


def test_a_match_is_proved_by_what_its_right_sides_say():
    """Letters alone would agree with any right side; texts see two that were swapped."""
    pairs = (Pair("x", "one", "1"), Pair("y", "two", "2"))
    said = {0: {"answer": {"x": "1", "y": "2"}}}
    assert canonical(asked("match", pairs=pairs), said).endswith("one = 1; two = 2 | proved")
    swapped = (Pair("x", "one", "2"), Pair("y", "two", "1"))
    assert canonical(asked("match", pairs=swapped), {0: {"answer": {"x": "x", "y": "y"}}})
    with pytest.raises(BankError, match="disagrees"):
        canonical(asked("match", pairs=swapped), said)


def test_every_match_of_the_course_is_proved_by_texts():
    for question in (q for bank in load_banks() for q in bank.questions if q.kind == "match"):
        computed = run_proofs(question)[0]["answer"]
        assert computed == {pair.key: pair.right for pair in question.pairs}, question.id


EXERCISE = {"starter": "not attempted", "solution": "right", "wrong": {"slug": ["wrong", ["slug"]]}}


@pytest.mark.parametrize(
    "change",
    [
        {"starter": "wrong"},
        {"solution": "wrong"},
        {"wrong": {}},
        {"wrong": {"slug": ["right", []]}},
        {"wrong": {"slug": ["wrong", ["another"]]}},
    ],
    ids=str,
)
def test_an_exercise_is_proved_by_all_its_submissions(change):
    question = asked("code", exercise="99-x")
    assert canonical(question, {0: EXERCISE}).endswith("refused: slug | proved")
    with pytest.raises(BankError, match="disagrees"):
        canonical(question, {0: {**EXERCISE, **change}})


CONSTANT = {
    "answer = 0.85": ["answer"],
    "answer = 85 / 100": ["answer"],
    "x = 'b'\ny = x\nanswer = y": ["answer"],
    "answer = [*'ab']": [],
    "answer = ['a', 'b']": ["answer"],
    "tp = 85\nanswer = tp / (tp + 15)": [],
    "holds = {'a': True, 'b': len('x') > 1}": ["holds.a"],
    "holds = dict(a=True, b=not False)": ["holds.a", "holds.b"],
    "holds = {}\nholds['a'] = True": ["holds.a"],
    "holds = {k: k == 'b' for k in 'abc'}": ["holds"],
    "holds = {k: run(k) for k in 'abc'}": [],
    "ok = False\ntry:\n    run()\nexcept RuntimeError:\n    ok = True\nholds = {'a': ok}": [],
    "n = 0\nfor i in range(3):\n    n += 1\nanswer = n": [],
    "answer = count": [],
    "a, b = 1, 2\nanswer = b": ["answer"],
    "flag: bool = True\nholds = {'a': flag}": ["holds.a"],
}


@pytest.mark.parametrize("source", CONSTANT)
def test_constants_are_seen_through(source):
    assert hard_coded(source, ("count",)) == CONSTANT[source]


def test_the_cells_of_the_proof_notebook():
    cells = proof_cells(load_bank(SAMPLE))
    assert [code for _, code in cells] == [f'prove("{name}")' for name in QUESTIONS]
    assert "makes 85 true" in cells[2][0]


def test_one_thread_or_two_give_the_same_lines():
    proof = "import numpy as np\nx = np.random.rand(300, 300)\nanswer = float((x @ x).mean())"
    code = (
        "import sys; from ftlib.learn.bank import load_bank; from ftlib.learn.proof import prove; "
        "[prove(q) for q in load_bank(sys.argv[1]).questions]"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code, str(SAMPLE)],
            env={**os.environ, "OMP_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "2")
    ]
    assert said[0] == said[1]
    assert said[0].count("| proved\n") == len(QUESTIONS)
    measured = run_proof(asked(proof=proof))["answer"]
    question = asked(answer=measured + 1e-9, tolerance=0.1)
    assert f"{measured:.6g}" in canonical(question, {0: {"answer": measured + 0.01}}), (
        "only the bank's key is shown"
    )


def test_a_missing_proof_is_an_error():
    with pytest.raises(BankError, match="neither"):
        run_proof(asked(proof="x = 1"))
    with pytest.raises(BankError, match="cannot read"):
        run_proof(asked(proof="x ="))
    assert msgspec.structs.asdict(asked())["proof"] == ""
