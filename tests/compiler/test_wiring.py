from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlib.clock import NEVER_NS
from streamlib.errors import ConnectError
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.graph.components import LightweightMarker
from streamlib.ids import ProcessorId
from streamlib.links.delivery import Delivery
from streamlib.links.reader import RingReader, SlotReader
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.processors.processor import Processor
from tests.compiler.yard import Yard
from tests.execution.whole import check_arrangement, check_rest
from tests.scenarios.stage import SECONDS, Both, Collect, Hand, Numbers, Pass, Record


def form(yard: Yard, link: str) -> str:
    return {SlotReader: "slot", RingReader: "ring"}[type(yard.channel(link).reader)]


def homes(yard: Yard, ids: Iterable[str]) -> str:
    """For each processor the head of the loop it is in; `-` for the common loop."""
    heads = [yard.loop(id_).head for id_ in ids]
    return " ".join("-" if head is None else head.id for head in heads)


# ----------------------------------------------------------------------------------------------------- forms of links


@pytest.mark.promise("link.inlined-chain", "link.ring-when-needed")
def test_an_inlined_chain_is_one_loop_at_its_head_with_a_slot_for_each_link(yard: Yard) -> None:
    yard.add(Pass, "a")
    for id_ in "dcb":
        yard.add(Pass, id_, inlined=True)
    links = yard.chain("a", "b", "c", "d")
    yard.commit()
    assert homes(yard, "abcd") == "a a a a"
    assert [form(yard, link) for link in links] == ["slot", "slot", "slot"]
    assert [member.id for member in yard.loop("a").members] == ["a", "b", "c", "d"]


@pytest.mark.promise("link.ring")
def test_where_two_threads_meet_a_link_is_a_ring_of_its_capacity(yard: Yard) -> None:
    for id_ in "abcd":
        yard.add(Pass, id_)
    declared = yard.join("a", "b")
    wide = yard.join("b", "c", capacity=40)
    newest = yard.join("c", "d", capacity=40, delivery=Delivery.LATEST)
    yard.commit()
    assert [form(yard, link) for link in (declared, wide, newest)] == ["ring"] * 3
    assert [yard.channel(link).capacity for link in (declared, wide, newest)] == [8, 40, 1]
    assert [yard.channel(link).delivery for link in (declared, wide, newest)] == ["every", "every", "latest"]


def test_one_output_feeds_a_slot_and_a_ring_at_once(yard: Yard) -> None:
    near, far = Record(), Record()
    yard.add(Hand, "hand")
    yard.add(Collect, "near", inlined=True, record=near)
    yard.add(Collect, "far", record=far)
    links = [yard.join("hand", "near"), yard.join("hand", "far")]
    yard.commit()
    assert [form(yard, link) for link in links] == ["slot", "ring"]
    yard.step("hand", 5)
    assert near.numbers == [0, 1, 2, 3, 4]
    far.wait_until(lambda: far.numbers == [0, 1, 2, 3, 4])


def test_a_link_that_changes_its_form_loses_no_frame_and_keeps_counting(yard: Yard) -> None:
    record = Record()
    yard.add(Hand, "hand")
    yard.add(Pass, "filter", inlined=True)
    yard.add(Collect, "sink", inlined=True, record=record)
    first, second = yard.chain("hand", "filter", "sink")
    yard.commit()
    loop, sink = yard.loop("sink"), yard.instance("sink")
    loop.apply(lambda: loop.pause_one(sink), 1.0)
    yard.step("hand", 3)
    yard.part(first)
    yard.commit()  # the filter moves to the common loop, and the sink behind it
    assert homes(yard, ["hand", "filter", "sink"]) == "hand - -"
    assert record.numbers == []
    assert yard.channel(second).statistics().written == 3
    home = yard.loop("sink")
    home.apply(lambda: home.resume_one(sink), 1.0)
    record.wait_until(lambda: record.numbers == [0, 1, 2])
    assert yard.channel(second).statistics().taken == 3


