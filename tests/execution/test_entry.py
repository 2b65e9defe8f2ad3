from __future__ import annotations

from typing import Any

import pytest

from streamlib.execution.entry import EntryWriter, carries_stamps
from streamlib.frames import AudioFrame, DataFrame, EncodedPacket, VideoFrame
from streamlib.frames.stamped import Stamped
from streamlib.links.delivery import Delivery
from streamlib.links.reader import SlotReader
from streamlib.links.writer import PlugWriter, SlotWriter
from streamlib.testing import ManualClock
from tests.execution.plain_processors import (
    Note,
)
from tests.links.ends import Calls


def entry(start_ns: int = 50) -> tuple[EntryWriter, SlotReader, ManualClock]:
    clock = ManualClock(start_ns)
    reader = SlotReader(Delivery.EVERY, Calls(), capacity=8)
    return EntryWriter(SlotWriter(reader), clock.now_ns), reader, clock


def stamps(frame: Any) -> tuple[int, int]:
    return frame.entered_ns, frame.sequence


def test_frames_of_our_classes_carry_stamps_and_others_do_not() -> None:
    assert carries_stamps([VideoFrame, AudioFrame, DataFrame, EncodedPacket])
    assert not carries_stamps([Note])
    assert not carries_stamps([VideoFrame, Note])


@pytest.mark.promise("link.two-timestamps")
def test_a_frame_is_stamped_with_when_it_entered_and_as_which() -> None:
    writer, reader, clock = entry()
    writer.write(DataFrame({"n": 0}, timestamp_ns=7))
    clock.advance(10)
    writer.write(DataFrame({"n": 1}, timestamp_ns=8))
    frames = [reader.read(), reader.read()]
    assert [stamps(frame) for frame in frames] == [(50, 0), (60, 1)]
    assert [frame.timestamp_ns for frame in frames] == [7, 8]


def test_a_source_that_numbers_its_frames_is_followed() -> None:
    writer, reader, _ = entry()
    for number in (10, -1, 3, -1):
        writer.write(DataFrame({}, sequence=number))
    assert [reader.read().sequence for _ in range(4)] == [10, 11, 3, 4]


def test_a_frame_that_entered_before_enters_as_a_copy() -> None:
    """Somebody may still hold the first: a picture that is shown twice has two entries."""
    writer, reader, clock = entry()
    frame = DataFrame({"n": 0})
    writer.write(frame)
    clock.advance(5)
    writer.write(frame)
    first, second = reader.read(), reader.read()
    assert first is frame
    assert (stamps(first), stamps(second)) == ((50, 0), (55, 1))
    assert second.data is frame.data


def test_it_speaks_for_the_writer_behind_it() -> None:
    writer, reader, _ = entry()
    assert (writer.connected, writer.free(), writer.ended) == (True, True, False)
    writer.end()
    assert (writer.ended, reader.ended) == (True, True)


def test_a_write_that_was_kept_leads_to_the_present_link() -> None:
    writer, reader, clock = entry()
    other = EntryWriter(PlugWriter(), clock.now_ns)
    kept = other.write
    kept(DataFrame({"n": 0}))
    other.retire(SlotWriter(reader))
    kept(DataFrame({"n": 1}))
    writer.go_on_from(other)
    writer.write(DataFrame({"n": 2}))
    assert [stamps(reader.read()) for _ in range(2)] == [(50, 1), (50, 2)]


def test_what_is_no_frame_is_refused_with_what_makes_one() -> None:
    writer, reader, _ = entry()
    with pytest.raises(TypeError, match=r"write takes a frame, not list; VideoFrame.from_ndarray\(pixels\)"):
        writer.write([1, 2])
    writer.write(DataFrame({"n": 0}))
    assert stamps(reader.read()) == (50, 0)


class Checked(Stamped, frozen=True):
    """A frame of somebody's own, with a mistake in what it does when a copy is made."""

    def __post_init__(self) -> None:
        if self.entered_ns:
            self.missing  # type: ignore[attr-defined]  # noqa: B018


def test_what_the_code_of_a_frame_raises_is_not_taken_for_something_else() -> None:
    writer, reader, _ = entry()
    frame = Checked()
    writer.write(frame)
    with pytest.raises(AttributeError, match="'Checked' object has no attribute 'missing'"):
        writer.write(frame)
    assert reader.read() is frame
