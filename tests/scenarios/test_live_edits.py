"""Edits of a graph while frames flow through it at full speed: the untouched path loses nothing."""

from __future__ import annotations

import threading

import pytest

from streamlib import StreamRuntime
from streamlib.links import fanout
from streamlib.runtime.handles import ProcessorHandle
from tests.scenarios.stage import SECONDS, Both, Collect, Dedicated, Line, Numbers, Pairs, Pass, Record, Stuck


@pytest.mark.promise("edit.untouched-links", "edit.idle-running-paused", "runtime.mutations")
def test_branches_come_and_go_while_frames_flow(runtime: StreamRuntime) -> None:
    line = Line(runtime).run(100)
    source, filter_, record = line.source, line.filter, line.record
    for at in (source, filter_, source):
        branch = Record()
        with runtime.edit() as edit:
            sink = edit.add_processor(Collect, record=branch)
            edit.connect(at, sink)
        branch.wait_for(100)
        runtime.remove(sink)
        assert branch.calls == ["setup", "flush", "teardown"]
        assert branch.is_gapless(), branch.gaps()
        record.wait_for(100)
    runtime.stop()
    assert record.numbers[0] == 0
    assert record.is_gapless(), record.gaps()


@pytest.mark.promise("edit.untouched-links")
@pytest.mark.parametrize("paced", [False, True])
def test_links_come_and_go_at_an_output_that_many_read(
    runtime: StreamRuntime, monkeypatch: pytest.MonkeyPatch, *, paced: bool
) -> None:
    """Bundled by threes, so that each edit touches some of the bundles. Paced by one that no edit has to do with."""
    monkeypatch.setattr(fanout, "BUNDLE", 3)
    stay, come, inputs = [Record() for _ in range(10)], [Record() for _ in range(9)], []
    with runtime.edit() as edit:
        source = edit.add_processor(Numbers)
        for record in stay:
            sink = edit.add_processor(Collect, record=record)
            edit.connect(source, sink, capacity=1 if paced and record is stay[0] else None)
    runtime.start()
    for round_ in range(3):
        for record in come[round_ * 3 :][:3]:
            with runtime.edit() as edit:
                inputs.append(edit.add_processor(Collect, record=record))
                edit.connect(source, inputs[-1])
            record.wait_for(20)
        runtime.remove(inputs.pop(0))
        with runtime.edit() as edit:  # one in the place of another, while a frame is on its way to all
            edit.remove(inputs.pop(0))
            edit.connect(source, edit.add_processor(Collect, record=Record()))
        runtime.undo()
        stay[-1].wait_for(20)
    runtime.stop()
    for record in stay:
        assert record.is_gapless(), record.gaps()
    for record in come:
        assert len(record.gaps()) <= 1, "one that was taken away was put back, and none came or went twice"
        assert record.numbers == sorted({*record.numbers})
    assert {record.numbers[0] for record in stay} == {0}
    assert len({record.numbers[-1] for record in stay}) == 1


@pytest.mark.promise("edit.untouched-links")
def test_a_filter_is_put_between_two_processors_and_taken_out_again(runtime: StreamRuntime) -> None:
    line = Line(runtime).run(100)
    filter_, sink, record = line.filter, line.sink, line.record
    for _ in range(10):
        between = Record()
        with runtime.edit() as edit:
            middle = edit.add_processor(Pass, record=between)
            edit.disconnect(f"{filter_.id}.out->{sink.id}.into")
            edit.connect(filter_, middle)
            edit.connect(middle, sink)
        record.wait_for(50)
        with runtime.edit() as edit:
            edit.remove(middle)
            edit.connect(filter_, sink)
        assert between.calls == ["setup", "flush", "teardown"]
        record.wait_for(50)
    runtime.stop()
    assert record.is_gapless(), record.gaps()
    assert record.calls == ["setup", "flush", "teardown"]


