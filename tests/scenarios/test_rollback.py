"""An edit that fails at any step leaves everything as it was: the same instances, links, threads and files."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from streamlib import DataFrame, LinkInput, ProcessorConfig, RuntimeContext, StreamRuntime
from streamlib.errors import CommitError, ConnectError, CycleError, ResourceBusyError
from streamlib.execution.instance import ProcessorInstance
from streamlib.graph.components import RUNNING_COMPONENTS, WiredChannel
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Collect, Faulty, Holder, Numbers, Pass, Record


def shape(runtime: StreamRuntime) -> dict[str, Any]:
    """Everything an edit may change, by identity."""
    graph = runtime.graph
    ids = [*graph.processor_ids(), *graph.link_ids()]
    return {
        "ids": sorted(ids),
        "components": {id_: [id(graph.get(id_, kind)) for kind in RUNNING_COMPONENTS] for id_ in ids},
        "configs": {id_: graph.node(id_).config for id_ in graph.processor_ids()},
        "states": {handle.id: handle.state for handle in runtime.processors()},
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "files": len(os.listdir("/proc/self/fd")),
    }


class Opens(Faulty):
    """A `Faulty` that opens a file in its setup first."""

    class Config(ProcessorConfig):
        where: str
        record: Any
        path: str
        at: int = -1

    def setup(self, ctx: RuntimeContext) -> None:
        self.file = Path(self.config.path).open("w")
        super().setup(ctx)

    def teardown(self) -> None:
        self.file.close()
        super().teardown()


class Vetoes:
    """A processor delegate that raises in one method, for one id, from the time it is told to."""

    def __init__(self) -> None:
        self.method = ""
        self.subject = ""

    def _asked(self, method: str, subject: str) -> None:
        if (method, subject) == (self.method, self.subject):
            raise PermissionError(f"not {subject}")

    def will_create(self, node: Any) -> None:
        self._asked("will_create", node.id)

    def will_start(self, processor_id: str) -> None:
        self._asked("will_start", processor_id)

    def will_stop(self, processor_id: str) -> None:
        self._asked("will_stop", processor_id)


class Running:
    """A graph that runs, and an edit of many parts that can be made to fail."""

    def __init__(self, runtime: StreamRuntime) -> None:
        self.runtime = runtime
        self.main, self.branch, self.new = Record(), Record(), Record()
        self.source = runtime.add_processor(Numbers, id="source")
        self.filter = runtime.add_processor(Pass, id="filter")
        self.sink = runtime.add_processor(Collect, record=self.main, id="sink")
        self.goes = runtime.add_processor(Collect, record=self.branch, id="goes")
        runtime.connect(self.source, self.filter)
        runtime.connect(self.filter, self.sink)
        runtime.connect(self.source, self.goes)
        runtime.start()
        self.main.wait_for(20)

    def edit(self, path: Path, where: str = "", last: str = "Pass") -> None:
        with self.runtime.edit() as edit:
            edit.update_config(self.filter, gain=7)
            between = edit.add_processor(Pass, id="between", record=self.new, tag="between ")
            edit.disconnect("filter.out->sink.into")
            edit.connect(self.filter, between)
            edit.connect(between, self.sink)
            edit.remove(self.goes)
            end = edit.add_processor(Opens, where=where, record=self.new, path=str(path / "new.txt"), id="end")
            edit.connect(between, end)

    def assert_goes_on(self) -> None:
        self.main.wait_for(50)
        self.branch.wait_for(50)
        self.runtime.stop()
        assert self.main.is_gapless(), self.main.gaps()
        assert self.branch.is_gapless(), self.branch.gaps()
        assert self.main.calls == ["setup", "flush", "teardown"]
        assert self.branch.calls == ["setup", "flush", "teardown"]


@pytest.mark.promise("edit.rollback", "lifecycle.symmetric", "edit.rollback-names-step")
def test_a_setup_that_raises_rolls_the_whole_edit_back(runtime: StreamRuntime, tmp_path: Path) -> None:
    """insight-platform/Savant#1171: the counterpart of a start that raised was never called."""
    running = Running(runtime)
    before = shape(runtime)
    with pytest.raises(CommitError, match="setup of end failed: no luck in setup") as failed:
        running.edit(tmp_path, "setup")
    assert (failed.value.step, failed.value.subject) == ("setup", "end")
    assert isinstance(failed.value.__cause__, ValueError)
    assert shape(runtime) == before
    assert sorted(running.new.calls) == ["between setup", "between teardown", "setup", "teardown"]
    running.assert_goes_on()


