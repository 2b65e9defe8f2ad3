"""What is done while a program runs when its files are saved: the graph file is applied again, modules are reloaded.

Whatever is wrong with a file is said, with its line, and the graph goes on as it was. `watching.py` tells which files
were saved; the display's turn on the main thread is when it is asked. Goes to `runtime.apply` and `runtime.reload`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Protocol, Self

import streamlib
from streamlib.control.cli.display import STYLES
from streamlib.control.cli.fresh_import import ImportFailed, imported_anew, source_of
from streamlib.control.cli.watching import FollowedFiles, Notices
from streamlib.errors import DeadlineError, GraphFileError, StreamError
from streamlib.graph.graph_file import GraphFile
from streamlib.runtime.reloading import class_in, nodes_of
from streamlib.runtime.runtime import StreamRuntime

GOES_ON = "the graph goes on as it was"


class Says(Protocol):
    """Where something is said."""

    def say(self, message: str, style: str = "") -> None:
        """Print a line with the time."""
        ...

    def add(self, line: str, style: str = "") -> None:
        """Print a line that belongs to the one before."""
        ...


@dataclass(frozen=True, slots=True)
class Following:
    """What is followed while a program runs.

    Attributes:
        notices: Says that something happens in folders.
        graph: Whether the graph file is applied again when it is saved.
        modules: Whether modules of processors are reloaded when they are saved.
    """

    notices: Notices
    graph: bool = False
    modules: bool = False


class LiveUpdates:
    """Keeps a runtime as its files are; a context manager that is over when the program is."""

    def __init__(self, runtime: StreamRuntime, path: Path, following: Following) -> None:
        self._runtime = runtime
        self._graph = path.absolute() if following.graph else None
        self._following = following
        self._files = FollowedFiles()
        self._begun = False
        self._refused = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._following.notices.close()

    def look(self, display: Says) -> None:
        """Carry out what was saved since the last call; the first one begins to follow the files.

        Args:
            display: Where it is said.
        """
        if not self._begun:
            self._begin(display)
        if not self._following.notices.take() and self._files.is_settled:
            return
        saved = self._files.saved()
        for name, path in self._modules().items():
            if path.absolute() in saved:
                self._reload(name, path, display)
        if self._graph is not None and (self._graph in saved or (saved and self._refused)):
            self._apply(self._graph, display)
        if saved:
            self._follow()

    def _begin(self, display: Says) -> None:
        self._begun = True
        self._follow()
        names = ", ".join(sorted(path.name for path in self._followed()))
        display.say(f"watching {names}" if names else "watching nothing: all processors are StreamLib's own")

    def _followed(self) -> Iterator[Path]:
        if self._graph is not None:
            yield self._graph
        yield from self._modules().values()

    def _follow(self) -> None:
        self._files.follow(self._followed())
        if self._files.folders:
            self._following.notices.follow(self._files.folders)

    def _modules(self) -> dict[str, Path]:
        """The files of the modules that processors of the graph stand in, but for our own."""
        if not self._following.modules:
            return {}
        own = Path(streamlib.__file__).parent
        names = dict.fromkeys(node.declaration.processor.__module__ for node in self._runtime.graph.processors())
        files = {name: source_of(name) for name in names}
        return {name: path for name, path in files.items() if path is not None and not path.is_relative_to(own)}

    def _apply(self, path: Path, display: Says) -> None:
        try:
            file = GraphFile.read(path)
            if not file.processors and not file.groups:
                raise GraphFileError("it has no processor", file=str(path))
            changed = self._runtime.apply(file, skip_unknown_components=True)
        except DeadlineError as error:
            self._refused = ""
            display.say(f"{path.name} is applied; {error}", "yellow")
        except StreamError as error:
            if str(error) != self._refused:
                display.say(f"error: {error}; {GOES_ON}", "red")
            self._refused = str(error)
        else:
            self._refused = ""
            display.say(f"{path.name} was saved; {'applied:' if changed else 'nothing changes'}")
            for change in changed.changes:
                display.add(str(change), STYLES[change.sign])

    def _reload(self, name: str, path: Path, display: Says) -> None:
        try:
            with imported_anew(name) as module:
                replaced = self._runtime.reload(module)
        except DeadlineError as error:
            display.say(f"{path.name} is reloaded; {error}", "yellow")
        except (ImportFailed, StreamError) as error:
            display.say(f"error: {error}; {GOES_ON}", "red")
        else:
            display.say(f"{path.name} was saved; reloaded: {', '.join(replaced) or 'nothing that runs'}")
            for class_name, ids in self._without_class(module).items():
                display.add(f"there is no {class_name} any more; the old one goes on in {', '.join(ids)}", "yellow")

    def _without_class(self, module: ModuleType) -> dict[str, list[str]]:
        """The processors whose classes are not in a module any more, by the names of those."""
        lost: dict[str, list[str]] = {}
        for node in nodes_of(self._runtime.graph, module):
            if class_in(module, node.declaration.processor) is None:
                lost.setdefault(node.declaration.processor.__qualname__, []).append(node.id)
        return lost