@pytest.mark.promise("link.ring-when-needed")
def test_a_slot_becomes_a_ring_when_its_reader_moves_away_and_a_slot_again_when_it_is_back(yard: Yard) -> None:
    record = Record()
    for id_ in ("one", "two"):
        yard.add(Hand, id_)
    yard.add(Both, "both", inlined=True)
    yard.add(Collect, "sink", inlined=True, record=record)
    left = yard.join("one", "both", "left")
    yard.join("both", "sink")
    yard.commit()
    right = yard.join("two", "both", "right")
    yard.commit()
    assert (form(yard, left), form(yard, right)) == ("slot", "ring")
    yard.part(left)
    yard.commit()
    assert form(yard, right) == "slot"
    yard.step("two", 3)
    assert record.numbers == [0, 1, 2]


# --------------------------------------------------------------------------------------------- where they are at home


def test_one_that_a_thread_feeds_is_at_home_there_before_a_manual_processor(yard: Yard) -> None:
    yard.add(Hand, "h")
    yard.add(Pass, "t")
    yard.add(Both, "x", inlined=True)
    yard.join("h", "x", "left")
    yard.join("t", "x", "right")
    yard.commit()
    assert homes(yard, "x") == "t"


def test_one_that_a_manual_processor_alone_feeds_is_called_by_its_step(yard: Yard) -> None:
    record = Record()
    yard.add(Hand, "h")
    yard.add(Collect, "x", inlined=True, record=record)
    yard.chain("h", "x")
    yard.commit()
    assert homes(yard, "x") == "h"
    yard.step("h")
    assert record.numbers == [0]


def test_one_that_is_fed_from_elsewhere_as_well_stays_where_it_is(yard: Yard) -> None:
    for id_ in "ab":
        yard.add(Pass, id_)
    yard.add(Both, "x", inlined=True)
    yard.join("b", "x", "right")
    yard.commit()
    assert homes(yard, "x") == "b"
    yard.join("a", "x", "left")
    yard.commit()
    assert homes(yard, "x") == "b"


def test_one_that_nobody_feeds_is_in_the_common_loop_until_somebody_does(yard: Yard) -> None:
    for id_ in "xy":
        yard.add(Pass, id_, inlined=True)
    (link,) = yard.chain("x", "y")
    yard.commit()
    assert homes(yard, "xy") == "- -"
    assert form(yard, link) == "slot"
    yard.add(Pass, "a")
    yard.join("a", "x")
    yard.commit()
    assert homes(yard, "xy") == "a a"
    assert "streamlib:lightweight" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("how", ["disconnected", "removed"])
def test_one_moves_with_all_behind_it_when_its_feeder_goes(yard: Yard, how: str) -> None:
    for id_ in "ab":
        yard.add(Pass, id_)
    for id_ in "xyz":
        yard.add(Pass, id_, inlined=True)
    links = yard.chain("a", "x", "y", "z")
    yard.commit()
    if how == "removed":
        yard.remove("a")
    else:
        yard.part(links[0])
    yard.join("b", "x")
    yard.commit()
    assert homes(yard, "xyz") == "b b b"
    assert [member.id for member in yard.loop("b").members] == ["b", "x", "y", "z"]


def test_one_that_its_feeder_leaves_goes_to_the_other_that_feeds_it(yard: Yard) -> None:
    for id_ in "ab":
        yard.add(Pass, id_)
    yard.add(Both, "x", inlined=True)
    left, right = yard.join("a", "x", "left"), yard.join("b", "x", "right")
    yard.commit()
    assert homes(yard, "x") == "a"
    assert (form(yard, left), form(yard, right)) == ("slot", "ring")
    yard.remove("a")
    yard.commit()
    assert homes(yard, "x") == "b"
    assert form(yard, right) == "slot"


