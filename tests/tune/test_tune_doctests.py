"""Every example in the docstrings of the tuning room runs and prints what it says."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from ftlib import tune

MODULES = sorted(path.stem for path in Path(tune.__file__).parent.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", [*MODULES, ""])
def test_examples(name, home):
    result = doctest.testmod(import_module(f"ftlib.tune.{name}".rstrip(".")))
    assert result.failed == 0