def test_a_chain_of_filters_is_put_in_and_taken_out(runtime: StreamRuntime) -> None:
    line = Line(runtime).run(100)
    source, filter_, record = line.source, line.filter, line.record
    for _ in range(5):
        with runtime.edit() as edit:
            edit.disconnect(f"{source.id}.out->{filter_.id}.into")
            before: ProcessorHandle = source
            added = []
            for _ in range(4):
                added.append(edit.add_processor(Pass))
                edit.connect(before, added[-1])
                before = added[-1]
            edit.connect(before, filter_)
        record.wait_for(50)
        with runtime.edit() as edit:
            for handle in added:
                edit.remove(handle)
            edit.connect(source, filter_)
        record.wait_for(50)
    runtime.stop()
    assert record.is_gapless(), record.gaps()


def test_a_filter_is_replaced_by_another_in_one_edit(runtime: StreamRuntime) -> None:
    line = Line(runtime).run(100)
    source, filter_, sink, record = line.source, line.filter, line.sink, line.record
    for _ in range(10):
        with runtime.edit() as edit:
            new = edit.add_processor(Pass)
            edit.remove(filter_)
            edit.connect(source, new)
            edit.connect(new, sink)
        filter_ = new
        record.wait_for(50)
    runtime.stop()
    assert record.is_gapless(), record.gaps()


def test_a_link_is_cut_and_joined_again(runtime: StreamRuntime) -> None:
    """What is written while the output is a plug goes nowhere; order holds and nothing comes twice."""
    line = Line(runtime).run(100)
    filter_, sink, record = line.filter, line.sink, line.record
    for _ in range(10):
        runtime.disconnect(f"{filter_.id}.out->{sink.id}.into")
        runtime.connect(filter_, sink)
        record.wait_for(20)
    runtime.stop()
    assert record.numbers == sorted(set(record.numbers))


@pytest.mark.promise("link.fan-out")
def test_one_output_feeds_many_and_each_gets_all(runtime: StreamRuntime) -> None:
    records = [Record() for _ in range(4)]
    source = runtime.add_processor(Numbers, count=500)
    for record in records:
        runtime.connect(source, runtime.add_processor(Collect, record=record))
    runtime.start()
    assert runtime.wait(SECONDS)
    assert [record.numbers for record in records] == [list(range(500))] * 4


def test_an_input_that_changes_its_source_reads_the_old_frames_first(runtime: StreamRuntime) -> None:
    """The last number of the old source is followed by the first of the new one, and none is lost before."""
    record = Record()
    first = runtime.add_processor(Numbers)
    second = runtime.add_processor(Numbers, first=1_000_000)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(first, sink)
    runtime.start()
    record.wait_for(100)
    with runtime.edit() as edit:
        edit.disconnect(f"{first.id}.out->{sink.id}.into")
        edit.connect(second, sink)
    record.wait_for(100)
    runtime.stop()
    old = [number for number in record.numbers if number < 1_000_000]
    new = record.numbers[len(old) :]
    assert old == list(range(len(old)))
    assert new == list(range(new[0], new[0] + len(new)))
    assert new[0] >= 1_000_000


