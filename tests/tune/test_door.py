"""One public door: every name is there, and names that a function shares with its module mean the function."""

import subprocess
import sys

import pytest

import ftlib.tune


@pytest.mark.parametrize("name", ftlib.tune.__all__)
def test_every_public_name_is_there_and_documented(name):
    thing = getattr(ftlib.tune, name)
    assert callable(thing), f"{name} is {thing!r}: the module in place of what it holds?"
    assert thing.__module__.startswith("ftlib.tune.")
    assert thing.__doc__


def test_unknown_name_lists_what_there_is():
    with pytest.raises(AttributeError, match=r"no attribute 'frieze'.*freeze"):
        _ = ftlib.tune.frieze
    assert "freeze" in dir(ftlib.tune)


def test_importing_submodules_first_changes_nothing_and_loads_neither_timm_nor_torchvision():
    code = (
        "import sys, ftlib.tune.freeze, ftlib.tune.stages; from ftlib.tune import freeze, stages;"
        "print(callable(freeze) and callable(stages), {'timm', 'torchvision'} & set(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["True", "set()"]
