"""Who may import whom (CONTRIBUTING, "Rooms"): read from the sources, and proved in fresh interpreters."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "ftlib"
COMMON = {"ftlib.errors", "ftlib.paths", "ftlib"}
ALLOWED = {"tune": {"tune", "measure"}, "measure": {"measure"}, "learn": {"learn", "measure"}}
HEAVY = {
    "ftlib": {"numpy", "torch", "matplotlib", "ipywidgets", "IPython", "msgspec", "typer", "sklearn"},
    "ftlib.learn": {"torch", "matplotlib", "sklearn", "scipy", "pandas", "timm"},
    "ftlib.measure": {"torch", "matplotlib", "ipywidgets", "sklearn", "scipy", "pandas"},
    "ftlib.cli": {"torch", "numpy", "matplotlib", "ipywidgets", "IPython"},
}


def imports(path: Path) -> set[str]:
    """Every module that a file imports anywhere in it, functions included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            room = ".".join(path.relative_to(PACKAGE.parent).parts[: -node.level]) if node.level else ""
            found.add(".".join(filter(None, (room, node.module))))
            if node.module == "ftlib":
                found |= {f"ftlib.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("room", ALLOWED)
def test_rooms_import_only_their_neighbours(room):
    for path in sorted((PACKAGE / room).rglob("*.py")):
        ours = (
            {name for name in imports(path) if name.split(".")[0] == "ftlib"} - COMMON - {"ftlib.__version__"}
        )
        strangers = {name for name in ours if name.split(".")[1] not in ALLOWED[room]}
        assert not strangers, f"{path.name} imports {strangers}"


@pytest.mark.parametrize("room", ["learn", "measure"])
def test_only_tune_names_torch(room):
    for path in sorted((PACKAGE / room).rglob("*.py")):
        heavy = {name.split(".")[0] for name in imports(path)} & {"torch", "torchvision", "timm"}
        assert not heavy, f"{path.name} imports {heavy}"


@pytest.mark.parametrize("module", HEAVY)
def test_import_stays_light(module):
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not HEAVY[module] & set(loaded)


def test_the_guard_sees_a_forbidden_import(tmp_path):
    """The reader of imports can fail: it finds an import hidden in a function."""
    file = tmp_path / "f.py"
    file.write_text("def f():\n    from ftlib.tune import freeze\n    return freeze\n")
    assert imports(file) == {"ftlib.tune"}


@pytest.mark.parametrize("room", ALLOWED)
def test_every_public_name_exists_and_is_documented(room):
    from importlib import import_module

    module = import_module(f"ftlib.{room}")
    for name in module.__all__:
        assert getattr(module, name).__doc__, f"ftlib.{room}.{name} has no docstring"


def test_files_stay_small():
    long = {p.name: n for p in PACKAGE.rglob("*.py") if (n := len(p.read_text().splitlines())) > 320}
    assert not long, f"longer than 320 lines, split by reason to exist: {long}"
