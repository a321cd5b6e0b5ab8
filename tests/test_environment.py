"""One truth for versions: pyproject.toml says what is needed, constraints.txt which, environment.yml agrees."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names(requirements) -> set[str]:
    return {normal(re.split(r"[<>=!~\[; ]", text)[0]) for text in requirements}


@pytest.fixture(scope="module")
def pins():
    lines = (ROOT / "constraints.txt").read_text().split()
    return {normal(name): version for name, version in (line.split("==") for line in lines)}


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def conda():
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())
    pip = next(part["pip"] for part in listed["dependencies"] if isinstance(part, dict))
    plain = [part for part in listed["dependencies"] if isinstance(part, str)]
    return listed["channels"], dict(part.split("=") for part in plain if "=" in part), pip


def test_every_requirement_is_pinned(project, pins):
    wanted = names(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        wanted |= names(extra)
    assert wanted <= pins.keys(), f"not in constraints.txt: {sorted(wanted - pins.keys())}"


def test_environment_holds_what_the_package_needs(project, conda):
    _, plain, pip = conda
    assert names(project["dependencies"]) - {"python"} <= names(plain) | names(pip)


def test_environment_and_constraints_name_the_same_versions(conda, pins):
    channels, plain, pip = conda
    assert channels == ["conda-forge"]
    listed = {**plain, **dict(part.split("==") for part in pip if "==" in part)}
    python = listed.pop("python")
    wrong = {
        name: (version, pins.get(normal(name)))
        for name, version in listed.items()
        if pins.get(normal(name)) != version
    }
    assert not wrong, f"environment.yml against constraints.txt: {wrong}"
    assert tuple(map(int, python.split("."))) >= (3, 11)


def test_torch_and_torchvision_come_from_one_place(conda):
    _, plain, pip = conda
    both = {"torch", "torchvision"}
    assert both <= names(pip)
    assert not both & names(plain)


def test_the_installed_versions_are_the_pinned_ones(project, pins):
    from importlib.metadata import version

    for name in names(project["dependencies"]):
        assert version(name) == pins[name], f"{name}: run make setup"


def test_no_pin_names_a_place_on_a_disk_or_a_network():
    text = (ROOT / "constraints.txt").read_text()
    assert "@" not in text
    assert "://" not in text


def test_every_installed_package_runs_on_the_oldest_python_we_name(project):
    """A pin that needs 3.11.5 would break `make lab` on the 3.11.2 of a common distribution."""
    from importlib.metadata import distributions

    from packaging.specifiers import SpecifierSet

    oldest = project["requires-python"].removeprefix(">=") + ".0"
    wanting = {
        d.name: d.metadata["Requires-Python"] for d in distributions() if d.metadata["Requires-Python"]
    }
    refusing = {name: needs for name, needs in wanting.items() if oldest not in SpecifierSet(needs)}
    assert not refusing, f"do not run on Python {oldest}: {refusing}"
