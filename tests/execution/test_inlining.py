from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamlib.execution.arrangement import FEW
from streamlib.execution.inlining import Step, bind_writers, lay_in_order, member_at, steady_slot, step_of
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import Passes
from streamlib.links.channel import Channel
from streamlib.links.reader import SlotReader
from streamlib.processors.context import ProcessContext
from tests.execution.plain_processors import (
    Hand,
    Pair,
    Relay,
    Sink,
    Source,
)
from tests.execution.rig import SECONDS, Rig, loop_of, own


def visit(member: ProcessorInstance, context: Any) -> None:
    """Who is asked; nobody is, here."""


def steps_of(*members: ProcessorInstance, passes: Passes) -> tuple[list[Step], set[Channel]]:
    rebind: set[Channel] = set()
    return [step_of(member, passes, visit, is_here(member), rebind) for member in members], rebind


def is_here(member: ProcessorInstance) -> Callable[[ProcessorInstance], bool]:
    return loop_of(member).has


def chain() -> tuple[Rig, list[ProcessorInstance]]:
    rig = Rig()
    members = [rig.add(Hand()), rig.add(Relay()), rig.add(Relay()), rig.add(Sink())]
    rig.loop(*members)
    rig.chain(*members)
    return rig, members


def test_a_processor_with_one_slot_to_read_and_only_slots_to_write_is_called_straight() -> None:
    _, (_, first, second, end) = chain()
    passes = Passes()
    steps, rebind = steps_of(first, second, end, passes=passes)
    assert [gate for gate, _, _ in steps] == [member.readers[0] for member in (first, second, end)]
    assert [call for _, call, _ in steps] == [member.processor.process for member in (first, second, end)]
    assert [member_at(gate) for gate, _, _ in steps] == [first, second, end]
    assert not rebind
    passes.done += 3
    assert [member.metrics.calls for member in (first, second, end)] == [3, 3, 3]
    assert first.readers[0].count() == 3


def test_a_step_that_is_as_it_should_be_stays_with_its_counts() -> None:
    _, (_, first, *_) = chain()
    passes = Passes()
    ((step,), _) = steps_of(first, passes=passes)
    count = first.metrics.steady
    assert step_of(first, passes, visit, is_here(first), set(), step) is step
    assert first.metrics.steady is count
    first.paused = True
    asked = step_of(first, passes, visit, is_here(first), set(), step)
    assert member_at(asked[0]) is asked[0] is first
    assert step_of(first, passes, visit, is_here(first), set(), asked) is asked


def test_one_that_writes_to_another_loop_is_asked() -> None:
    rig, (_, first, second, _) = chain()
    far = rig.add(Sink())
    rig.loop(far)
    rig.link(second, far)
    assert steady_slot(first, is_here(first)) is first.readers[0]
    assert steady_slot(second, is_here(first)) is None


def test_one_that_reads_from_another_loop_or_from_nobody_is_asked() -> None:
    rig = Rig()
    source, fed, alone = rig.add(Source(1)), rig.add(Sink()), rig.add(Sink())
    rig.loop(source)
    rig.loop(fed, alone, head=False)
    rig.link(source, fed)
    assert steady_slot(fed, is_here(fed)) is None
    assert steady_slot(alone, is_here(alone)) is None


def test_one_that_is_paused_is_asked_and_so_is_who_writes_to_it() -> None:
    _, (_, first, second, end) = chain()
    second.pause()
    steps, rebind = steps_of(first, second, end, passes=Passes())
    assert [gate for gate, _, _ in steps] == [first, second, end.readers[0]]
    assert rebind == {*first.incoming(), *second.incoming()}


def test_one_that_writes_to_somebody_who_moves_is_asked() -> None:
    rig, (source, first, second, _) = chain()
    rig.loops[id(source.loop)].take_out([second])
    assert steady_slot(first, is_here(first)) is None
    assert steady_slot(second, is_here(first)) is second.readers[0]
    for channel in second.incoming():
        channel.close()
    assert steady_slot(first, is_here(first)) is first.readers[0], "what is closed takes and counts everything"


def test_who_writes_to_a_slot_holds_the_writer_that_opens_the_gate() -> None:
    _, (source, first, *_) = chain()
    first.paused = True
    _, rebind = steps_of(first, passes=Passes())
    (link,) = rebind
    assert own(source).out is not link.writer
    bind_writers(rebind, is_here(source))
    assert own(source).out is link.writer
    own(source).out.write("frame")
    assert first.frame == "frame"


def test_one_with_several_inputs_has_a_gate_that_its_writers_open() -> None:
    rig = Rig()
    source, pair = rig.add(Hand()), rig.add(Pair())
    loop = rig.loop(source, pair)
    links = [rig.link(source, pair, into="a"), rig.link(source, pair, into="b")]
    loop.arrange([source, pair])
    assert [link.reader.gate for link in links if isinstance(link.reader, SlotReader)] == [pair, pair]
    pair.frame = None
    own(source).out.write("frame")
    assert pair.frame == "frame"


def test_a_gate_goes_when_it_is_not_needed_any_more() -> None:
    rig, (source, first, *_) = chain()
    loop = rig.loops[id(source.loop)]
    slot = first.readers[0]
    assert isinstance(slot, SlotReader)
    loop.pause_one(first)
    assert slot.gate is first
    loop.resume_one(first)
    assert slot.gate is None


def test_arranging_anew_keeps_the_counts() -> None:
    _, (_, first, second, end) = chain()
    passes = Passes()
    for _ in range(3):
        steps_of(first, second, end, passes=passes)
        passes.done += 2
    assert [member.metrics.calls for member in (first, second, end)] == [6, 6, 6]
    assert first.readers[0].count() == 6


class Keeper(Relay):
    """Keeps the context with which it was called."""

    def process(self, ctx: ProcessContext) -> None:
        self.ctx = ctx
        super().process(ctx)


def test_who_was_never_called_gets_another_context_and_who_was_keeps_his() -> None:
    rig = Rig()
    source, first, second = rig.add(Hand()), rig.add(Keeper()), rig.add(Keeper())
    loop = rig.loop(source, first, second)
    rig.chain(source, first)
    loop.arrange(loop.members)
    loop.step(SECONDS)
    second.context.count_joined("out")
    second.context.is_cut_off = True
    handed_out, spare = first.context, second.context
    lay_in_order([first, second])
    assert first.context is handed_out is own(first).ctx
    assert second.context is not spare
    assert second.context.is_cut_off
    assert second.context.joined == spare.joined != {}
    rig.chain(first, second)
    loop.arrange(loop.members)
    loop.step(SECONDS)
    assert own(second).ctx is second.context
    own(second).ctx.wake()
    assert second.poked


def test_very_many_that_arrive_at_once_are_called_as_they_would_be_alone() -> None:
    rig, sink = Rig(), Sink()
    members = [rig.add(Hand()), *(rig.add(Keeper()) for _ in range(2 * FEW)), rig.add(sink)]
    before = [member.context for member in members]
    loop = rig.loop(*members)
    rig.chain(*members)
    loop.arrange(loop.members)
    loop.step(SECONDS)
    assert len(sink.got) == 1
    assert all(own(member).ctx is member.context for member in members[1:-1])
    assert not any(member.context is old for member, old in zip(members, before, strict=True))


def test_a_tapped_call_stays_tapped_when_it_is_laid_in_order() -> None:
    rig = Rig()
    member = rig.add(Relay())
    member.call = tapped = lambda ctx: None
    lay_in_order([member])
    assert member.call is tapped
