from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from streamlib.frames.audio import AudioFrame
from streamlib.links.channel import Channel
from streamlib.links.delivery import Delivery
from streamlib.links.fanout import writer_to
from streamlib.links.reader import RingReader, SlotReader
from streamlib.links.ring import Ring
from streamlib.links.statistics import LinkStatistics
from streamlib.links.tap import Tap
from streamlib.links.tapped import TapReader, TapWriter
from streamlib.links.writer import GatedSlotWriter, SlotWriter
from tests.links.ends import (
    SECONDS,
    Calls,
    Look,
    as_ring,
    as_slot,
    channel,
    nobody_fails,
    read_all,
    ring_ends,
    slot_ends,
    waker,
)


def outlet(link: Channel) -> Any:
    """What the writing port holds; written to by the test."""
    return link.outlet()


def take(link: Channel) -> Any:
    """Read one frame and count it as a loop would."""
    assert link.reader is not None
    drawn, depth = link.reader.count(), link.reader.depth()
    frame = link.reader.read()
    if isinstance(link.reader, SlotReader):
        link.reader.taken += depth - link.reader.depth() - (link.reader.count() - drawn)
        link.reader.refill()
    return frame


def consistent(link: Channel) -> LinkStatistics:
    counted = link.statistics()
    assert counted.written == counted.taken + counted.depth + counted.dropped
    return counted


# ------------------------------------------------------------------------------------------------------- one form


@pytest.mark.promise("link.ring-when-needed")
def test_a_link_without_a_form_has_carried_nothing() -> None:
    link = channel()
    assert link.statistics() == LinkStatistics(0, 0, 0, 4)
    assert not link.closed
    link.mute()
    link.release()
    link.end()
    link.close()
    link.settle_closed()
    link.reopen()
    assert link.reader is None


@pytest.mark.parametrize("form", [as_ring, as_slot])
def test_a_link_counts_what_it_carries(form: Any) -> None:
    link = form(channel())
    port = outlet(link)
    for number in range(3):
        port.write(number)
    assert [take(link), take(link)] == [0, 1]
    counted = consistent(link)
    assert (counted.written, counted.taken, counted.depth, counted.capacity) == (3, 2, 1, 4)


@pytest.mark.promise("link.latest")
@pytest.mark.parametrize("form", [as_ring, as_slot])
def test_the_latest_counts_what_it_replaces(form: Any) -> None:
    link = form(channel(8, delivery=Delivery.LATEST))
    port = outlet(link)
    for number in range(5):
        port.write(number)
    assert take(link) == 4
    port.write(5)
    counted = consistent(link)
    assert counted == LinkStatistics(written=6, taken=1, depth=1, capacity=1, replaced=4)


@pytest.mark.promise("link.live-source")
@pytest.mark.parametrize("form", [as_ring, as_slot])
def test_a_live_link_counts_what_found_it_full(form: Any) -> None:
    link = form(channel(2, live=True))
    port = outlet(link)
    for number in range(5):
        port.write(number)
    counted = consistent(link)
    assert (counted.written, counted.depth, counted.full) == (5, 2, 3)


@pytest.mark.parametrize("form", [as_ring, as_slot])
@pytest.mark.parametrize("delivery", list(Delivery))
def test_closing_counts_each_frame_once(form: Any, delivery: Delivery) -> None:
    link = form(channel(8, delivery=delivery))
    port = outlet(link)
    for number in range(5):
        port.write(number)
    replaced = consistent(link).replaced
    link.close()
    link.close()
    port.write(5)
    port.write(6)
    link.settle_closed()
    counted = consistent(link)
    assert link.closed
    assert (counted.written, counted.taken, counted.depth) == (7, 0, 0)
    assert (counted.replaced, counted.closed) == (replaced, 7 - replaced)


def test_what_was_put_aside_for_a_closed_link_is_counted_too() -> None:
    link = as_ring(channel(2))
    port = outlet(link)
    for number in range(5):
        port.write(number)
    link.close()
    link.settle_closed()
    counted = consistent(link)
    assert (counted.written, counted.closed, counted.overflowed) == (5, 5, 3)


