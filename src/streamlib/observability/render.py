"""A graph as text, Mermaid, DOT and JSON, all four from one frozen record that is resolved once.

The graph comes in and is asked once, under its lock; what is drawn afterwards is of one moment. Nothing here runs,
and nothing changes the graph.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

import msgspec

from streamlib.graph.group import all_members
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.processors.ports import LinkInput, LinkOutput, words

SETTING_LENGTH = 48
"""Characters that are shown of one setting."""

INDENT_LIMIT = 72
"""Characters by which a line of the tree may be indented; what stands deeper begins a tree of its own."""


class RenderFormat(StrEnum):
    """How a graph is shown."""

    TEXT = "text"
    MERMAID = "mermaid"
    DOT = "dot"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class RenderedProcessor:
    """A processor: its ports with the frames they carry, settings that are not as declared, the group it is in."""

    id: str
    type: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    settings: Mapping[str, str]
    group: str = ""


@dataclass(frozen=True, slots=True)
class RenderedLink:
    """A link, with the delivery and the capacity that hold for it."""

    id: str
    source: str
    output: str
    target: str
    input: str
    frames: str
    delivery: str
    capacity: int


@dataclass(frozen=True, slots=True)
class RenderedGraph:
    """A graph at one moment, ready to be shown."""

    processors: tuple[RenderedProcessor, ...] = ()
    links: tuple[RenderedLink, ...] = ()
    _outgoing: Mapping[str, Sequence[RenderedLink]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, graph: PropertyGraph) -> Self:
        """The graph as it is now."""
        with graph.lock:
            nodes = {node.id: node for node in graph.processors()}
            groups = {id_: member.group for id_, member in all_members(graph).items()}
            links = graph.links()
        rendered = tuple(_rendered_link(link, nodes) for link in links)
        outgoing: dict[str, list[RenderedLink]] = {}
        for link in rendered:
            outgoing.setdefault(link.source, []).append(link)
        processors = tuple(_rendered_processor(node, groups.get(node.id, "")) for node in nodes.values())
        return cls(processors, rendered, outgoing)

    def to(self, format: RenderFormat | str) -> str:
        """The graph in a format, without a line's end behind it."""
        writers = {
            RenderFormat.TEXT: self.to_text,
            RenderFormat.MERMAID: self.to_mermaid,
            RenderFormat.DOT: self.to_dot,
            RenderFormat.JSON: self.to_json,
        }
        return writers[RenderFormat(format)]()

    def to_text(self) -> str:
        """A tree from each source down; what several links lead to is spelled out once."""
        by_id = {processor.id: processor for processor in self.processors}
        fed = {link.target for link in self.links}
        roots = deque(processor.id for processor in self.processors if processor.id not in fed)
        lines: list[str] = []
        shown: set[str] = set()
        while roots:
            root = roots.popleft()
            lines.append(_title(by_id[root]))
            roots.extendleft(reversed(self._draw_below(root, by_id, shown, lines)))
        return "\n".join(lines)

    def _draw_below(
        self, root: str, by_id: Mapping[str, RenderedProcessor], shown: set[str], lines: list[str]
    ) -> list[str]:
        """Draw the tree of one processor, and return those at which it is cut, to be drawn after it.

        A loop and not a recursion: a chain may be 10,000 long.
        """
        waiting = self._branches(root, "")
        cut: list[str] = []
        while waiting:
            link, indent, is_last = waiting.pop()
            joint = f"{indent}{'└' if is_last else '├'}─ {link.output} → "
            if link.target in shown:
                lines.append(f"{joint}{link.target}.{link.input} (shown already)")
                continue
            shown.add(link.target)
            if len(indent) >= INDENT_LIMIT and self._outgoing.get(link.target):
                lines.append(f"{joint}{link.target}.{link.input} (goes on below)")
                cut.append(link.target)
                continue
            lines.append(f"{joint}{_title(by_id[link.target], link.input)}")
            waiting += self._branches(link.target, indent + ("   " if is_last else "│  "))
        return cut

    def _branches(self, id_: str, indent: str) -> list[tuple[RenderedLink, str, bool]]:
        """The links from a processor, last first."""
        links = self._outgoing.get(id_, ())
        return [(link, indent, link is links[-1]) for link in reversed(links)]

    def to_mermaid(self) -> str:
        """A Mermaid flowchart, as GitHub and many editors draw it."""
        names = {processor.id: f"p{number}" for number, processor in enumerate(self.processors)}
        lines = ["flowchart LR"]
        for number, (group, members) in enumerate(self._by_group().items()):
            drawn = [f'    {names[one.id]}["{_mermaid(one.id)}<br>{_mermaid(one.type)}"]' for one in members]
            lines += [f'    subgraph g{number}["{_mermaid(group)}"]', *drawn, "    end"] if group else drawn
        lines += [
            f'    {names[link.source]} -- "{link.output} → {link.input}" --> {names[link.target]}'
            for link in self.links
        ]
        return "\n".join(lines)

    def to_dot(self) -> str:
        """A digraph for Graphviz."""
        lines = ["digraph streamlib {", "    rankdir=LR;", "    node [shape=box];"]
        for number, (group, members) in enumerate(self._by_group().items()):
            drawn = [f"    {_dot(one.id)} [label={_dot(one.id, one.type)}];" for one in members]
            box = [f"    subgraph cluster_{number} {{", f"    label={_dot(group)};", *drawn, "    }"]
            lines += box if group else drawn
        lines += [
            f"    {_dot(link.source)} -> {_dot(link.target)} [label={_dot(f'{link.output} → {link.input}')}];"
            for link in self.links
        ]
        return "\n".join([*lines, "}"])

    def _by_group(self) -> dict[str, list[RenderedProcessor]]:
        """The processors of each group; those of none are under the empty text."""
        groups: dict[str, list[RenderedProcessor]] = {}
        for processor in self.processors:
            groups.setdefault(processor.group, []).append(processor)
        return groups

    def to_json(self) -> str:
        """The record itself as JSON."""
        plain = {
            "processors": [asdict(processor) for processor in self.processors],
            "links": [asdict(link) for link in self.links],
        }
        return json.dumps(plain, indent=2, ensure_ascii=False)


