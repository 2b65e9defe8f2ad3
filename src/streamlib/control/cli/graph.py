"""`streamlib graph`: the graph of a program or a graph file, shown and not run."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from streamlib.control.cli.program import ProgramError, print_error, set_up
from streamlib.errors import StreamError
from streamlib.observability.render import RenderedGraph, RenderFormat
from streamlib.runtime.runtime import StreamRuntime


def show_graph(path: Path, format: RenderFormat, console: Console) -> int:
    """Print a graph in a format; errors go to the console.

    Returns:
        The exit code: 0, or 1 when the file says something wrong.

    Raises:
        typer.BadParameter: There is no such file, or there is no graph in it.
    """
    runtime = StreamRuntime()
    try:
        set_up(runtime, path)
        typer.echo(RenderedGraph.of(runtime.graph).to(format))
    except (ProgramError, StreamError) as error:
        print_error(error, console)
        return 1
    finally:
        runtime.stop(drain=False)  # a program may have started it
    return 0
