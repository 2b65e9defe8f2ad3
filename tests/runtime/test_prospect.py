from __future__ import annotations

from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ConnectError, UnknownLinkError, UnknownPortError, UnknownProcessorError
from streamlib.graph import Link, ProcessorNode
from streamlib.ids import ProcessorId, link_id
from streamlib.processors.processor import Processor
from streamlib.runtime.prospect import Prospect
from streamlib.runtime.ticket import Ticket
from tests.scenarios.stage import Both, Collect, Numbers, Pass, Record


def node(id_: str, type_: type[Processor]) -> ProcessorNode:
    return ProcessorNode(ProcessorId(id_), type_.__name__, type_.Config(), type_.declaration)


class Stage:
    """A source that is committed, and the prospect of one who edits."""

    def __init__(self) -> None:
        self.runtime = StreamRuntime()
        self.source = self.runtime.add_processor(Numbers, id="source")
        self.prospect = Prospect(self.runtime)

    def bring(self, id_: str, type_: type[Processor]) -> Any:
        return self.prospect.bring(node(id_, type_), Ticket())

    def join(self, source: Any, target: Any) -> Link:
        ends = self.prospect.ports(source, target)
        link = Link(link_id(*ends), *ends)
        self.prospect.join(link)
        return link


def test_who_is_added_is_known_before_it_is_committed() -> None:
    stage = Stage()
    new = stage.bring("new", Pass)
    assert stage.prospect.handle("new") == new
    assert stage.prospect.handle("source") == stage.source
    assert stage.prospect.meant("new") == [new]
    link = stage.join(stage.source, new)
    assert stage.prospect.link(link.id) == link
    assert stage.prospect.links_at(new.id) == [link]
    stage.prospect.cut.add(link.id)
    assert stage.prospect.links_at(new.id) == []
    assert "new" not in stage.runtime.graph


def test_the_only_ports_that_fit_and_are_free_are_meant() -> None:
    stage = Stage()
    both = stage.bring("both", Both)
    with pytest.raises(ConnectError, match="can be joined in 2 ways"):
        stage.prospect.ports(stage.source, both)
    first = stage.prospect.ports(stage.source, both.input("left"))
    stage.prospect.join(Link(link_id(*first), *first))
    assert not stage.prospect.is_free(both.input("left"))
    assert [port.port for port in stage.prospect.ports(stage.source, both)] == ["out", "right"]


def test_a_port_of_one_that_was_replaced_is_not_there_any_more() -> None:
    stage = Stage()
    before = stage.bring("new", Pass)
    port = before.output("out")
    after = stage.prospect.bring(
        ProcessorNode(ProcessorId("new"), "Collect", Collect.Config(record=Record()), Collect.declaration), Ticket()
    )
    sink = stage.bring("sink", Pass)
    with pytest.raises(UnknownPortError, match="no output port 'out'"):
        stage.prospect.ports(port, sink)
    assert stage.prospect.ports(stage.source, after)[1].port == "into"


def test_what_is_asked_for_in_vain_is_forgotten() -> None:
    stage = Stage()
    with pytest.raises(ValueError, match="no"), stage.prospect.all_or_nothing():
        stage.join(stage.source, stage.bring("new", Pass))
        raise ValueError("no")
    assert stage.prospect.links_at(stage.source.id) == []
    with pytest.raises(UnknownProcessorError):
        stage.prospect.handle("new")
    with pytest.raises(UnknownLinkError):
        stage.prospect.link("source.out->new.into")


def test_what_is_no_end_of_a_link_is_said() -> None:
    stage = Stage()
    wrong: Any = "source"
    with pytest.raises(ConnectError, match=r"runtime.processor\('source'\) is the handle of an id"):
        stage.prospect.ports(wrong, stage.source)
    with pytest.raises(ConnectError, match="source has no input"):
        stage.prospect.ports(stage.source, stage.source)