@pytest.mark.promise("delegate.processor.will-create", "delegate.processor.will-start", "delegate.processor.will-stop")
@pytest.mark.parametrize(
    ("method", "subject"),
    [("will_create", "between"), ("will_create", "end"), ("will_start", "between"), ("will_start", "end"),
     ("will_stop", "goes")],
)  # fmt: skip
def test_a_veto_rolls_the_whole_edit_back(make: Make, tmp_path: Path, method: str, subject: str) -> None:
    delegate = Vetoes()
    runtime = make(processor_delegate=delegate)
    running = Running(runtime)
    before = shape(runtime)
    delegate.method, delegate.subject = method, subject
    with pytest.raises(CommitError, match=f"{method} of {subject} failed: not {subject}") as failed:
        running.edit(tmp_path)
    assert (failed.value.step, failed.value.subject) == (method, subject)
    assert shape(runtime) == before
    ups, downs = ([call for call in running.new.calls if call.endswith(end)] for end in ("setup", "teardown"))
    assert len(ups) == len(downs)
    running.assert_goes_on()


@pytest.mark.parametrize("which", ["between", "end"])
def test_a_factory_that_raises_rolls_the_whole_edit_back(make: Make, tmp_path: Path, which: str) -> None:
    class Factory:
        def create(self, node: Any) -> Any:
            if node.id == which:
                raise RuntimeError("no more of these")
            return node.declaration.processor.from_config(node.config)

    runtime = make(factory=Factory())
    running = Running(runtime)
    before = shape(runtime)
    with pytest.raises(CommitError, match=f"create of {which} failed: no more of these"):
        running.edit(tmp_path)
    assert shape(runtime) == before
    running.assert_goes_on()


