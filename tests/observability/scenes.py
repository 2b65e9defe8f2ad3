"""Scenes made by hand: processors in a row or as drawn, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streamlib.ids import LinkId, ProcessorId
from streamlib.observability.scene import LinkFacts, ProcessorFacts, Scene
from streamlib.processors.execution_mode import ExecutionMode

S = 1_000_000_000
NOW = 100 * S


def who(id_: str, **facts: Any) -> ProcessorFacts:
    return ProcessorFacts(id=ProcessorId(id_), **{"since_ns": NOW - 9 * S, "called_ns": NOW, "unread_ns": NOW, **facts})


def source(id_: str, **facts: Any) -> ProcessorFacts:
    return who(id_, **{"mode": ExecutionMode.CONTINUOUS, **facts})


def link(writer: str, reader: str, depth: int = 0, port: str = "into", **facts: Any) -> LinkFacts:
    return LinkFacts(
        id=LinkId(f"{writer}.out->{reader}.{port}"),
        source=ProcessorId(writer),
        target=ProcessorId(reader),
        input=port,
        depth=depth,
        **facts,
    )


def scene(processors: Iterable[ProcessorFacts], links: Iterable[LinkFacts] = (), **facts: Any) -> Scene:
    return Scene(
        now_ns=NOW, processors={one.id: one for one in processors}, links={one.id: one for one in links}, **facts
    )
