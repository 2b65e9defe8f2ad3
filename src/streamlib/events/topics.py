"""The topics under which events are published, and how a subscription names several.

`runtime:global` carries what concerns the whole: the runtime's lifecycle, and the graph's events, so that one
subscription sees a processor's adding, which is told before anybody could know its id. `processor:<id>` and
`link:<id>` carry what happens in one of them. Any other string is a topic of somebody's own (`CustomEvent`).
"""

from __future__ import annotations

from streamlib.ids import LinkId, ProcessorId

RUNTIME_GLOBAL = "runtime:global"
EVERYTHING = "*"


def processor_topic(processor_id: ProcessorId) -> str:
    """The topic of one processor's events."""
    return f"processor:{processor_id}"


def link_topic(link_id: LinkId) -> str:
    """The topic of one link's events."""
    return f"link:{link_id}"


def prefix_of(pattern: str) -> str | None:
    """What the topics of a pattern begin with (`processor:*`, `*`); None where it names one topic alone."""
    return pattern[:-1] if pattern.endswith("*") else None
