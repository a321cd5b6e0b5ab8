"""Rules for proofs, read without running them: there is one, it parses, and it computes what it claims.

>>> hard_coded("holds = {'a': True, 'b': 1 == 1, 'c': len('x') == 1}")
['holds.a', 'holds.b']
>>> hard_coded("n = 3\\nanswer = n")
['answer']
"""

import ast
from collections.abc import Iterator

from ftlib.learn.proof import PROVED_BY_RUNNING
from ftlib.learn.questions import Question

WRAPPERS = {"bool", "dict", "float", "int", "list", "set", "str", "tuple"}


def proof_faults(question: Question) -> Iterator[tuple[str, str]]:
    """What can be said against a proof from its text alone."""
    if question.kind in PROVED_BY_RUNNING:
        if question.proof:
            yield "proof", f"a {question.kind} question is proved by running it; remove this"
        return
    if not question.proof.strip():
        yield "proof", "is missing; write Python that computes `holds` or `answer`"
        return
    try:
        ast.parse(question.proof)
    except (SyntaxError, ValueError) as error:
        yield "proof", f"Python cannot read it: {error}"
        return
    for name in hard_coded(question.proof, tuple(question.vars)):
        yield "proof", f"`{name}` is written down as a constant; let the code compute it"


def hard_coded(source: str, variables: tuple[str, ...] = ()) -> list[str]:
    """Which results of a proof are constants: "answer", "holds.a", ….

    A constant is a literal, arithmetic or comparison of literals, a container of such, or a name that
    only ever stood for one.
    """
    known = _Known(ast.parse(source), variables)
    answers = known.assigned.get("answer", [])
    found = ["answer"] if _one(answers) and known.is_constant(answers[0]) else []
    for value in known.assigned.get("holds", []):
        found += [f"holds.{key}" for key, part in _entries(value) if known.is_constant(part)]
        if isinstance(value, ast.DictComp) and known.is_constant(value):
            found.append("holds")
    return found + [f"holds.{key}" for key, part in known.stored if known.is_constant(part)]


class _Known:
    """What a source assigns: name → values, and ``holds[key] = value``."""

    def __init__(self, tree: ast.Module, variables: tuple[str, ...]):
        self.assigned: dict[str, list[ast.expr]] = {}
        self.stored: list[tuple[str, ast.expr]] = []
        self.computed = set(variables)
        for node in ast.walk(tree):
            self._see(node)

    def _see(self, node: ast.AST) -> None:
        plain = isinstance(node, ast.Assign) or (isinstance(node, ast.AnnAssign) and node.value is not None)
        if plain:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                self._target(target, node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self.computed.add(node.target.id)
        elif isinstance(node, ast.For):
            self.computed |= {part.id for part in ast.walk(node.target) if isinstance(part, ast.Name)}

    def _target(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.assigned.setdefault(target.id, []).append(value)
        elif (
            isinstance(target, ast.Subscript)
            and isinstance(target.value, ast.Name)
            and target.value.id == "holds"
        ):
            self.stored.append((ast.unparse(target.slice).strip("'"), value))
        elif isinstance(target, ast.Tuple | ast.List) and isinstance(value, ast.Tuple | ast.List):
            for inner, part in zip(target.elts, value.elts):
                self._target(inner, part)
        else:
            self.computed |= {part.id for part in ast.walk(target) if isinstance(part, ast.Name)}

    def is_constant(self, node: ast.expr, seen: frozenset = frozenset()) -> bool:
        """True if ``node`` can be known without running anything."""
        if isinstance(node, ast.Name):
            values = self.assigned.get(node.id, [])
            fresh = node.id not in seen and node.id not in self.computed and _one(values)
            return fresh and self.is_constant(values[0], seen | {node.id})
        if isinstance(node, ast.DictComp):
            return self._constant_comprehension(node)
        if isinstance(node, ast.Call):
            plain = isinstance(node.func, ast.Name) and node.func.id in WRAPPERS
            return plain and all(
                self.is_constant(part, seen) for part in (*node.args, *_keyword_values(node))
            )
        if isinstance(node, ast.BinOp | ast.Compare | ast.BoolOp):
            return not any(isinstance(part, ast.Name | ast.Call | ast.Attribute) for part in ast.walk(node))
        if isinstance(
            node, ast.Constant | ast.Tuple | ast.List | ast.Set | ast.Dict | ast.UnaryOp | ast.IfExp
        ):
            parts = [part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)]
            return all(self.is_constant(part, seen) for part in parts)
        return False

    def _constant_comprehension(self, node: ast.DictComp) -> bool:
        loop = node.generators[0]
        names = {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
        own = {part.id for part in ast.walk(loop.target) if isinstance(part, ast.Name)}
        calls = any(isinstance(part, ast.Call | ast.Attribute) for part in ast.walk(node.value))
        return not calls and names <= own and self.is_constant(loop.iter)


def _one(values: list[ast.expr]) -> bool:
    """True if the same thing is assigned wherever something is: which of two it is, the run decides."""
    return len({ast.dump(value) for value in values}) == 1


def _keyword_values(call: ast.Call) -> list[ast.expr]:
    return [keyword.value for keyword in call.keywords]


def _entries(value: ast.expr) -> list[tuple[str, ast.expr]]:
    """(key, value) of a dict written as ``{…}`` or ``dict(…)``."""
    if isinstance(value, ast.Dict):
        return [
            (ast.unparse(key).strip("'"), part)
            for key, part in zip(value.keys, value.values)
            if key is not None
        ]
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == "dict":
        return [(keyword.arg or "", keyword.value) for keyword in value.keywords]
    return []
