from __future__ import annotations

from streamlib.execution.chain import BRIEF_NS, TIMED_EVERY
from streamlib.execution.closer_look import LOOK_EVERY_NS
from streamlib.links.channel import SPREAD
from streamlib.links.reader import RingReader
from streamlib.processors.context import ProcessContext
from streamlib.states import ProcessorState
from streamlib.testing import ManualClock
from tests.execution.plain_processors import Hand, Relay, Sink, Stubborn, numbers
from tests.execution.rig import SECONDS, Rig, loop_of, own
from tests.execution.stage import Stage, calls
from tests.execution.turns import Line


def calm(sink: Sink | None = None) -> Stage:
    """A stage whose calls are brief, after its first frame: from now on only frames are asked for."""
    stage = Stage(sink, brief=True).started()
    stage.send()
    stage.line.empty()
    assert not stage.loop.attention
    return stage


def patient(sink: Sink | None = None) -> Stage:
    """A stage whose calls take long, on a thread of its own, after its first frame."""
    stage = Stage(sink)
    stage.loop.may_wait = True
    stage.started()
    stage.send()
    stage.line.empty()
    assert not stage.loop.attention
    return stage


def test_a_turn_for_a_frame_alone_is_counted_and_not_timed() -> None:
    stage = calm()
    for number in range(TIMED_EVERY - 2):
        stage.clock.advance(1)
        stage.send()
        stage.line.empty()
        assert calls(stage.end) == stage.end.metrics.calls == number + 2
        assert stage.end.called_ns == stage.clock.now_ns()
    assert stage.end.metrics.latency.samples == 1
    for _ in range(TIMED_EVERY):
        stage.send()
        stage.line.empty()
    assert stage.end.metrics.latency.samples == 2
    assert numbers(own(stage.end).got) == list(range(2 * TIMED_EVERY - 1))


def test_a_call_long_after_the_last_one_that_was_timed_is_timed_too() -> None:
    stage = calm()
    for samples in (2, 3, 4):
        stage.clock.advance(LOOK_EVERY_NS)
        stage.send()
        stage.line.empty()
        assert stage.end.metrics.latency.samples == samples


def test_the_end_of_a_stream_is_seen_behind_its_last_frame_where_nothing_else_was_asked_for() -> None:
    stage = calm()
    stage.send(3)
    stage.hand.finish()
    stage.line.empty()
    assert stage.end.state is ProcessorState.ENDED
    assert numbers(own(stage.end).got) == [0, 1, 2, 3]


def test_who_begins_to_leave_frames_unread_is_called_again_for_another_only() -> None:
    class Tired(Stubborn):
        reads = True

    stage = calm(Tired())
    own(stage.end).reads = False
    stage.send()
    stage.line.empty()
    before = calls(stage.end)
    assert before <= 2 * TIMED_EVERY
    stage.task.wake()
    stage.line.empty()
    assert calls(stage.end) == before
    own(stage.end).reads = True
    stage.send()
    stage.line.empty()
    assert numbers(own(stage.end).got) == [0, 1, 2]


def test_who_begins_to_take_long_is_timed_each_time_from_the_next_timed_call_on() -> None:
    class Slowing(Sink):
        stopwatch: ManualClock | None = None

        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            if self.stopwatch is not None:
                self.stopwatch.advance(BRIEF_NS)

    stage = calm(slowing := Slowing())
    stopwatch = stage.rig.stopwatch
    assert isinstance(stopwatch, ManualClock)
    slowing.stopwatch = stopwatch
    stage.send(TIMED_EVERY)
    stage.line.empty()
    for samples in (3, 4, 5):
        stage.send()
        stage.line.empty()
        assert stage.end.metrics.latency.samples == samples
    slowing.stopwatch = None
    stage.send(3)
    stage.line.empty()
    assert stage.end.metrics.latency.samples == 6, "brief again"


def test_who_may_not_wait_is_not_called_without_room_where_the_call_would_be_timed_either() -> None:
    rig, line = Rig(ManualClock()), Line()
    hand, relay, sink = rig.add(Hand()), rig.add(Relay()), rig.add(Sink())
    rig.loop(hand)
    rig.loop(sink)
    loop = rig.loop(relay)
    task = line.task(loop)
    rig.link(hand, relay, capacity=2 * TIMED_EVERY)
    link = rig.link(relay, sink, capacity=TIMED_EVERY)
    loop.arrange([relay])
    task.start()
    for _ in range(TIMED_EVERY + 1):
        assert loop_of(hand).step(SECONDS)
    line.empty()
    assert (link.statistics().depth, link.statistics().overflowed) == (TIMED_EVERY, 0)
    assert relay.metrics.calls == TIMED_EVERY


def test_whose_first_call_leaves_its_frame_unread_is_called_again_for_another_only() -> None:
    stage = Stage(Stubborn(), brief=True).started()
    for number in (1, 2):
        stage.send()
        stage.line.empty()
        stage.task.wake()
        stage.line.empty()
        assert calls(stage.end) == stage.end.metrics.calls == number
    assert len(stage.end.news()) == 1
    assert stage.end.metrics.latency.samples == 2


def test_an_error_in_the_first_call_of_all_is_that_of_its_frame() -> None:
    class Doubtful(Sink):
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            if self.got[-1].number == 0:
                raise ValueError("not the first")

    stage = Stage(Doubtful(), brief=True).started()
    stage.send(3)
    stage.line.empty()
    assert [error for _, error, _ in stage.rig.errors()] == ["not the first"]
    assert numbers(own(stage.end).got) == [0, 1, 2]
    assert stage.end.metrics.calls == 3


