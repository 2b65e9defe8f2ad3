"""What travels through links is shared, and may be looked at while it travels."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streamlib import (
    AudioFrame,
    DataFrame,
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    PushSource,
    StreamRuntime,
    VideoFrame,
)
from streamlib.clock import MonotonicClock
from streamlib.execution.entry import EntryWriter
from streamlib.execution.loops import Loop
from streamlib.frames import EncodedPacket, StreamInfo
from streamlib.ids import LinkId
from streamlib.links.tapped import TapWriter
from streamlib.links.writer import Writer
from streamlib.observability.taps import Taps
from streamlib.runtime.handles import ProcessorHandle
from streamlib.testing import Collected, ListSink, ListSource
from tests.links import ends as links
from tests.scenarios.stage import SECONDS, Collect, Hand, Line, Pass, Record, let_others_run


class Echo(Processor):
    """Writes each frame five times."""

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            for _ in range(5):
                self.out.write(frame)


@pytest.mark.promise("link.overflow")
def test_what_a_call_writes_beyond_the_room_goes_on_though_nothing_calls_its_processor_again(
    runtime: StreamRuntime,
) -> None:
    record = Record()
    source, echo = runtime.add_processor(PushSource, type=DataFrame), runtime.add_processor(Echo)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(source, echo)
    runtime.connect(echo, sink, capacity=1)
    runtime.start()
    runtime.pause(sink)
    source.push(DataFrame({"n": 0}))
    let_others_run(runtime)
    runtime.resume(sink)
    record.wait_until(lambda: record.numbers == [0] * 5)


# ------------------------------------------------------------------------------------------------------------ shared


def one_of_each() -> list[Any]:
    """A frame of each kind."""
    return [
        VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), "rgb24"),
        AudioFrame(np.zeros((64, 2), np.float32), 48_000),
        DataFrame({"n": 1}),
        EncodedPacket(data=b"\x00\x01", stream=StreamInfo("video", "h264"), keyframe=True, decode_ns=0),
    ]


@pytest.mark.promise("link.shared-read-only")
def test_all_who_read_an_output_get_the_very_frames_that_were_written(runtime: StreamRuntime) -> None:
    frames, collected = one_of_each(), [Collected() for _ in range(3)]
    source = runtime.add_processor(ListSource, items=tuple(frames))
    for into in collected:
        runtime.connect(source, runtime.add_processor(ListSink, into=into))
    runtime.start()
    assert runtime.wait(SECONDS)
    for into in collected:
        assert [id(frame) for frame in into.frames] == [id(frame) for frame in frames]


@pytest.mark.promise("link.shared-read-only")
def test_nobody_who_gets_a_frame_can_change_it_for_the_others(runtime: StreamRuntime) -> None:
    collected = Collected()
    source = runtime.add_processor(ListSource, items=tuple(one_of_each()))
    runtime.connect(source, runtime.add_processor(ListSink, into=collected))
    runtime.start()
    for frame in collected.wait_for(4):
        for name in type(frame).__struct_fields__:
            with pytest.raises(AttributeError):
                setattr(frame, name, getattr(frame, name))
    picture, sound, _, _ = collected.frames
    for array in (picture.to_ndarray(), picture.to_ndarray("rgb24"), sound.samples):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 1


# --------------------------------------------------------------------------------------------------------- looked at


class Look(links.Look):
    """Observes one link of a running graph by its slot."""

    def __init__(self, runtime: StreamRuntime, source: ProcessorHandle, link: str) -> None:
        super().__init__()
        self._taps = Taps(runtime.graph, runtime.events, lambda action: action(), MonotonicClock().now_ns)
        self._source = source
        self._link = LinkId(link)

    def pushed(self, frame: Any) -> None:
        super().pushed(frame.data["n"])

    def attach(self) -> None:
        self._taps.attach(self._link, self)
        self._let_owner_act()

    def detach(self) -> None:
        self._taps.detach(self._link, self)
        self._let_owner_act()

    def _let_owner_act(self) -> None:
        """Wait until the owner of the writing port has come to what it was given to do."""
        instance = self._source.instance()
        assert instance is not None
        assert isinstance(instance.loop, Loop)
        instance.loop.apply(lambda: None, SECONDS)

    def writer(self) -> Writer:
        """What stands at the writing port, behind the stamp that a source's has."""
        instance = self._source.instance()
        assert instance is not None
        held: Writer = instance.processor.out  # type: ignore[attr-defined]
        return held.inner if isinstance(held, EntryWriter) else held


@pytest.mark.promise("link.tap-slot")
@pytest.mark.parametrize("which", ["first", "second"])
def test_a_tap_sees_exactly_the_frames_between_its_coming_and_its_going(runtime: StreamRuntime, which: str) -> None:
    record = Record()
    hand, filter_ = runtime.add_processor(Hand), runtime.add_processor(Pass)
    links = {"first": runtime.connect(hand, filter_)}
    links["second"] = runtime.connect(filter_, runtime.add_processor(Collect, record=record))
    runtime.start()
    look = Look(runtime, hand if which == "first" else filter_, links[which].id)
    plain = type(look.writer())
    assert plain is not TapWriter

    def step(times: int) -> None:
        before = len(record.numbers)
        for _ in range(times):
            assert runtime.step(hand)
        record.wait_until(lambda: len(record.numbers) == before + times)
        let_others_run(runtime)

    step(3)
    look.attach()
    assert type(look.writer()) is TapWriter
    step(4)
    look.detach()
    assert type(look.writer()) is plain
    step(2)
    runtime.stop()
    assert look.shown == [3, 4, 5, 6]
    assert record.numbers == list(range(9))


@pytest.mark.promise("link.tap-slot")
@pytest.mark.parametrize("which", ["first", "second"])
def test_a_tap_comes_and_goes_at_full_speed_and_no_frame_is_lost_or_shown_twice(
    runtime: StreamRuntime, which: str
) -> None:
    line = Line(runtime).run()
    source, target = (line.source, line.filter) if which == "first" else (line.filter, line.sink)
    for _ in range(10):
        look = Look(runtime, source, f"{source.id}.out->{target.id}.into")
        plain = type(look.writer())
        look.attach()
        line.record.wait_for(50)
        look.detach()
        assert type(look.writer()) is plain
        seen = len(look.shown)
        line.record.wait_for(20)
        assert seen == len(look.shown) >= 20
        assert look.shown == list(range(look.shown[0], look.shown[0] + seen))
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()
    assert line.record.numbers[0] == 0
