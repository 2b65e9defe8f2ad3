"""Filters of libavfilter, made and joined as a description says, with one open input and one open output.

PyAV's frames pass through. What comes in and goes out is told before any frame has come (`media_of`), and a graph is
made for frames of one shape: `channel.py`, which is next, makes another when they change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

import av
from av.filter import Graph, filters_available
from av.filter.context import FilterContext

from streamlib.errors import nearest
from streamlib.media.filters.description import FilterCall, read_description

VIDEO, AUDIO = "video", "audio"
# What can be joined to an end of each kind; libavfilter refuses the other.
_SOURCES = {VIDEO: "nullsrc", AUDIO: "anullsrc"}
_SINKS = {VIDEO: "buffersink", AUDIO: "abuffersink"}

Frame = av.VideoFrame | av.AudioFrame


@dataclass(frozen=True, slots=True)
class _End:
    """An end of a filter: the number of its input or output, and the label it was given."""

    context: FilterContext
    number: int
    label: str = ""


class FilterGraph:
    """The filters of a description, for frames of one shape.

    Args:
        description: As FFmpeg has it, with one open input and one open output.
        entry: The options of libavfilter's `buffer` or `abuffer`, which say what comes in.
        threads: For filters that can use several; 0 is one per core.

    Raises:
        ValueError: The filters cannot be made of that, or not for such frames.
    """

    def __init__(self, description: str, entry: Mapping[str, str], threads: int = 0) -> None:
        kind, made = media_of(description)
        self._graph = Graph()
        self._graph.threads = threads
        self._entry = self._graph.add("buffer" if kind == VIDEO else "abuffer", **entry)
        self._sink = self._graph.add(_SINKS[made])
        self.has_ended = False
        first, last = _joined(self._graph, description)
        self._entry.link_to(first.context, 0, first.number)
        last.context.link_to(self._sink, last.number, 0)
        try:
            self._graph.configure()
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise ValueError(f"{description!r} does not take such frames: {_reason(error)}") from error

    def push(self, frame: Frame | None) -> Iterator[Frame]:
        """The frames that are ready once this one is in; None says that it was the last.

        Raises:
            av.error.FFmpegError: A filter refuses.
        """
        if not self.has_ended:
            self._entry.push(frame)
            yield from self._pulled()

    def _pulled(self) -> Iterator[Frame]:
        while True:
            try:
                made = self._sink.pull()
            except av.error.BlockingIOError:
                return
            except av.error.EOFError:
                self.has_ended = True
                return
            assert isinstance(made, av.VideoFrame | av.AudioFrame)
            yield made


@lru_cache(maxsize=256)
def media_of(description: str) -> tuple[str, str]:
    """What goes into the filters of a description and what comes out: "video" or "audio" each.

    Raises:
        ValueError: It is written wrongly, names a filter or an option that does not exist, or has not one input and
            one output.
    """
    graph = Graph()
    first, last = _joined(graph, description)
    return _kind_of_input(graph, first), _kind_of_output(graph, last)


def _joined(graph: Graph, description: str) -> tuple[_End, _End]:
    """Make and join the filters; the open input and the open output."""
    joiner = _Joiner(graph)
    for chain in read_description(description):
        joiner.add(chain)
    for ends, what in ((joiner.inputs, "input"), (joiner.outputs, "output")):
        if len(ends) != 1:
            names = f" ({', '.join(end.label or 'without a label' for end in ends)})" if ends else ""
            raise ValueError(f"{description!r} has {len(ends)} open {what}s{names}; it must have one")
    return joiner.inputs[0], joiner.outputs[0]


class _Joiner:
    """Joins filters as libavfilter's own parser does: by labels, and from each to the next in its chain.

    Attributes:
        inputs: Those to which nothing leads yet.
        outputs: Those from which nothing leads yet.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.inputs: list[_End] = []
        self.outputs: list[_End] = []

    def add(self, chain: tuple[FilterCall, ...]) -> None:
        flowing: list[_End] = []  # from the filter before
        for call in chain:
            flowing = self._added(call, flowing)
        self.outputs += flowing

    def _added(self, call: FilterCall, flowing: list[_End]) -> list[_End]:
        context = _made(self._graph, call)
        sources: list[_End | str] = [self._labelled(self.outputs, label) or label for label in call.inputs]
        sources += flowing
        room = _count(context, "inputs")
        if len(sources) > room:
            raise ValueError(f"the filter {call} has {room} inputs, and {len(sources)} lead to it; take some away")
        for number in range(room):
            source = sources[number] if number < len(sources) else ""
            if isinstance(source, _End):
                _link(source, _End(context, number))
            else:
                self.inputs.append(_End(context, number, source))
        return self._left([_End(context, number) for number in range(_count(context, "outputs"))], call)

    def _left(self, outputs: list[_End], call: FilterCall) -> list[_End]:
        """The outputs of a filter that have no label, and so lead to the next."""
        if len(call.outputs) > len(outputs):
            raise ValueError(f"the filter {call} has {len(outputs)} outputs, and {len(call.outputs)} labels")
        for label, end in zip(call.outputs, outputs, strict=False):
            awaiting = self._labelled(self.inputs, label)
            if awaiting is not None:
                _link(end, awaiting)
            else:
                self.outputs.append(_End(end.context, end.number, label))
        return outputs[len(call.outputs) :]

    def _labelled(self, ends: list[_End], label: str) -> _End | None:
        """The end of that label, which is then no longer open."""
        found = next((end for end in ends if end.label == label), None)
        if found is not None:
            ends.remove(found)
        return found


def _made(graph: Graph, call: FilterCall) -> FilterContext:
    if call.name not in filters_available:
        raise ValueError(f"no filter {call.name!r}; {nearest(call.name, filters_available)}")
    try:
        return graph.add(call.name, call.arguments or None)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise ValueError(
            f"the filter {call}: {_reason(error)}; `ffmpeg -h filter={call.name}` has its options"
        ) from error


def _count(context: FilterContext, ends: str) -> int:
    return len(getattr(context, ends))  # which PyAV's types do not have


def _link(source: _End, target: _End) -> None:
    try:
        source.context.link_to(target.context, source.number, target.number)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        names = f"{source.context.name} and {target.context.name}"
        raise ValueError(f"{names} cannot be joined: one has pictures, the other sound") from error


def _kind_of_input(graph: Graph, end: _End) -> str:
    source = graph.add(_SOURCES[VIDEO])
    try:
        source.link_to(end.context, 0, end.number)
    except (av.error.FFmpegError, OSError, ValueError):
        return AUDIO
    return VIDEO


def _kind_of_output(graph: Graph, end: _End) -> str:
    sink = graph.add(_SINKS[VIDEO])
    try:
        end.context.link_to(sink, end.number, 0)
    except (av.error.FFmpegError, OSError, ValueError):
        return AUDIO
    return VIDEO


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