def _rendered_processor(node: ProcessorNode, group: str) -> RenderedProcessor:
    return RenderedProcessor(
        id=node.id,
        type=node.processor_type,
        inputs={name: words(port.frame_types) for name, port in node.declaration.inputs.items()},
        outputs={name: words(port.frame_types) for name, port in node.declaration.outputs.items()},
        settings=_settings(node),
        group=group,
    )


def _settings(node: ProcessorNode) -> dict[str, str]:
    changed: dict[str, str] = {}
    for name, declared in node.declaration.config.fields.items():
        value = getattr(node.config, name)
        made = declared.default_factory is not msgspec.NODEFAULT
        default = declared.default_factory() if made else declared.default
        if value is not default and not _equal(value, default):
            changed[name] = _shortened(repr(value))
    return changed


def _equal(one: Any, other: Any) -> bool:
    try:
        return bool(one == other)
    except Exception:  # a value of the user's that compares strangely is shown
        return False


def _shortened(text: str) -> str:
    return text if len(text) <= SETTING_LENGTH else f"{text[: SETTING_LENGTH - 1]}…"


def _rendered_link(link: Link, nodes: Mapping[Any, ProcessorNode]) -> RenderedLink:
    output: LinkOutput[Any] = nodes[link.source.processor_id].declaration.output(link.source.port)
    input_: LinkInput[Any] = nodes[link.target.processor_id].declaration.input(link.target.port)
    return RenderedLink(
        id=link.id,
        source=link.source.processor_id,
        output=link.source.port,
        target=link.target.processor_id,
        input=link.target.port,
        frames=words(output.frame_types),
        delivery=str(link.delivery or input_.delivery),
        capacity=link.capacity or input_.capacity,
    )


def _title(processor: RenderedProcessor, port: str = "") -> str:
    told = "".join(f" {name}={value}" for name, value in processor.settings.items())
    name = f"{processor.id}.{port}" if port else processor.id
    return f"{name} ({processor.type}){told}"


def _mermaid(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")


def _dot(*lines: str) -> str:
    quoted = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(quoted) + '"'
