from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.clock import MonotonicClock
from streamlib.links.reader import RingReader
from streamlib.links.ring import Ring
from streamlib.links.wake import Waker
from streamlib.links.writer import RingWriter
from tests.links.ends import SECONDS, ring, waker


class Woken(Waker):
    """A waker whose sleeper is the test: it counts the wakes that would have reached one who sleeps."""

    def __init__(self) -> None:
        super().__init__(MonotonicClock())
        self.count = 0

    def wake(self) -> None:
        self.count += 1


def watched(capacity: int) -> tuple[Ring, Woken, Woken]:
    producer, consumer = Woken(), Woken()
    return Ring(capacity, producer, consumer), producer, consumer


def test_a_ring_has_a_deque_from_its_first_frame_on() -> None:
    made = ring(2)
    writer, reader = RingWriter(made), RingReader(made)
    assert (writer.free(), writer.room(), reader.read(), reader.depth(), reader.ended) == (True, 2, None, 0, False)
    assert made.items == ()
    for number in range(5):
        writer.write(number)
        assert reader.read() == number
    assert made.items is made.open()
    assert reader.read() is None


def test_one_who_looked_into_a_ring_before_its_first_frame_sees_that_frame_come() -> None:
    made = ring(2)
    writer, reader = RingWriter(made), RingReader(made)
    assert reader.peek() is None
    seen = made.items
    writer.write("frame")
    assert list(seen) == [reader.peek()] == ["frame"]
    assert reader.read() == "frame"


def test_both_ends_that_open_a_ring_at_the_same_time_have_the_same_deque() -> None:
    for _ in range(50):
        made, meet = ring(2), threading.Barrier(2)
        opened: list[object] = []

        def open_it(made: Ring = made, meet: threading.Barrier = meet, opened: list[object] = opened) -> None:
            meet.wait(SECONDS)
            opened.append(made.open())

        ends = [threading.Thread(target=open_it) for _ in range(2)]
        for end in ends:
            end.start()
        for end in ends:
            end.join(SECONDS)
        assert opened[0] is opened[1]


# ---------------------------------------------------------------------------------------- every interleaving of two


@pytest.mark.promise("link.ring", "link.every")
@given(st.integers(1, 9), st.lists(st.booleans(), max_size=80))
def test_order_is_kept_and_nothing_is_lost_whoever_comes_when(capacity: int, writer_comes: list[bool]) -> None:
    """The writer comes only when it may; one that found no room comes again only after it was woken."""
    made, producer, _ = watched(capacity)
    writer, reader = RingWriter(made), RingReader(made)
    sent, got, may_write = 0, list[int](), True
    for write in writer_comes:
        if write and may_write:
            may_write = writer.free()
            if may_write:
                writer.write(sent)
                sent += 1
                assert len(made.items) <= capacity
        elif not write:
            frame = reader.read()
            if frame is None:
                made.reader_rests()
            else:
                got.append(frame)
        if producer.count:
            producer.count, may_write = 0, True
    while (frame := reader.read()) is not None:
        got.append(frame)
    made.reader_rests()
    assert got == list(range(sent))
    assert may_write or producer.count, "a writer that found no room would sleep for ever"
    assert reader.count() == sent


@given(st.integers(1, 16), st.data())
def test_credit_never_lets_more_in_than_the_capacity(capacity: int, data: st.DataObject) -> None:
    made = ring(capacity)
    writer, reader = RingWriter(made), RingReader(made)
    for _ in range(40):
        for _ in range(data.draw(st.integers(0, capacity - len(made.items)))):
            writer.write(object())
            assert len(made.items) <= capacity
            assert not writer.aside()
        for _ in range(data.draw(st.integers(0, len(made.items)))):
            assert reader.read() is not None


@pytest.mark.parametrize(("capacity", "wakes_at"), [(1, 0), (2, 1), (8, 4), (9, 4)])
def test_the_writer_is_woken_once_when_half_of_the_ring_is_free(capacity: int, wakes_at: int) -> None:
    made, producer, _ = watched(capacity)
    reader = RingReader(made)
    made.open().extend(range(capacity))
    assert not made.has_room()
    woken_at = []
    while made.items:
        reader.read()
        if producer.count:
            producer.count = 0
            woken_at.append(len(made.items))
    assert woken_at == [wakes_at]