def test_a_ring_may_grow_while_its_writer_writes_or_has_put_frames_aside() -> None:
    link = as_ring(channel(2))
    assert link.may_grow(writes=True)
    assert not link.may_grow(writes=False)
    port = outlet(link)
    for number in range(3):
        port.write(number)
    assert link.may_grow(writes=False), "one is put aside"
    assert not as_slot(channel(2)).may_grow(writes=True), "a slot counts them itself"


@pytest.mark.parametrize("form", [as_ring, as_slot])
def test_a_port_holds_the_writer_of_a_form_and_another_when_it_is_bound_anew(form: Any) -> None:
    link = form(channel())
    made = link.writer
    port = outlet(link)
    assert port is made
    again = outlet(link)
    assert again is link.writer is not port
    port.write(1)  # somebody kept it
    assert (take(link), port.successor) == (1, again)


def test_the_end_is_said_once_and_in_order() -> None:
    link = as_ring(channel())
    outlet(link).write(1)
    link.end()
    link.end()
    _, reader = ring_ends(link)
    assert [reader.ended, reader.read(), reader.ended] == [False, 1, True]


def test_a_cut_link_is_read_to_its_end_and_ends_nobody() -> None:
    link = as_ring(channel())
    outlet(link).write(1)
    link.mute()
    link.end()
    _, reader = ring_ends(link)
    assert (reader.read(), reader.ended) == (1, False)


@pytest.mark.parametrize("form", [as_ring, as_slot])
def test_a_writer_that_goes_is_held_back_no_more(form: Any) -> None:
    channel().let_finish()
    link = form(channel(1))
    port = outlet(link)
    port.write(1)
    assert not port.free()
    link.let_finish()
    assert port.free()
    port.write(2)
    assert port.free()
    assert read_all(link.reader) == [1, 2]


def test_interrupting_lets_a_ring_go_and_leaves_a_slot() -> None:
    in_loop, between = as_slot(channel()), as_ring(channel())
    for link in (in_loop, between):
        outlet(link).write(1)
        link.interrupt()
    assert (in_loop.closed, between.closed) == (False, True)
    assert consistent(between).depth == 1, "the reader may be looking at it"
    between.close()
    assert consistent(between).closed == 1


# ------------------------------------------------------------------------------------------------ changes of form


@pytest.mark.parametrize("delivery", list(Delivery))
def test_what_is_on_its_way_goes_over_to_the_new_form_in_order(delivery: Delivery) -> None:
    link = as_slot(channel(2, delivery=delivery))
    outlet(link).write(1)
    outlet(link).write(2)
    as_ring(link)
    outlet(link).write(3)
    assert link.reader is not None
    waiting = {
        Delivery.EVERY: [1, 2],  # the third was put aside, and goes on when there is room
        Delivery.LATEST: [3],
        Delivery.DROP_OLDEST: [2, 3],
        Delivery.DROP_NEWEST: [1, 2],
    }[delivery]
    assert read_all(link.reader) == waiting
    assert consistent(link).written == 3


@pytest.mark.promise("link.drop-oldest-newest", "link.drops-by-reason")
@pytest.mark.parametrize("form", [as_slot, as_ring])
def test_what_is_dropped_is_counted_by_reason(form: Callable[[Channel], Channel]) -> None:
    oldest = form(channel(2, delivery=Delivery.DROP_OLDEST))
    newest = form(channel(2, delivery=Delivery.DROP_NEWEST))
    for link in (oldest, newest):
        port = outlet(link)
        for number in range(5):
            assert port.free()
            port.write(number)
    assert (consistent(oldest).replaced, consistent(oldest).full) == (3, 0)
    assert (consistent(newest).replaced, consistent(newest).full) == (0, 3)
    assert oldest.reader is not None
    assert newest.reader is not None
    assert (read_all(oldest.reader), read_all(newest.reader)) == ([3, 4], [0, 1])
    newest.close()
    outlet(newest).write(5)
    assert consistent(newest).closed == 1


@pytest.mark.promise("link.bytes")
@pytest.mark.parametrize("form", [as_slot, as_ring])
def test_the_bytes_that_wait_are_told(form: Callable[[Channel], Channel]) -> None:
    link = form(channel(8))
    port = outlet(link)
    for samples in (100, 50):
        port.write(AudioFrame(np.zeros((samples, 2), np.float32), 48_000))
    port.write("a frame that does not tell its size")
    assert link.statistics().nbytes == 150 * 2 * 4
    assert link.reader is not None
    link.reader.read()
    assert link.statistics().nbytes == 50 * 2 * 4


