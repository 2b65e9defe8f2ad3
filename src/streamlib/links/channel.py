"""A link while it runs: the ends that its two processors hold, in the form that fits where they run.

Inside one loop the form is a slot, between two loops a ring. When one of the processors comes to run
elsewhere the form changes: what is on its way moves to the new form in order, and the counters go on. Called
by the compiler's wiring, always on the thread that owns the end it changes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from streamlib.links.delivery import Delivery
from streamlib.links.latency import NEVER_TIMED, LatencyHistogram
from streamlib.links.reader import Reader, RingReader, SlotReader
from streamlib.links.ring import Ring
from streamlib.links.statistics import LinkStatistics
from streamlib.links.tap import Tap
from streamlib.links.tapped import TapReader, TapWriter
from streamlib.links.wait import NewestSample, Seen, WaitSample
from streamlib.links.wake import Wakes
from streamlib.links.writer import GatedSlotWriter, LatestWriter, PlugWriter, RingWriter, SlotWriter, Writer


def frame_bytes(frame: object) -> int:
    """The bytes of a frame's content; 0 where it does not tell."""
    return int(getattr(frame, "nbytes", 0))


SPREAD = 8
"""Of so many frames in a row any may be the one whose wait is timed."""

GOLDEN = 0.618034
"""Steps by this part of a whole, less the wholes, come everywhere and never the same way twice."""


_Form: TypeAlias = tuple[int, int, int, int, int, int]
"""What the present form of a link has counted, a slot or a ring: taken, depth, replaced, full, closed, overflowed."""


