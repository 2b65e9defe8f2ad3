"""Edits of what is hard to edit: it waits, has failed, hosts others, is watched, or is changed twice in one edit."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    SchedulingStrategy,
    StreamRuntime,
)
from streamlib.errors import CommitError
from streamlib.graph import ProcessorNode
from streamlib.graph.components import WiredChannel
from streamlib.ids import LinkId
from streamlib.links.delivery import Delivery
from streamlib.links.statistics import LinkStatistics
from streamlib.processors.execution_mode import RestartLimits
from tests.scenarios.stage import SECONDS, Collect, Dedicated, Gated, Line, Numbers, Pairs, Pass, Record, Stuck


class Tallies(Processor):
    """Hands on and counts; hands its count over, and notes a frame that it is given after that."""

    class Config(ProcessorConfig):
        record: Any
        tag: str = ""
        refuses: bool = False

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)
    seen = 0
    exported = False

    def process(self, ctx: ProcessContext) -> None:
        if self.exported:
            self.config.record.called("called after its export")
        frame = self.into.read()
        if frame is not None:
            self.seen += 1
            self.out.write(frame)

    def export_state(self) -> int:
        self.exported = True
        return self.seen

    def import_state(self, state: int) -> None:
        if self.config.refuses:
            raise ValueError("not mine")
        self.seen = state


class GoesOn(Tallies):
    """As good as the other; goes on after an export that came to nothing."""

    def export_state(self) -> int:
        return self.seen


class FailsAt(Pass):
    """Fails at one number."""

    class Config(ProcessorConfig):
        at: int = 50

    restart_limits = RestartLimits(attempts=1, first_s=1_000.0, longest_s=1_000.0)

    def setup(self, ctx: object) -> None:
        """Nothing to open."""

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            if frame.data["n"] == self.config.at:
                raise ValueError("no luck")
            self.out.write(frame)

    def flush(self, ctx: ProcessContext) -> None:
        """Nothing is held back."""

    def teardown(self) -> None:
        """Nothing is open."""


class OtherNumbers(Numbers):
    """Goes on with the numbers of the one in whose place it comes."""

    def export_state(self) -> int:
        return int(self.n)

    def import_state(self, state: int) -> None:
        self.n = state


class MoreNumbers(OtherNumbers):
    """As good as the other."""


class Torrent(Numbers):
    """Writes one number after the other in one call, until it is released."""

    class Config(ProcessorConfig):
        release: Any
        first: int = 0
        count: int = -1
        record: Any = None

    def process(self, ctx: ProcessContext) -> None:
        while not self.config.release.is_set():
            super().process(ctx)
        ctx.wake_at(ctx.now_ns() + 1_000_000)


class MergeAll(Processor):
    """Any number of links in, one way out."""

    into = LinkInput(DataFrame, many=True)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.out.write(frame)


def statistics(runtime: StreamRuntime, link: str) -> LinkStatistics:
    wired = runtime.graph.get(LinkId(link), WiredChannel)
    assert wired is not None
    return wired.channel.statistics()


def instance_of(runtime: StreamRuntime, id_: str) -> Any:
    instance = runtime.processor(id_).instance()
    assert instance is not None
    return instance


@pytest.mark.promise("edit.replace")
def test_state_is_handed_over_once_and_nothing_is_processed_behind_its_export(runtime: StreamRuntime) -> None:
    """Every frame is counted by one of them, and by one alone."""
    line, record = Line(runtime), Record()
    runtime.replace(line.filter, Tallies, record=record)
    line.run()
    for number in range(40):
        if number % 2:
            runtime.replace("pass_0", Tallies, record=record)
        else:
            runtime.update_config("pass_0", tag=str(number))
        line.record.wait_for(5)
    line.record.wait_for(200)
    runtime.pause()
    assert instance_of(runtime, "pass_0").processor.seen == statistics(runtime, "numbers_0.out->pass_0.into").taken
    assert line.record.is_gapless(), line.record.gaps()
    assert line.record.numbers[0] == 0
    assert record.calls == []


@pytest.mark.promise("edit.rollback-any-step")
def test_a_fault_behind_the_export_has_the_old_one_go_on(runtime: StreamRuntime) -> None:
    line, record = Line(runtime), Record()
    runtime.replace(line.filter, GoesOn, record=record)
    line.run()
    for _ in range(20):
        with pytest.raises(CommitError, match="import_state of pass_0 failed: not mine"):
            runtime.replace("pass_0", Tallies, record=record, refuses=True)
        line.record.wait_for(5)
    runtime.pause()
    assert instance_of(runtime, "pass_0").processor.seen == statistics(runtime, "numbers_0.out->pass_0.into").taken
    assert line.record.is_gapless(), line.record.gaps()


@pytest.mark.promise("edit.replace", "edit.link-live")
def test_one_processor_is_replaced_joined_cut_and_its_links_updated_in_one_edit(runtime: StreamRuntime) -> None:
    line, life = Line(runtime).run(), Record()
    branches: list[Record] = []
    sinks: list[str] = []
    for turn, kind in zip(range(8), itertools.cycle([Tallies, Pass]), strict=False):
        branches.append(Record())
        with runtime.edit() as edit:
            edit.update_link("numbers_0.out->pass_0.into", capacity=1 + turn)
            new = edit.replace("pass_0", kind, record=life)
            if sinks:
                edit.remove(sinks[-1])
            sink = edit.add_processor(Collect, record=branches[-1])
            edit.connect(new, sink)
            edit.update_link("pass_0.out->collect_0.into", capacity=8 - turn)
        sinks.append(sink.id)
        branches[-1].wait_for(20)
        line.record.wait_for(20)
    for _ in range(4):
        runtime.undo()
        line.record.wait_for(20)
    for _ in range(4):
        runtime.redo()
        line.record.wait_for(20)
    runtime.stop()
    assert line.record.numbers[0] == 0
    assert line.record.is_gapless(), line.record.gaps()
    for branch in branches[:3]:  # the others were undone and came again
        assert branch.is_gapless(), branch.gaps()


@pytest.mark.promise("edit.replace")
def test_a_source_that_waits_inside_write_is_replaced_when_its_call_has_come_back(
    runtime: StreamRuntime, release: threading.Event
) -> None:
    """Its last frame arrives before the first of the new one, which goes on with the numbers."""
    record = Record()
    source = runtime.add_processor(OtherNumbers)
    sink = runtime.add_processor(Gated, record=record, gate=release)
    link = runtime.connect(source, sink, capacity=2)
    runtime.start()
    record.wait_for_call("waits")
    failed: list[BaseException] = []

    def replace() -> None:
        try:
            runtime.replace(source, MoreNumbers)
        except BaseException as error:
            failed.append(error)

    asks = threading.Thread(target=replace)
    asks.start()
    release.set()
    asks.join(SECONDS)
    assert not asks.is_alive()
    assert failed == []
    record.wait_for(50)
    runtime.update_link(link, capacity=5)
    runtime.replace(source, OtherNumbers)
    record.wait_for(50)
    runtime.stop()
    assert record.numbers[0] == 0
    assert record.is_gapless(), record.gaps()


@pytest.mark.promise("edit.replace")
@pytest.mark.parametrize("who", ["sink", "everybody"])
def test_a_source_that_waits_inside_write_behind_what_is_paused_is_changed_all_the_same(
    runtime: StreamRuntime, who: str
) -> None:
    """Its call comes to an end for the change: what it writes then goes beyond the capacity, and none is lost."""
    record = Record()
    source = runtime.add_processor(OtherNumbers)
    sink = runtime.add_processor(Collect, record=record)
    link = runtime.connect(source, sink, capacity=2)
    runtime.start()
    record.wait_for(20)
    runtime.pause(*([sink] if who == "sink" else []))
    for _ in range(3):
        runtime.replace(source, MoreNumbers)
        runtime.update_config(source, record=Record())  # which makes it anew
        runtime.replace(source, OtherNumbers)
    assert statistics(runtime, link.id).depth <= 2 + 9
    runtime.resume(*([sink] if who == "sink" else []))
    record.wait_for(50)
    runtime.stop()
    assert record.numbers[0] == 0
    assert record.is_gapless(), record.gaps()


def test_one_whose_call_goes_on_writing_behind_what_is_paused_is_not_replaced_and_told_why(
    release: threading.Event,
) -> None:
    runtime = StreamRuntime(scheduler=Dedicated())
    runtime._site.answer_s = 0.5
    record = Record()
    source = runtime.add_processor(Torrent, release=release)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(source, sink, capacity=2)
    runtime.start()
    try:
        record.wait_for(20)
        runtime.pause(sink)
        with pytest.raises(CommitError, match=r"room in a link: resume or remove those that it feeds.* Nothing was ch"):
            runtime.restart(source)
        runtime.resume(sink)
        record.wait_for(500)
        release.set()
        runtime.restart(source)
        assert record.is_gapless(), record.gaps()
    finally:
        release.set()
        runtime.stop(drain=False)


@pytest.mark.promise("edit.replace")
def test_one_that_has_failed_is_replaced_and_frames_go_on(runtime: StreamRuntime) -> None:
    record, main = Record(), Record()
    source = runtime.add_processor(Numbers)
    fails = runtime.add_processor(FailsAt, on_error="fail")
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(source, fails)
    runtime.connect(fails, sink)
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    runtime.start()
    record.wait_for_call("teardown")  # its end ended the sink
    main.wait_for(20)
    with runtime.edit() as edit:
        edit.replace(fails, Tallies, record=Record())
        edit.restart(sink)
    record.wait_for(50)
    runtime.stop()
    behind = record.numbers[50:]
    assert record.numbers[:50] == list(range(50))
    assert behind == list(range(behind[0], behind[0] + len(behind)))
    assert main.is_gapless(), main.gaps()


@pytest.mark.promise("edit.replace")
def test_one_that_waits_for_its_restart_is_replaced_and_loses_but_the_frame_it_failed_on(
    runtime: StreamRuntime,
) -> None:
    record = Record()
    source = runtime.add_processor(Numbers)
    fails = runtime.add_processor(FailsAt, on_error="restart")
    runtime.connect(source, fails)
    runtime.connect(fails, runtime.add_processor(Collect, record=record))
    states: list[str] = []
    waits = threading.Event()

    def hear(event: Any) -> None:
        states.append(getattr(event, "new", ""))
        if states[-1] == "restarting":
            waits.set()

    with runtime.events.subscribe(f"processor:{fails.id}", hear):
        runtime.start()
        assert waits.wait(SECONDS)
        runtime.replace(fails, Tallies, record=Record())
        record.wait_for(100)
    assert runtime.processor(fails.id).state == "running"
    runtime.stop()
    assert record.numbers == [*range(50), *range(51, 51 + len(record.numbers) - 50)]


@pytest.mark.promise("edit.replace")
def test_a_paused_one_is_replaced_with_its_links_updated_and_loses_nothing(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    runtime.pause(line.filter)
    with runtime.edit() as edit:
        edit.replace(line.filter, Tallies, record=Record())
        edit.update_link("numbers_0.out->pass_0.into", capacity=2)
        edit.update_link("pass_0.out->collect_0.into", capacity=1)
    runtime.undo()
    runtime.redo()
    assert runtime.processor("pass_0").state == "paused"
    runtime.resume("pass_0")
    line.record.wait_for(100)
    runtime.stop()
    assert line.record.numbers[0] == 0
    assert line.record.is_gapless(), line.record.gaps()


@pytest.mark.promise("edit.replace")
def test_a_head_is_replaced_and_those_who_are_inlined_behind_it_live_on(runtime: StreamRuntime) -> None:
    record, branch = Record(), Record()
    source = runtime.add_processor(OtherNumbers)
    before: Any = source
    for _ in range(4):
        after = runtime.add_processor(Pass)
        runtime.connect(before, after)
        before = after
    runtime.connect(before, runtime.add_processor(Collect, record=record))
    runtime.connect(source, runtime.add_processor(Collect, record=branch))
    runtime.start()
    for kind in (MoreNumbers, OtherNumbers, MoreNumbers):
        record.wait_for(50)
        runtime.replace(source, kind)
    runtime.update_link("pass_1.out->pass_2.into", capacity=1)
    runtime.undo()
    runtime.undo()
    record.wait_for(50)
    runtime.stop()
    assert record.numbers[0] == 0
    assert record.is_gapless(), record.gaps()
    assert branch.is_gapless(), branch.gaps()


@pytest.mark.promise("edit.link-live")
def test_the_links_of_an_input_of_many_are_updated_one_by_one(runtime: StreamRuntime) -> None:
    """Each keeps its place among the others, and loses nothing."""
    record = Record()
    sources = [runtime.add_processor(Numbers, first=first) for first in (0, 1_000_000, 2_000_000)]
    merge = runtime.add_processor(MergeAll)
    links = [runtime.connect(source, merge.input("into")) for source in sources]
    runtime.connect(merge, runtime.add_processor(Collect, record=record))
    runtime.start()
    record.wait_for(100)
    for capacity, link in zip((1, 30, 3, 2, 50, 8), itertools.cycle(links), strict=False):
        runtime.update_link(link, capacity=capacity)
        record.wait_for(50)
    with runtime.edit() as edit:
        for link in links:
            edit.update_link(link, capacity=5)
        edit.restart(merge)
    record.wait_for(50)
    instance = instance_of(runtime, merge.id)
    held = [channel.name for channel in instance.inputs["into"]]
    assert held == [link.id for link in links]
    assert [link.source for link in instance.processor.into.links] == [f"{source.id}.out" for source in sources]
    runtime.stop()
    for turn in range(3):
        part = [n for n in record.numbers if n // 1_000_000 == turn]
        assert part == list(range(turn * 1_000_000, turn * 1_000_000 + len(part)))


@pytest.mark.promise("edit.link-live")
def test_a_link_that_is_watched_is_updated_and_watched_on(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    link = "numbers_0.out->pass_0.into"
    with runtime.events.subscribe_queue(f"link:{link}") as queue:
        queue.get(SECONDS)
        for capacity, kind in zip((1, 20, 4), (Tallies, Pass, Tallies), strict=True):
            with runtime.edit() as edit:
                edit.update_link(link, capacity=capacity)
                edit.replace("pass_0", kind, record=Record())
            line.record.wait_for(2_000)
            while len(queue):  # what was told before
                queue.get(SECONDS)
            assert queue.get(SECONDS) is not None
            line.record.wait_for(20)
    runtime.update_link(link, capacity=8)
    line.record.wait_for(20)
    runtime.stop()
    assert line.record.numbers[0] == 0
    assert line.record.is_gapless(), line.record.gaps()


def deliveries() -> Iterator[tuple[Delivery, int]]:
    orders = itertools.permutations(Delivery)
    return zip(
        itertools.chain.from_iterable(itertools.islice(orders, 0, None, 5)), itertools.cycle((1, 8, 3)), strict=False
    )


@pytest.mark.promise("edit.link-live")
@pytest.mark.parametrize("link", ["numbers_0.out->pass_0.into", "pass_0.out->collect_0.into"])
def test_in_whatever_order_deliveries_follow_each_other_what_is_lost_is_counted(
    runtime: StreamRuntime, link: str
) -> None:
    """The processors around it are replaced meanwhile, and counters of the link go on."""
    line, written = Line(runtime).run(), 0
    for number, (delivery, capacity) in enumerate(deliveries()):
        with runtime.edit() as edit:
            edit.update_link(link, delivery=delivery, capacity=capacity)
            if number % 3 == 0:
                edit.replace("pass_0", (Tallies, Pass)[number % 2], record=Record())
        now = statistics(runtime, link).written
        assert now >= written
        written = now
        line.record.wait_for(5)
    for _ in range(50):
        runtime.pause()
        first, second = (
            statistics(runtime, one) for one in ("numbers_0.out->pass_0.into", "pass_0.out->collect_0.into")
        )
        for one in (first, second):
            assert one.written == one.taken + one.depth + one.dropped
        assert second.taken == len(line.record.numbers)
        if second.written == first.taken:
            break
        # paused with a frame in hand that waits for room: one that is lost would be missing at each pause
        assert second.written == first.taken - 1
        runtime.resume()
        line.record.wait_for(5)
    assert second.written == first.taken
    assert line.record.numbers == sorted(set(line.record.numbers))


@contextmanager
def everything_comes(runtime: StreamRuntime, records: list[Record], release: threading.Event) -> Iterator[None]:
    """Runs meanwhile, and releases who is stuck behind the block: then each record has every number from the first."""
    runtime.start()
    try:
        yield
        release.set()
        for record in records:
            record.wait_for(20)
    finally:
        release.set()
        runtime.stop()
    for record in records:
        assert record.is_gapless(), record.gaps()
        assert record.numbers[0] == 0


def test_a_frame_in_the_middle_of_a_fan_out_meets_an_update_of_the_link_it_has_not_come_to(
    release: threading.Event,
) -> None:
    """The source waits for room in the first link while the second is given another form."""
    runtime = StreamRuntime(scheduler=Dedicated())
    main, stuck, gate = Record(), Record(), threading.Event()
    source = runtime.add_processor(Pairs, gate=gate)
    blocks = runtime.add_processor(Stuck, record=stuck, release=release)
    sink = runtime.add_processor(Collect, record=main)
    runtime.connect(source, blocks)
    link = runtime.connect(source, sink)
    with everything_comes(runtime, [main], release):
        stuck.wait_for_call("stuck")
        gate.set()
        main.wait_until(lambda: len(main.numbers) >= 9)
        for capacity in (1, 30):
            runtime.update_link(link, capacity=capacity)
        runtime.restart(sink)


class BesideTheStuckOne:
    """Whoever may be stuck has a thread of his own, as the source has; the others are called in the source's."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        has_thread = node.processor_type == "Stuck" or not node.declaration.inputs
        return SchedulingStrategy.dedicated_thread() if has_thread else SchedulingStrategy.lightweight()


