from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest

from streamlib.links.channel import SPREAD, Channel
from streamlib.links.delivery import Delivery
from streamlib.links.latency import NEVER_TIMED
from streamlib.links.reader import RingReader
from streamlib.links.ring import Ring
from streamlib.links.wait import TRIES
from streamlib.links.writer import LatestWriter, RingWriter
from streamlib.testing import ManualClock
from tests.links.ends import SECONDS, as_ring, as_slot, channel, read_all, ring_ends

MS = 1_000_000


class Timed:
    """A ring, a clock that the test moves, and what was seen of the frames that were timed."""

    def __init__(self, capacity: int = 4, *, delivery: Delivery = Delivery.EVERY, live: bool = False) -> None:
        self.clock = ManualClock()
        self.link = as_ring(channel(capacity, delivery=delivery, live=live))
        self.seen: list[tuple[Any, int]] = []

    def begin(self) -> None:
        self.link.begin_sample(self.clock.now_ns, lambda frame, now_ns: self.seen.append((frame, now_ns)))

    def write(self, *frames: Any) -> None:
        """Write these, a millisecond apart."""
        for frame in frames:
            assert self.link.writer is not None
            self.link.writer.write(frame)
            self.clock.advance(MS)

    def read(self) -> Any:
        assert self.link.reader is not None
        return self.link.reader.read()

    @property
    def waits(self) -> tuple[int, int]:
        """How many were timed, and the longest wait in milliseconds."""
        stats = self.link.statistics().wait
        return stats.samples, stats.max_ns // MS

    def is_as_before(self) -> bool:
        """Whether both ends are as if nothing had ever been timed."""
        writer, reader = self.link.writer, self.link.reader
        assert isinstance(writer, RingWriter | LatestWriter)
        assert isinstance(reader, RingReader)
        plain = (writer._append, reader._popleft) == (reader.ring.open().append, reader.ring.open().popleft)
        return plain and writer.sample is None and reader.sample is None


@pytest.mark.promise("look.link-wait")
def test_a_frame_waits_from_its_write_to_its_read() -> None:
    timed = Timed()
    timed.write("before")
    timed.begin()
    timed.write("timed", "behind")
    timed.clock.advance(5 * MS)
    assert [timed.read(), timed.read()] == ["before", "timed"]
    assert timed.waits == (1, 7)
    assert timed.seen == [("timed", timed.clock.now_ns())]
    assert timed.is_as_before()
    assert timed.read() == "behind"
    assert timed.waits == (1, 7)


def test_a_frame_that_is_stamped_does_not_wait_for_the_end_of_the_stamping() -> None:
    timed = Timed()
    timed.begin()
    timed.write("timed")
    writer = timed.link.writer
    assert isinstance(writer, RingWriter)
    samples = [writer.sample]
    timed.write("behind")
    samples.append(writer.sample)
    assert [sample is None for sample in samples] == [False, True]
    assert [timed.read(), timed.read()] == ["timed", "behind"]
    assert timed.waits == (1, 2)
    assert timed.is_as_before()


def test_what_begins_while_the_writer_opens_its_ring_is_timed_with_the_next_look_at_the_latest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reader's thread began a sample inside the first write of the other: the link was never timed any more."""
    timed, open_ = Timed(), Ring.open

    def meanwhile(ring: Ring) -> object:
        monkeypatch.undo()
        timed.begin()
        return open_(ring)

    monkeypatch.setattr(Ring, "open", meanwhile)
    timed.write("first")
    timed.begin()
    timed.write("second")
    assert [timed.read(), timed.read()] == ["first", "second"]
    assert timed.waits == (1, 1)


def test_a_link_that_was_never_timed_says_so_and_has_no_histogram() -> None:
    timed = Timed()
    timed.write("a")
    assert timed.read() == "a"
    assert timed.link.statistics().wait is NEVER_TIMED
    assert timed.link.wait is None


def test_any_of_a_few_frames_is_timed() -> None:
    timed, last = Timed(capacity=8), []
    for _ in range(60):
        timed.begin()
        before = len(timed.seen)
        for number in range(SPREAD):
            timed.write(number)
        read_all(timed.link.reader)
        last += [frame for frame, _ in timed.seen[before:]]
    assert set(last) == set(range(SPREAD))


