"""A graph as text, Mermaid, DOT, SVG and JSON, all of them from one frozen record that is resolved once.

The graph comes in and is asked once, under its lock; what is drawn afterwards is of one moment. Nothing here runs,
and nothing changes the graph. Shown is what is not as usual: settings that are not as declared, and how a link delivers
where it does not just hand on everything. `svg.py` has the picture.
"""

from __future__ import annotations

import html
import json
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

import msgspec

from streamlib.graph.group import GroupMember, all_members, outer_ports
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.plain_values import to_plain
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.links.delivery import Delivery
from streamlib.observability.svg import Arrow, Box, drawn
from streamlib.processors.ports import LinkInput, LinkOutput, words

SETTING_LENGTH = 48
"""Characters that are shown of one setting."""

MOST_DRAWN = 400
"""Processors of a picture in a notebook; of more, nobody would see anything."""

INDENT_LIMIT = 72
"""Characters by which a line of the tree may be indented; what stands deeper begins a tree of its own."""


class RenderFormat(StrEnum):
    """How a graph is shown."""

    TEXT = "text"
    MERMAID = "mermaid"
    DOT = "dot"
    SVG = "svg"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class RenderedProcessor:
    """A processor, as it was asked for.

    Attributes:
        id: Its id.
        type: The name of its type.
        inputs: Its input ports, with the frames they carry in words.
        outputs: Its output ports, likewise.
        settings: The fields of its config that are not as declared, as plain values; in words where there is none.
        group: The id of the group it is in, if it is in one.
        on_error: The error policy it was given; empty where it has that of its type.
    """

    id: str
    type: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    settings: Mapping[str, object]
    group: str = ""
    on_error: str = ""


@dataclass(frozen=True, slots=True)
class RenderedLink:
    """A link, with the delivery and the capacity that hold for it; `overrides` names those that are the link's own."""

    id: str
    source: str
    output: str
    target: str
    input: str
    frames: str
    delivery: str
    capacity: int
    overrides: tuple[str, ...] = ()

    def terms(self) -> str:
        """In words what is not as usual about it; empty where everything is."""
        terms = [self.delivery] if "delivery" in self.overrides or self.delivery != Delivery.EVERY else []
        return ", ".join([*terms, f"capacity {self.capacity}"] if "capacity" in self.overrides else terms)


@dataclass(frozen=True, slots=True)
class RenderedGroup:
    """A group: the ids of its members, and the ports that it has to the outside, each with the member's own."""

    id: str
    members: tuple[str, ...]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class RenderedGraph:
    """A graph at one moment, ready to be shown."""

    processors: tuple[RenderedProcessor, ...] = ()
    links: tuple[RenderedLink, ...] = ()
    groups: tuple[RenderedGroup, ...] = ()
    _outgoing: Mapping[str, Sequence[RenderedLink]] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, graph: PropertyGraph) -> Self:
        """The graph as it is now."""
        with graph.lock:
            nodes = {node.id: node for node in graph.processors()}
            members = all_members(graph)
            links = graph.links()
        groups = {id_: member.group for id_, member in members.items()}
        rendered = tuple(_rendered_link(link, nodes) for link in links)
        outgoing: dict[str, list[RenderedLink]] = {}
        for link in rendered:
            outgoing.setdefault(link.source, []).append(link)
        processors = tuple(_rendered_processor(node, groups.get(node.id, "")) for node in nodes.values())
        return cls(processors, rendered, _rendered_groups(members), outgoing)

    def to(self, format: RenderFormat | str) -> str:
        """The graph in a format, without a line's end behind it."""
        writers = {
            RenderFormat.TEXT: self.to_text,
            RenderFormat.MERMAID: self.to_mermaid,
            RenderFormat.DOT: self.to_dot,
            RenderFormat.SVG: self.to_svg,
            RenderFormat.JSON: self.to_json,
        }
        return writers[RenderFormat(format)]()

    def to_text(self) -> str:
        """A tree from each source down, what several links lead to spelled out once; then the groups."""
        by_id = {processor.id: processor for processor in self.processors}
        fed = {link.target for link in self.links}
        roots = deque(processor.id for processor in self.processors if processor.id not in fed)
        lines: list[str] = []
        shown: set[str] = set()
        while roots:
            root = roots.popleft()
            lines.append(_title(by_id[root]))
            roots.extendleft(reversed(self._draw_below(root, by_id, shown, lines)))
        for group in self.groups:
            lines.append(f"group {group.id}: {', '.join(group.members)}")
            lines += [f"   input {outer} → {own}" for outer, own in group.inputs.items()]
            lines += [f"   output {outer} ← {own}" for outer, own in group.outputs.items()]
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
            joint = f"{indent}{'└' if is_last else '├'}─ {_out_of(link)} → "
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
            nodes = [f'    {names[one.id]}["{"<br>".join(map(_mermaid, _lines(one)))}"]' for one in members]
            lines += [f'    subgraph g{number}["{_mermaid(group)}"]', *nodes, "    end"] if group else nodes
        lines += [
            f'    {names[link.source]} -- "{_out_of(link)} → {link.input}" --> {names[link.target]}'
            for link in self.links
        ]
        return "\n".join(lines)

    def to_dot(self) -> str:
        """A digraph for Graphviz."""
        lines = ["digraph streamlib {", "    rankdir=LR;", "    node [shape=box];"]
        for number, (group, members) in enumerate(self._by_group().items()):
            nodes = [f"    {_dot(one.id)} [label={_dot(*_lines(one))}];" for one in members]
            box = [f"    subgraph cluster_{number} {{", f"    label={_dot(group)};", *nodes, "    }"]
            lines += box if group else nodes
        lines += [
            f"    {_dot(link.source)} -> {_dot(link.target)} [label={_dot(f'{_out_of(link)} → {link.input}')}];"
            for link in self.links
        ]
        return "\n".join([*lines, "}"])

    def _by_group(self) -> dict[str, list[RenderedProcessor]]:
        """The processors of each group; those of none are under the empty text."""
        groups: dict[str, list[RenderedProcessor]] = {}
        for processor in self.processors:
            groups.setdefault(processor.group, []).append(processor)
        return groups

    def to_svg(self) -> str:
        """A picture, from left to right; what a link or processor is told stands in its tooltip."""
        boxes = [Box(one.id, _lines(one), _title(one), one.group) for one in self.processors]
        return drawn(boxes, [_arrow(link) for link in self.links])

    def _repr_html_(self) -> str:
        """The picture, for notebooks; words where it would be too large."""
        if len(self.processors) > MOST_DRAWN:
            words = f"{len(self.processors)} processors, {len(self.links)} links: too many for a picture"
            return f"<div>{html.escape(words)}</div>"
        return f'<div style="overflow:auto">{self.to_svg()}</div>'

    def to_json(self) -> str:
        """The record itself as JSON."""
        plain = {
            "processors": [asdict(processor) for processor in self.processors],
            "links": [asdict(link) for link in self.links],
            "groups": [asdict(group) for group in self.groups],
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
        on_error=str(node.error_policy or ""),
    )


