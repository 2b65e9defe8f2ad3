from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from typing import Any

import pytest

from streamlib.errors import LinkOverflowError
from streamlib.links.fanout import FanoutWriter
from streamlib.links.reader import OVERFLOW_LIMIT, RingReader
from streamlib.links.ring import Ring
from streamlib.links.tap import Tap
from streamlib.links.tapped import TapWriter
from streamlib.links.writer import GatedSlotWriter, LatestWriter, PlugWriter, RingWriter, SlotWriter, Writer
from tests.links.ends import Calls, as_slot, channel, let_go, nobody_fails, read_all, ring, slot

# ------------------------------------------------------------------------------------------------------------- plug


@pytest.mark.promise("link.plugs")
def test_writing_to_a_plug_does_nothing() -> None:
    plug = PlugWriter()
    plug.write(1)
    assert plug.free()
    assert not plug.connected


def test_a_plug_remembers_the_end_for_a_link_that_comes_later() -> None:
    plug = PlugWriter()
    plug.end()
    assert plug.ended


# ------------------------------------------------------------------------------------------------------------- ring


def test_a_writer_that_may_wait_waits_for_room_and_loses_nothing() -> None:
    made = ring(2)
    reader, got = RingReader(made), list[Any]()

    def wait(full: Ring) -> None:
        assert not full.has_room()
        got.extend(read_all(reader))

    writer = RingWriter(made, wait=wait)
    for number in range(7):
        writer.write(number)
        assert len(made.items) <= 2
    assert got + read_all(reader) == list(range(7))
    assert writer.overflowed == 0


@pytest.mark.promise("link.overflow", "link.nothing-unbounded")
def test_what_finds_no_room_is_put_aside_bounded_and_counted() -> None:
    made, unsettle = ring(2), Calls()
    writer, reader = RingWriter(made, unsettle=unsettle), RingReader(made)
    for number in range(2 + OVERFLOW_LIMIT):
        writer.write(number)
    assert (len(made.items), writer.aside(), writer.overflowed) == (2, OVERFLOW_LIMIT, OVERFLOW_LIMIT)
    assert unsettle.count == OVERFLOW_LIMIT
    with pytest.raises(LinkOverflowError, match=f"{OVERFLOW_LIMIT} frames beyond .* capacity 2"):
        writer.write(-1)
    got = read_all(reader)
    while not writer.drain_overflow():
        got += read_all(reader)
    assert got + read_all(reader) == list(range(2 + OVERFLOW_LIMIT))


def test_what_is_put_aside_needs_nobody_who_is_told() -> None:
    writer = RingWriter(ring(1))
    writer.write(1)
    writer.write(2)
    assert writer.aside() == 1


def test_nothing_overtakes_what_was_put_aside() -> None:
    made = ring(2)
    writer, reader = RingWriter(made), RingReader(made)
    for number in range(4):
        writer.write(number)
    assert reader.read() == 0
    writer.write(4)  # there is room, and two wait for it
    got = [reader.read()]
    while not writer.free():
        got.append(reader.read())
    assert got + read_all(reader) == [1, 2, 3, 4]


def test_the_end_waits_for_what_was_put_aside() -> None:
    made = ring(1)
    writer, reader = RingWriter(made), RingReader(made)
    writer.write(1)
    writer.write(2)
    writer.end()
    assert (made.ended, writer.ended) == (False, True)
    assert reader.read() == 1
    assert not reader.ended
    assert writer.drain_overflow()
    assert made.ended
    assert (reader.read(), reader.ended) == (2, True)


def test_a_writer_is_free_while_there_is_room() -> None:
    made = ring(1)
    writer, reader = RingWriter(made), RingReader(made)
    assert writer.free()
    writer.write(1)
    assert not writer.free()
    assert made.stalled, "so that the reader calls it"
    reader.read()
    assert writer.free()


@pytest.mark.promise("link.live-source")
def test_a_live_source_never_waits_and_loses_its_newest() -> None:
    made = ring(2)
    writer, reader = RingWriter(made, wait=lambda _: pytest.fail("a live source waited"), live=True), RingReader(made)
    for number in range(5):
        assert writer.free()
        writer.write(number)
    assert (writer.dropped, writer.aside()) == (3, 0)
    assert read_all(reader) == [0, 1]


def test_a_released_writer_appends_one_frame_beyond_the_capacity_and_waits_with_the_next() -> None:
    made, waits = ring(2), list[int]()

    def wait(full: Ring) -> None:
        waits.append(len(full.items))
        if len(waits) == 1:
            full.released = True
        else:
            full.open().clear()
        assert full.has_room()

    writer = RingWriter(made, wait=wait)
    for number in range(4):
        writer.write(number)
    assert waits == [2, 3]
    assert list(made.items) == [3]


