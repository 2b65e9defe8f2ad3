from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.errors import LinkOverflowError
from streamlib.execution.metrics import Passes, SteadyCount
from streamlib.links.delivery import Delivery
from streamlib.links.reader import OVERFLOW_LIMIT, PlugReader, Reader, RingReader, SlotReader
from streamlib.links.writer import GatedSlotWriter, SlotWriter
from tests.links.ends import Calls, let_go, read_all, ring


def slot(delivery: Delivery = Delivery.EVERY, *, capacity: int = 1, live: bool = False) -> SlotReader:
    return SlotReader(delivery, Calls(), capacity=capacity, live=live)


def filled(*frames: int, capacity: int = 8) -> SlotReader:
    made = slot(capacity=capacity)
    writer = SlotWriter(made)
    for frame in frames:
        writer.write(frame)
    return made


# ------------------------------------------------------------------------------------------------------------- plug


@pytest.mark.promise("link.plugs")
def test_a_plug_never_has_a_frame() -> None:
    plug = PlugReader()
    plug.preload([])
    assert plug.read() is None
    assert (plug.count(), plug.depth(), plug.unread()) == (0, 0, [])
    assert not plug.connected
    assert not plug.ended


# ------------------------------------------------------------------------------------------------------------- ring


def test_a_ring_reader_reads_in_order_and_counts() -> None:
    made = ring()
    reader = RingReader(made)
    made.open().extend([1, 2])
    assert (reader.peek(), reader.depth()) == (1, 2)
    assert (reader.read(), reader.read(), reader.read()) == (1, 2, None)
    assert (reader.peek(), reader.count(), reader.depth()) == (None, 2, 0)


def test_the_end_of_a_muted_link_ends_nobody() -> None:
    made = ring()
    reader = RingReader(made)
    made.end()
    assert reader.ended
    reader.muted = True
    assert not reader.ended


def test_older_frames_are_laid_before_those_that_wait() -> None:
    made = ring()
    reader = RingReader(made)
    made.open().extend([3, 4])
    reader.preload([1, 2])
    assert reader.unread() == [1, 2, 3, 4]
    assert (reader.count(), reader.removed) == (0, 4)


@pytest.mark.parametrize(("waiting", "left"), [([], [1]), ([2], [2])])
def test_a_ring_that_keeps_the_newest_takes_an_older_one_only_if_it_is_empty(
    waiting: list[int], left: list[int]
) -> None:
    made = ring(1, overwrites=True)
    made.open().extend(waiting)
    reader = RingReader(made)
    reader.preload([1])
    assert list(made.items) == left


def test_there_is_news_when_a_frame_came_was_replaced_or_the_end_was_said() -> None:
    made = ring(1, overwrites=True)
    reader = RingReader(made)
    seen = [reader.news()]
    made.open().append(1)
    made.written += 1
    seen.append(reader.news())
    made.open().append(2)
    made.written += 1
    seen.append(reader.news())
    made.end()
    seen.append(reader.news())
    reader.read()
    seen.append(reader.news())
    assert len(set(seen)) == 5
    assert reader.news() == seen[-1]


# ------------------------------------------------------------------------------------------------------------- slot


def test_a_slot_gives_its_frame_once() -> None:
    made = filled(1)
    assert (made.peek(), made.depth()) == (1, 1)
    assert (made.read(), made.read(), made.depth()) == (1, None, 0)


@given(st.lists(st.sampled_from(["write", "write", "read", "between calls"]), max_size=60))
def test_a_pile_keeps_its_order_whatever_comes_between(steps: list[str]) -> None:
    """Between two calls the slot is refilled, as the loop does before it lets the writer write again."""
    made = slot(capacity=8)
    writer, sent, got = SlotWriter(made), 0, list[Any]()
    for step in steps:
        if step == "write" and made.holds_nobody_back():
            writer.write(sent)
            sent += 1
        elif step == "read":
            got.append(made.read())
        else:
            made.refill()
        assert made.depth() <= 8
    got += read_all(made)
    assert [frame for frame in got if frame is not None] == list(range(sent))


def test_what_is_taken_from_the_pile_is_counted_at_once() -> None:
    made = filled(1, 2, 3)
    assert read_all(made) == [1, 2, 3]
    assert made.count() == 2, "the frame in the slot itself is counted by the pass"


def test_a_slot_holds_its_writer_back_when_it_holds_its_capacity() -> None:
    made = slot(capacity=3)
    writer = SlotWriter(made)
    free = []
    for number in range(4):
        free.append(made.holds_nobody_back())
        writer.write(number)
    assert free == [True, True, True, False]
    assert made.overflowed == 1


@pytest.mark.promise("link.overflow", "link.nothing-unbounded")
@pytest.mark.parametrize("capacity", [1, 8])
def test_what_one_call_writes_beyond_the_capacity_is_bounded_and_counted(capacity: int) -> None:
    made = slot(capacity=capacity)
    writer = SlotWriter(made)
    for number in range(capacity + OVERFLOW_LIMIT):
        writer.write(number)
    assert made.overflowed == OVERFLOW_LIMIT
    with pytest.raises(LinkOverflowError, match=f"{OVERFLOW_LIMIT} frames beyond .* capacity {capacity}"):
        writer.write(-1)
    assert read_all(made) == list(range(capacity + OVERFLOW_LIMIT))


@pytest.mark.promise("link.overflow")
def test_a_writer_that_goes_leaves_all_it_has_left_in_a_slot() -> None:
    made = slot(capacity=2)
    made.finishing = True
    numbers = list(range(3 * OVERFLOW_LIMIT))
    for number in numbers:
        assert made.holds_nobody_back()
        SlotWriter(made).write(number)
    assert read_all(made) == numbers


