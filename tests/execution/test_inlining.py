from __future__ import annotations

from typing import Any

from streamlib.execution.inlining import arranged, steady_slot
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import Passes
from streamlib.links.reader import SlotReader
from tests.execution.plain_processors import (
    Hand,
    Pair,
    Relay,
    Sink,
    Source,
)
from tests.execution.rig import Rig, own


def read_here(*members: ProcessorInstance) -> set[Any]:
    return {channel for member in members for channel in member.incoming()}


def chain() -> tuple[Rig, list[ProcessorInstance]]:
    rig = Rig()
    members = [rig.add(Hand()), rig.add(Relay()), rig.add(Relay()), rig.add(Sink())]
    rig.loop(*members)
    rig.chain(*members)
    return rig, members


def test_a_processor_with_one_slot_to_read_and_only_slots_to_write_is_called_straight() -> None:
    _, (_, first, second, end) = chain()
    passes = Passes()
    steps, rebind = arranged([first, second, end], passes, lambda member, context: None)
    assert [gate for gate, _, _ in steps] == [member.readers[0] for member in (first, second, end)]
    assert [call for _, call, _ in steps] == [member.processor.process for member in (first, second, end)]
    assert not rebind
    passes.done += 3
    assert [member.metrics.calls for member in (first, second, end)] == [3, 3, 3]
    assert first.readers[0].count() == 3


def test_one_that_writes_to_another_loop_is_asked() -> None:
    rig, (_, first, second, end) = chain()
    far = rig.add(Sink())
    rig.loop(far)
    rig.link(second, far)
    assert steady_slot(first, read_here(first, second, end)) is first.readers[0]
    assert steady_slot(second, read_here(first, second, end)) is None


def test_one_that_reads_from_another_loop_or_from_nobody_is_asked() -> None:
    rig = Rig()
    source, fed, alone = rig.add(Source(1)), rig.add(Sink()), rig.add(Sink())
    rig.loop(source)
    rig.loop(fed, alone, head=False)
    rig.link(source, fed)
    assert steady_slot(fed, read_here(fed)) is None
    assert steady_slot(alone, read_here(alone)) is None


def test_one_that_is_paused_is_asked_and_so_is_who_writes_to_it() -> None:
    _, (_, first, second, end) = chain()
    second.pause()
    steps, rebind = arranged([first, second, end], Passes(), lambda member, context: None)
    assert [gate for gate, _, _ in steps] == [first, second, end.readers[0]]
    assert rebind == {*first.incoming(), *second.incoming()}


def test_one_that_writes_to_somebody_who_moves_is_asked() -> None:
    _, (_, first, second, end) = chain()
    assert steady_slot(first, read_here(end)) is None
    assert steady_slot(second, read_here(end)) is second.readers[0]
    for channel in second.incoming():
        channel.close()
    assert steady_slot(first, read_here(end)) is first.readers[0], "what is closed takes and counts everything"


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
        arranged([first, second, end], passes, lambda member, context: None)
        passes.done += 2
    assert [member.metrics.calls for member in (first, second, end)] == [6, 6, 6]
    assert first.readers[0].count() == 6
