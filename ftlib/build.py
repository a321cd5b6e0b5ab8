"""The one builder: text sources in, executed notebooks out.

``notebooks/src/NN.py`` (jupytext percent) becomes ``notebooks/NN.ipynb``; each bank
``quizzes/NN.toml`` becomes a quiz notebook and a proof notebook. Building twice
gives the same bytes: cell ids are hashes, outputs carry no widget state, and a
notebook whose sources did not change is left alone.

Only course authors need this module; it imports jupytext and nbclient when called.

>>> cell_id("code", "1 + 1", 0) == cell_id("code", "1 + 1", 0)
True
"""

import hashlib
import os
import re
from collections import Counter
from pathlib import Path

from ftlib.errors import InputError
from ftlib.paths import course

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
METADATA = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
EXERCISE = "exercise:"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CELL_SECONDS = 300


def cell_id(kind: str, source: str, occurrence: int) -> str:
    """Twelve hex digits: the same cell keeps its id wherever it moves."""
    return hashlib.blake2b(f"{kind}\0{source}\0{occurrence}".encode(), digest_size=6).hexdigest()


def lesson_notebook(source: Path, solved: bool = False):
    """The notebook of one jupytext source, not yet executed.

    A cell tagged ``exercise:ID`` holds only the line that checks; the starter (or,
    if ``solved``, the solution) of that exercise is put above it.
    """
    import jupytext

    notebook = jupytext.read(source)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        for tag in tags:
            if tag.startswith(EXERCISE):
                cell.source = _exercise_code(tag.removeprefix(EXERCISE), solved) + "\n\n" + cell.source
        cell.metadata = {"tags": tags} if tags else {}
    return _with_ids(notebook)


def quiz_notebook(bank):
    """The quiz of one bank as a notebook; it opens in JupyterLab and in Voila."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    minutes = max(5, round(1.2 * len(bank.questions)))
    intro = (
        f"# Quiz: {bank.title}\n\n{len(bank.questions)} questions, about {minutes} minutes. "
        f"They rest on [the lesson](../notebooks/{bank.lesson}.ipynb). Your answers are kept on this computer "
        "and are here again when you come back.\n\n"
        "Run the cell below to begin (in Voila it has already run). A self-paced bank holds its own keys: "
        "they are in the `.toml` file beside this notebook, should you want to spoil it."
    )
    code = f'from ftlib.learn import quiz\n\nquiz("{bank.lesson}")'
    return _with_ids(new_notebook(cells=[new_markdown_cell(intro), new_code_cell(code)]))


def proof_notebook(bank):
    """One cell a question: its answer key, computed by running code and printed as one line."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

    from ftlib.learn.proof import proof_cells

    cells = [
        new_markdown_cell(
            f"# Proofs: {bank.title}\n\n**Spoilers.** Every answer key of this bank, computed by code. nbval "
            "compares each line with what is stored here, so a key that drifts turns a test red."
        ),
        new_code_cell("from ftlib.learn.proof import prove"),
    ]
    for text, code in proof_cells(bank):
        cells += [new_markdown_cell(text), new_code_cell(code)]
    return _with_ids(new_notebook(cells=cells))


def execute(notebook, folder: Path, home: Path):
    """Run every cell in ``folder`` with a fresh progress store in ``home``; changes ``notebook``."""
    from nbclient import NotebookClient

    for old in home.glob("progress*"):
        old.unlink()
    home.mkdir(parents=True, exist_ok=True)
    before = os.environ.get("FTLIB_HOME")
    os.environ["FTLIB_HOME"] = str(home)
    try:
        NotebookClient(
            notebook,
            timeout=CELL_SECONDS,
            kernel_name="python3",
            resources={"metadata": {"path": str(folder)}},
        ).execute()
    finally:
        os.environ.pop("FTLIB_HOME") if before is None else os.environ.update(FTLIB_HOME=before)
    return notebook


def clean(notebook, fingerprint: str):
    """Drop what changes from run to run: widget views and state, timings, foreign metadata."""
    for cell in notebook.cells:
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
        if cell.cell_type == "code":
            cell.outputs = [out for out in map(_clean_output, _merged(cell.outputs)) if out]
    notebook.metadata = {**METADATA, "ftlib": {"source": fingerprint}}
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def fingerprint(notebook) -> str:
    """A hash of the cells as written, before they ran: built notebooks carry it."""
    text = "\0".join(f"{c.cell_type}\0{c.source}\0{c.metadata.get('tags', [])}" for c in notebook.cells)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def targets(root: Path | None = None) -> dict[Path, object]:
    """Every notebook to be built, path → function that makes it unexecuted."""
    from ftlib.learn.bank import load_bank

    root = root or course()
    made = {}
    for source in sorted((root / "notebooks" / "src").glob("[0-9]*.py")):
        made[root / "notebooks" / f"{source.stem}.ipynb"] = lambda source=source: lesson_notebook(source)
    for bank in sorted((root / "quizzes").glob("[0-9]*.toml")):
        made[root / "quizzes" / f"{bank.stem}.ipynb"] = lambda bank=bank: quiz_notebook(load_bank(bank))
        made[root / "quizzes" / "proofs" / f"{bank.stem}.ipynb"] = lambda bank=bank: proof_notebook(
            load_bank(bank)
        )
    return made