def test_what_was_put_aside_goes_over_too() -> None:
    link = as_ring(channel(2))
    port = outlet(link)
    for number in range(5):
        port.write(number)
    as_slot(link)
    assert [take(link) for _ in range(6)] == [0, 1, 2, 3, 4, None]
    counted = consistent(link)
    assert (counted.written, counted.taken, counted.overflowed) == (5, 5, 3)


@pytest.mark.parametrize("forms", [(as_slot, as_ring), (as_ring, as_slot), (as_ring, as_ring)])
def test_an_end_that_was_said_is_said_in_the_new_form(forms: Any) -> None:
    link = forms[0](channel())
    outlet(link).write(1)
    link.end()
    forms[1](link)
    assert link.reader is not None
    assert not link.reader.ended
    assert link.reader.read() == 1
    assert link.reader.ended


def test_an_end_that_was_taken_back_is_not_said_in_the_new_form() -> None:
    link = as_ring(channel())
    link.end()
    link.reopen()
    as_slot(link)
    assert link.reader is not None
    assert not link.reader.ended


def test_a_muted_link_stays_muted() -> None:
    link = as_ring(channel())
    link.mute()
    as_slot(link)
    link.end()
    _, reader = slot_ends(link)
    assert not reader.ended


def test_a_frame_that_waits_for_room_while_the_form_changes_comes_last() -> None:
    link = channel(2)

    def change(ring: Ring) -> None:
        as_slot(link)

    as_ring(link, wait=change)
    port = outlet(link)
    for number in range(3):
        port.write(number)
    assert link.reader is not None
    assert read_all(link.reader) == [0, 1, 2]


def test_frames_that_wait_in_a_link_which_ends_here_come_first() -> None:
    old, new = as_ring(channel(2)), as_ring(channel(4))
    for number in range(4):
        outlet(old).write(number)
    outlet(new).write(4)
    new.take_over(old)
    assert [take(new) for _ in range(6)] == [0, 1, 2, 3, 4, None]
    counted = consistent_apart_from_moves(old, new)
    assert (counted[0].taken, counted[0].depth) == (4, 0)
    assert (counted[1].written, counted[1].taken) == (1, 5)


def consistent_apart_from_moves(old: Channel, new: Channel) -> tuple[LinkStatistics, LinkStatistics]:
    """Frames that moved are taken from the one link, and taken from the other without having been written to it."""
    before, after = old.statistics(), new.statistics()
    assert before.written == before.taken + before.depth + before.dropped
    return before, after


@pytest.mark.parametrize("forms", [(as_slot, as_slot), (as_slot, as_ring), (as_ring, as_slot), (as_ring, as_ring)])
def test_the_newest_of_two_links_wins_when_one_takes_over(forms: Any) -> None:
    old, new = (form(channel(delivery=Delivery.LATEST)) for form in forms)
    outlet(old).write(1)
    outlet(old).write(2)
    outlet(new).write(3)
    new.take_over(old)
    assert [take(new), take(new)] == [3, None]
    before, after = old.statistics(), new.statistics()
    assert (before.written, before.taken, before.replaced) == (2, 1, 1)
    assert (after.written, after.taken, after.replaced) == (1, 1, 1)


# ---------------------------------------------------------------------------------------------- ports bound anew


def test_a_gate_is_given_to_the_writer_and_taken_away() -> None:
    class Gate:
        frame: Any = None

    link, gate = as_slot(channel()), Gate()
    kept = outlet(link).write
    assert link.gate(gate)
    assert not link.gate(gate)
    assert isinstance(link.writer, GatedSlotWriter)
    kept(1)
    assert gate.frame == 1
    assert link.gate(None)
    kept(2)
    assert read_all(link.reader) == [1, 2]
    assert not as_ring(channel()).gate(gate)