def test_a_reader_that_rests_calls_the_writer_to_whatever_room_there_is() -> None:
    made, producer, _ = watched(8)
    reader = RingReader(made)
    made.open().extend(range(8))
    assert not made.has_room()
    made.reader_rests()
    assert producer.count == 0, "there is no room yet"
    reader.read()
    assert producer.count == 0, "more than half is still full"
    made.reader_rests()
    assert producer.count == 1
    made.reader_rests()
    assert producer.count == 1, "it was called already"


def test_a_mark_left_too_late_is_looked_at_again() -> None:
    """The reader takes a frame after the writer has looked and before it leaves its mark."""
    made = ring(1)
    made.open().append(1)

    class Mark(list[int]):
        def append(self, value: int) -> None:
            super().append(value)
            made.open().clear()

    made.stalled = Mark()
    assert made.has_room()


def test_a_sleeping_reader_is_woken_by_a_frame() -> None:
    made, _, consumer = watched(4)
    writer = RingWriter(made)
    writer.write(1)
    assert consumer.count == 0, "nobody is asleep"
    consumer.asleep.add(threading.Lock())
    writer.write(2)
    assert consumer.count == 1


# ------------------------------------------------------------------------------------------------- how a ring ends


def test_the_end_is_seen_behind_the_last_frame() -> None:
    made, _, consumer = watched(4)
    writer, reader = RingWriter(made), RingReader(made)
    writer.write(1)
    writer.end()
    assert (made.ended, reader.ended, consumer.count) == (True, False, 1)
    assert reader.read() == 1
    assert reader.ended


def test_a_closed_ring_refuses_and_counts_and_wakes_its_writer() -> None:
    made, producer, _ = watched(4)
    writer = RingWriter(made)
    for number in range(3):
        writer.write(number)
    assert made.close() == 3
    assert producer.count == 1
    writer.cut_credit()
    writer.write(3)
    writer.write(4)
    assert writer.refused == 2
    assert not made.items
    assert made.has_room(), "nobody waits for a ring that takes nothing any more"


def test_what_is_written_while_a_ring_is_closing_is_either_lost_and_counted_or_still_there() -> None:
    """The writer appends beside a reader that closes: no frame may vanish between counting and clearing."""
    made = ring(4)

    class Late(list[int]):
        """One more frame comes as soon as the last was taken out."""

        late = 2

        def popleft(self) -> int:
            frame = self.pop(0)
            if not self and self.late:
                self.late -= 1
                self.append(frame + 10)
            return frame

    made.items = Late([1, 2])  # type: ignore[assignment]
    assert made.close() + len(made.items) == 4


def test_the_overwrites_ring_holds_one() -> None:
    made = ring(1, overwrites=True)
    made.open().append(1)
    made.open().append(2)
    assert list(made.items) == [2]


# --------------------------------------------------------------------------------------------------- two real threads


def _in_thread(target: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=target)
    thread.start()
    return thread


@pytest.mark.promise("link.back-pressure-thread")
@pytest.mark.parametrize(("capacity", "frames"), [(1, 20_000), (8, 100_000), (200, 100_000)])
def test_two_threads_lose_nothing_and_keep_order(capacity: int, frames: int) -> None:
    reads, writes = waker(), waker()
    made = Ring(capacity, writes, reads)
    got: list[int] = []
    deepest = [0]

    def wait(full: Ring) -> None:
        while not full.has_room():
            writes.sleep(full.has_room)

    def write() -> None:
        writer = RingWriter(made, wait=wait)
        for number in range(frames):
            writer.write(number)
        writer.end()

    def read() -> None:
        reader: Any = RingReader(made)
        while not reader.ended:
            frame = reader.read()
            if frame is None:
                made.reader_rests()
                reads.sleep(lambda: made.items or made.ended)
                deepest[0] = max(deepest[0], len(made.items))
            else:
                got.append(frame)

    threads = [_in_thread(write), _in_thread(read)]
    for thread in threads:
        thread.join(SECONDS * 3)
    assert not any(thread.is_alive() for thread in threads)
    assert got == list(range(frames))
    assert deepest[0] <= capacity
