"""Nodes and links for the tests of the graph: one type of processor with two inputs and one output."""

from __future__ import annotations

from dataclasses import dataclass

from streamlib.graph import Link, ProcessorNode, PropertyGraph
from streamlib.ids import PortRef, ProcessorId, link_id
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor


class Word:
    """What would travel, if anything ran."""


class RelayConfig(ProcessorConfig):
    gain: float = 1.0


class Relay(Processor):
    Config = RelayConfig
    left = LinkInput(Word)
    right = LinkInput(Word)
    out = LinkOutput(Word)

    def process(self, ctx: ProcessContext) -> None:
        """Nothing runs in these tests."""


def relay(id_: str, gain: float = 1.0) -> ProcessorNode:
    return ProcessorNode(ProcessorId(id_), "Relay", RelayConfig(gain=gain), Relay.declaration)


def wire(source: str, target: str, port: str = "left") -> Link:
    ends = PortRef(ProcessorId(source), "out"), PortRef(ProcessorId(target), port)
    return Link(link_id(*ends), *ends)


@dataclass(frozen=True)
class Note:
    text: str


def graph_of(processors: str, *links: Link) -> PropertyGraph:
    graph = PropertyGraph()
    for name in processors:
        graph.add_processor(relay(name))
    for link in links:
        graph.add_link(link)
    return graph


A, B, C = map(ProcessorId, "abc")
AB = wire("a", "b").id
