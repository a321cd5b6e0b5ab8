"""The ``ftlib`` command. Each command's work is done in its own room; here are only words."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from ftlib.errors import FtlibError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Fine-tuning in PyTorch: lessons, quizzes, progress.",
)
Lesson = Annotated[str, typer.Argument(help="Lesson number or name, such as 02.")]
MaybeLesson = Annotated[str | None, typer.Option(help="Only this lesson, such as 02.")]


def main() -> None:
    """Run the command; an ftlib error becomes one line on stderr and exit status 2."""
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal without UTF-8 shows "?" and the quiz goes on
            stream.reconfigure(errors="replace")
    try:
        app()
    except FtlibError as error:
        typer.echo(f"ftlib: {error}", err=True)
        sys.exit(2)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def lab(context: typer.Context) -> None:
    """Open JupyterLab on lesson 00; further options go to JupyterLab."""
    from ftlib.paths import course

    start = "/lab/tree/notebooks/00_start_here.ipynb"
    prompt = "--ServerApp.kernel_websocket_connection_class=ftlib.jupyter.PromptConnection"
    options = [f"--ServerApp.root_dir={course()}", f"--LabApp.default_url={start}", prompt, *context.args]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        options.append("--allow-root")  # in a container one is root, and JupyterLab would refuse to start
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *options])


@app.command()
def doctor() -> None:
    """Say what is installed, which device is used, whether data and weights load."""
    from ftlib.doctor import examine

    report = examine()
    typer.echo(str(report))
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def build(
    names: Annotated[
        list[str] | None, typer.Argument(help="Parts of paths, such as 02 or proofs/02.")
    ] = None,
    force: Annotated[bool, typer.Option(help="Also notebooks whose sources did not change.")] = False,
) -> None:
    """Build lessons, quizzes and proofs from their sources (course authors)."""
    from ftlib.build import build as build_notebooks

    written = build_notebooks(names, force=force)
    typer.echo("\n".join(f"built {path.name}" for path in written) or "everything is up to date")


@app.command()
def check(
    names: Annotated[list[str] | None, typer.Argument(help="Lessons or .toml files; all if none.")] = None,
    prove: Annotated[bool, typer.Option("--prove", help="Run every proof, too (imports torch).")] = False,
) -> None:
    """Validate question banks: file, question and field of each fault."""
    from ftlib.learn.check import report

    words, fine = report(names, prove=prove)
    typer.echo(words)
    raise typer.Exit(0 if fine else 1)


@app.command()
def quiz(lesson: Lesson) -> None:
    """Take a quiz in the terminal ("practice": the five practice questions); answers are kept with the notebook's."""
    from ftlib.learn.text import text_quiz

    text_quiz(lesson)


@app.command()
def progress(
    export: Annotated[bool, typer.Option("--export", help="Write progress.csv and progress.json.")] = False,
    to: Annotated[Path, typer.Option(help="Folder to export to.")] = Path("."),
    start_afresh: Annotated[
        bool, typer.Option("--start-afresh", help="Set a damaged file aside, begin anew.")
    ] = False,
) -> None:
    """Print what you have answered and what to do next, or export every attempt."""
    from ftlib.learn.progress import Progress
    from ftlib.learn.standing import standing

    store = Progress.start_afresh() if start_afresh else Progress()
    if export:
        to.mkdir(parents=True, exist_ok=True)
        typer.echo(store.export_csv(to / "progress.csv"))
        typer.echo(store.export_json(to / "progress.json"))
    else:
        typer.echo(standing(store))


@app.command()
def review() -> None:
    """Say which review cards are due."""
    from ftlib.learn.review import review as cards

    typer.echo(cards())


@app.command()
def submit(
    learner: Annotated[str | None, typer.Option(help="The id your instructor knows you by.")] = None,
    lesson: MaybeLesson = None,
    to: Annotated[Path | None, typer.Option(help="File to write.")] = None,
) -> None:
    """Write your latest answers to one file for your instructor."""
    from ftlib.learn.submit import write_submission

    typer.echo(f"wrote {write_submission(to, lesson=lesson, learner=learner)}")


@app.command()
def grade(
    submissions: Annotated[Path, typer.Argument(help="Folder or zip of submissions.")],
    out: Annotated[Path, typer.Option(help="Table of grades to write.")] = Path("grades.csv"),
    lesson: MaybeLesson = None,
) -> None:
    """Grade a class: one row a learner, one column a question; exit status 1 if a file could not be graded."""
    from ftlib.learn.grade_class import grade_folder

    report = grade_folder(submissions, out, lesson=lesson)
    typer.echo(report)
    raise typer.Exit(report.exit_status)