@pytest.mark.promise("link.latest")
def test_the_newest_wins_in_a_slot_that_delivers_the_latest() -> None:
    made = slot(Delivery.LATEST)
    writer = SlotWriter(made)
    for number in range(5):
        writer.write(number)
        assert made.holds_nobody_back()
    assert (made.dropped, made.overflowed) == (4, 0)
    assert read_all(made) == [4]


@pytest.mark.promise("link.live-source")
def test_a_live_source_is_never_held_back_and_loses_its_newest() -> None:
    made = slot(capacity=2, live=True)
    writer = SlotWriter(made)
    for number in range(5):
        assert made.holds_nobody_back()
        writer.write(number)
    assert made.dropped == 3
    assert read_all(made) == [0, 1]


def test_a_closed_slot_counts_what_waited_and_what_still_comes() -> None:
    made = filled(1, 2)
    made.close()
    writer = SlotWriter(made)
    writer.write(3)
    assert (made.refused, made.depth(), made.unread()) == (3, 0, [])
    assert made.holds_nobody_back()


def test_closing_twice_counts_once() -> None:
    made = filled(1)
    made.close()
    made.close()
    assert made.refused == 1


def test_the_end_comes_behind_the_pile() -> None:
    made = filled(1, 2)
    SlotWriter(made).end()
    assert [made.ended, made.read(), made.ended, made.read(), made.ended] == [False, 1, False, 2, True]


def test_a_muted_slot_does_not_end() -> None:
    made = slot()
    made.end()
    made.muted = True
    assert not made.ended


def test_a_gated_writer_opens_the_gate_with_each_frame() -> None:
    class Gate:
        frame: Any = None

    made = slot(capacity=4)
    made.gate = gate = Gate()
    writer = GatedSlotWriter(made)
    writer.write(1)
    assert gate.frame == 1
    gate.frame = None
    writer.write(2)
    assert gate.frame == 2
    assert read_all(made) == [1, 2]


def test_frames_of_another_form_are_laid_before_those_in_the_slot() -> None:
    made = filled(3, 4)
    made.preload([1, 2])
    made.preload([])
    assert read_all(made) == [1, 2, 3, 4]


def test_a_slot_for_the_latest_takes_older_frames_only_as_replaced() -> None:
    made = slot(Delivery.LATEST)
    SlotWriter(made).write(3)
    made.preload([2])
    assert (made.dropped, read_all(made)) == (1, [3])


def test_steady_counts_become_own_counts() -> None:
    class Passes:
        def count(self) -> int:
            return 7

    made = slot()
    made.taken = 1
    made.steady = Passes()
    assert made.count() == 8
    made.fix()
    made.fix()
    assert made.count() == 8
    assert made.steady is None


# -------------------------------------------------------------------------------------------------- replaced readers


def test_a_frame_that_only_a_pass_under_way_implies_is_not_taken_for_sure() -> None:
    reader, passes = slot(), Passes()
    reader.steady = SteadyCount(passes)
    assert (reader.count(), reader.count_for_sure()) == (0, 0)
    passes.done = 1  # it may be on its way to the step that reads here
    assert (reader.count(), reader.count_for_sure()) == (1, 0)
    reader.steady.skipped = 1
    assert (reader.count(), reader.count_for_sure()) == (0, 0)
    passes.done = 3
    assert (reader.count(), reader.count_for_sure()) == (2, 1)


def chain(length: int) -> tuple[list[Reader], SlotReader]:
    """Readers of all kinds, each replaced by the next, and the last of them."""
    makers: list[Callable[[], Reader]] = [PlugReader, slot, lambda: RingReader(ring())]
    readers: list[Reader] = [makers[index % 3]() for index in range(length)]
    last = slot(capacity=8)
    for reader, successor in zip(readers, [*readers[1:], last], strict=True):
        reader.retire(successor)
    return readers, last


@pytest.mark.parametrize("of_a_slot", [True, False], ids=["slot", "ring"])
def test_a_reader_is_quiet_while_nothing_waits_and_it_is_open(*, of_a_slot: bool) -> None:
    made = ring()
    reader: SlotReader | RingReader = slot(capacity=8) if of_a_slot else RingReader(made)
    quiet = [reader.is_quiet()]
    for change in (lambda: reader.preload([1, 2]), reader.read, reader.read):
        change()
        quiet.append(reader.is_quiet())
    assert quiet == [True, False, False, True]
    reader.muted = True
    assert not reader.is_quiet()
    reader.muted = False
    reader.end() if isinstance(reader, SlotReader) else made.end()
    assert not reader.is_quiet()


@pytest.mark.parametrize("length", [1, 2, 3, 6, 6_000])
def test_a_read_kept_from_before_leads_to_the_present_reader_however_often_it_was_replaced(length: int) -> None:
    readers, last = chain(length)
    SlotWriter(last).write(1)
    for reader in readers[:3]:
        kept = reader.read
        assert kept() == 1
        SlotWriter(last).write(1)


@pytest.mark.parametrize("make", [PlugReader, slot, lambda: RingReader(ring())])
def test_readers_that_lead_to_one_another_are_let_go_however_many_they_are(make: Callable[[], Reader]) -> None:
    readers = [make() for _ in range(10_000)]
    for old, new in itertools.pairwise(readers):
        old.retire(new)
    let_go(readers)


def test_a_kept_read_finds_what_a_replaced_reader_still_holds_first() -> None:
    readers, last = chain(3)
    between = readers[1]
    assert isinstance(between, SlotReader)
    SlotWriter(between).write(1)
    SlotWriter(last).write(2)
    assert [readers[0].read(), readers[0].read(), readers[0].read()] == [1, 2, None]
