from __future__ import annotations

from streamlib.control.cli.tally import Role, Tally
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.frames.data import DataFrame
from streamlib.graph.node import ProcessorNode
from streamlib.processors.context import ProcessContext
from streamlib.processors.execution_mode import ExecutionMode, ProcessExecution
from streamlib.processors.function import processor
from streamlib.processors.ports import LinkOutput
from streamlib.processors.processor import Processor
from streamlib.runtime.handles import LinkHandle
from streamlib.runtime.runtime import StreamRuntime
from streamlib.testing import Collected, Gate, ListSink, ListSource

WAIT_S = 5.0


@processor
def passed(frame: DataFrame) -> DataFrame:
    if frame.data["n"] == 3:
        raise ValueError("three")
    return frame


class Stepped(Processor):
    out = LinkOutput(DataFrame)
    execution = ProcessExecution.manual()

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(DataFrame({"n": 0}))


class Inlined:
    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        reactive = node.declaration.execution.mode is ExecutionMode.REACTIVE
        return SchedulingStrategy.lightweight() if reactive else SchedulingStrategy.dedicated_thread()


def numbers(count: int) -> list[DataFrame]:
    return [DataFrame({"n": n}) for n in range(count)]


def wired(runtime: StreamRuntime, items: list[object]) -> LinkHandle:
    """Source, filter, and two sinks; the link to the second sink."""
    source = runtime.add_processor(ListSource, id="source", items=items, type=DataFrame)
    middle = runtime.add_processor(passed, id="middle")
    runtime.connect(source, middle)
    runtime.connect(middle, runtime.add_processor(ListSink, id="first"))
    return runtime.connect(middle, runtime.add_processor(ListSink, id="second"))


def test_rows_tell_frames_errors_latencies_and_threads() -> None:
    runtime = StreamRuntime()
    tally = Tally(runtime.graph)
    link = wired(runtime, [*numbers(10)])
    with runtime:
        runtime.start()
        tally.look()
        assert runtime.wait(WAIT_S)
    rows = {str(row.id): row for row in tally.rows()}
    assert list(rows) == ["source", "middle", "first", "second"]
    assert [row.frames for row in rows.values()] == [10, 10, 9, 9]
    assert [row.errors for row in rows.values()] == [0, 1, 0, 0]
    assert [row.role for row in rows.values()] == [Role.SOURCE, Role.FILTER, Role.SINK, Role.SINK]
    assert {row.dropped for row in rows.values()} == {0}
    assert rows["middle"].place == "streamlib:middle"
    assert rows["middle"].latency.samples > 0
    assert tally.carried(link.id) == 9


def test_a_processor_that_was_removed_keeps_its_row() -> None:
    runtime = StreamRuntime()
    tally = Tally(runtime.graph)
    gate, collected = Gate(), Collected()
    source = runtime.add_processor(ListSource, items=[*numbers(3), gate, *numbers(3)])
    runtime.connect(source, runtime.add_processor(ListSink, id="stays"))
    leaving = runtime.add_processor(ListSink, id="leaves", into=collected)
    runtime.connect(source, leaving)
    with runtime:
        runtime.start()
        tally.look()
        gate.wait_until_reached()
        runtime.remove(leaving)
        tally.look()
        gate.open()
        assert runtime.wait(WAIT_S)
    assert {row.id: row.frames for row in tally.rows()} == {"list_source_0": 6, "stays": 6, "leaves": 3}


def test_a_source_whose_only_link_gives_way_to_another_is_counted_on() -> None:
    runtime = StreamRuntime()
    tally = Tally(runtime.graph)
    gate = Gate()
    source = runtime.add_processor(ListSource, id="source", items=[*numbers(5), gate, *numbers(3)], type=DataFrame)
    old = runtime.connect(source, runtime.add_processor(ListSink, id="old"))
    with runtime:
        runtime.start()
        tally.look()
        gate.wait_until_reached()
        with runtime.edit() as edit:
            edit.disconnect(old)
            edit.connect(source, edit.add_processor(ListSink, id="new"))
        tally.look()
        gate.open()
        assert runtime.wait(WAIT_S)
    assert {row.id: row.frames for row in tally.rows()} == {"source": 8, "old": 5, "new": 3}


def test_a_source_whose_first_link_goes_before_the_later_one_is_counted_on() -> None:
    runtime = StreamRuntime()
    tally = Tally(runtime.graph)
    joins, goes = Gate(), Gate()
    items = [*numbers(5), joins, *numbers(3), goes, *numbers(2)]
    source = runtime.add_processor(ListSource, id="source", items=items, type=DataFrame)
    first = runtime.connect(source, runtime.add_processor(ListSink, id="first"))
    with runtime:
        runtime.start()
        tally.look()
        joins.wait_until_reached()
        runtime.connect(source, runtime.add_processor(ListSink, id="later"))
        joins.open()
        goes.wait_until_reached()
        tally.look()
        runtime.disconnect(first)
        goes.open()
        assert runtime.wait(WAIT_S)
    assert {row.id: row.frames for row in tally.rows()} == {"source": 10, "first": 8, "later": 5}


def test_where_it_ran_is_said_for_every_strategy() -> None:
    runtime = StreamRuntime(scheduler=Inlined())
    tally = Tally(runtime.graph)
    wired(runtime, [Gate()])
    runtime.add_processor(Stepped, id="stepped")
    with runtime:
        runtime.start()
        tally.look()
    places = {str(row.id): row.place for row in tally.rows()}
    assert places["source"] == "streamlib:source"
    assert places["stepped"] == "whoever steps it"
    assert places["middle"] == places["first"] == "inlined in source"


def test_before_the_start_there_is_nobody_to_tell_of() -> None:
    runtime = StreamRuntime()
    tally = Tally(runtime.graph)
    link = wired(runtime, [])
    tally.look()
    assert tally.rows() == []
    assert tally.carried(link.id) == 0
