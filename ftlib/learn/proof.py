"""Answer keys, computed: run each question's proof and compare it with the bank.

A proof is Python in a namespace of its own that holds the variant's variables. It assigns

- ``holds = {"a": <computed bool>, …}`` for choice and multi: every option that code can show, or
- ``answer = <computed>`` in the form of the kind (number, text, order, cells, an option's key; of a match the key of
  each pair with the text of its right side, so that the proof knows what belongs together, and not only letters).

Predict-output questions are proved by running their ``code`` (an exception that ends it counts as a last line
with its name); code exercises by running starter, solution and each wrong submission. Questions with variants
are proved for the seeds in SEEDS.

The line that `prove` prints holds only what the bank says and whether it was confirmed, never a measured
number, so it is the same on one thread or two.

>>> from ftlib.learn.questions import Option, Question
>>> q = Question("00-x", "choice", "easy", "recall", "S", "P?", proof="holds = {'a': len('a') > 1, 'b': len('a') < 2}",
...              options=(Option("a", "more"), Option("b", "less", True)))
>>> prove(q)
00-x | choice | key b | a no, b yes | proved
"""

import ast
import contextlib
import importlib
import io
import random
import sys
import warnings
from numbers import Rational

from ftlib.errors import BankError
from ftlib.learn.agree import disagreements, facts
from ftlib.learn.questions import Question
from ftlib.learn.variants import variant

SEEDS = (0, 1, 2, 3)
PROVED_BY_RUNNING = ("predict", "code")
SEEDED = ("numpy", "torch")


def prove(question) -> None:
    """Print a question's canonical line, computed by its proof.

    Parameters
    ----------
    question : str or Question
        An id such as "02-bn-drift", or the question itself.

    Raises
    ------
    BankError
        If the proof and the bank disagree, or the proof cannot be run.
    """
    from ftlib.learn.bank import find_question

    question = find_question(question) if isinstance(question, str) else question
    print(canonical(question, run_proofs(question)))


def proof_cells(bank) -> list[tuple[str, str]]:
    """(markdown, code) of each question's cell in the bank's proof notebook."""
    return [(_shown(question), f'prove("{question.id}")') for question in bank.questions]


def canonical(question: Question, outcomes: dict[int, dict]) -> str:
    """The canonical line of a question whose proof came out so. Raises BankError if they disagree."""
    faults = []
    for seed, outcome in outcomes.items():
        found = disagreements(variant(question, seed), outcome)
        faults += [f"seed {seed}: {fault}" if len(outcomes) > 1 else fault for fault in found]
    if faults:
        raise BankError(f"{question.id}: the proof disagrees with the bank. " + " ".join(faults))
    parts = [question.id, question.kind, *facts(variant(question, 0), outcomes[0])]
    if len(outcomes) > 1:
        others = [_key(variant(question, seed)) for seed in outcomes if seed]
        parts.append(f"seeds {', '.join(map(str, outcomes))}: then {'; '.join(others)}")
    return " | ".join([*parts, "proved"])


def run_proofs(question: Question) -> dict[int, dict]:
    """What the proof of a question comes to, for each seed: see `run_proof`."""
    return {seed: run_proof(question, seed) for seed in (SEEDS if question.vars else SEEDS[:1])}


def run_proof(question: Question, seed: int = 0) -> dict:
    """Run a proof once.

    Returns
    -------
    dict
        {"holds": {key: bool}}, {"answer": …}, or for an exercise
        {"starter": verdict, "solution": verdict, "wrong": {slug: [verdict, misconceptions]}}.

    Raises
    ------
    BankError
        If the proof raises, or assigns neither ``holds`` nor ``answer``.
    """
    shown = variant(question, seed)
    if question.kind == "code":
        return _run_exercise(question)
    if question.kind == "predict":
        return {"answer": _run(shown.code, {}, question.id, forgive=True)[1]}
    space, _ = _run(question.proof, shown.values, question.id)
    if "holds" in space:
        return {
            "holds": {str(key): _bool(question, key, value) for key, value in dict(space["holds"]).items()}
        }
    if "answer" in space:
        return {"answer": _plain(space["answer"])}
    raise BankError(f"{question.id}: proof: it assigns neither `holds` nor `answer`")


def run_all(questions, workers: int = 2) -> dict[str, dict | str]:
    """The outcomes of many proofs, question id → outcomes by seed, or the message of what it raised."""
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    questions = list(questions)
    if workers < 2 or len(questions) < 4:
        return dict(map(_outcome, questions))
    # Spawned, not forked: a forked torch can hang, and a fresh process is what a notebook has, too.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return dict(pool.map(_outcome, questions))


def _outcome(question: Question) -> tuple[str, dict | str]:
    try:
        return question.id, run_proofs(question)
    except BankError as error:
        return question.id, str(error)


def _run(source: str, values: dict, name: str, forgive: bool = False) -> tuple[dict, str]:
    """Run source in a namespace of its own: that namespace, and what it printed."""
    space, printed = {"__name__": "__proof__", **values}, io.StringIO()
    try:
        code = compile(source, f"<proof of {name}>", "exec")
    except (SyntaxError, ValueError) as error:
        raise BankError(f"{name}: proof: Python cannot read it: {error}") from error
    _seed(source)
    with (
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            exec(code, space)
        except (Exception, SystemExit) as error:
            if not forgive:
                raise BankError(f"{name}: proof: it raised {type(error).__name__}: {error}") from error
            print(type(error).__name__)
    return space, printed.getvalue()


def _seed(source: str) -> None:
    """The same random numbers whatever ran before: import what the source names, then seed it."""
    random.seed(0)
    named = {word for node in ast.walk(ast.parse(source)) for word in _imported(node)}
    for module in named:
        with contextlib.suppress(ImportError):
            importlib.import_module(module)
    for name in SEEDED:
        library = sys.modules.get(name)
        if library is not None:
            seed = library.random.seed if name == "numpy" else library.manual_seed
            seed(0)


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def _run_exercise(question: Question) -> dict:
    from ftlib.learn.exercise import exercise

    task = exercise(question.exercise, question.file)
    judged = {slug: task.check_source(source) for slug, source in task.wrong.items()}
    return {
        "starter": task.check_source(task.starter).verdict,
        "solution": task.check_source(task.solution_code).verdict,
        "wrong": {slug: [result.verdict, list(result.misconceptions)] for slug, result in judged.items()},
    }


def _bool(question: Question, key, value) -> bool:
    value = value.item() if hasattr(value, "item") else value
    if not isinstance(value, bool):
        raise BankError(f"{question.id}: proof: holds[{key!r}] is {value!r}; it must be True or False")
    return value


def _plain(value):
    """numpy and torch numbers and arrays as Python's own."""
    value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, Rational) and not isinstance(value, int):
        return float(value)
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value


def _key(question: Question) -> str:
    return facts(question, {})[0].removeprefix("key ")


def _shown(question: Question) -> str:
    prompt = variant(question, 0).prompt.strip()
    return f"**{question.id}** ({question.kind}, {question.difficulty}) — {question.section}\n\n{prompt}"
