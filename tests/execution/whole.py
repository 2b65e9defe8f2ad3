"""What an arrangement has to be, worked out from all its members at once: the measure of those made piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

from streamlib.execution.cascade import Cascade
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.links.channel import Channel
from streamlib.links.reader import RingReader, SlotReader
from streamlib.links.tapped import TapWriter
from streamlib.links.writer import GatedSlotWriter, SlotWriter


def check_arrangement(loop: Loop) -> None:
    """That a loop is arranged as its members and their links ask for. For its owner, between two frames."""
    ranks = [loop.rank(member) for member in loop.members]
    assert all(low < high for low, high in pairwise(ranks)), ranks
    assert all(loop.has(member) for member in loop.members)
    assert loop.head is None or loop.members[0] is loop.head
    inlined = [member for member in loop.members if member is not loop.head and not member.over]
    steps = dict(each_step(loop))
    assert set(steps) == set(inlined)
    assert loop.inlined == [member for member in inlined if _leads(member)]
    read_here = {channel for member in inlined if not member.paused for channel in member.incoming()}
    foreign = [member for member in inlined if any(isinstance(reader, RingReader) for reader in member.readers)]
    assert sorted(loop.foreign, key=loop.rank) == foreign
    assert set(loop.held) <= set(loop.members)
    assert set(loop.timers) <= set(loop.members)
    for member, step in steps.items():
        check_step(member, step, read_here)
    for member in loop.members:
        check_ends(loop, member)
    if loop.head is not None and not loop.head.over and loop.steps:
        assert loop.head.metrics.steady is not None


def each_step(loop: Loop) -> Iterator[tuple[ProcessorInstance, Any]]:
    """The step of each of its processors by itself."""
    assert len(loop.steps) == len(loop.inlined)
    for member, step in zip(loop.inlined, loop.steps, strict=True):
        cascade: Any = step[1]
        assert (cascade is member.cascade) is isinstance(cascade, Cascade)
        if isinstance(cascade, Cascade):
            assert step[0] is step[2] is member.readers[0]
            yield from zip(cascade.members, cascade.steps, strict=True)
        else:
            yield member, step


def _leads(member: ProcessorInstance) -> bool:
    cascade: Any = member.cascade
    return cascade is None or cascade.members[0] is member


def check_rest(loop: Loop) -> None:
    """That nobody is left who can do something and is not looked at again by himself. For its owner, after `settle`."""
    if loop.unsettled or loop.in_pass:  # what a head that waits in a write has written, the rest of the pass takes
        return
    now_ns = loop.now_ns()
    for member in loop.members:
        watched = member in loop.held or member in loop.foreign or member in loop.timers
        if member is loop.head or watched:
            continue
        assert not member.is_held(), member
        if member.over:
            assert member.free(), member
            continue
        asks = (member.poked or member.wake_ns is not None) and not member.unseen()
        assert asks or not (member.callable(now_ns) and member.free()), member
        assert not member.finishing, member
        assert member.paused or not member.exhausted(), member


def check_step(member: ProcessorInstance, step: Any, read_here: set[Channel]) -> None:
    gate, call, context = step
    assert context is member.context
    if is_steady(member, read_here):
        (slot,) = member.readers
        assert gate is slot, member
        assert call == member.call
        assert isinstance(slot, SlotReader)
        assert slot.steady is member.metrics.steady
        assert slot.steady is not None
        assert slot.gate is None
    else:
        assert gate is member, member
        assert isinstance(call, partial)
        assert call.args == (member,)
        assert member.metrics.steady is None
        for reader in member.readers:
            assert not isinstance(reader, SlotReader) or (reader.gate is member and reader.steady is None)


def is_steady(member: ProcessorInstance, read_here: set[Channel]) -> bool:
    if member.paused or len(member.readers) != 1 or not isinstance(member.readers[0], SlotReader):
        return False
    return all(
        isinstance(channel.reader, SlotReader) and (channel in read_here or channel.closed)
        for channel in member.outgoing()
    )


def check_ends(loop: Loop, member: ProcessorInstance) -> None:
    """That the slots it writes to know it, stand in the right order, and are held by its ports."""
    for port, channels in member.outputs.items():
        held = [writer_of(one) for one in parts(getattr(member.processor, port))]
        for channel in channels:
            assert channel.writer in held, (member, channel.name)
            slot = channel.reader
            if isinstance(slot, SlotReader):
                assert slot.source is member
                assert type(channel.writer) is (SlotWriter if slot.gate is None else GatedSlotWriter)
                assert slot.target is None or not loop.has(slot.target) or loop.rank(slot.target) > loop.rank(member)
    for channel in member.incoming():
        if isinstance(channel.reader, SlotReader):
            assert channel.reader.target is member


def parts(writer: Any) -> list[Any]:
    inner = getattr(writer, "inner", writer)
    return list(getattr(inner, "links", [inner]))


def writer_of(writer: Any) -> Any:
    return writer.link if isinstance(writer, TapWriter) else writer
