"""From a graph file to the changes that add it: types, configs and ports are looked up, and errors get their line.

The records come from `streamlib.graph.graph_file`; the changes are collected by an edit (`edit.py`) and committed
with it. Nothing is imported because a file names it: processors come from the registry, which knows what is installed
or was given, and components are of classes that are given or imported already.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from streamlib.errors import ConfigError, ConnectError, DuplicateIdError, GraphFileError, StreamError, UnknownTypeError
from streamlib.graph.document import Path
from streamlib.graph.graph_file import GraphFile
from streamlib.graph.group import SEPARATOR
from streamlib.graph.saved import Components, SavedEnd, SavedGroup, SavedLink, SavedProcessor
from streamlib.graph.saved_components import UnknownComponentError, component_class, restored_component
from streamlib.graph.saved_ends import inner_end
from streamlib.ids import LinkId, ProcessorId
from streamlib.runtime.group import Adding, Group, GroupHandle
from streamlib.runtime.handles import ProcessorHandle

_LOG = logging.getLogger("streamlib.runtime")


OF_YOUR_OWN = (
    "A file imports nothing: a type of your own is known once its package is installed (`streamlib new` makes one), or "
    "in a .py file with setup(runtime) that calls runtime.load(file, classes=[YourProcessor])"
)
"""What an error adds where a file names a type that is not known."""


class Loader:
    """Adds what a graph file says to an edit.

    Args:
        file: What the file says.
        classes: Classes of components that it may name besides those that are imported.
        skip_unknown: Whether components of unknown classes are left out, with a warning.
    """

    def __init__(self, file: GraphFile, classes: Iterable[type[object]], *, skip_unknown: bool) -> None:
        self._file = file
        self._classes = tuple(classes)
        self._skip_unknown = skip_unknown

    def load_into(self, edit: Adding) -> dict[str, ProcessorHandle]:
        """Ask the edit for each processor and link; the handles by id.

        Raises:
            GraphFileError: Something does not fit; the message has line and field.
        """
        handles = self._add_all(edit, self._file.processors, ())
        groups: dict[str, GroupHandle] = {}
        for id_, saved in self._file.groups.items():
            groups[id_] = self._add_group(edit, id_, saved)
        handles |= {str(one.id): one for group in groups.values() for one in group.processors}
        self._connect_all(edit, {**handles, **groups}, self._file.links, ())
        return handles

    def _add_all(self, edit: Adding, processors: Mapping[str, SavedProcessor], at: Path) -> dict[str, ProcessorHandle]:
        handles: dict[str, ProcessorHandle] = {}
        for id_, saved in processors.items():
            path: Path = (*at, "processors", id_)
            with self._blaming(path):
                handle = edit.add_processor(saved.type, saved.config, id=id_, on_error=saved.on_error)
            handles[id_] = handle
            self._attach(edit, handle.id, saved.components, path)
        return handles

    def _add_group(self, edit: Adding, id_: str, saved: SavedGroup) -> GroupHandle:
        path: Path = ("groups", id_)
        group = Group(id_, edit)
        handles = self._add_all(group, saved.processors, path)
        self._connect_all(group, handles, saved.links, path)
        for outer, text in saved.inputs.items():
            end = SavedEnd.parse(text)
            with self._blaming((*path, "inputs", outer)):
                group.input(outer, handles[end.processor_id].input(end.port or ""))
        for outer, text in saved.outputs.items():
            end = SavedEnd.parse(text)
            with self._blaming((*path, "outputs", outer)):
                group.output(outer, handles[end.processor_id].output(end.port or ""))
        return group.close()

    def _connect_all(
        self,
        edit: Adding,
        handles: Mapping[str, ProcessorHandle | GroupHandle],
        links: Sequence[SavedLink],
        at: Path,
    ) -> None:
        for index, saved in enumerate(links):
            path = (*at, "links", index)
            from_, to = saved.ends
            source, target = handles[from_.processor_id], handles[to.processor_id]
            with self._blaming(path):
                handle = edit.connect(
                    source if from_.port is None else source.output(from_.port),
                    target if to.port is None else target.input(to.port),
                    delivery=saved.delivery,
                    capacity=saved.capacity,
                )
            self._attach(edit, handle.id, saved.components, path)

    def _attach(self, edit: Adding, subject: ProcessorId | LinkId, components: Components, path: Path) -> None:
        for name, fields in components.items():
            here = (*path, "components", name)
            try:
                component = restored_component(component_class(name, self._classes), fields)
            except UnknownComponentError as error:
                if not self._skip_unknown:
                    raise self._file.origin.error(here, str(error)) from error
                _LOG.warning("%s; it is left out", self._file.origin.error(here, f"the class {name} is not imported"))
                continue
            except ValueError as error:
                raise self._file.origin.error(here, str(error)) from error
            edit.attach(subject, component)

    @contextmanager
    def _blaming(self, path: Path) -> Iterator[None]:
        """Say file, line and field of what an edit refuses."""
        try:
            yield
        except UnknownTypeError as error:
            raise self._file.origin.error((*path, "type"), f"{error}. {OF_YOUR_OWN}") from error
        except ConfigError as error:
            field = ("config", error.field) if error.field else ("config",)
            raise self._file.origin.error((*path, *field), str(error)) from error
        except StreamError as error:
            raise self._file.origin.error(path, str(error)) from error


def blamed(file: GraphFile, error: DuplicateIdError | ConnectError) -> GraphFileError:
    """The error of a commit, with the place in the file that it is about."""
    if isinstance(error, DuplicateIdError):
        group, _, name = error.id.partition(SEPARATOR)
        inside = group in file.groups and name in file.groups[group].processors
        path: Path = ("groups", group, "processors", name) if inside else ("processors", error.id)
        return file.origin.error(path, str(error))
    wanted = (SavedEnd.parse(error.source), SavedEnd.parse(error.target))
    about = [index for index, link in enumerate(file.links) if _is_between(link, wanted, file)]
    return file.origin.error(("links", about[-1]) if about else (), str(error))


def _is_between(link: SavedLink, ports: tuple[SavedEnd, SavedEnd], file: GraphFile) -> bool:
    ends = [inner_end(end, file.groups, side) for end, side in zip(link.ends, ("outputs", "inputs"), strict=True)]
    return all(end is None or _means(end, port) for end, port in zip(ends, ports, strict=True))


def _means(end: SavedEnd, port: SavedEnd) -> bool:
    return end.processor_id == port.processor_id and end.port in {None, port.port}