class Channel:
    """The running form of one link, and its counters over all forms it has had.

    Args:
        name: how errors and statistics call the link.
        capacity: frames that may wait before the writer is held back.
        live: the writer is a live source: it is never held back, a full link drops its newest frame, as under
            `drop_newest`.

    Attributes:
        held: What `outlet` has given to the writing port.
        place: Grows along the links of one output; the output's own.
        since_ns: Since when it counts, on the runtime's clock.
        wait: How long frames have waited; made with the first that was timed.
    """

    __slots__ = ("__weakref__", "_fresh", "_moved_in", "_muted", "_past_closed", "_past_full", "_past_overflowed",
                 "_past_replaced", "_past_taken", "_told_written", "capacity", "delivery", "held", "live", "name",
                 "place", "reader", "since_ns", "tap", "wait", "writer")  # fmt: skip
    held: Writer

    def __init__(self, name: str, delivery: Delivery, capacity: int, *, live: bool = False) -> None:
        self.name = name
        self.delivery = delivery
        self.capacity = 1 if delivery is Delivery.LATEST else capacity
        self.live = live or delivery is Delivery.DROP_NEWEST
        self.writer: SlotWriter | RingWriter | LatestWriter | None = None
        self.reader: SlotReader | RingReader | None = None
        self.tap: Tap | None = None
        self.place = 0
        self.since_ns = 0
        self.wait: LatencyHistogram | None = None
        self._fresh = False  # whether no port has held the writer yet
        self._moved_in = 0
        self._muted = False
        self._past_taken = 0
        self._past_replaced = 0
        self._past_full = 0
        self._past_closed = 0
        self._past_overflowed = 0
        self._told_written = 0

    def is_as(self, other: Channel) -> bool:
        """Whether frames fare here as in another link: the same delivery, capacity and liveness."""
        mine, its = (self.delivery, self.capacity, self.live), (other.delivery, other.capacity, other.live)
        return mine == its

    def wire_slot(self, unsettle: Callable[[Any], None]) -> None:
        """Give the link the form of a slot; both its processors run in the loop that `unsettle` belongs to."""
        slot = SlotReader(self.delivery, unsettle, capacity=self.capacity, live=self.live)
        self._take_form(SlotWriter(slot), slot)

    def wire_ring(
        self,
        producer: Wakes,
        consumer: Wakes,
        *,
        wait: Callable[[Ring], None] | None = None,
        unsettle: Callable[[], None] | None = None,
    ) -> None:
        """Give the link the form of a ring from the loop of `producer` to the loop of `consumer`.

        `wait` blocks the writer until there is room; without it the writer never blocks and `unsettle` tells
        its loop that something was put aside.
        """
        overwrites = self.delivery.overwrites
        ring = Ring(self.capacity, producer, consumer, overwrites=overwrites)
        writer = LatestWriter(ring) if overwrites else RingWriter(ring, wait=wait, unsettle=unsettle, live=self.live)
        self._take_form(writer, RingReader(ring))

    def gate(self, gate: Any) -> bool:
        """Have the writer of a slot open `gate` too, or with None only fill the slot.

        True when that is another writer than before, so that the port which holds it has to be bound anew.
        """
        if not isinstance(self.reader, SlotReader) or self.reader.gate is gate:
            return False
        self.reader.gate = gate
        old = self.writer
        assert isinstance(old, SlotWriter)
        self.writer = (SlotWriter if gate is None else GatedSlotWriter)(self.reader)
        self.writer.ended = old.ended
        old.retire(self.writer)  # a write to several links may be on its way and hold the old one
        return True

    def outlet(self, held: Writer | None = None) -> Writer:
        """What the writing port is to hold: a writer that none has held, with the tap around it while somebody listens.

        The writer before it leads to the new one, unless it is `held`: the whole port, which leads to what
        takes the port's place.
        """
        new = self.writer
        assert new is not None
        if not self._fresh:
            old, new = new, new.renewed()
            self.writer = new
            if old is not held:
                old.retire(new)
        self._fresh = False
        self.held = TapWriter(new, self.tap, self) if self.tap else new
        return self.held

    def inlet(self) -> SlotReader | RingReader | TapReader:
        """What the reading port is to hold: the reader, with the tap around it while somebody listens."""
        assert self.reader is not None
        return TapReader(self.reader, self.tap) if self.tap else self.reader

    def part(self) -> Writer | None:
        """The port that writes here goes over to other links: returns the writer it holds, which is spent now."""
        spent = self.writer
        if spent is not None:
            self.writer = spent.renewed()
        if isinstance(self.reader, SlotReader):
            self.reader.source = None
        return spent

    def _take_form(self, writer: SlotWriter | RingWriter | LatestWriter, reader: SlotReader | RingReader) -> None:
        old_writer, old_reader = self.writer, self.reader
        self.writer, self.reader, self._fresh = writer, reader, True
        if old_writer is None or old_reader is None:
            return
        waiting = self._end_form(old_writer, old_reader)
        self._lay_before(waiting)
        while reader.muted is not self._muted:  # somebody may mute or unmute it just now
            reader.muted = self._muted
        old_writer.retire(writer)
        old_reader.retire(reader)
        if isinstance(old_reader, SlotReader):
            old_reader.put_by()
        if old_writer.ended:
            writer.end()

    def _end_form(self, writer: SlotWriter | RingWriter | LatestWriter, reader: SlotReader | RingReader) -> list[Any]:
        """Add up the counters of a form that ends, and take out what was on its way."""
        taken, _, replaced, full, closed, overflowed = self._form(writer, reader)
        self._past_taken += taken
        self._past_replaced += replaced
        self._past_full += full
        self._past_closed += closed
        self._past_overflowed += overflowed
        waiting = reader.unread()
        return [*waiting, *writer.unsent()] if isinstance(writer, RingWriter) else waiting

    def take_over(self, other: Channel) -> None:
        """Lay the frames still waiting in `other`, which ends here, before this link's own."""
        assert self.reader is not None
        assert other.reader is not None
        waiting = other.reader.unread()
        if isinstance(other.writer, RingWriter):
            waiting += other.writer.unsent()
        other._past_taken += len(waiting)
        self._moved_in += len(waiting)
        self._lay_before(waiting)

    def go_on_from(self, other: Channel) -> None:
        """Take the place of the running form that this link had before: what waits there, and its counters, are here.

        For the owner of the reader, once nobody writes there any more.
        """
        assert other.writer is not None
        assert other.reader is not None
        waiting = other._end_form(other.writer, other.reader)
        self._past_taken += other._past_taken
        self._past_replaced += other._past_replaced
        self._past_full += other._past_full
        self._past_closed += other._past_closed
        self._past_overflowed += other._past_overflowed
        self.wait = other.wait
        self._moved_in += other._moved_in
        self._lay_before(waiting)

    def slip_in(self, frame: Any) -> None:
        """Add a frame behind those that wait, room or not: one that its writer's feeder had in hand for the reader.

        From another thread than the writer's where this is a ring, and else from the loop that both are in.
        """
        if isinstance(self.reader, RingReader):
            ring = self.reader.ring
            if ring.closed:
                self._past_closed += 1
                return
            ring.written += ring.overwrites
            ring.open().append(frame)
            ring.consumer.wake()
        elif self.writer is not None:
            self.writer.write(frame)

    def _lay_before(self, frames: list[Any]) -> None:
        assert self.reader is not None
        self.reader.preload(frames)

    def mute(self) -> None:
        """The link is cut and its reader stays: what waits is still read, and its end ends nobody. From any thread."""
        self._set_muted(True)

    def unmute(self) -> bool:
        """Take that back. True if it was muted. From any thread."""
        was = self._muted
        self._set_muted(False)
        return was

    def _set_muted(self, muted: bool) -> None:
        self._muted = muted  # before the reader: the link may be given another form just now, which looks here last
        if self.reader is not None:
            self.reader.muted = muted

    def release(self) -> None:
        """Let a writer that waits for room append its last frame: the link is being cut at this end."""
        if isinstance(self.reader, RingReader):
            self.reader.ring.released = True
            self.reader.ring.producer.wake()

    def let_finish(self) -> None:
        """Hold the writer back no more: it writes its last frames here, whether anybody reads them now or not."""
        if isinstance(self.reader, SlotReader):
            self.reader.finishing = True
        elif self.reader is not None:
            self.reader.ring.finishing = True
            self.reader.ring.producer.wake()

    def end(self) -> None:
        """End of stream, behind the last frame and what was put aside; nobody writes here any more. For the owner."""
        if self.writer is None or self.writer.ended:
            return
        self.writer.end()
        if isinstance(self.writer, RingWriter):
            self.writer.send_off()

    def reopen(self) -> None:
        """Take the end back: another writer goes on where one has ended. The next form is open again."""
        if self.writer is not None:
            self.writer.ended = False

    def close(self) -> None:
        """The reader has gone: what waits and what still comes is counted as dropped. For the reader's owner."""
        if isinstance(self.reader, SlotReader):
            self.reader.close()
        elif self.reader is not None:
            self._past_closed += self.reader.close()

    def interrupt(self) -> None:
        """Have a writer that waits for room come back; what is in the ring stays the reader's. From any thread."""
        if isinstance(self.reader, RingReader):
            self.reader.ring.interrupt()

    def abandon(self) -> None:
        """The writer is stuck and nobody waits for it any more: its reader hears the end. From any thread."""
        if isinstance(self.reader, RingReader):
            self.reader.ring.interrupt()
            self.reader.ring.end()
        elif self.reader is not None:  # whose processor runs elsewhere by now, where the stuck one would wake nobody
            self.reader.source_ended = True
        elif self.writer is not None:
            self.writer.retire(PlugWriter())  # when it comes back, the reader may be in another loop

    def send_off(self) -> None:
        """Append what the writer put aside, room or not: nobody will run it again. For the writer's owner."""
        if isinstance(self.writer, RingWriter):
            self.writer.send_off()

    def settle_closed(self) -> None:
        """Count what was still written after `close`. For the writer's owner, once."""
        if isinstance(self.writer, RingWriter):
            self.writer.cut_credit()
            self.writer.drain_overflow()
        if isinstance(self.reader, RingReader):
            self._past_closed += len(self.reader.unread())

    def may_grow(self, *, writes: bool) -> bool:
        """Whether frames may still come, of a writer that `writes` or has put some aside, after its reader has gone.

        A slot counts them itself.
        """
        aside = self.writer.aside() if isinstance(self.writer, RingWriter) else 0
        return isinstance(self.reader, RingReader) and (writes or aside > 0)

    @property
    def has_ended(self) -> bool:
        """Whether the writer has said its last word, behind the last frame that it writes."""
        return self.writer is not None and self.writer.ended

    @property
    def closed(self) -> bool:
        """Whether the reader has gone."""
        if isinstance(self.reader, SlotReader):
            return self.reader.closed
        return self.reader is not None and self.reader.ring.closed

    @property
    def drops(self) -> bool:
        """Whether a frame that finds no room has some frame dropped, and does not wait."""
        return self.live or self.delivery.overwrites

    def is_full(self) -> bool:
        """Whether a frame that is written now finds no room. For the writer's owner."""
        if self.reader is None:
            return False
        aside = self.writer.aside() if isinstance(self.writer, RingWriter) else 0
        return self.reader.depth() + aside >= self.capacity

    @property
    def done(self) -> bool:
        """Whether it was cut, and all that waited here has been read."""
        return self.reader is not None and self.reader.muted and not self.reader.depth()

    # --------------------------------------------------------------------------------------------- how long frames wait

    def begin_sample(self, now_ns: Callable[[], int], seen: Seen) -> None:
        """Time the wait of one of the frames that are written next, if this is a ring. For the reader's owner.

        One that is under way goes on, also where the writing end was made anew.
        """
        reader, writer = self.reader, self.writer
        if not isinstance(reader, RingReader) or not isinstance(writer, RingWriter | LatestWriter):
            return
        sample = reader.sample
        aside = writer.put_aside() if isinstance(writer, RingWriter) else []
        if sample is None or sample.is_lost(aside):
            timed = 0 if self.wait is None else self.wait.samples
            skip = int(timed * GOLDEN % 1 * min(self.capacity, SPREAD))
            kind = NewestSample if self.delivery.overwrites else WaitSample
            sample = kind(self, reader.ring.open(), now_ns, seen, skip)
            reader.watch(sample)
            writer.watch(sample)
        elif sample.stamp is None and writer.sample is not sample:
            writer.watch(sample)

    def end_sample(self, sample: WaitSample) -> None:
        """The stamped frame was read. On the reader's thread."""
        if isinstance(self.reader, RingReader) and self.reader.sample is sample:
            self.reader.watch(None)
        self.end_stamping(sample)

    def end_stamping(self, sample: WaitSample) -> None:
        """No frame is stamped any more."""
        if isinstance(self.writer, RingWriter | LatestWriter) and self.writer.sample is sample:
            self.writer.watch(None)

    def taken(self) -> int:
        """Frames that were taken from the present form."""
        return 0 if self.reader is None else self.reader.count()

    def record_wait(self, duration_ns: int) -> None:
        """Count how long a frame has waited. For the reader's owner."""
        if self.wait is None:
            self.wait = LatencyHistogram()
        self.wait.record(max(0, duration_ns))

    # --------------------------------------------------------------------------------------------------------- counters

    def statistics(self) -> LinkStatistics:
        """The counters as of now; several who look at a time share a lock.

        Frames go on meanwhile, and one that is between two places is found in neither. So they are looked for where
        they end first, and what was written never grows less from one look to the next: a frame that is missing is on
        its way.
        """
        past, past_full, past_closed = self._past_taken, self._past_full, self._past_closed
        past_replaced = self._past_replaced
        taken, depth, replaced, full, closed, overflowed = self._form(self.writer, self.reader)
        taken, replaced, full, closed = past + taken, past_replaced + replaced, past_full + full, past_closed + closed
        found = taken + depth + replaced + full + closed - self._moved_in
        written = found if isinstance(self.reader, SlotReader) else max(found, self._told_written)
        self._told_written = written
        return LinkStatistics(
            written=written,
            taken=taken,
            depth=depth + written - found,
            capacity=self.capacity,
            replaced=replaced,
            full=full,
            closed=closed,
            overflowed=self._past_overflowed + overflowed,
            nbytes=self.waiting_bytes() if depth else 0,
            wait=NEVER_TIMED if self.wait is None else self.wait.stats(),
        )

    def load(self) -> tuple[int, int]:
        """Frames it has lost, and frames that wait in it; from any thread, and quicker than `statistics`."""
        reader, lost = self.reader, self._past_replaced + self._past_full + self._past_closed
        if isinstance(reader, SlotReader):
            return lost + reader.dropped + reader.refused, reader.depth()
        _, depth, replaced, full, closed, _ = self._form(self.writer, reader)
        return lost + replaced + full + closed, depth

    def waiting_bytes(self) -> int:
        """The size of all that waits in it."""
        return sum(frame_bytes(frame) for frame in self._waiting())

    def _waiting(self) -> list[Any]:
        """The frames on their way; from any thread, and only a look."""
        if self.reader is None:
            return []
        aside = self.writer.put_aside() if isinstance(self.writer, RingWriter) else []
        return [*self.reader.waiting(), *aside]

    def _form(self, writer: Writer | None, reader: Reader | None) -> _Form:
        """The counters of one form; where frames end before where they wait."""
        if isinstance(reader, SlotReader):
            replaced, full = (reader.dropped, 0) if reader.delivery.overwrites else (0, reader.dropped)
            return reader.count(), reader.depth(), replaced, full, reader.refused, reader.overflowed
        if not isinstance(reader, RingReader):
            return 0, 0, 0, 0, 0, 0
        if isinstance(writer, RingWriter):
            dropped, refused, taken = writer.dropped, writer.refused, reader.taken
            depth = reader.depth()
            return taken, depth + writer.aside(), 0, dropped, refused, writer.overflowed
        taken, depth = reader.taken, reader.depth()
        if not isinstance(writer, LatestWriter):  # the form is changing just now
            return taken, depth, 0, 0, 0, 0
        overtaken = max(0, reader.ring.written - taken - depth - reader.removed)
        return taken, depth, overtaken, 0, writer.refused, 0