def test_wiring_that_fails_rolls_the_whole_edit_back(
    runtime: StreamRuntime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Running(runtime)
    before = shape(runtime)
    from streamlib.compiler.wiring import Wiring

    join = Wiring.join

    def breaks(self: Wiring, link: Any) -> Any:
        if link.target.processor_id == "end":
            raise MemoryError("no ring")
        return join(self, link)

    monkeypatch.setattr(Wiring, "join", breaks)
    with pytest.raises(CommitError, match=r"wire of between\.out->end\.into failed: no ring"):
        running.edit(tmp_path)
    assert shape(runtime) == before
    running.assert_goes_on()


def test_what_the_graph_refuses_rolls_the_whole_edit_back(runtime: StreamRuntime, tmp_path: Path) -> None:
    running = Running(runtime)
    before = shape(runtime)
    with pytest.raises(CycleError, match="between -> filter -> between"), runtime.edit() as edit:
        between = edit.add_processor(Pass, id="between")
        edit.disconnect("source.out->filter.into")
        edit.connect(running.filter, between)
        edit.connect(between, running.filter)
    assert shape(runtime) == before
    with pytest.raises(ConnectError, match="already has the link"), runtime.edit() as edit:
        edit.remove(running.goes)
        edit.connect(running.source, running.sink.input("into"))
    assert shape(runtime) == before
    running.assert_goes_on()


@pytest.mark.promise("edit.scope")
def test_an_exception_in_the_block_discards_the_edit(runtime: StreamRuntime) -> None:
    running = Running(runtime)
    before = shape(runtime)
    with pytest.raises(ZeroDivisionError), runtime.edit() as edit:
        handle = edit.add_processor(Pass)
        edit.remove(running.goes)
        raise ZeroDivisionError
    assert shape(runtime) == before
    with pytest.raises(ZeroDivisionError):
        handle.commit.wait(SECONDS)
    running.assert_goes_on()


def test_a_start_that_fails_runs_nothing_and_can_be_tried_again(runtime: StreamRuntime) -> None:
    threads = sorted(thread.name for thread in threading.enumerate())
    record, seen = Record(), Record()
    source = runtime.add_processor(Numbers)
    faulty = runtime.add_processor(Faulty, where="setup", record=record)
    sink = runtime.add_processor(Collect, record=seen)
    runtime.connect(source, faulty)
    runtime.connect(faulty, sink)
    with pytest.raises(CommitError, match="setup of faulty_0 failed"):
        runtime.start()
    assert runtime.state == "idle"
    assert [handle.state for handle in runtime.processors()] == ["idle"] * 3
    assert sorted(thread.name for thread in threading.enumerate()) == threads
    assert record.calls == ["setup", "teardown"]
    assert all(not runtime.graph.has(link, WiredChannel) for link in runtime.graph.link_ids())
    runtime.update_config(faulty, where="nowhere")
    runtime.start()
    seen.wait_for(10)
    runtime.stop()
    assert seen.is_gapless()


def test_one_whom_nobody_feeds_leaves_no_thread_behind(runtime: StreamRuntime) -> None:
    """Lightweight ones without a feeder share a thread, which lives as long as there are any."""
    running = Running(runtime)
    before = shape(runtime)
    with pytest.raises(CommitError, match="no luck in setup"):
        runtime.add_processor(Faulty, where="setup", record=running.new)
    assert shape(runtime) == before
    runtime.remove(runtime.add_processor(Pass))
    assert shape(runtime) == before
    running.assert_goes_on()


# --------------------------------------------------------------------------------------------------- what is exclusive


def held(runtime: StreamRuntime) -> tuple[dict[str, str], Record, Any, Any]:
    holding: dict[str, str] = {}
    record = Record()
    source = runtime.add_processor(Numbers)
    old = runtime.add_processor(Holder, what="camera", held=holding, record=record, tag="old ", id="old")
    runtime.connect(source, old)
    runtime.start()
    record.wait_for(10)
    return holding, record, source, old


@pytest.mark.promise("edit.exclusive")
def test_an_exclusive_resource_is_handed_over_from_who_goes_to_who_comes(runtime: StreamRuntime) -> None:
    holding, record, source, old = held(runtime)
    with runtime.edit() as edit:
        edit.remove(old)
        new = edit.add_processor(Holder, what="camera", held=holding, record=record, tag="new ", id="new")
        edit.connect(source, new)
    assert record.calls == ["old setup", "old teardown", "new setup"]
    assert holding == {"camera": "new "}
    record.wait_for(10)


@pytest.mark.promise("edit.exclusive-back")
def test_an_exclusive_resource_is_brought_back_when_the_new_holder_fails(runtime: StreamRuntime) -> None:
    holding, record, source, old = held(runtime)
    with pytest.raises(CommitError, match="no camera") as failed, runtime.edit() as edit:
        edit.remove(old)
        new = edit.add_processor(Holder, what="camera", held=holding, record=record, tag="new ", id="new", fail=True)
        edit.connect(source, new)
    assert "old had been stopped to make way and runs again" in "".join(failed.value.__notes__)
    assert record.calls == ["old setup", "old teardown", "new teardown", "old setup"]
    assert holding == {"camera": "old "}
    assert "new" not in runtime.graph
    assert old.state == "running"
    record.wait_for(10)
    runtime.stop()
    assert record.count("old teardown") == 2


def test_a_restart_hands_an_exclusive_resource_to_the_new_instance(runtime: StreamRuntime) -> None:
    _holding, record, _, old = held(runtime)
    first = runtime.graph.get(old.id, ProcessorInstance)
    assert runtime.update_config(old, tag="again ") == "restarted"
    assert record.calls == ["old setup", "old teardown", "again setup"]
    assert runtime.graph.get(old.id, ProcessorInstance) is not first
    record.wait_for(10)
    assert record.is_gapless(), record.gaps()


def test_a_restart_that_fails_brings_the_old_holder_back(runtime: StreamRuntime) -> None:
    holding, record, _, old = held(runtime)
    with pytest.raises(CommitError, match="no camera"):
        runtime.update_config(old, fail=True, tag="again ")
    assert record.calls == ["old setup", "old teardown", "again teardown", "old setup"]
    assert holding == {"camera": "old "}
    assert old.config.fail is False
    record.wait_for(10)
    assert record.is_gapless(), record.gaps()
    runtime.stop()
    assert record.count("old teardown") == 2


def test_a_second_holder_is_refused_before_anything_is_tried(runtime: StreamRuntime) -> None:
    holding, record, _, _old = held(runtime)
    before = shape(runtime)
    with pytest.raises(ResourceBusyError, match="new needs camera, which old holds"):
        runtime.add_processor(Holder, what="camera", held=holding, record=record, tag="new ", id="new")
    with pytest.raises(ResourceBusyError, match="b needs camera|b needs microphone"), runtime.edit() as edit:
        edit.add_processor(Holder, what="microphone", held=holding, record=record, id="a")
        edit.add_processor(Holder, what="microphone", held=holding, record=record, id="b")
    assert shape(runtime) == before
    assert record.calls == ["old setup"]


def test_two_holders_exchange_what_they_hold_in_one_edit(runtime: StreamRuntime) -> None:
    holding, record, _source, old = held(runtime)
    other = runtime.add_processor(Holder, what="microphone", held=holding, record=record, tag="other ", id="other")
    with runtime.edit() as edit:
        edit.update_config(old, what="microphone")
        edit.update_config(other, what="camera")
    assert holding == {"microphone": "old ", "camera": "other "}
    assert (record.count("old teardown"), record.count("other teardown")) == (1, 1)


def test_everybody_stands_where_he_stood(runtime: StreamRuntime) -> None:
    class Merges(Pass):
        into = LinkInput(DataFrame, many=True)

    merge = runtime.add_processor(Merges)
    sources = [runtime.add_processor(Numbers) for _ in range(3)]
    links = [runtime.connect(source, merge).id for source in sources]
    runtime.start()
    before = runtime.graph.processor_ids(), runtime.graph.link_ids()
    with pytest.raises(CommitError), runtime.edit() as edit:
        edit.disconnect(links[0])
        edit.remove(sources[1])
        edit.add_processor(Collect, record=None)
    assert (runtime.graph.processor_ids(), runtime.graph.link_ids()) == before
    assert [link.id for link in runtime.graph.links_into(merge.id)] == links
    assert [link.id for link in runtime.graph.links_from(sources[1].id)] == [links[1]]
