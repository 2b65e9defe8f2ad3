"""`streamlib diff`: what differs between the graphs of two files, or of programs; nothing is run.

The ports that links leave out are looked up where all types are known. Where one is not, both files are compared as
they are written, and that is said. Components of a user's own are always compared so.
"""

from __future__ import annotations

import json
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

import typer
from msgspec import structs
from rich.console import Console

from streamlib.control.cli.display import STYLES
from streamlib.control.cli.program import ProgramError, check_file, print_error, set_up
from streamlib.errors import GraphFileError, StreamError, UnknownTypeError
from streamlib.graph.difference import GraphDifference, difference
from streamlib.graph.document import SUFFIXES
from streamlib.graph.graph_file import GraphFile
from streamlib.graph.outline import Outline
from streamlib.runtime.runtime import StreamRuntime


class DiffFormat(StrEnum):
    """How a difference is shown."""

    TEXT = "text"
    JSON = "json"


def show_diff(before: Path, after: Path, format: DiffFormat, output: Console, console: Console) -> int:
    """Print what differs; errors go to the console.

    Returns:
        The exit code: 0 when the graphs are the same, 1 when they differ, 2 when a file says something wrong.

    Raises:
        typer.BadParameter: There is no such file, or there is no graph in it.
    """
    try:
        found = _difference(before, after, console)
    except (ProgramError, StreamError) as error:
        print_error(error, console)
        return 2
    if format is DiffFormat.JSON:
        typer.echo(json.dumps(found.to_plain(), indent=2, ensure_ascii=False))
    else:
        for change in found.changes:
            output.print(str(change), style=STYLES[change.sign], highlight=False, markup=False, soft_wrap=True)
    return 1 if found else 0


def _difference(before: Path, after: Path, console: Console) -> GraphDifference:
    try:
        return difference(_outline(before), _outline(after))
    except GraphFileError as error:
        if not isinstance(error.__cause__, UnknownTypeError) or {before.suffix, after.suffix} - SUFFIXES.keys():
            raise
        console.print(f"compared as they are written: {error}", style="yellow", highlight=False, markup=False)
        return difference(GraphFile.read(before), GraphFile.read(after))


def _outline(path: Path) -> Outline:
    """The graph of a file or a program, with ports and without what is as declared."""
    runtime = StreamRuntime()
    try:
        if path.suffix.lower() not in SUFFIXES:
            set_up(runtime, path)
            return Outline.of_graph(runtime.graph)
        check_file(path)
        file = GraphFile.read(path)
        runtime.load(_without_components(file))
        return _with_components(Outline.of_graph(runtime.graph), Outline.of_file(file))
    finally:
        runtime.stop(drain=False)  # a program may have started it


def _without_components(file: GraphFile) -> GraphFile:
    """The same without the user's own components, whose classes nobody has imported here."""
    processors = {id_: structs.replace(one, components={}) for id_, one in file.processors.items()}
    links = tuple(structs.replace(link, components={}) for link in file.links)
    groups = {
        id_: structs.replace(
            group,
            processors={name: structs.replace(one, components={}) for name, one in group.processors.items()},
            links=tuple(structs.replace(link, components={}) for link in group.links),
        )
        for id_, group in file.groups.items()
    }
    return replace(file, processors=processors, groups=groups, links=links)


def _with_components(loaded: Outline, written: Outline) -> Outline:
    """What was loaded, with the components as they are written; links are in the same order in both."""
    processors = {
        id_: replace(one, components=written.processors[id_].components) for id_, one in loaded.processors.items()
    }
    both = zip(loaded.links.items(), written.links.values(), strict=True)
    return Outline(
        processors, {id_: replace(link, components=as_written.components) for (id_, link), as_written in both}
    )
