"""Inputs that take any number of links, which come and go while frames flow."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from streamlib import (
    DataFrame,
    GraphFile,
    LinkInput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    StreamRuntime,
)
from streamlib.errors import CommitError, ConnectError
from streamlib.ids import ProcessorId
from tests.scenarios.stage import SECONDS, Collect, Numbers, Pass, Record


class Gather(Processor):
    """Takes from any number of links, and keeps the numbers of each apart, by the source that they come from."""

    class Config(ProcessorConfig):
        records: Any

    into = LinkInput(DataFrame, many=True)

    def process(self, ctx: ProcessContext) -> None:
        for link in self.into.links:
            frame = link.read()
            if frame is not None:
                self.config.records[link.source].add(frame.data["n"])

    def flush(self, ctx: ProcessContext) -> None:
        for record in self.config.records.values():
            record.called("flush")


SAVED = """
streamlib: 1
processors: {a: {type: Numbers}, b: {type: Numbers}, c: {type: Numbers}, gather: {type: Lettered}}
links: [a -> gather, b -> gather, c -> gather]
"""


class Turns(Processor):
    """Reads its port as a whole."""

    class Config(ProcessorConfig):
        record: Any

    into = LinkInput(DataFrame, many=True)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.config.record.add(frame.data["n"])


class Ordered(Gather):
    """Notes in which order its links stand."""

    def process(self, ctx: ProcessContext) -> None:
        self.config.records["order"].numbers[:] = [int(link.source.split("_")[1][0]) for link in self.into.links]
        super().process(ctx)


@pytest.mark.promise("link.many")
def test_every_link_of_an_input_of_many_is_read_to_its_end(runtime: StreamRuntime) -> None:
    records = {f"numbers_{n}.out": Record() for n in range(3)}
    gather = runtime.add_processor(Gather, records=records)
    for _ in records:
        runtime.connect(runtime.add_processor(Numbers, count=50), gather)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert [record.numbers for record in records.values()] == [list(range(50))] * 3
    assert all(record.calls == ["flush"] for record in records.values())


def test_a_port_of_many_read_as_a_whole_gives_the_frames_of_all(runtime: StreamRuntime) -> None:
    record = Record()
    turns = runtime.add_processor(Turns, record=record)
    for first in (0, 1000, 2000):
        runtime.connect(runtime.add_processor(Numbers, first=first, count=30), turns)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert sorted(record.numbers) == [first + n for first in (0, 1000, 2000) for n in range(30)]
    for first in (0, 1000, 2000):
        of_one = [n for n in record.numbers if first <= n < first + 1000]
        assert of_one == sorted(of_one)


def test_links_come_and_go_and_the_others_lose_nothing(runtime: StreamRuntime) -> None:
    records = {f"numbers_{n}.out": Record() for n in range(6)}
    gather = runtime.add_processor(Gather, records=records)
    first = runtime.add_processor(Numbers)
    runtime.connect(first, gather)
    runtime.start()
    records["numbers_0.out"].wait_for(10)
    for number in range(1, 6):
        with runtime.edit() as edit:
            source = edit.add_processor(Numbers)
            edit.connect(source, gather)
        record = records[f"numbers_{number}.out"]
        record.wait_for(10)
        runtime.remove(source)
        assert record.numbers == list(range(len(record.numbers)))
    records["numbers_0.out"].wait_for(10)
    runtime.stop()
    assert records["numbers_0.out"].is_gapless()


def test_links_stand_in_the_order_in_which_they_were_connected_also_after_a_restart(runtime: StreamRuntime) -> None:
    records = {f"numbers_{n}.out": Record() for n in range(4)} | {"order": Record()}
    order = records["order"]
    gather = runtime.add_processor(Ordered, records=records)
    sources = [runtime.add_processor(Numbers) for _ in range(4)]
    for index in (2, 0, 3):
        runtime.connect(sources[index], gather)
    runtime.start()
    records["numbers_3.out"].wait_for(5)
    assert order.numbers == [2, 0, 3]
    runtime.connect(sources[1], gather)
    records["numbers_1.out"].wait_for(5)
    assert order.numbers == [2, 0, 3, 1]
    runtime.restart(gather)
    records["numbers_1.out"].wait_for(20)
    assert order.numbers == [2, 0, 3, 1]
    assert all(records[f"numbers_{n}.out"].is_gapless() for n in range(4))


class Lettered(Processor):
    """Notes in which order its links stand, by the names of their sources, and what comes by each."""

    records: ClassVar[dict[str, Record]] = {}
    into = LinkInput(DataFrame, many=True)

    def process(self, ctx: ProcessContext) -> None:
        self.records["order"].called("".join(link.source[0] for link in self.into.links))
        for link in self.into.links:
            frame = link.read()
            if frame is not None:
                self.records[link.source].add(frame.data["n"])


class Mixed:
    """Sources `a`, `b`, `c` that one input of many gathers, with a record for each and one of the order."""

    def __init__(self, runtime: StreamRuntime) -> None:
        self.runtime = runtime
        self.names = ["a", "b", "c"]
        self.records = {f"{name}.out": Record() for name in self.names} | {"order": Record()}
        Lettered.records.update(self.records)
        runtime.load(GraphFile.parse(SAVED), classes=[Lettered, Numbers])

    @property
    def order(self) -> str:
        """What the graph says; what the processor finds is the same, as soon as it is called again."""
        said = "".join(link.source.processor_id for link in self.runtime.graph.links_into(ProcessorId("gather")))
        found = self.records["order"].calls
        if self.runtime.processor("gather").instance() is not None:
            found.clear()
            self.records["order"].wait_until(lambda: found[-1:] == [said])
        return said

    def flows(self) -> None:
        """Every source comes through, and nothing was lost or overtaken."""
        for name in self.names:
            self.records[f"{name}.out"].wait_for(20)
            assert self.records[f"{name}.out"].is_gapless(), (name, self.records[f"{name}.out"].gaps())


@pytest.fixture
def mixed(runtime: StreamRuntime) -> Mixed:
    return Mixed(runtime)


@pytest.mark.promise("edit.undo")
@pytest.mark.promise("link.many")
def test_a_link_comes_back_to_its_place_by_an_undo(mixed: Mixed) -> None:
    runtime = mixed.runtime
    runtime.start()
    for name in mixed.names:
        runtime.disconnect(f"{name}.out->gather.into")
        runtime.undo()
        assert mixed.order == "abc"
        runtime.redo()
        runtime.undo()
        assert mixed.order == "abc"
    runtime.remove("a")
    runtime.remove("b")
    runtime.undo()
    runtime.undo()
    assert mixed.order == "abc"
    runtime.stop()
    runtime.disconnect("b.out->gather.into")
    runtime.undo()
    runtime.start()
    assert mixed.order == "abc"


@pytest.mark.promise("link.many")
def test_a_link_whose_removal_fails_keeps_its_place(mixed: Mixed) -> None:
    runtime = mixed.runtime
    runtime.start()
    with pytest.raises(CommitError), runtime.edit() as edit:
        edit.disconnect("a.out->gather.into")
        edit.add_processor(Refuses)
    assert mixed.order == "abc"
    mixed.flows()


@pytest.mark.promise("graph.file-diff-apply")
def test_a_file_puts_the_links_of_an_input_in_another_order_without_a_frame_lost(mixed: Mixed) -> None:
    runtime = mixed.runtime
    runtime.start()
    mixed.flows()
    before = GraphFile.parse(SAVED)
    for order in ("bca", "cba", "acb", "bac"):
        links = ", ".join(f"{name} -> gather" for name in order)
        runtime.apply(GraphFile.parse(SAVED.replace("a -> gather, b -> gather, c -> gather", links)))
        assert mixed.order == order
        mixed.flows()
        runtime.undo()
        assert mixed.order == "abc"
        assert not runtime.diff(before)
    mixed.flows()


class Refuses(Pass):
    """Cannot be set up."""

    def setup(self, ctx: RuntimeContext) -> None:
        raise OSError("no")


def test_an_input_of_one_refuses_a_second_link(runtime: StreamRuntime) -> None:
    sink = runtime.add_processor(Collect, record=Record())
    runtime.connect(runtime.add_processor(Numbers), sink)
    with pytest.raises(ConnectError, match="already has the link"):
        runtime.connect(runtime.add_processor(Pass).output("out"), sink.input("into"))