def test_a_sample_that_is_under_way_goes_on() -> None:
    timed = Timed()
    timed.begin()
    timed.write("timed")
    timed.begin()
    timed.write("behind")
    timed.begin()
    assert read_all(timed.link.reader) == ["timed", "behind"]
    assert timed.seen == [("timed", timed.clock.now_ns())]


def test_a_frame_that_went_elsewhere_is_not_counted() -> None:
    timed = Timed()
    timed.begin()
    timed.write("gone")
    assert isinstance(timed.link.reader, RingReader)
    assert timed.link.reader.unread() == ["gone"]
    timed.write("unstamped")
    assert timed.read() == "unstamped"
    assert timed.waits == (0, 0)
    timed.begin()
    timed.write("timed")
    assert timed.read() == "timed"
    assert timed.waits == (1, 1)


def test_an_object_that_is_written_twice_is_not_taken_for_its_second_self() -> None:
    timed, frame = Timed(), object()
    timed.write(frame)
    timed.begin()
    timed.write(frame)  # not stamped: it follows itself
    timed.write("timed")
    assert read_all(timed.link.reader) == [frame, frame, "timed"]
    assert timed.seen == [("timed", timed.clock.now_ns())]


def test_an_object_that_lies_there_already_is_told_by_its_place() -> None:
    timed, frame = Timed(), object()
    timed.write(frame, "between")
    timed.begin()
    timed.write(frame)
    assert timed.read() is frame
    assert timed.waits == (0, 0)
    timed.clock.advance(4 * MS)
    assert [timed.read(), timed.read()] == ["between", frame]
    assert timed.waits == (1, 5)


def test_what_is_put_aside_has_waited_since_it_was_written() -> None:
    timed = Timed(capacity=1)
    writer, _ = ring_ends(timed.link)
    timed.write("in the ring")
    timed.begin()
    timed.write("aside", "aside, too")
    assert (writer.aside(), writer.free()) == (2, False)
    timed.begin()  # it still waits, and is not taken for lost
    timed.clock.advance(10 * MS)
    assert timed.read() == "in the ring"
    assert writer.free() is False
    assert timed.read() == "aside"
    assert timed.waits == (1, 12)
    assert timed.is_as_before()


def test_what_moves_out_of_the_overflow_is_not_stamped_then() -> None:
    timed = Timed(capacity=1)
    writer, _ = ring_ends(timed.link)
    timed.write("in the ring", "aside")
    timed.begin()
    assert timed.read() == "in the ring"
    assert writer.free() is False
    assert timed.read() == "aside"
    assert timed.waits == (0, 0)


def test_a_frame_that_a_live_source_drops_is_not_stamped() -> None:
    timed = Timed(capacity=1, live=True)
    timed.write("in the ring")
    timed.begin()
    timed.write("dropped")
    assert timed.read() == "in the ring"
    timed.write("timed")
    assert timed.read() == "timed"
    assert timed.waits == (1, 1)


@pytest.mark.parametrize("capacity", [1, 3])
def test_of_the_newest_frames_it_is_one_that_is_read(capacity: int) -> None:
    timed = Timed(capacity, delivery=Delivery.DROP_OLDEST)
    timed.begin()
    timed.write(*range(10))
    first = 10 - capacity
    assert timed.read() == first
    while timed.read() is not None:
        pass
    assert timed.waits[0] == 1
    ((frame, _),) = timed.seen
    assert first <= frame < 10
    assert timed.waits[1] == 10 - frame
    assert timed.is_as_before()


def test_a_writer_that_is_far_faster_than_its_reader_is_left_alone() -> None:
    timed = Timed(delivery=Delivery.LATEST)
    timed.begin()
    timed.write(*range(TRIES + 5))
    writer, reader = timed.link.writer, timed.link.reader
    assert isinstance(writer, LatestWriter)
    assert isinstance(reader, RingReader)
    assert writer.sample is None
    assert timed.read() == TRIES + 4
    assert timed.waits == (0, 0)
    timed.begin()
    timed.write("timed")
    assert timed.read() == "timed"
    assert timed.waits == (1, 1)


