from __future__ import annotations

import pytest

from streamlib import StreamRuntime
from streamlib.clock import MonotonicClock
from streamlib.execution.entry import EntryWriter
from streamlib.graph.components import WiredChannel
from streamlib.ids import LinkId
from streamlib.links.reader import Reader
from streamlib.links.tapped import TapReader, TapWriter
from streamlib.links.writer import Writer
from streamlib.observability.taps import Taps
from streamlib.runtime.handles import LinkHandle
from tests.links.ends import Look
from tests.scenarios.stage import Collect, Hand, Record


class Stage:
    """A source that the test steps, a sink, and the taps of their graph."""

    def __init__(self) -> None:
        self.runtime = StreamRuntime()
        self.record = Record()
        self.source = self.runtime.add_processor(Hand)
        self.sink = self.runtime.add_processor(Collect, record=self.record)
        self.link: LinkHandle = self.runtime.connect(self.source, self.sink)
        self.turns = 0
        self.taps = Taps(self.runtime.graph, self.runtime.events, self._in_turn, MonotonicClock().now_ns)

    def _in_turn(self, action: object) -> None:
        assert callable(action)
        self.turns += 1
        action()

    def ends(self) -> tuple[Writer, Reader]:
        """What the two ports hold."""
        source, sink = self.source.instance(), self.sink.instance()
        assert source is not None
        assert sink is not None
        writer, reader = source.processor.out, sink.processor.into  # type: ignore[attr-defined]
        return writer.inner if isinstance(writer, EntryWriter) else writer, reader

    def step(self) -> None:
        before = len(self.record.numbers)
        self.runtime.step(self.source)
        self.record.wait_until(lambda: len(self.record.numbers) > before)


def test_ends_are_wrapped_while_somebody_looks_and_bare_before_and_after() -> None:
    stage, first, second = Stage(), Look(), Look()
    with stage.runtime:
        stage.runtime.start()
        stage.step()
        before = tuple(map(type, stage.ends()))
        stage.taps.attach(stage.link.id, first)
        stage.step()
        assert tuple(map(type, stage.ends())) == (TapWriter, TapReader)
        stage.taps.attach(stage.link.id, second)
        stage.step()
        stage.taps.detach(stage.link.id, first)
        stage.step()
        assert tuple(map(type, stage.ends())) == (TapWriter, TapReader)
        stage.taps.detach(stage.link.id, second)
        stage.step()
        assert tuple(map(type, stage.ends())) == before
        assert [frame.data["n"] for frame in first.shown] == [1, 2]
        assert [frame.data["n"] for frame in second.shown] == [2, 3]


def test_one_who_raises_is_taken_out_and_named(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Look):
        def pushed(self, frame: object) -> None:
            raise ValueError("no more")

    stage, broken = Stage(), Broken()
    with stage.runtime:
        stage.runtime.start()
        stage.taps.attach(stage.link.id, broken)
        stage.step()
        stage.step()
        assert stage.taps.of(stage.link.id) is None
        assert not any(isinstance(end, TapWriter | TapReader) for end in stage.ends())
    assert [record.message for record in caplog.records if "Broken" in record.message]


def test_one_who_raises_at_an_output_or_a_call_is_told_with_whose_that_is(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def pushed(self, frame: object) -> None:
            raise ValueError("no more")

        def processed(self, frame: object, latency_ns: int) -> None:
            raise ValueError("no more")

    stage = Stage()
    hand = stage.source.id
    with stage.runtime:
        stage.runtime.start()
        stage.taps.attach_output(stage.link.source, Broken())
        stage.taps.attach_call(hand, Broken())
        stage.step()
    told = [record for record in caplog.records if "Broken" in record.message]
    assert {(vars(one)["processor_id"], vars(one)["processor_type"]) for one in told} == {(hand, "Hand")}
    assert len(told) == 2


def test_a_link_that_does_not_run_keeps_its_tap_until_it_does() -> None:
    stage, look = Stage(), Look()
    stage.taps.enlist(stage.link.id, look)
    assert stage.turns == 0
    tap = stage.taps.of(stage.link.id)
    assert tap
    stage.taps.attach(stage.link.id, look)
    stage.taps.detach(stage.link.id, look)
    assert not stage.runtime.graph.has(stage.link.id, WiredChannel)
    assert stage.taps.of(stage.link.id) is None
    stage.taps.detach(LinkId("nobody.out->nobody.into"), look)