def test_a_branch_that_joins_two_threads_has_one_home(yard: Yard) -> None:
    """A diamond whose sides run in different loops: who joins them is called in one of them alone."""
    yard.add(Pass, "s")
    yard.add(Pass, "t")
    yard.add(Pass, "i", inlined=True)
    yard.add(Both, "x", inlined=True)
    yard.chain("s", "i")
    yard.join("s", "t")
    joins = [yard.join("t", "x", "left"), yard.join("i", "x", "right")]
    yard.commit()
    assert homes(yard, "itx") == "s t t"
    assert [form(yard, link) for link in joins] == ["slot", "ring"]


# -------------------------------------------------------------------------------------- whatever the graph looks like


def check(yard: Yard) -> None:
    """What holds of every graph after every commit."""
    graph = yard.graph
    for link in graph.links():
        ends = yard.loop(link.source.processor_id), yard.loop(link.target.processor_id)
        assert form(yard, link.id) == ("slot" if ends[0] is ends[1] else "ring"), link.id
        assert yard.channel(link.id) in yard.instance(link.source.processor_id).outputs["out"]
        assert yard.instance(link.target.processor_id).inputs[link.target.port] == [yard.channel(link.id)]
    for id_ in graph.processor_ids():
        check_home(yard, id_)
    for loop in yard.site.running_loops():
        ids = [member.id for member in loop.members]
        for link in graph.links():
            source, target = link.source.processor_id, link.target.processor_id
            assert not {source, target} <= set(ids) or ids.index(source) < ids.index(target), ids
        found: list[BaseException] = []
        loop.apply(partial(checked, loop, found), SECONDS)
        assert not found, found
        assert all(yard.instance(id_) is member for id_, member in zip(ids, loop.members, strict=True))


def checked(loop: Loop, found: list[BaseException], check: Callable[[Loop], None] = check_arrangement) -> None:
    try:
        check(loop)
    except BaseException as error:
        found.append(error)


def check_home(yard: Yard, id_: ProcessorId) -> None:
    instance, graph = yard.instance(id_), yard.graph
    assert instance in yard.loop(id_).members
    assert sum(len(channels) for channels in instance.outputs.values()) == len(graph.links_from(id_))
    heard = [channel for channel in instance.incoming() if channel.reader and not channel.reader.muted]
    assert len(heard) == len(graph.links_into(id_))  # what a cut link still held is read, and its end ends nobody
    if not graph.has(id_, LightweightMarker):
        assert yard.loop(id_).head is instance
        return
    feeders = [yard.loop(feeder) for feeder in graph.predecessors(id_)]
    assert yard.loop(id_) in (feeders or [yard.site.threads.common_loop()])


class Quiet(Numbers):
    """A source that says nothing, on a thread of its own."""

    def process(self, ctx: Any) -> None:
        ctx.wake_at(1 << 62)


KINDS = {"h": Hand, "s": Quiet, **dict.fromkeys("abcdefg", Both)}
EDITS = st.tuples(
    st.sampled_from(("add", "add", "connect", "connect", "connect", "remove", "part", "commit")),
    st.sampled_from("hsabcdefg"),
    st.sampled_from("abcdefg"),
    st.integers(0, 7),
)


def edit(
    yard: Yard, verb: str, one: str, other: str, number: int, kinds: Mapping[str, type[Processor]] = KINDS
) -> None:
    present = set(yard.graph.processor_ids())
    if verb == "add" and one not in present:
        yard.lightweight.discard(one)
        yard.add(kinds[one], one, inlined=number > 1 and one not in "hs")
    elif verb == "remove" and one in present:
        yard.remove(one)
    elif verb == "part" and yard.graph.link_ids():
        yard.part(yard.graph.link_ids()[number % len(yard.graph.link_ids())])
    elif verb == "connect" and {one, other} <= present:
        with suppress(ConnectError):
            yard.join(one, other, "left" if number % 2 else "right")