def test_an_error_in_a_burst_is_that_of_its_frame_and_the_others_come() -> None:
    class Choosy(Sink):
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            if self.got[-1].number == 2:
                raise ValueError("not this one")

    stage = calm(Choosy())
    stage.send(4)
    stage.line.empty()
    assert [error for _, error, _ in stage.rig.errors()] == ["not this one"]
    assert numbers(own(stage.end).got) == [0, 1, 2, 3, 4]
    assert (stage.end.metrics.calls, stage.end.metrics.errors) == (5, 1)


def test_who_takes_long_on_a_thread_of_its_own_is_asked_for_nothing_but_frames_and_timed_each_time() -> None:
    stage = patient()
    for number in range(2, 2 * TIMED_EVERY):
        stage.clock.advance(1)
        stage.send()
        stage.line.empty()
        assert (calls(stage.end), stage.end.metrics.calls) == (number, number)
        assert stage.end.metrics.latency.samples == number
        assert stage.end.called_ns == stage.clock.now_ns()
        assert not stage.loop.attention
    stage.send(3)
    stage.hand.finish()
    stage.line.empty()
    assert stage.end.state is ProcessorState.ENDED
    assert numbers(own(stage.end).got) == list(range(2 * TIMED_EVERY + 2))


def test_who_takes_long_and_leaves_a_frame_unread_is_called_again_for_another_only() -> None:
    class Tired(Stubborn):
        reads = True

    stage = patient(Tired())
    own(stage.end).reads = False
    stage.send()
    stage.line.empty()
    stage.task.wake()
    stage.line.empty()
    assert calls(stage.end) == 2
    own(stage.end).reads = True
    stage.send()
    stage.line.empty()
    assert calls(stage.end) == 3
    assert numbers(own(stage.end).got) == [0, 1, 2]


def test_since_when_who_takes_long_has_read_nothing_is_told_of_each_time_by_itself() -> None:
    class Tired(Stubborn):
        reads = True

    stage = patient(Tired())
    for began in (100, 200):
        own(stage.end).reads = False
        stage.clock.advance(began)
        since = stage.clock.now_ns()
        for _ in range(3):
            stage.send()
            stage.line.empty()
            stage.clock.advance(1)
        assert (stage.end.left_unread is not None, stage.end.unread_ns) == (True, since)
        own(stage.end).reads = True
        stage.send()
        stage.line.empty()
        assert stage.end.left_unread is None


def test_whom_a_head_feeds_that_takes_long_is_timed_now_and_then_though_frames_never_cease() -> None:
    rig, line = Rig(ManualClock(), brief=False), Line()
    hand, relay, sink = rig.add(Hand()), rig.add(Relay()), rig.add(Sink())
    rig.loop(hand)
    loop = rig.loop(relay, sink)
    loop.may_wait = True
    task = line.task(loop)
    rig.link(hand, relay, capacity=4 * TIMED_EVERY)
    rig.link(relay, sink)
    loop.arrange([relay, sink])
    task.start()
    line.empty()
    for _ in range(4 * TIMED_EVERY):
        assert loop_of(hand).step(SECONDS)
    line.empty()
    assert sink.metrics.calls == 4 * TIMED_EVERY
    assert sink.metrics.latency.samples in (4, 5)


def test_an_error_of_who_takes_long_is_that_of_its_frame_and_the_others_come() -> None:
    class Choosy(Sink):
        def process(self, ctx: ProcessContext) -> None:
            if self.calls == 1:
                self.calls += 1
                raise ValueError("not this one")
            super().process(ctx)

    stage = patient(Choosy())
    stage.send(3)
    stage.line.empty()
    assert [error for _, error, _ in stage.rig.errors()] == ["not this one"]
    assert numbers(own(stage.end).got) == [0, 2, 3]
    assert (stage.end.metrics.calls, stage.end.metrics.errors) == (4, 1)


def test_who_takes_long_is_not_called_without_room_and_whom_it_feeds_is_called_behind_it() -> None:
    rig, line = Rig(ManualClock(), brief=False), Line()
    hand, relay, behind, sink = rig.add(Hand()), rig.add(Relay()), rig.add(Relay()), rig.add(Sink())
    rig.loop(hand)
    rig.loop(sink)
    loop = rig.loop(relay, behind)
    loop.may_wait = True
    task = line.task(loop)
    rig.link(hand, relay, capacity=8)
    rig.link(relay, behind, capacity=1)
    link = rig.link(behind, sink, capacity=3)
    loop.arrange([relay, behind])
    task.start()
    for _ in range(6):
        assert loop_of(hand).step(SECONDS)
    line.empty()
    assert (link.statistics().depth, link.statistics().overflowed) == (3, 0)
    assert (relay.metrics.calls, behind.metrics.calls) == (4, 3), "the one that has no room holds the one before it"
    assert relay.metrics.latency.samples == 4


def test_a_frame_does_not_wait_for_a_look_at_the_link_it_came_by() -> None:
    class Looking(Sink):
        looks: RingReader | None = None

        def __init__(self) -> None:
            super().__init__()
            self.met: list[bool] = []

        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            if self.looks is not None:
                self.met.append(self.looks.sample is not None)

    stage = calm(looking := Looking())
    [link] = stage.end.incoming()
    assert isinstance(link.reader, RingReader)
    looking.looks = link.reader
    for samples in (1, 2, 3):
        stage.send(SPREAD)  # one of them is timed
        stage.line.empty()
        assert (link.reader.sample, link.statistics().wait.samples) == (None, samples)
        looking.met.clear()
        stage.clock.advance(LOOK_EVERY_NS)
        stage.send()
        stage.line.empty()
        assert looking.met == [False]
        assert link.reader.sample is not None, "the next look has begun behind the call"