def test_the_same_object_written_again_to_a_link_of_the_newest_is_not_counted() -> None:
    timed, frame = Timed(delivery=Delivery.LATEST), object()
    timed.begin()
    timed.write(frame, frame)
    assert timed.read() is frame
    assert timed.waits == (0, 0)


@pytest.mark.parametrize("delivery", list(Delivery))
def test_a_writing_end_that_is_made_anew_goes_on_with_the_sample(delivery: Delivery) -> None:
    """The reader looked for a frame that nobody had stamped until the next look: each read took twice as long."""
    timed = Timed(delivery=delivery)
    timed.link.outlet()  # what a port holds first is the first writer
    timed.begin()
    timed.link.outlet()
    timed.write("timed")
    assert timed.read() == "timed"
    assert timed.seen == [("timed", timed.clock.now_ns())]
    assert timed.is_as_before()


def test_a_sample_that_begins_beside_a_new_writing_end_is_stamped_with_the_next_look() -> None:
    timed = Timed()
    assert isinstance(timed.link.writer, RingWriter)
    renewed = timed.link.writer.renewed()
    timed.begin()
    timed.link.writer = renewed
    timed.write("unstamped")
    timed.begin()
    timed.write("timed")
    assert read_all(timed.link.reader) == ["unstamped", "timed"]
    assert timed.seen == [("timed", timed.clock.now_ns())]


def test_a_new_form_goes_on_with_the_waits_of_the_old_one() -> None:
    timed = Timed()
    timed.begin()
    timed.write("timed")
    assert timed.read() == "timed"
    timed.begin()
    timed.write("moved")
    as_slot(timed.link)
    timed.begin()  # nothing to be done: a slot is timed by its loop
    assert timed.read() == "moved"
    assert timed.waits == (1, 1)
    heir = Channel("a.out->b.in", Delivery.EVERY, 4)
    as_ring(heir).go_on_from(timed.link)
    assert heir.statistics().wait.samples == 1


def test_a_sample_holds_no_link() -> None:
    timed = Timed()
    timed.begin()
    timed.write("a")
    reader = timed.link.reader
    assert isinstance(reader, RingReader)
    timed.link = channel()
    assert reader.read() == "a"
    assert not timed.seen


class Told(Channel):
    """A link that tells each wait."""

    __slots__ = ("waits",)

    def __init__(self) -> None:
        super().__init__("a.out->b.in", Delivery.EVERY, 16)
        self.waits: list[int] = []

    def record_wait(self, duration_ns: int) -> None:
        self.waits.append(duration_ns)


class Ticket:
    """A frame that knows between which ticks it was written."""

    def __init__(self, tick: int) -> None:
        self.before = self.after = tick


@pytest.mark.promise("look.link-wait")
def test_at_full_speed_a_wait_is_that_of_the_frame_itself() -> None:
    room, link, ticks = threading.Semaphore(0), Told(), itertools.count()

    def now() -> int:
        return next(ticks)

    def wait(ring: Ring) -> None:
        while not ring.has_room():
            room.acquire(timeout=SECONDS)

    def write() -> None:
        assert link.writer is not None
        for _ in range(20_000):
            frame = Ticket(now())
            link.writer.write(frame)
            frame.after = now()
        link.writer.end()

    as_ring(link, wait=wait)
    reader, seen, taken = link.reader, list[tuple[Ticket, int]](), 0
    assert isinstance(reader, RingReader)
    thread = threading.Thread(target=write)
    thread.start()
    while not reader.ended:
        if taken % 50 == 0:
            link.begin_sample(now, lambda frame, at: seen.append((frame, at)))
        if reader.read() is None:
            reader.ring.reader_rests()
        else:
            taken += 1
        room.release()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert len(seen) == len(link.waits) > 20
    assert [(frame, at) for (frame, at), wait in zip(seen, link.waits, strict=True)
            if not frame.before <= at - wait <= frame.after] == []  # fmt: skip
