from __future__ import annotations

import pytest

from streamlib.execution.closer_look import AT_ONCE, CALLS, GRANT_EVERY_NS, GRANTS, LOOK_EVERY_NS, CloserLook, Pace
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.links.channel import Channel
from streamlib.processors.context import ProcessContext
from streamlib.testing import ManualClock
from tests.execution.plain_processors import Both, Hand, Note, Relay, Sink, Step, Stubborn
from tests.execution.rig import SECONDS, Rig, own

MS = 1_000_000


class Takes(Relay):
    """Takes as many milliseconds for a frame as its number says, and one more."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self.clock = clock

    def process(self, ctx: ProcessContext) -> None:
        """Pass one on at the end."""
        frame = self.inp.read()
        if frame is not None:
            self.clock.advance((frame.number + 1) * MS)
            self.out.write(frame)


class Chain:
    """A loop that the test steps, by a clock that only its processors and the test move."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.rig = Rig(self.clock)
        self.hand = self.rig.add(Hand())

    def loop(self, *members: ProcessorInstance) -> Loop:
        self.made = self.rig.loop(self.hand, *members)
        return self.made

    def arrange(self) -> None:
        self.made.arrange(self.made.members)

    def step(self, times: int = 1, *, apart_ns: int = LOOK_EVERY_NS) -> None:
        for _ in range(times):
            self.clock.advance(apart_ns)
            assert self.made.step(SECONDS)


def waits(link: Channel) -> tuple[int, int]:
    """How many were timed, and the longest in milliseconds."""
    stats = link.statistics().wait
    return stats.samples, stats.max_ns // MS


@pytest.mark.promise("look.link-wait")
def test_a_frame_waits_in_its_slot_while_others_are_called() -> None:
    chain = Chain()
    slow, after, sink = chain.rig.add(Takes(chain.clock)), chain.rig.add(Sink()), chain.rig.add(Sink())
    chain.loop(slow, after, sink)
    to_slow = chain.rig.link(chain.hand, slow)
    to_after, to_sink = chain.rig.link(chain.hand, after), chain.rig.link(slow, sink)
    chain.arrange()
    chain.step(3)
    assert (waits(to_slow), waits(to_after), waits(to_sink)) == ((3, 0), (3, 3), (3, 0))