def test_a_source_is_replaced_and_its_last_frames_arrive_before_those_of_the_new_one(runtime: StreamRuntime) -> None:
    record = Record()
    source = runtime.add_processor(Numbers)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(source, sink)
    runtime.start()
    record.wait_for(100)
    for turn in range(1, 6):
        with runtime.edit() as edit:
            new = edit.add_processor(Numbers, first=turn * 10_000_000)
            edit.remove(source)
            edit.connect(new, sink)
        source = new
        record.wait_for(100)
    runtime.stop()
    for turn in range(6):
        part = [n for n in record.numbers if n // 10_000_000 == turn]
        assert part == list(range(turn * 10_000_000, turn * 10_000_000 + len(part)))
    assert record.numbers == sorted(record.numbers)
    assert record.calls == ["setup", "flush", "teardown"]


def test_a_processor_without_a_feeder_is_fed_and_left_alone_again(runtime: StreamRuntime) -> None:
    """Its home loop changes each time, where it is lightweight."""
    line = Line(runtime).run(100)
    source, record = line.source, line.record
    seen = Record()
    orphan = runtime.add_processor(Pass)
    runtime.connect(orphan, runtime.add_processor(Collect, record=seen))
    for _ in range(10):
        link = runtime.connect(source, orphan)
        seen.wait_for(20)
        runtime.disconnect(link)
    runtime.stop()
    assert record.is_gapless(), record.gaps()
    assert seen.numbers == sorted(set(seen.numbers))
    assert seen.calls == ["setup", "flush", "teardown"]


def test_a_processor_that_loses_one_of_two_feeders_goes_on_with_the_other(runtime: StreamRuntime) -> None:
    record = Record()
    sources = [runtime.add_processor(Numbers, first=first) for first in (0, 1_000_000)]
    both = runtime.add_processor(Both)
    runtime.connect(sources[0], both.input("left"))
    runtime.connect(sources[1], both.input("right"))
    runtime.connect(both, runtime.add_processor(Collect, record=record))
    runtime.start()
    record.wait_until(lambda: {n // 1_000_000 for n in record.numbers} == {0, 1})
    runtime.remove(sources[0])
    record.wait_for(100)
    runtime.stop()
    for turn in (0, 1):
        part = [n for n in record.numbers if n // 1_000_000 == turn]
        assert part == list(range(turn * 1_000_000, turn * 1_000_000 + len(part)))
    assert both.state == "idle"


def test_a_head_that_hosts_others_is_removed_and_they_live_on(runtime: StreamRuntime) -> None:
    record = Record()
    first, second = (runtime.add_processor(Numbers, first=first) for first in (0, 1_000_000))
    both = runtime.add_processor(Both)
    tail = runtime.add_processor(Pass)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(first, both.input("left"))
    runtime.connect(both, tail)
    runtime.connect(tail, sink)
    runtime.start()
    record.wait_for(100)
    runtime.connect(second, both.input("right"))
    record.wait_until(lambda: max(record.numbers[-50:]) >= 1_000_000)
    runtime.remove(first)
    record.wait_for(100)
    runtime.stop()
    for turn in (0, 1):
        part = [n for n in record.numbers if n // 1_000_000 == turn]
        assert part == list(range(part[0], part[0] + len(part)))
    assert record.calls == ["setup", "flush", "teardown"]


@pytest.mark.promise("edit.any-thread")
def test_two_edits_at_once_from_two_threads_both_take_effect(runtime: StreamRuntime) -> None:
    line = Line(runtime).run(100)
    source, filter_, record = line.source, line.filter, line.record
    failures: list[BaseException] = []

    def come_and_go(at: ProcessorHandle) -> None:
        try:
            for _ in range(10):
                branch = Record()
                with runtime.edit() as edit:
                    sink = edit.add_processor(Collect, record=branch)
                    edit.connect(at, sink)
                branch.wait_for(10)
                runtime.remove(sink)
                assert branch.is_gapless(), branch.gaps()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=come_and_go, args=(at,)) for at in (source, filter_)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * SECONDS)
    assert not failures
    runtime.stop()
    assert record.is_gapless(), record.gaps()


@pytest.mark.parametrize("main_first", [True, False])
def test_a_frame_that_is_in_the_middle_of_a_fan_out_arrives_once_on_each_way(
    main_first: bool, release: threading.Event
) -> None:
    """The source waits for room in a branch that is stuck, while the ways beside it are cut, joined and removed."""
    runtime = StreamRuntime(scheduler=Dedicated())
    main, stuck, side = Record(), Record(), Record()
    gate = threading.Event()
    source = runtime.add_processor(Pairs, gate=gate)
    sink = runtime.add_processor(Collect, record=main)
    blocks = runtime.add_processor(Stuck, record=stuck, release=release)
    beside = runtime.add_processor(Collect, record=side)
    for target in (sink, blocks, beside) if main_first else (beside, blocks, sink):
        runtime.connect(source, target)
    runtime.start()
    stuck.wait_for_call("stuck")
    gate.set()
    first = main if main_first else side
    first.wait_until(lambda: len(first.numbers) == 10)  # one stuck, eight behind it, and one on its way
    with runtime.edit() as edit:
        edit.remove(beside)
        between = edit.add_processor(Pass)
        edit.disconnect(f"{source.id}.out->{sink.id}.into")
        edit.connect(source, between)
        edit.connect(between, sink)
    assert side.calls == ["setup", "flush", "teardown"]
    release.set()
    main.wait_for(20)
    runtime.stop()
    assert main.is_gapless(), main.gaps()
    assert side.is_gapless()