def wait_for_all(record: Record, numbers: int) -> None:
    record.wait_until(lambda: len(record.numbers) >= numbers)


@pytest.mark.parametrize("scheduler", [Dedicated(), BesideTheStuckOne()])
@pytest.mark.parametrize("cut_first", [0, 1])
@pytest.mark.parametrize("stuck_at", [0, 1, 2])
def test_a_frame_in_the_middle_of_a_fan_out_comes_once_to_both_ends_that_are_put_behind_one(
    stuck_at: int, cut_first: int, scheduler: Any, release: threading.Event
) -> None:
    """The source waits in a link before, between or behind two others, and a filter comes before both of those."""
    runtime = StreamRuntime(scheduler=scheduler)
    records, stuck, gate = [Record(), Record()], Record(), threading.Event()
    source = runtime.add_processor(Pairs, gate=gate)
    ends = [runtime.add_processor(Collect, record=record) for record in records]
    fan = [*ends]
    fan.insert(stuck_at, runtime.add_processor(Stuck, record=stuck, release=release))
    links = {one.id: runtime.connect(source, one) for one in fan}
    with everything_comes(runtime, records, release):
        stuck.wait_for_call("stuck")
        gate.set()
        in_slots = stuck_at == 0 and not isinstance(scheduler, Dedicated)  # what is called behind its call then
        for place, record in enumerate(records):
            wait_for_all(record, 9 - in_slots + (place < stuck_at))  # of those before it each has had one more
        with runtime.edit() as edit:
            for place in (cut_first, 1 - cut_first):
                edit.disconnect(links[ends[place].id])
            new = edit.add_processor(Pass)
            edit.connect(source, new)
            for end in ends:
                edit.connect(new, end)


def test_a_frame_in_the_middle_of_a_fan_out_comes_to_all_ends_of_a_way_that_is_taken_apart(
    release: threading.Event,
) -> None:
    """The source waits in the first link; the second led to two ends, and each gets a way of its own meanwhile."""
    runtime = StreamRuntime(scheduler=Dedicated())
    records, stuck, gate = [Record(), Record()], Record(), threading.Event()
    source = runtime.add_processor(Pairs, gate=gate)
    blocks = runtime.add_processor(Stuck, record=stuck, release=release)
    old = runtime.add_processor(Pass)
    sink, branch = (runtime.add_processor(Collect, record=record) for record in records)
    for ends in ((source, blocks), (source, old), (old, sink), (old, branch)):
        runtime.connect(*ends)
    with everything_comes(runtime, records, release):
        stuck.wait_for_call("stuck")
        gate.set()
        records[0].wait_until(lambda: len(records[0].numbers) >= 9)
        records[1].wait_until(lambda: len(records[1].numbers) >= 9)
        with runtime.edit() as edit:
            edit.remove(old)
            edit.connect(source, branch)
            new = edit.add_processor(Pass)
            edit.connect(source, new)
            edit.connect(new, sink)