def _rendered_groups(members: Mapping[ProcessorId, GroupMember]) -> tuple[RenderedGroup, ...]:
    groups: dict[str, dict[ProcessorId, GroupMember]] = {}
    for id_, member in members.items():
        groups.setdefault(member.group, {})[id_] = member
    return tuple(_rendered_group(id_, own) for id_, own in groups.items())


def _rendered_group(id_: str, members: Mapping[ProcessorId, GroupMember]) -> RenderedGroup:
    inputs, outputs = outer_ports(members)
    return RenderedGroup(
        id=id_,
        members=tuple(members),
        inputs={outer: str(own) for outer, own in inputs.items()},
        outputs={outer: str(own) for outer, own in outputs.items()},
    )


def _settings(node: ProcessorNode) -> dict[str, object]:
    changed: dict[str, object] = {}
    for name, declared in node.declaration.config.fields.items():
        value = getattr(node.config, name)
        made = declared.default_factory is not msgspec.NODEFAULT
        default = declared.default_factory() if made else declared.default
        if value is not default and not _equal(value, default):
            changed[name] = _plain(value)
    return changed


class _Words(str):
    """What stands for a value that is no plain one."""

    __slots__ = ()


def _plain(value: object) -> object:
    """A value as JSON has it; in words where it has none."""
    try:
        plain = to_plain(value)
        json.dumps(plain, allow_nan=False)
    except ValueError:
        return _Words(_shortened(repr(value)))
    return plain


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
        overrides=tuple(name for name in ("delivery", "capacity") if getattr(link, name) is not None),
    )


def _title(processor: RenderedProcessor, port: str = "") -> str:
    told = "".join(f" {name}={_shortened(_shown(value))}" for name, value in processor.settings.items())
    told += f" on_error={processor.on_error}" if processor.on_error else ""
    name = f"{processor.id}.{port}" if port else processor.id
    return f"{name} ({processor.type}){told}"


def _shown(value: object) -> str:
    """A plain value as one line."""
    return str(value) if isinstance(value, _Words) else repr(value)


def _lines(processor: RenderedProcessor) -> tuple[str, ...]:
    """What stands in the box of a processor."""
    lines = (processor.id, processor.type)
    return (*lines, f"on_error: {processor.on_error}") if processor.on_error else lines


def _arrow(link: RenderedLink) -> Arrow:
    hint = f"{link.id}: {link.delivery}, {link.capacity} frames"
    return Arrow(link.source, link.output, link.target, link.input, hint)


def _out_of(link: RenderedLink) -> str:
    """The output a link begins at, and its terms."""
    terms = link.terms()
    return f"{link.output} ({terms})" if terms else link.output


def _mermaid(text: str) -> str:
    return text.replace("#", "#35;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")


def _dot(*lines: str) -> str:
    quoted = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "\\n".join(quoted) + '"'