def test_a_loop_is_not_looked_at_more_often_than_is_due() -> None:
    chain = Chain()
    sink = chain.rig.add(Sink())
    chain.loop(sink)
    link = chain.rig.link(chain.hand, sink)
    chain.arrange()
    chain.step(10, apart_ns=LOOK_EVERY_NS // 5)
    assert waits(link) == (2, 0)
    assert chain.made.look is None


@pytest.mark.promise("look.link-wait")
def test_a_frame_that_waits_for_another_is_timed_when_it_is_read() -> None:
    chain = Chain()
    odd = chain.rig.add(Step(lambda note: [note] if note.number % 4 == 3 else []))
    pair = chain.rig.add(Both())
    chain.loop(odd, pair)
    links = [chain.rig.link(chain.hand, pair, into="a", capacity=8), chain.rig.link(odd, pair, into="b")]
    chain.rig.link(chain.hand, odd)
    chain.arrange()
    chain.step(4)
    assert own(pair).got == [("a", 0), ("b", 3)]
    assert waits(links[0]) == (1, 3 * LOOK_EVERY_NS // MS)
    assert waits(links[1]) == (1, 0)


def test_a_frame_that_is_left_unread_goes_on_waiting() -> None:
    chain = Chain()
    stubborn = chain.rig.add(Stubborn())
    chain.loop(stubborn)
    link = chain.rig.link(chain.hand, stubborn)
    chain.arrange()
    chain.step()
    assert waits(link) == (0, 0)
    own(stubborn).reads = True
    chain.step()
    assert own(stubborn).got == [Note(0), Note(1)]
    assert waits(link)[1] in {0, LOOK_EVERY_NS // MS}
    assert waits(link)[0] >= 1


def test_who_leaves_the_loop_is_not_waited_for() -> None:
    chain = Chain()
    stubborn, sink = chain.rig.add(Stubborn()), chain.rig.add(Sink())
    chain.loop(stubborn, sink)
    chain.rig.link(chain.hand, stubborn)
    chain.rig.link(chain.hand, sink)
    chain.arrange()
    chain.step()
    assert chain.made.look
    chain.made.arrange([chain.hand, sink])
    assert chain.made.look is None


def test_of_very_many_inlined_processors_each_has_its_turn() -> None:
    chain = Chain()
    relays = [chain.rig.add(Relay()) for _ in range(3 * AT_ONCE)]
    chain.loop(*relays)
    links = chain.rig.chain(chain.hand, *relays)
    chain.arrange()
    chain.step()
    assert 0 < sum(waits(link)[0] for link in links) <= AT_ONCE + 2
    chain.step(3)
    assert min(waits(link)[0] for link in links) >= 1


def test_of_very_many_branches_each_has_its_turn() -> None:
    chain = Chain()
    sinks = [chain.rig.add(Sink()) for _ in range(2 * AT_ONCE + 7)]
    chain.loop(*sinks)
    links = [chain.rig.link(chain.hand, sink) for sink in sinks]
    chain.arrange()
    chain.step(12)
    assert min(waits(link)[0] for link in links) >= 1


def test_a_look_comes_to_its_end() -> None:
    chain = Chain()
    sink = chain.rig.add(Sink())
    chain.loop(sink)
    chain.rig.link(chain.hand, sink)
    look = CloserLook(chain.clock.now_ns)
    assert [look.before(sink) is None for _ in range(CALLS + 1)] == [*([False] * CALLS), True]


def test_so_many_looks_may_follow_each_other_and_then_they_are_paced() -> None:
    pace = Pace()
    assert [pace.grants(1) for _ in range(GRANTS + 1)] == [*([True] * GRANTS), False]
    assert [pace.grants(1 + GRANT_EVERY_NS), pace.grants(1 + GRANT_EVERY_NS)] == [True, False]
    assert pace.grants(1 + 10**12)


def test_loops_that_crowd_stand_in_line_for_their_looks_and_hardly_one_asks_in_vain() -> None:
    pace, loops = Pace(), 10 * GRANTS
    assert pace.next_ns(0) == LOOK_EVERY_NS
    granted = [pace.grants(0) for _ in range(loops)]
    asks_ns = [pace.next_ns(0) for _ in range(loops)]
    assert granted.count(True) == GRANTS
    assert asks_ns == [LOOK_EVERY_NS + GRANT_EVERY_NS * place for place in range(1, loops + 1)]
    assert all(pace.grants(at_ns) for at_ns in asks_ns)
    later_ns = 2 * asks_ns[-1]
    assert pace.grants(later_ns)
    assert pace.next_ns(later_ns) == later_ns + LOOK_EVERY_NS  # they do not crowd any more


def test_who_is_looked_at_at_length_stands_in_line_for_as_long() -> None:
    pace = Pace()
    assert [pace.grants(0) for _ in range(GRANTS)] == [True] * GRANTS
    places = [pace.next_ns(0, members) - LOOK_EVERY_NS for members in (1, 3 * AT_ONCE, 1)]
    assert places == [GRANT_EVERY_NS, 5 * GRANT_EVERY_NS, 6 * GRANT_EVERY_NS]


def test_a_look_at_a_large_loop_counts_as_many_and_is_refused_no_sooner_than_one_at_a_small() -> None:
    pace, members = Pace(), 3 * AT_ONCE
    assert [pace.grants(1, members) for _ in range(GRANTS // 4)] == [True] * (GRANTS // 4)
    assert not pace.grants(1)
    assert pace.grants(1 + GRANT_EVERY_NS, members)  # three are owed from here on
    assert not pace.grants(1 + 4 * GRANT_EVERY_NS - 1)
    assert pace.grants(1 + 5 * GRANT_EVERY_NS)


def test_a_loop_asks_for_as_many_looks_as_its_processors_take() -> None:
    clock, pace = ManualClock(), Pace()
    rig = Rig(clock)
    for large in (False, True):
        members = [rig.add(Sink()) for _ in range(AT_ONCE if large else 1)]
        loop = Loop("asks", rig.stopwatch, clock, pace)
        loop.take_in(members)
        loop.look_closer(clock.now_ns())
    assert [pace.grants(clock.now_ns()) for _ in range(GRANTS - 2)] == [*([True] * (GRANTS - 3)), False]


def test_among_very_many_loops_one_is_looked_at_less_often_and_is_looked_at_all_the_same() -> None:
    clock, pace = ManualClock(), Pace()
    rig = Rig(clock)
    sink = rig.add(Sink())
    loop = Loop("crowded", rig.stopwatch, clock, pace)
    for _ in range(GRANTS - 1):
        pace.grants(clock.now_ns())
    assert loop.look_closer(clock.now_ns()) is None
    first = loop.look_ns - clock.now_ns()
    assert first > LOOK_EVERY_NS
    assert loop.look_closer(clock.now_ns()) is None  # nothing was granted: who asks in vain asks less often, too
    assert loop.look_ns - clock.now_ns() > first
    assert not sink.over