def is_current(path: Path, notebook) -> bool:
    """True if the notebook at ``path`` was built from exactly these cells, and ran."""
    import nbformat

    if not path.exists():
        return False
    stored = nbformat.read(path, as_version=4)
    ran = all(c.execution_count for c in stored.cells if c.cell_type == "code" and c.source.strip())
    return ran and stored.metadata.get("ftlib", {}).get("source") == fingerprint(notebook)


def same_claims(path: Path, built) -> bool:
    """True if the notebook at ``path`` has these very cells and checked outputs.

    Cells that nbval ignores (timings, curves) do not count: a rerun that only changed
    those leaves the stored file as it is. Delete the file to renew them.
    """
    import nbformat

    if not path.exists():
        return False
    stored = nbformat.read(path, as_version=4)
    return stored.metadata == built.metadata and _claims(stored) == _claims(built)


def _claims(notebook):
    """Per cell its id and, unless nbval ignores it, its outputs without pictures."""
    return [(cell.id, None if _ignored(cell) else _texts(cell)) for cell in notebook.cells]


def _ignored(cell) -> bool:
    return "NBVAL_IGNORE_OUTPUT" in cell.source or "nbval-ignore-output" in cell.metadata.get("tags", [])


def _texts(cell):
    outputs = [dict(out) for out in cell.get("outputs", [])]
    return [
        {**out, "data": {k: v for k, v in out.get("data", {}).items() if k != "image/png"}} for out in outputs
    ]


def build(
    names: list[str] | None = None, force: bool = False, progress: bool = True, root: Path | None = None
):
    """Build what changed; returns the paths written.

    ``names`` picks by a part of the path ("02", "proofs/02", "quizzes"). ``force``
    runs notebooks whose sources did not change, too. Raises InputError if a name fits nothing.
    """
    import nbformat
    from tqdm import tqdm

    root = root or course()
    wanted = {p: make for p, make in targets(root).items() if _picked(p.relative_to(root), names)}
    if not wanted:
        raise InputError(
            f"nothing to build is named {names}; try a lesson number such as 02, or no name for all"
        )
    written = []
    for path, make in (bar := tqdm(wanted.items(), disable=not progress, unit="notebook")):
        bar.set_postfix_str(path.stem)
        notebook = make()
        if force or not is_current(path, notebook):
            mark = fingerprint(notebook)
            built = clean(execute(notebook, path.parent, root / ".ftlib" / "build"), mark)
            if not same_claims(path, built):
                _write(path, built, nbformat)
                written.append(path)
    return written


def _picked(path: Path, names) -> bool:
    return not names or any(name in path.as_posix() for name in names)


def _write(path: Path, notebook, nbformat) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    temporary.replace(path)


def _with_ids(notebook):
    seen = Counter()
    for cell in notebook.cells:
        key = (cell.cell_type, cell.source)
        cell.id = cell_id(*key, seen[key])
        seen[key] += 1
    notebook.metadata = dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _exercise_code(exercise_id: str, solved: bool) -> str:
    from ftlib.learn import exercise

    found = exercise(exercise_id)
    return (found.solution_code if solved else found.starter).strip()


def _merged(outputs):
    """Adjacent pieces of one stream, joined: how a kernel splits them is chance."""
    joined = []
    for out in outputs:
        if out.output_type == "stream" and joined and joined[-1].get("name") == out.name:
            joined[-1].text += out.text
        else:
            joined.append(out)
    return joined


def _clean_output(out):
    if out.output_type == "stream" and out.name == "stderr":
        return None if _is_progress_bar(out.text) else out
    if "data" in out:
        out.data.pop(WIDGET_VIEW, None)
        out.metadata = {}
        return out if out.data else None
    return out


def _is_progress_bar(text: str) -> bool:
    return all(not line or re.search(r"\d+%\||\bit/s\b|s/it", line) for line in re.split(r"[\r\n]+", text))
