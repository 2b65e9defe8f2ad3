from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from streamlib.links.channel import Channel
from streamlib.links.delivery import Delivery
from streamlib.links.fanout import FanoutWriter, writer_to
from streamlib.links.reader import SlotReader
from streamlib.links.statistics import LinkStatistics
from streamlib.links.tap import Tap
from streamlib.links.writer import Writer
from tests.links.ends import Look, as_ring, as_slot, channel, nobody_fails


def consistent(link: Channel) -> LinkStatistics:
    counted = link.statistics()
    assert counted.written == counted.taken + counted.depth + counted.dropped
    return counted


class Rebinding(RuleBasedStateMachine):
    """One port that fans out to two links, while forms change, taps come and go, and old writes are kept."""

    @initialize(deliveries=st.tuples(*[st.sampled_from(list(Delivery))] * 2), capacity=st.integers(1, 4))
    def start(self, deliveries: tuple[Delivery, Delivery], capacity: int) -> None:
        self.links = [channel(capacity, delivery=delivery) for delivery in deliveries]
        for link in self.links:
            link.tap = Tap(nobody_fails)
            as_slot(link)
        self.shown: list[list[int]] = [[], []]
        self.got: list[list[int]] = [[], []]
        self.sent = 0
        self.observing = [False, False]
        self.observers = [Look(shown) for shown in self.shown]
        self.expected_shown: list[list[int]] = [[], []]
        self.port: Writer = FanoutWriter([])
        self.kept: list[Any] = []
        self.reads: list[list[Any]] = [[], []]
        self.bind()

    def bind(self) -> None:
        old = self.port
        new = writer_to([link.outlet(old) for link in self.links])
        old.retire(new)
        self.port = new
        self.kept.append(new.write)
        for link, reads in zip(self.links, self.reads, strict=True):
            assert link.reader is not None
            reads.append(link.reader.read)

    @rule(which=st.integers(0, 10**6))
    def write(self, which: int) -> None:
        """Through any port that there ever was."""
        full = [link.statistics().full for link in self.links]
        self.kept[which % len(self.kept)](self.sent)
        for link, was_full, observing, expected in zip(
            self.links, full, self.observing, self.expected_shown, strict=True
        ):
            if observing and link.statistics().full == was_full:  # one that found no room did not go in
                expected.append(self.sent)
        self.sent += 1

    @rule(index=st.integers(0, 1), which=st.integers(0, 10**6))
    def read(self, index: int, which: int) -> None:
        """By any reader that there ever was."""
        link, reads = self.links[index], self.reads[index]
        reader = link.reader
        assert reader is not None
        if link.writer is not None:
            link.writer.free()
        before, depth = reader.count(), reader.depth()
        frame = reads[which % len(reads)]()
        if isinstance(reader, SlotReader):
            reader.taken += depth - reader.depth() - (reader.count() - before)
            reader.refill()
        if frame is not None:
            self.got[index].append(frame)

    @rule(index=st.integers(0, 1), form=st.sampled_from([as_ring, as_slot]))
    def change_form(self, index: int, form: Any) -> None:
        form(self.links[index])
        self.bind()

    @rule()
    def bind_anew(self) -> None:
        self.bind()

    @precondition(lambda self: hasattr(self, "links"))
    @rule(index=st.integers(0, 1))
    def look(self, index: int) -> None:
        link = self.links[index]
        assert link.tap is not None
        if self.observing[index]:
            link.tap.discard(self.observers[index])
        else:
            link.tap.add(self.observers[index])
        self.observing[index] = not self.observing[index]
        self.bind()

    @invariant()
    def each_frame_is_somewhere_exactly_once(self) -> None:
        for link, got, shown, expected in zip(self.links, self.got, self.shown, self.expected_shown, strict=True):
            counted = consistent(link)
            assert counted.written == self.sent
            assert counted.taken == len(got)
            assert got == sorted(set(got))
            assert shown == expected
            if link.delivery is Delivery.EVERY:
                assert got == list(range(len(got)))
                assert counted.depth == self.sent - len(got)
            else:
                assert counted.depth <= link.capacity


Rebinding.TestCase.settings = settings(max_examples=60, stateful_step_count=60)
test_no_frame_is_lost_or_doubled_whatever_is_bound_anew = Rebinding.TestCase
