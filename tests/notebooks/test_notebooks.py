"""What nbval cannot see: that every notebook was built, ran, and is of the shape a learner expects."""

import re
from pathlib import Path

import nbformat
import pytest

from ftlib.build import cell_id, execute, fingerprint, lesson_notebook, targets
from ftlib.paths import course

ROOT = course()
TARGETS = targets()
LESSONS = sorted(p for p in TARGETS if p.parent.name == "notebooks")
SOURCES = sorted((ROOT / "notebooks" / "src").glob("[0-9]*.py"))


def read(path: Path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook) -> str:
    return "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def printed(cell) -> str:
    return "".join(out.get("text", "") for out in cell.outputs)


def by_name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", TARGETS, ids=by_name)
def test_notebook_was_built_from_its_source_as_it_stands(path):
    assert path.exists(), "run make notebooks"
    assert read(path).metadata.ftlib.source == fingerprint(TARGETS[path]()), (
        "source changed: run make notebooks"
    )


@pytest.mark.parametrize("path", TARGETS, ids=by_name)
def test_every_code_cell_ran_in_order_and_without_noise(path):
    cells = code_cells(read(path))
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        for out in cell.outputs:
            assert out.output_type != "error" or "raises-exception" in cell.metadata.get("tags", [])
            assert out.get("name") != "stderr", f"a cell writes to stderr: {out.text[:200]}"


@pytest.mark.parametrize("path", TARGETS, ids=by_name)
def test_ids_are_hashes_and_nothing_of_this_run_is_stored(path):
    notebook = read(path)
    assert set(notebook.metadata) == {"kernelspec", "language_info", "ftlib"}
    seen = {}
    for cell in notebook.cells:
        number = seen[(cell.cell_type, cell.source)] = seen.get((cell.cell_type, cell.source), -1) + 1
        assert cell.id == cell_id(cell.cell_type, cell.source, number)
        assert set(cell.metadata) <= {"tags"}
    text = path.read_text()
    assert "widget-view" not in text
    assert not re.search(r"/(home|Users|root|work|tmp)/", text), "a path of the machine that built it"


@pytest.mark.parametrize("path", LESSONS, ids=by_name)
def test_lesson_has_the_anatomy(path):
    notebook = read(path)
    text = prose(notebook)
    assert re.match(r"# \d\d · \S", text), "the first line is '# NN · Title'"
    assert "You will" in text
    assert re.search(r"\bminutes\b", text)
    assert "In this notebook we" in text
    assert 20 <= len(notebook.cells) <= 60, f"{len(notebook.cells)} cells"
    assert f"../quizzes/{path.stem}.ipynb" in text, "links to its quiz"


@pytest.mark.parametrize("path", LESSONS, ids=by_name)
def test_links_between_files_lead_somewhere(path):
    for target in re.findall(r"\]\((?!https?:|#|mailto:|attachment:)([^)\s]+)\)", prose(read(path))):
        file, _, heading = target.partition("#")
        found = (path.parent / file).resolve() if file else path
        assert found.exists(), f"{target} leads nowhere"
        if heading and found.suffix == ".ipynb":
            assert heading in {h.replace(" ", "-") for h in headings(found)}, f"{target}: no such heading"


def headings(path: Path) -> set[str]:
    return {m.strip() for m in re.findall(r"^#{1,4} (.+)$", prose(read(path)), re.MULTILINE)}


@pytest.mark.parametrize("path", LESSONS, ids=by_name)
def test_exercise_cells_are_unsolved_and_say_so(path):
    cells = [
        c
        for c in code_cells(read(path))
        if any(t.startswith("exercise:") for t in c.metadata.get("tags", []))
    ]
    assert cells, "a lesson has an exercise"
    for cell in cells:
        assert "Not attempted yet" in printed(cell)


@pytest.mark.parametrize("source", SOURCES, ids=by_name)
def test_solved_exercise_cells_are_right(source, tmp_path):
    """The solved build, cut down to the set-up cell and the exercises, runs and every check says Right."""
    notebook = lesson_notebook(source, solved=True)
    setup = code_cells(notebook)[0]
    exercises = [
        c for c in notebook.cells if any(t.startswith("exercise:") for t in c.metadata.get("tags", []))
    ]
    notebook.cells = [setup, *exercises]
    execute(notebook, source.parents[1], tmp_path / "home")
    for cell in exercises:
        assert "Right" in printed(cell), printed(cell)


def test_lesson_is_in_the_readme():
    readme = (ROOT / "README.md").read_text()
    for path in LESSONS:
        assert f"notebooks/{path.name}" in readme


def test_every_local_link_and_picture_of_the_front_page_is_there():
    readme = (ROOT / "README.md").read_text()
    named = re.findall(r"\]\(([^)#:]+)\)|(?:src|srcset)=\"([^\"]+)\"", readme)
    missing = [path for pair in named for path in pair if path and not (ROOT / path).exists()]
    assert len(named) > 20
    assert missing == []
