"""A link as the graph knows it: which ports it joins, and what it overrides of the reading port's declaration.

The ring through which its frames pass is attached to the link's entity by the compiler.
"""

from __future__ import annotations

import msgspec

from streamlib.ids import LinkId, PortRef
from streamlib.links.delivery import Delivery


class Link(msgspec.Struct, frozen=True):
    """One link of a graph, from an output port to an input port.

    Attributes:
        id: Unique among what the graph holds at one time.
        source: The output port that frames come from.
        target: The input port that frames go to.
        delivery: Overrides the delivery that the input declares; None leaves it.
        capacity: Overrides the capacity, in frames, that the input declares; None leaves it.
    """

    id: LinkId
    source: PortRef
    target: PortRef
    delivery: Delivery | None = None
    capacity: int | None = None
