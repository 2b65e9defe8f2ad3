"""Edits from inside process, from subscribers and delegates, from several threads, and collected by hand."""

from __future__ import annotations

import itertools
import threading
from typing import Any

import pytest

from streamlib import CommitMode, ProcessContext, StreamRuntime
from streamlib.errors import (
    CommitError,
    ConnectError,
    CycleError,
    DeclarationError,
    DuplicateIdError,
    StateError,
    UnknownLinkError,
    UnknownPortError,
    UnknownProcessorError,
    UnknownTypeError,
)
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Both, Collect, Numbers, Pass, Record


@pytest.mark.promise("edit.inside-process", "runtime.same-handle", "runtime.commit-waits")
def test_a_processor_changes_the_graph_from_inside_its_process(runtime: StreamRuntime) -> None:
    """hwangsaeul/gaeguli#88: a change asked for on a streaming thread deadlocked."""
    branch, main = Record(), Record()
    handles: list[Any] = []
    errors: list[BaseException] = []

    class Grows(Pass):
        """Gives itself a branch at its tenth frame and takes it away at its thousandth."""

        def process(self, ctx: ProcessContext) -> None:
            frame = self.into.read()
            if frame is None:
                return
            if frame.data["n"] == 10:
                handles.append(runtime.add_processor(Collect, record=branch))
                runtime.connect(source, handles[0])
                try:
                    handles[0].commit.wait(SECONDS)
                except StateError as error:
                    errors.append(error)
            if branch.numbers and len(handles) == 1:
                handles.append(None)
                runtime.remove(handles[0])
            self.out.write(frame)

    source = runtime.add_processor(Numbers)
    grows = runtime.add_processor(Grows)
    runtime.connect(source, grows)
    runtime.connect(grows, runtime.add_processor(Collect, record=main))
    runtime.start()
    branch.wait_for_call("teardown")
    main.wait_for(20)
    handles[0].commit.wait(SECONDS)
    runtime.stop()
    assert len(errors) == 1
    assert "inside a processor" in str(errors[0])
    assert handles[0].id == "collect_1"
    assert branch.calls == ["setup", "flush", "teardown"]
    assert branch.is_gapless(), branch.gaps()
    assert main.is_gapless(), main.gaps()


def test_a_subscriber_changes_the_graph(runtime: StreamRuntime) -> None:
    """What it asks for on the thread that commits comes behind that commit, and cannot be waited for there."""
    branch, main = Record(), Record()
    tickets: list[Any] = []
    errors: list[BaseException] = []

    def grow(event: Any) -> None:
        if type(event).__name__ != "GraphDidAddProcessor" or tickets:
            return
        handle = runtime.add_processor(Collect, record=branch)
        tickets.append(handle.commit)
        tickets.append(runtime.connect(source, handle).commit)
        for wait in (tickets[0].wait, runtime.wait):
            try:
                wait(SECONDS)
            except StateError as error:
                errors.append(error)

    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    runtime.start()
    main.wait_for(5)
    runtime.events.subscribe("runtime:global", grow)
    runtime.add_processor(Pass)
    for ticket in tickets:
        ticket.wait(SECONDS)
    branch.wait_for(20)
    assert len(errors) == 2
    runtime.stop()
    assert main.is_gapless()


def test_a_delegate_changes_the_graph(make: Make) -> None:
    branch, main = Record(), Record()
    tickets: list[Any] = []

    class Delegate:
        def did_start(self, processor_id: str) -> None:
            if not tickets:
                with runtime.edit() as edit:
                    sink = edit.add_processor(Collect, record=branch)
                    edit.connect(source, sink)
                tickets.append(sink.commit)

    runtime = make(processor_delegate=Delegate())
    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    runtime.start()
    tickets[0].wait(SECONDS)
    branch.wait_for(20)
    runtime.stop()
    assert branch.is_gapless()
    assert main.numbers[0] == 0


@pytest.mark.promise("edit.any-thread")
def test_many_threads_edit_at_once_and_every_edit_takes_effect(runtime: StreamRuntime) -> None:
    main = Record()
    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    runtime.start()
    main.wait_for(5)
    ids: list[str] = []

    def add() -> None:
        for _ in range(5):
            record = Record()
            sink = runtime.add_processor(Collect, record=record)
            runtime.connect(source, sink)
            record.wait_for(5)
            ids.append(sink.id)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * SECONDS)
    assert len(set(ids)) == 20
    assert len(runtime.graph.links()) == 21
    runtime.stop()
    assert main.is_gapless(), main.gaps()


@pytest.mark.promise("edit.commit-manual")
def test_by_hand_nothing_happens_before_the_commit(make: Make) -> None:
    runtime = make(commit_mode="manual")
    record = Record()
    source = runtime.add_processor(Numbers, id="source")
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(source, sink)
    assert runtime.graph.processor_ids() == []
    before = sink.commit.done
    runtime.commit()
    assert runtime.graph.processor_ids() == ["source", sink.id]
    assert (before, sink.commit.done) == (False, True)
    runtime.start()
    record.wait_for(5)
    branch = Record()
    other = runtime.add_processor(Collect, record=branch)
    runtime.connect(source, other)
    runtime.remove(sink)
    assert sink.id in runtime.graph
    assert branch.calls == []
    runtime.commit()
    branch.wait_for(5)
    assert record.calls == ["setup", "flush", "teardown"]
    runtime.commit()
    runtime.add_processor(Pass)
    runtime.stop()
    runtime.start()
    assert "pass_0" in runtime.graph  # a start commits what is pending


