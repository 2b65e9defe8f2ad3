"""Inputs that take any number of links, which come and go while frames flow."""

from __future__ import annotations

from typing import Any

import pytest

from streamlib import DataFrame, LinkInput, ProcessContext, Processor, ProcessorConfig, StreamRuntime
from streamlib.errors import ConnectError
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


def test_an_input_of_one_refuses_a_second_link(runtime: StreamRuntime) -> None:
    sink = runtime.add_processor(Collect, record=Record())
    runtime.connect(runtime.add_processor(Numbers), sink)
    with pytest.raises(ConnectError, match="already has the link"):
        runtime.connect(runtime.add_processor(Pass).output("out"), sink.input("into"))
