from __future__ import annotations

from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.execution.entry import EntryWriter
from streamlib.ids import PortRef, ProcessorId
from streamlib.links.fanout import FanoutWriter
from streamlib.links.tapped import TapOutput
from streamlib.links.writer import PlugWriter
from streamlib.runtime.handles import ProcessorHandle
from tests.scenarios.stage import Collect, Faulty, Hand, Line, Pass, Record, let_others_run


class Shown:
    """Is shown the frames of one output; notes their numbers."""

    def __init__(self) -> None:
        self.numbers: list[int] = []

    def pushed(self, frame: Any) -> None:
        self.numbers.append(frame.data["n"])


def output(processor: str) -> PortRef:
    return PortRef(ProcessorId(processor), "out")


def held(processor: ProcessorHandle) -> Any:
    """What stands at the output, behind the stamp that a source's has."""
    instance = processor.instance()
    assert instance is not None
    writer = instance.processor.out  # type: ignore[attr-defined]
    return writer.inner if isinstance(writer, EntryWriter) else writer


@pytest.mark.promise("look.attach-detach", "look.several")
def test_an_output_is_shown_with_no_link_with_one_and_with_two_each_frame_once(runtime: StreamRuntime) -> None:
    hand, first, second = runtime.add_processor(Hand), Record(), Record()
    filter_ = runtime.add_processor(Pass)
    runtime.connect(hand, filter_)
    looks = {"hand_0": Shown(), "pass_0": Shown()}
    for id_, look in looks.items():
        runtime._taps.attach_output(output(id_), look)

    def step(times: int) -> None:
        for _ in range(times):
            assert runtime.step(hand)
        runtime.pause()  # comes to every loop, behind what it was given to do
        runtime.resume()

    with runtime:
        runtime.start()
        runtime.step(hand)
        sinks = [runtime.add_processor(Collect, record=record) for record in (first, second)]
        runtime.connect(filter_, sinks[0])
        runtime.step(hand)
        runtime.connect(filter_, sinks[1])
        runtime.step(hand)
        second.wait_until(lambda: second.numbers[-1:] == [2])
        assert isinstance(held(filter_), TapOutput)
        late = Shown()
        runtime._taps.attach_output(output("pass_0"), late)
        let_others_run(runtime)
        step(1)
        second.wait_until(lambda: second.numbers[-1:] == [3])
        for id_, look in looks.items():
            runtime._taps.detach_output(output(id_), look)
        runtime._taps.detach_output(output("pass_0"), late)
        let_others_run(runtime)
        assert isinstance(held(filter_), FanoutWriter)
        step(1)
        second.wait_until(lambda: second.numbers[-1:] == [4])
        runtime.remove(sinks[0])
        runtime.remove(sinks[1])
        assert isinstance(held(filter_), PlugWriter)
    assert {id_: look.numbers for id_, look in looks.items()} == {"hand_0": [0, 1, 2, 3], "pass_0": [0, 1, 2, 3]}
    assert late.numbers == [3]
    assert (first.numbers[-1], second.numbers[-1]) == (4, 4)


@pytest.mark.promise("look.attach-detach")
def test_an_output_is_looked_at_on_and_on_at_full_speed_while_its_links_are_edited(runtime: StreamRuntime) -> None:
    line, look = Line(runtime), Shown()
    line.run()
    runtime._taps.attach_output(output(line.filter.id), look)
    for _ in range(5):
        record = Record()
        beside = runtime.add_processor(Collect, record=record)
        runtime.connect(line.filter, beside)
        record.wait_for(20)
        runtime.remove(beside)
        line.record.wait_for(10)
    runtime._taps.detach_output(output(line.filter.id), look)
    let_others_run(runtime)
    assert not isinstance(held(line.filter), TapOutput)
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()
    assert look.numbers == list(range(look.numbers[0], look.numbers[0] + len(look.numbers)))
    assert len(look.numbers) > 100


@pytest.mark.promise("look.attach-detach")
def test_who_looks_at_an_output_goes_on_with_whoever_takes_its_processors_place(runtime: StreamRuntime) -> None:
    line, look = Line(runtime), Shown()
    runtime._taps.attach_output(output(line.filter.id), look)
    line.run()
    before = line.filter.instance()
    runtime.restart(line.filter)
    line.record.wait_for(20)
    runtime.replace(line.filter, Faulty, where="nowhere", record=Record())
    line.record.wait_for(20)
    after = line.filter.instance()
    assert after is not before
    assert isinstance(held(line.filter), TapOutput)
    runtime.stop()
    seen = len(look.numbers)
    assert look.numbers == line.record.numbers == list(range(seen))
    runtime.start()
    line.record.wait_for(20)
    runtime.stop()
    assert look.numbers == line.record.numbers
    assert len(look.numbers) > seen
    runtime._taps.detach_output(output(line.filter.id), look)


@pytest.mark.promise("error.observer-removed")
def test_one_who_raises_at_an_output_is_removed_and_named(
    runtime: StreamRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Shown):
        def pushed(self, frame: Any) -> None:
            raise ValueError("no more")

    line, look = Line(runtime).run(), Shown()
    with runtime.events.subscribe_queue("runtime:global") as events:
        runtime._taps.attach_output(output(line.filter.id), Broken())
        runtime._taps.attach_output(output(line.filter.id), look)
        line.record.wait_for(20)
        failed = events.get(8.0)
    runtime._taps.detach_output(output(line.filter.id), look)
    runtime.stop()
    assert line.record.is_gapless()
    assert look.numbers
    assert "ObserverFailed" in repr(failed)
    assert f"output {line.filter.id}.out" in repr(failed)
    assert [record for record in caplog.records if "Broken" in record.message]