def test_by_hand_a_commit_that_fails_changes_nothing_and_is_not_tried_again(make: Make) -> None:
    runtime = make(commit_mode=CommitMode.MANUAL)
    runtime.add_processor(Pass, id="a")
    runtime.commit()
    runtime.add_processor(Pass, id="b")
    runtime.add_processor(Pass, id="a")
    with pytest.raises(DuplicateIdError):
        runtime.commit()
    assert runtime.graph.processor_ids() == ["a"]
    runtime.commit()
    assert runtime.graph.processor_ids() == ["a"]


@pytest.mark.promise("edit.commit-auto")
def test_each_call_is_a_commit_of_its_own(runtime: StreamRuntime) -> None:
    record = Record()
    source = runtime.add_processor(Numbers)
    runtime.start()
    sink = runtime.add_processor(Collect, record=record)
    assert record.calls == ["setup"]
    assert sink.commit.done
    link = runtime.connect(source, sink)
    record.wait_for(5)
    runtime.disconnect(link)
    assert runtime.graph.link_ids() == []


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.promise("runtime.only-ports-that-fit", "schema.frame-class-fits")
def test_ports_that_are_not_clear_are_listed(runtime: StreamRuntime) -> None:
    source, other = runtime.add_processor(Numbers), runtime.add_processor(Numbers)
    both, sink = runtime.add_processor(Both), runtime.add_processor(Collect, record=Record())
    with pytest.raises(ConnectError, match=r"2 ways: numbers_0\.out -> both_0\.left; numbers_0\.out -> both_0\.right"):
        runtime.connect(source, both)
    runtime.connect(source, both.input("left"))
    runtime.connect(other, both)  # the one that is free
    with pytest.raises(ConnectError, match="collect_0 has no output"):
        runtime.connect(sink, both)
    with pytest.raises(ConnectError, match="numbers_1 has no input"):
        runtime.connect(both, other)


def test_what_is_not_known_names_the_nearest(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(Numbers)
    both = runtime.add_processor(Both)
    link = runtime.connect(source, both.input("left"))
    with pytest.raises(UnknownProcessorError, match="numbers_0"):
        runtime.remove("number_0")
    with pytest.raises(UnknownPortError, match="left"):
        both.input("lft")
    with pytest.raises(UnknownPortError, match="out"):
        source.output("outt")
    with pytest.raises(UnknownLinkError, match=r"numbers_0\.out->both_0\.left"):
        runtime.disconnect("numbers_0.out->both_0.lft")
    with pytest.raises(UnknownTypeError, match="Numbers"):
        runtime.add_processor("Numbrs")
    runtime.disconnect(link)
    with pytest.raises(UnknownLinkError):
        runtime.disconnect(link)


@pytest.mark.promise("runtime.type-by-name")
def test_a_type_is_named_once_it_is_known(runtime: StreamRuntime) -> None:
    runtime.add_processor(Numbers)
    again = runtime.add_processor("Numbers", {"first": 7}, count=1)
    assert (again.id, again.config.first, again.config.count) == ("numbers_1", 7, 1)
    assert runtime.add_processor("PushSource").id == "push_source_0"


def test_a_circle_is_refused_with_its_way(runtime: StreamRuntime) -> None:
    handles = [runtime.add_processor(Pass) for _ in range(3)]
    for before, after in itertools.pairwise(handles):
        runtime.connect(before, after)
    with pytest.raises(CycleError, match="pass_2 -> pass_0 -> pass_1 -> pass_2"):
        runtime.connect(handles[2], handles[0])
    alone = runtime.add_processor(Pass)
    with pytest.raises(CycleError, match="pass_3 -> pass_3"):
        runtime.connect(alone, alone)
    runtime.start()


def test_a_setup_may_not_wait_for_an_edit_of_its_own(runtime: StreamRuntime) -> None:
    class Impatient(Pass):
        def setup(self, ctx: Any) -> None:
            runtime.add_processor(Pass).commit.wait(SECONDS)

    runtime.start()
    with pytest.raises(CommitError, match="cannot be waited for inside"):
        runtime.add_processor(Impatient)


def test_an_edit_that_waits_for_its_turn_comes_after_the_one_before(runtime: StreamRuntime) -> None:
    gate, record = threading.Event(), Record()

    class Slow(Pass):
        def setup(self, ctx: Any) -> None:
            record.called("setup")
            assert gate.wait(SECONDS)

    runtime.start()
    first = threading.Thread(target=lambda: runtime.add_processor(Slow, id="slow"))
    first.start()
    record.wait_for_call("setup")
    second = threading.Thread(target=lambda: runtime.add_processor(Pass, id="quick"))
    second.start()
    assert "quick" not in runtime.graph
    gate.set()
    for thread in (first, second):
        thread.join(SECONDS)
    assert runtime.graph.processor_ids() == ["slow", "quick"]


def test_what_is_no_processor_and_no_port_is_told_what_to_write(runtime: StreamRuntime) -> None:
    given: Any = Numbers()
    with pytest.raises(DeclarationError, match="takes the class Numbers, not an instance"):
        runtime.add_processor(given)
    given = numbers_of
    with pytest.raises(DeclarationError, match="not function; write @processor above it"):
        runtime.add_processor(given)
    source = runtime.add_processor(Numbers)
    given = "numbers_0"
    with pytest.raises(ConnectError, match=r"runtime\.processor\('numbers_0'\) is the handle"):
        runtime.connect(given, source)


def numbers_of(frame: object) -> object:
    """No processor, for want of a decorator."""
    return frame


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("out", r"handle\.output\('out'\)"),
        ("count", r"handle\.config\.count"),
        ("remove", r"runtime\.remove\(handle, …\)"),
        ("nothing", "'nothing'$"),
    ],
)
def test_what_is_looked_for_at_a_handle_is_where_the_message_says(
    runtime: StreamRuntime, name: str, words: str
) -> None:
    with pytest.raises(AttributeError, match=words):
        getattr(runtime.add_processor(Numbers), name)