def test_a_write_to_several_links_survives_a_change_of_gates_in_its_midst() -> None:
    """The first link waits for room; meanwhile the second comes to be looked at in another way."""

    class Gate:
        frame: Any = None

    second, gate = as_slot(channel()), Gate()
    second.gate(gate)
    first = channel(1)

    def change(ring: Ring) -> None:
        second.gate(None)
        ring.open().clear()

    as_ring(first, wait=change)
    port = writer_to([outlet(first), outlet(second)])
    port.write(1)
    port.write(2)
    assert read_all(second.reader) == [1, 2]


def test_a_cut_in_the_midst_of_a_write_leaves_that_frame_to_the_link_that_is_cut() -> None:
    link = channel(1)

    def cut(ring: Ring) -> None:
        link.part()
        link.release()

    as_ring(link, wait=cut)
    port = outlet(link)
    port.write(1)
    port.write(2)
    assert read_all(link.reader) == [1, 2]
    assert consistent(link).written == 2
    channel().part()


def test_what_is_sent_off_is_read_before_the_end() -> None:
    link = as_ring(channel(1))
    port = outlet(link)
    for number in range(3):
        port.write(number)
    port.end()
    link.send_off()
    assert read_all(link.reader) == [0, 1, 2]
    assert link.reader is not None
    assert link.reader.ended
    as_slot(channel()).send_off()


def test_a_tap_is_around_the_writer_while_somebody_listens() -> None:
    link, look = as_ring(channel()), Look()
    link.tap = Tap(nobody_fails)
    assert not isinstance(outlet(link), TapWriter)
    assert link.inlet() is link.reader
    link.tap.add(look)
    port = outlet(link)
    assert isinstance(port, TapWriter)
    port.write(1)
    assert (look.shown, consistent(link).written) == ([1], 1)
    assert isinstance(link.inlet(), TapReader)


def test_the_wakers_of_a_ring_are_those_of_its_two_loops() -> None:
    producer, consumer = waker(), waker()
    link = channel()
    link.wire_ring(producer, consumer, unsettle=Calls())
    _, reader = ring_ends(link)
    assert (reader.ring.producer, reader.ring.consumer) == (producer, consumer)
    assert isinstance(as_slot(link).writer, SlotWriter)


# ------------------------------------------------------------------------------------------------------ looked at


@pytest.mark.promise("look.counter-sets")
@pytest.mark.parametrize("delivery", [Delivery.EVERY, Delivery.LATEST, Delivery.DROP_OLDEST, Delivery.DROP_NEWEST])
def test_at_full_speed_a_look_finds_counters_that_agree_and_never_fall(delivery: Delivery) -> None:
    """One thread writes, one reads, a third looks on: the equation holds, and neither end ever counts back."""
    link, frames, room = channel(8, delivery=delivery), 1_000, threading.Semaphore(0)

    def wait(ring: Ring) -> None:
        while not ring.has_room():
            room.acquire(timeout=SECONDS)

    as_ring(link, wait=wait)
    assert link.writer is not None
    write = link.writer.write

    def fill() -> None:
        for number in range(frames):
            write(number)
        link.end()

    def empty() -> None:
        assert isinstance(link.reader, RingReader)
        while not link.reader.ended:
            link.reader.read()
            link.reader.ring.reader_rests()
            room.release()

    threads = [threading.Thread(target=fill), threading.Thread(target=empty)]
    for thread in threads:
        thread.start()
    looks = [consistent(link)]
    while threads[1].is_alive():
        looks.append(consistent(link))
    for thread in threads:
        thread.join(SECONDS)
    looks.append(consistent(link))
    assert [look.written for look in looks] == sorted(look.written for look in looks)
    assert [look.taken for look in looks] == sorted(look.taken for look in looks)
    assert (looks[-1].written, looks[-1].depth) == (frames, 0)


def test_health_reads_of_a_link_what_its_statistics_say() -> None:
    for link in (as_ring(channel(2)), as_slot(channel(2)), as_ring(channel(2, delivery=Delivery.LATEST)), channel()):
        if link.writer is not None:
            for _ in range(3):
                link.writer.write(AudioFrame(np.zeros((1, 4), np.float32), 48_000))
        counted = consistent(link)
        assert link.load() == (counted.dropped, counted.depth)
        assert link.waiting_bytes() == counted.nbytes
