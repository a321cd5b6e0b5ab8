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


def main() -> None:
    """Run the command; an ftlib error becomes one line on stderr and exit status 2."""
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
    options = [f"--ServerApp.root_dir={course()}", f"--LabApp.default_url={start}", *context.args]
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
    names: Annotated[list[str] | None, typer.Argument(help="Parts of paths, such as 02 or proofs/02.")] = None,
    force: Annotated[bool, typer.Option(help="Also notebooks whose sources did not change.")] = False,
) -> None:
    """Build lessons, quizzes and proofs from their sources (course authors)."""
    from ftlib.build import build as build_notebooks

    written = build_notebooks(names, force=force)
    typer.echo("\n".join(f"built {path.name}" for path in written) or "everything is up to date")