def test_a_ring_that_closes_while_the_writer_waits_refuses_the_frame() -> None:
    made = ring(1)

    def close(full: Ring) -> None:
        full.close()

    writer = RingWriter(made, wait=close)
    writer.write(1)
    writer.write(2)
    assert (writer.refused, len(made.items)) == (1, 0)


def test_what_was_put_aside_for_a_ring_that_closes_is_refused() -> None:
    made = ring(1)
    writer = RingWriter(made)
    for number in range(3):
        writer.write(number)
    writer.end()
    made.close()
    assert writer.drain_overflow()
    assert (writer.refused, writer.aside(), made.ended) == (2, 0, True)


def test_what_is_sent_off_goes_beyond_the_capacity_and_the_end_behind_it() -> None:
    made = ring(1)
    writer, reader = RingWriter(made), RingReader(made)
    for number in range(4):
        writer.write(number)
    writer.end()
    writer.send_off()
    assert read_all(reader) == [0, 1, 2, 3]
    assert reader.ended


def test_a_renewed_writer_takes_over_counters_and_what_was_put_aside() -> None:
    made = ring(1)
    old = RingWriter(made)
    for number in range(3):
        old.write(number)
    old.end()
    new = old.renewed()
    assert (new.overflowed, new.aside(), new.ended) == (2, 2, True)
    assert (old.overflowed, old.aside()) == (0, 0)
    assert new.unsent() == [1, 2]


# ----------------------------------------------------------------------------------------------------------- latest


@pytest.mark.promise("link.latest")
def test_the_newest_wins_and_the_writer_never_waits() -> None:
    made = ring(1, overwrites=True)
    writer, reader = LatestWriter(made), RingReader(made)
    for number in range(5):
        assert writer.free()
        writer.write(number)
    writer.end()
    assert read_all(reader) == [4]
    assert (made.written, reader.ended) == (5, True)


def test_the_newest_for_a_closed_ring_is_refused() -> None:
    made = ring(1, overwrites=True)
    writer = LatestWriter(made)
    writer.write(1)
    made.close()
    writer.write(2)
    assert (writer.refused, made.written, len(made.items)) == (1, 1, 0)


def test_the_newest_wakes_one_who_sleeps() -> None:
    made = ring(1, overwrites=True)
    woken = Calls()
    writer = LatestWriter(made)
    writer._wake = woken
    writer.write(1)
    made.consumer.asleep.add(threading.Lock())
    writer.write(2)
    assert woken.count == 1


# ------------------------------------------------------------------------------------------------- replaced writers

KINDS: dict[str, Callable[[], Writer]] = {
    "plug": PlugWriter,
    "slot": lambda: SlotWriter(slot()),
    "gated": lambda: GatedSlotWriter(slot()),
    "ring": lambda: RingWriter(ring(8)),
    "latest": lambda: LatestWriter(ring(1, overwrites=True)),
    "fanout": lambda: FanoutWriter([SlotWriter(slot()), SlotWriter(slot())]),
    "tap": lambda: TapWriter(SlotWriter(slot()), Tap(nobody_fails), as_slot(channel())),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_write_kept_from_before_leads_to_the_present_writer(kind: str) -> None:
    old, reader = KINDS[kind](), slot()
    kept_write, kept_end, kept_free = old.write, old.end, old.free
    old.retire(SlotWriter(reader))
    kept_write(1)
    kept_write(2)
    assert kept_free()
    kept_end()
    assert read_all(reader) == [1, 2]
    assert reader.ended


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_write_works_however_often_the_port_was_bound_anew(kind: str) -> None:
    reader = slot()
    writers = [KINDS[kind]() for _ in range(5_000)]
    for old, new in zip(writers, [*writers[1:], SlotWriter(reader)], strict=True):
        old.retire(new)
    for writer in (writers[0], writers[1]):
        writer.write(1)
        writer.write(2)
    writers[0].end()
    assert read_all(reader) == [1, 2, 1, 2]
    assert reader.ended


@pytest.mark.parametrize("kind", KINDS)
def test_writers_that_lead_to_one_another_are_let_go_however_many_they_are(kind: str) -> None:
    writers = [KINDS[kind]() for _ in range(10_000)]
    for old, new in itertools.pairwise(writers):
        old.retire(new)
    let_go(writers)


def test_a_writer_that_is_replaced_while_it_waits_hands_its_frame_on() -> None:
    made, reader = ring(1), slot()
    writer = RingWriter(made, wait=lambda _: writer.retire(SlotWriter(reader)))
    writer.write(1)
    writer.write(2)
    writer.write(3)
    assert list(made.items) == [1]
    assert read_all(reader) == [2, 3]