@settings(max_examples=60)
@given(st.lists(EDITS, min_size=8, max_size=50))
def test_whatever_the_graph_every_link_has_the_form_that_fits_and_everyone_a_home(edits: list[Any]) -> None:
    yard = Yard()
    try:
        for verb, one, other, number in [*edits, ("commit", "a", "a", 0)]:
            if verb == "commit":
                yard.commit()
                check(yard)
            else:
                edit(yard, verb, one, other, number)
    finally:
        yard.close()
    assert yard.attached() == []


# ------------------------------------------------------------------------------------------ and whatever is on its way


class Talker(Numbers):
    """A source on a thread of its own that writes some frames whenever it is woken."""

    def process(self, ctx: Any) -> None:
        for _ in range(3):
            super().process(ctx)
        ctx.wake_at(NEVER_NS)


TALKING = {**KINDS, "h": Talker}
TRAFFIC = st.one_of(
    EDITS,
    st.tuples(st.sampled_from(("pause", "resume", "restart")), st.sampled_from("abcdefg"), st.just("a"), st.just(0)),
    st.tuples(st.just("talk"), st.just("h"), st.just("a"), st.just(0)),
)


def move(yard: Yard, verb: str, one: str) -> None:
    """Have frames on their way, or stay where they are."""
    if ProcessorId(one) not in yard.graph or not yard.graph.has(ProcessorId(one), ProcessorInstance):
        return
    loop, instance = yard.loop(one), yard.instance(one)
    if verb == "talk":
        instance.wake()
    elif verb == "restart":
        yard.commit(one)
    else:
        loop.apply(partial(loop.pause_one if verb == "pause" else loop.resume_one, instance), SECONDS)


def check_traffic(yard: Yard) -> None:
    """Loops are arranged as their members ask for, and know all who can do something."""
    found: list[BaseException] = []
    for loop in yard.site.running_loops():
        loop.apply(partial(checked, loop, found, check_arrangement), SECONDS)
        loop.apply(partial(checked, loop, found, check_rest), SECONDS)
    assert not found, found


def check_arrived(yard: Yard) -> None:
    """Nothing waits any more once nobody is paused."""
    for id_ in yard.graph.processor_ids():
        move(yard, "resume", id_)
    links = [yard.channel(link) for link in yard.graph.link_ids()]
    deadline = time.monotonic() + SECONDS
    while any(link.statistics().depth for link in links) and time.monotonic() < deadline:
        check_traffic(yard)
    assert [link.name for link in links if link.statistics().depth] == []


@settings(max_examples=60)
@given(st.lists(TRAFFIC, min_size=8, max_size=60))
def test_whatever_is_on_its_way_through_an_edit_arrives_and_who_has_something_to_do_is_known(edits: list[Any]) -> None:
    yard = Yard()
    try:
        for id_ in "hsabcdef":
            edit(yard, "add", id_, "a", 2, TALKING)
        for source, target in ("ha", "ab", "bc", "sd", "de"):
            edit(yard, "connect", source, target, 1)
        yard.commit()
        for verb, one, other, number in edits:
            if verb == "commit":
                yard.commit()
                check(yard)
            elif verb in {"pause", "resume", "talk", "restart"}:
                move(yard, verb, one)
            else:
                edit(yard, verb, one, other, number, TALKING)
            check_traffic(yard)
        yard.commit()
        check(yard)
        check_arrived(yard)
    finally:
        yard.close()
    assert yard.attached() == []


def test_a_manual_processor_is_at_home_with_itself_whatever_feeds_it(yard: Yard) -> None:
    class ByHand(Pass):
        execution = Hand.execution

    yard.add(Pass, "a")
    yard.add(ByHand, "m", inlined=True)
    (link,) = yard.chain("a", "m")
    yard.commit()
    assert homes(yard, "m") == "m"
    assert form(yard, link) == "ring"
    instance: ProcessorInstance = yard.instance("m")
    assert instance.declaration.execution.mode is ExecutionMode.MANUAL
