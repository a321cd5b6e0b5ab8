"""Every example in the docstrings of the measuring room runs and prints what it says."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from ftlib import measure

MODULES = sorted(path.stem for path in Path(measure.__file__).parent.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", [*MODULES, ""])
def test_examples(name):
    result = doctest.testmod(import_module(f"ftlib.measure.{name}".rstrip(".")))
    assert result.failed == 0


def test_every_metric_has_an_example():
    functions = [
        getattr(measure, name) for name in measure.__all__ if name.islower() and not name.startswith("plot_")
    ]
    assert [f.__name__ for f in functions if ">>>" not in f.__doc__] == []
