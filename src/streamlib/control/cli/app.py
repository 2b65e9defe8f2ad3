"""What the command `streamlib` takes: its subcommands, their arguments, their exit codes.

Words come in here and exit codes go out; what a subcommand does stands in the module of its name.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from streamlib import __version__, logs
from streamlib.control.cli.demo import show_demo
from streamlib.control.cli.diff import DiffFormat, show_diff
from streamlib.control.cli.duration import parse_duration
from streamlib.control.cli.graph import show_graph
from streamlib.control.cli.live_updates import Following
from streamlib.control.cli.new import make_package, next_commands
from streamlib.control.cli.processors import Form, show_processor, show_processors
from streamlib.control.cli.program import run_program
from streamlib.control.cli.watching import FolderNotices
from streamlib.errors import MissingExtraError, StreamError, UnknownTypeError
from streamlib.graph.document import SUFFIXES
from streamlib.observability.render import RenderFormat
from streamlib.processors.registry import ProcessorRegistry

PLAIN_WIDTH = 140  # of lines where there is no terminal that has one


class LogLevel(StrEnum):
    """From which level on lines of the log are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def parse_level(given: str) -> LogLevel:
    """The level of that name.

    Raises:
        typer.BadParameter: There is none; the message has all of them.
    """
    try:
        return LogLevel(given.lower())
    except ValueError:
        raise typer.BadParameter(f"there is no level {given!r}; there are {', '.join(LogLevel)}") from None


app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from streamlib.execution.burst import COMPILED

        typer.echo(f"streamlib {__version__}{' (compiled)' if COMPILED else ''}")
        raise typer.Exit


@app.callback()
def streamlib(
    ctx: typer.Context,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also say what goes well.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """A live media graph for Python: run graphs, and see one at work.

    Exit codes: 0 all went well, 1 something failed, 2 the command was not understood.
    """
    del version
    ctx.with_resource(logs.configure(level="info" if verbose else "warning"))


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
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="A Python file that defines setup(runtime), or a graph in YAML or JSON.", show_default=False
        ),
    ],
    duration: Annotated[
        str | None,
        typer.Option("--duration", "-d", help="Stop after so long: 10s, 500ms, 1m30s, 2h.", show_default=False),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Apply the graph file again whenever it is saved.")
    ] = False,
    reload: Annotated[
        bool, typer.Option("--reload", "-r", help="Reload modules of your own processors whenever they are saved.")
    ] = False,
    log_level: Annotated[
        LogLevel | None,
        typer.Option(
            "--log-level",
            envvar="STREAMLIB_LOG_LEVEL",
            help="From which level on lines of the log are written; debug tells each start, stop and commit.",
            show_default="warning",
            parser=parse_level,
            metavar="|".join(LogLevel),
        ),
    ] = None,
    log_json: Annotated[
        bool,
        typer.Option(
            "--log-json", envvar="STREAMLIB_LOG_JSON", help="Log JSON, a line each, and say all else on the output."
        ),
    ] = False,
) -> None:
    r"""Run the graph that FILE describes, or that setup(runtime) in it builds, until its sources end.

    Ctrl-C or SIGTERM stops it: what is on its way is processed and files are completed. A second one stops at once.

        def setup(runtime):
            reader = runtime.add_processor("FileReader", path="in.mp4")
            writer = runtime.add_processor("Mp4Writer", path="out.mp4")
            runtime.connect(reader.output("video"), writer.input("video"))

    With --watch and --reload the graph changes while it runs; a file with a mistake in it is told with its line, and
    changes nothing. Both need pip install "streamlib\[control]".
    """
    duration_ns = None if duration is None else parse_duration(duration)
    following = _following(file, watch=watch, reload=reload) if watch or reload else None
    if log_json or log_level is not None:
        ctx.with_resource(logs.configure(json=log_json, level=log_level or logging.getLogger().level))
    console = console_for_output() if log_json else console_for_errors()
    raise typer.Exit(run_program(file, duration_ns, console, following))


def _following(file: Path, *, watch: bool, reload: bool) -> Following:
    if watch and file.suffix.lower() not in SUFFIXES:
        raise typer.BadParameter("--watch applies graph files, in YAML or JSON; --reload is for programs")
    try:
        return Following(FolderNotices(), graph=watch, modules=reload)
    except MissingExtraError as error:
        console_for_errors().print(f"error: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(help="A graph in YAML or JSON, or a Python file.", show_default=False)],
    after: Annotated[Path, typer.Argument(help="The other one.", show_default=False)],
    format: Annotated[DiffFormat, typer.Option("--format", "-f", help="How it is shown.")] = DiffFormat.TEXT,
) -> None:
    """Show what has to change in the graph of BEFORE so that it is that of AFTER; nothing is run.

    Exit codes: 0 they are the same, 1 they differ, 2 a file is missing or says something wrong.
    """
    raise typer.Exit(show_diff(before, after, format, console_for_output(), console_for_errors()))


@app.command()
def graph(
    file: Annotated[
        Path,
        typer.Argument(
            help="A Python file that defines setup(runtime), or a graph in YAML or JSON.", show_default=False
        ),
    ],
    format: Annotated[RenderFormat, typer.Option("--format", "-f", help="How it is shown.")] = RenderFormat.TEXT,
) -> None:
    """Show the graph of FILE without running it: as a tree, for Mermaid, for Graphviz, as a picture, or as JSON."""
    raise typer.Exit(show_graph(file, format, console_for_errors()))


@app.command()
def processors(
    name: Annotated[
        str | None, typer.Argument(help="A type of processor; all of them without it.", show_default=False)
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, with JSON Schemas of one type.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown.")] = False,
) -> None:
    """Show the types of processors that are installed, or one of them: its ports, its config, how it runs."""
    if json and markdown:
        raise typer.BadParameter("choose one of --json and --markdown")
    form = Form.JSON if json else Form.MARKDOWN if markdown else Form.TABLE
    registry, console = ProcessorRegistry(), console_for_output()
    try:
        if name is None:
            show_processors(registry, form, console)
        else:
            show_processor(registry, name, form, console)
    except UnknownTypeError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from error
    except StreamError as error:
        console_for_errors().print(f"error: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error


@app.command()
def new(
    name: Annotated[
        str, typer.Argument(help="What the package is called, as my-processors; its module is my_processors.")
    ],
    directory: Annotated[
        Path | None,
        typer.Option("--directory", "-d", help="The folder to make; otherwise one of that name.", show_default=False),
    ] = None,
) -> None:
    """Make a small package of processors of your own, ready to install, with a test and a graph that uses them."""
    folder = make_package(name, directory)
    typer.echo(f"made {folder}; next:")
    for command in next_commands(folder):
        typer.echo(f"  {command}")


def console_for_output() -> Console:
    """Where results go."""
    return _console(stderr=False)


def console_for_errors() -> Console:
    """Where everything else goes."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=PLAIN_WIDTH)
