"""What the command `streamlib` takes: its subcommands, their arguments, their exit codes.

Words come in here and exit codes go out; what a subcommand does stands in the module of its name.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler

from streamlib import __version__
from streamlib.control.cli.demo import show_demo
from streamlib.control.cli.duration import parse_duration
from streamlib.control.cli.program import run_program
from streamlib.errors import StreamError

PLAIN_WIDTH = 140  # of lines where there is no terminal that has one

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"streamlib {__version__}")
        raise typer.Exit


@app.callback()
def streamlib(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also say what goes well.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A live media graph for Python: run graphs, and see one at work.

    Exit codes: 0 all went well, 1 something failed, 2 the command was not understood.
    """
    del version
    handler = RichHandler(console=console_for_errors(), show_time=False, show_path=False)
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format="%(message)s", handlers=[handler])


@app.command()
def demo(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A video file of 4 s or more. Without one, a short clip is made first.", show_default=False
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder for the two files.")] = Path(),
) -> None:
    """Record a video through a graph that grows and loses a branch while it runs.

    The file is played in real time, filtered, encoded and recorded in demo.mp4, with its sound. One second in, a
    branch is added that records a small picture in demo-small.mp4; at three seconds it is removed. The exit code is
    0 only if nothing was dropped and both files are complete.
    """
    console = console_for_output()
    try:
        complete = show_demo(file, output, console)
    except StreamError as error:
        console_for_errors().print(f"error: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    raise typer.Exit(0 if complete else 1)


@app.command()
def run(
    file: Annotated[Path, typer.Argument(help="A Python file that defines setup(runtime).", show_default=False)],
    duration: Annotated[
        str | None,
        typer.Option("--duration", "-d", help="Stop after so long: 10s, 500ms, 1m30s, 2h.", show_default=False),
    ] = None,
) -> None:
    """Run the graph that setup(runtime) in FILE builds, until its sources end.

    Ctrl-C or SIGTERM stops it: what is on its way is processed and files are completed. A second one stops at once.

        def setup(runtime):
            reader = runtime.add_processor("FileReader", path="in.mp4")
            writer = runtime.add_processor("Mp4Writer", path="out.mp4")
            runtime.connect(reader.output("video"), writer.input("video"))
    """
    duration_ns = None if duration is None else parse_duration(duration)
    raise typer.Exit(run_program(file, duration_ns, console_for_errors()))


def console_for_output() -> Console:
    """Where results go."""
    return _console(stderr=False)


def console_for_errors() -> Console:
    """Where everything else goes."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=PLAIN_WIDTH)
