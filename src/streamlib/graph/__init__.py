"""How processors are joined: the graph, its two records, and what is attached to them."""

from __future__ import annotations

from tcod.ecs import Entity

from streamlib.graph.components import ComponentView, LightweightMarker, ManualMarker, ReactiveMarker
from streamlib.graph.dirty import Dirty
from streamlib.graph.entities import Subject
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph

__all__ = [
    "ComponentView",
    "Dirty",
    "Entity",
    "LightweightMarker",
    "Link",
    "ManualMarker",
    "ProcessorNode",
    "PropertyGraph",
    "ReactiveMarker",
    "Subject",
]
