"""Where a look looks: at which output of a processor, or at which link into a sink.

What a user names comes in; a `Viewpoint` goes out, or an error that lists what there is. It reads the graph and
attaches nothing. Next on a look's way: `sampler`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from streamlib.errors import ConfigError, UnknownPortError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, PortRef
from streamlib.observability.naming import processor_named
from streamlib.processors.ports import Port, words


@dataclass(frozen=True, slots=True)
class Kind:
    """What somebody wants to sample.

    Attributes:
        frame: The class of the frames that are it.
        word: What they are to people, in the plural.
        sampled_by: The call that samples it.
    """

    frame: type
    word: str
    sampled_by: str


PICTURES = Kind(VideoFrame, "pictures", "sample_video")
SOUND = Kind(AudioFrame, "sound", "sample_audio")


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """Where frames are taken.

    Attributes:
        kind: What is wanted of them.
        port: The output; of a sink its input, at whose link one looks.
        is_output: Whether `port` is one.
    """

    kind: Kind
    port: PortRef
    is_output: bool


def link_to(graph: PropertyGraph, view: Viewpoint) -> LinkId | None:
    """The link that leads to the input of a viewpoint now; None where there is none, and of an output."""
    if view.is_output:
        return None
    with graph.lock:
        into = graph.links_into(view.port.processor_id) if view.port.processor_id in graph else []
        return next((link.id for link in into if link.target.port == view.port.port), None)


def find_viewpoint(graph: PropertyGraph, spot: object, output: str | None, kind: Kind) -> Viewpoint:
    """Where one sees what leaves a processor, or what arrives at a sink.

    Raises:
        UnknownProcessorError: There is no such processor.
        UnknownPortError: It has no port of that name.
        ConfigError: No port carries what is wanted, or several do and none was named; the message lists them.
    """
    ref = getattr(spot, "ref", spot)
    if isinstance(ref, PortRef):
        spot, output = getattr(spot, "handle", ref.processor_id), ref.port if output is None else output
    with graph.lock:
        node = graph.node(processor_named(graph, spot))
        if output is not None:
            return _named(graph, node, output, kind)
        declared = node.declaration
        outputs = _carrying(declared.outputs, kind.frame)
        if len(outputs) == 1:
            return Viewpoint(kind, PortRef(node.id, outputs[0]), is_output=True)
        if outputs:
            raise _ambiguous(node, outputs, kind)
        if declared.outputs:
            raise _nothing(node, kind)
        return _arriving(graph, node, kind)


def _named(graph: PropertyGraph, node: ProcessorNode, name: object, kind: Kind) -> Viewpoint:
    declared = node.declaration
    ports: dict[str, Port] = {**declared.inputs, **declared.outputs}
    if not isinstance(name, str) or name not in ports:
        raise UnknownPortError(node.id, str(name), "output or input", ports)
    if not _carrying({name: ports[name]}, kind.frame):
        raise ConfigError(f"{node.id}.{name} carries {words(ports[name].frame_types)}, no {kind.word}", field="output")
    if name in declared.inputs:
        return _at_input(graph, node, name, kind)
    return Viewpoint(kind, PortRef(node.id, name), is_output=True)


def _arriving(graph: PropertyGraph, node: ProcessorNode, kind: Kind) -> Viewpoint:
    """Where one sees what a sink gets."""
    inputs = _carrying(node.declaration.inputs, kind.frame)
    linked = {link.target.port for link in graph.links_into(node.id)}
    chosen = inputs if len(inputs) == 1 else [name for name in inputs if name in linked]
    if not inputs:
        raise _nothing(node, kind)
    if len(chosen) != 1:
        raise _ambiguous(node, inputs, kind)
    return _at_input(graph, node, chosen[0], kind)


def _at_input(graph: PropertyGraph, node: ProcessorNode, name: str, kind: Kind) -> Viewpoint:
    links = [link for link in graph.links_into(node.id) if link.target.port == name]
    if len(links) > 1:
        sources = ", ".join(str(link.source) for link in links)
        raise ConfigError(f"{len(links)} links lead to {node.id}.{name}; sample one of {sources}", field="output")
    return Viewpoint(kind, PortRef(node.id, name), is_output=False)


def _carrying(ports: Mapping[str, Port], frame: type) -> list[str]:
    """The ports at which such frames may pass; where there are none, those at which they may pass encoded."""
    exact = [name for name, port in ports.items() if _carries(port.frame_types, frame)]
    return exact or [name for name, port in ports.items() if _carries(port.frame_types, EncodedPacket)]


def _carries(frame_types: Iterable[type], frame: type) -> bool:
    return any(issubclass(carried, frame) or issubclass(frame, carried) for carried in frame_types)


def _ambiguous(node: ProcessorNode, names: Iterable[str], kind: Kind) -> ConfigError:
    listed = [*names]
    return ConfigError(
        f"{node.id} has several ports that carry {kind.word}: {', '.join(listed)}; say which, output={listed[0]!r}",
        field="output",
    )


def _nothing(node: ProcessorNode, kind: Kind) -> ConfigError:
    """Words for a processor none of whose outputs, or of whose inputs where it has none, carries what is wanted."""
    declared = node.declaration
    ports: Mapping[str, Port] = declared.outputs or declared.inputs
    there = ", ".join(f"{name} ({words(port.frame_types)})" for name, port in ports.items()) or "no port at all"
    inputs = _carrying(declared.inputs, kind.frame) if declared.outputs else []
    hint = f"; output={inputs[0]!r} shows what arrives there" if inputs else ""
    return ConfigError(f"{node.id} sends no {kind.word}: it has {there}{hint}", field="output")
