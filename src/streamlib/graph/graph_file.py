"""A graph as a file has it: a frozen record, read from YAML or JSON and written as either.

    streamlib: 1
    processors:
      reader: {type: FileReader, config: {path: clip.mp4}}
      encoder: {type: H264Encoder, config: {bitrate: 2000000}, on_error: fail}
      writer: {type: Mp4Writer, config: {path: out.mp4}}
    links:
    - reader.video -> encoder.video
    - encoder -> writer                                  # the only ports that fit
    - {link: reader.audio -> writer.audio, capacity: 32}

What a processor is told stands under `config`, and nothing else does. What is as declared is not written. Here is
checked what the text alone can tell: its form, ids, circles. Types, ports and configs are looked up when
`streamlib.runtime.loader` adds it to a runtime; `document.py` has the text and its lines.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

from streamlib.errors import GraphFileError, nearest, nearest_file
from streamlib.graph.document import SUFFIXES, FileFormat, Origin, read_document, write_document
from streamlib.graph.file_reading import read_saved
from streamlib.graph.file_saving import Saving
from streamlib.graph.plain_values import to_plain
from streamlib.graph.property_graph import PropertyGraph
from streamlib.graph.saved import VERSION, SavedGroup, SavedLink, SavedProcessor
from streamlib.processors.conversion import chosen


@dataclass(frozen=True, slots=True)
class GraphFile:
    """What a graph file says.

    Attributes:
        processors: By id, in the order in which they are added.
        groups: By id; they are added after the processors and before the links.
        links: In the order in which they are made.
        origin: The file and its lines, for errors; two files that say the same are equal wherever they come from.
    """

    processors: Mapping[str, SavedProcessor] = field(default_factory=dict)
    groups: Mapping[str, SavedGroup] = field(default_factory=dict)
    links: tuple[SavedLink, ...] = ()
    origin: Origin = field(default=Origin("graph file"), compare=False, repr=False)

    # -------------------------------------------------------------------------------------------------------- from

    @classmethod
    def from_graph(cls, graph: PropertyGraph, *, without: Iterable[type[object]] = ()) -> Self:
        """What a graph is at this moment, to be written in a file.

        Args:
            graph: The graph; `runtime.graph` is one.
            without: Classes of components that are left out.

        Raises:
            GraphFileError: An id, a config value or a component cannot be written; the message names it.
        """
        origin = Origin("this graph")
        with graph.lock:
            saved = Saving(graph, frozenset(without), origin).saved()
        return cls(*saved, origin)

    @classmethod
    def parse(cls, text: str, name: str = "graph file", format: FileFormat | str | None = None) -> Self:
        """What a text says.

        Args:
            text: YAML or JSON.
            name: What the text is called in errors.
            format: Which of the two; None takes JSON for a text that begins with a brace.

        Raises:
            GraphFileError: It says something wrong; the message has line and field.
            ConfigError: There is no such format.
        """
        document = read_document(text, name, None if format is None else chosen("format", FileFormat, format))
        return cls(*read_saved(document), document.origin)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Self:
        """What a file says; its suffix tells the format.

        Raises:
            GraphFileError: There is no such file, or it says something wrong; the message has line and field.
        """
        if not isinstance(path, str | os.PathLike):
            raise GraphFileError(f"a graph file is given as its path or as a GraphFile, not as {path!r}")
        file = Path(path)
        format = file_format(file)
        try:
            text = file.read_bytes().decode("utf-8-sig")
        except FileNotFoundError as error:
            raise GraphFileError(f"there is no file {file}; {nearest_file(file)}", file=str(file)) from error
        except UnicodeDecodeError as error:
            raise GraphFileError("this is no text in UTF-8", file=str(file)) from error
        except (OSError, ValueError) as error:
            raise GraphFileError(f"it cannot be read: {_why(error)}", file=str(file)) from error
        return cls.parse(text, str(file), format)

    # ---------------------------------------------------------------------------------------------------------- to

    def to_plain(self) -> dict[str, Any]:
        """The same as texts, numbers, lists and mappings, without what is as declared."""
        groups = {id_: _with_links(saved) for id_, saved in self.groups.items()}
        return {
            "streamlib": VERSION,
            "processors": {id_: to_plain(saved) for id_, saved in self.processors.items()},
            **({"groups": groups} if groups else {}),
            "links": [_link_as_written(saved) for saved in self.links],
        }

    def to_yaml(self) -> str:
        """The same as YAML.

        Raises:
            GraphFileError: There is a text in it, or a depth, that no file can hold.
        """
        return write_document(self.to_plain(), FileFormat.YAML, self.origin)

    def to_json(self) -> str:
        """The same as JSON.

        Raises:
            GraphFileError: A number is infinite or none, which JSON cannot say, or there is a text or a depth that no
                file can hold.
        """
        return write_document(self.to_plain(), FileFormat.JSON, self.origin)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file, whose suffix tells the format; one that is there is replaced whole or not at all.

        Raises:
            GraphFileError: The suffix is another, the file cannot be written, or a file cannot say it.
        """
        file = Path(path)
        text = self.to_json() if file_format(file) is FileFormat.JSON else self.to_yaml()
        beside = file.with_name(f".{os.getpid()}-{threading.get_ident()}.graph")  # whatever fits the name of the file
        try:
            beside.write_text(text, encoding="utf-8")
            beside.replace(file)
        except BaseException as error:
            with suppress(OSError, ValueError):
                beside.unlink()
            if isinstance(error, OSError | ValueError):
                raise GraphFileError(f"it cannot be written: {_why(error)}", file=str(file)) from error
            raise


def _why(error: OSError | ValueError) -> str:
    """Why a path leads nowhere; Python says a ValueError of one that has a NUL in it."""
    return str(error.strerror) if isinstance(error, OSError) else f"its path is none ({error})"


def file_format(path: Path) -> FileFormat:
    """The format that a suffix tells.

    Raises:
        GraphFileError: It tells none.
    """
    try:
        return SUFFIXES[path.suffix.lower()]
    except KeyError:
        words = f"the suffix {path.suffix!r} is none of a graph file; {nearest(path.suffix, SUFFIXES)}"
        raise GraphFileError(words, file=str(path)) from None


def _link_as_written(saved: SavedLink) -> object:
    plain = cast("dict[str, Any]", to_plain(saved))
    return saved.link if plain.keys() == {"link"} else plain


def _with_links(saved: SavedGroup) -> dict[str, Any]:
    plain = cast("dict[str, Any]", to_plain(saved))
    return {
        key: [_link_as_written(link) for link in saved.links] if key == "links" else value
        for key, value in plain.items()
    }
