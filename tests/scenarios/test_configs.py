"""Changing what a processor was told, while it runs: applied live or by a restart, and never silently not at all."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    Live,
    ProcessContext,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    StreamRuntime,
    VideoFrame,
)
from streamlib.errors import CommitError, ConfigError, ConnectError
from streamlib.events import ConfigUpdated, ProcessorEvent
from streamlib.execution.instance import ProcessorInstance
from streamlib.graph.components import WiredChannel
from streamlib.processors.declaration import Declaration
from streamlib.runtime.edit import ConfigOutcome
from streamlib.runtime.handles import ProcessorHandle
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Collect, Numbers, Pass, Record


class Adjustable(Processor):
    """Hands on what comes; one field is live, one restarts, and some values it refuses."""

    class Config(ProcessorConfig):
        record: Any
        gain: Live[int] = 0
        mode: str = "plain"

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.config.record.called(f"setup {self.config.mode}")
        if self.config.mode == "bad":
            raise OSError("no such mode")
        self.inside = False
        self.gain = self.config.gain

    def process(self, ctx: ProcessContext) -> None:
        assert self.gain == self.config.gain, "changed without config_changed, or in the middle of a call"
        self.inside = True
        frame = self.into.read()
        if frame is not None:
            self.out.write(frame)
        assert self.gain == self.config.gain, "changed in the middle of a call"
        self.inside = False

    def config_changed(self, previous: Any) -> None:
        assert not self.inside
        if self.config.gain < 0:
            raise ValueError("a gain is 0 or more")
        self.gain = self.config.gain
        self.config.record.called(f"gain {previous.gain} to {self.gain}")

    def teardown(self) -> None:
        self.config.record.called(f"teardown {self.config.mode}")


def running(runtime: StreamRuntime) -> tuple[ProcessorHandle, Record, Record]:
    record, seen = Record(), Record()
    source = runtime.add_processor(Numbers)
    adjustable = runtime.add_processor(Adjustable, record=record)
    sink = runtime.add_processor(Collect, record=seen)
    runtime.connect(source, adjustable)
    runtime.connect(adjustable, sink)
    runtime.start()
    seen.wait_for(20)
    return adjustable, record, seen


@pytest.mark.promise("edit.update-config")
def test_a_live_field_is_applied_between_two_calls(runtime: StreamRuntime) -> None:
    """awslabs/amazon-kinesis-video-streams-producer-sdk-cpp#1044: settings were silently ignored."""
    adjustable, record, seen = running(runtime)
    instance = runtime.graph.get(adjustable.id, ProcessorInstance)
    for gain in range(1, 20):
        assert runtime.update_config(adjustable, gain=gain) is ConfigOutcome.APPLIED_LIVE
        assert record.calls[-1] == f"gain {gain - 1} to {gain}"
    assert runtime.graph.get(adjustable.id, ProcessorInstance) is instance
    seen.wait_for(20)
    runtime.stop()
    assert seen.is_gapless(), seen.gaps()
    assert instance is not None
    assert instance.metrics.errors == 0


@pytest.mark.promise("edit.update-config")
def test_another_field_restarts_the_processor_and_keeps_what_waits_for_it(runtime: StreamRuntime) -> None:
    """google-ai-edge/mediapipe#2436: settings were applied only after destroy and recreate."""
    adjustable, record, seen = running(runtime)
    for turn in range(10):
        before = runtime.graph.get(adjustable.id, ProcessorInstance)
        assert runtime.update_config(adjustable, mode=f"m{turn}", gain=turn) is ConfigOutcome.RESTARTED
        assert runtime.graph.get(adjustable.id, ProcessorInstance) is not before
        assert adjustable.state == "running"
        seen.wait_for(20)
    runtime.stop()
    assert seen.is_gapless(), seen.gaps()
    ups = [call for call in record.calls if call.startswith("setup")]
    downs = [call for call in record.calls if call.startswith("teardown")]
    assert ups == ["setup plain", *(f"setup m{turn}" for turn in range(10))]
    assert downs == [up.replace("setup", "teardown") for up in ups]


def test_nothing_changes_where_nothing_is_different(runtime: StreamRuntime) -> None:
    adjustable, record, _ = running(runtime)
    assert runtime.update_config(adjustable, gain=0, mode="plain") is ConfigOutcome.UNCHANGED
    assert runtime.update_config(adjustable) is ConfigOutcome.UNCHANGED
    assert record.calls == ["setup plain"]


def test_a_change_while_idle_is_stored_and_takes_effect_at_the_start(runtime: StreamRuntime) -> None:
    record = Record()
    adjustable = runtime.add_processor(Adjustable, record=record)
    assert runtime.update_config(adjustable, mode="later") is ConfigOutcome.STORED
    runtime.start()
    assert record.calls == ["setup later"]


@pytest.mark.promise("edit.update-invalid")
def test_an_invalid_value_changes_nothing(runtime: StreamRuntime) -> None:
    adjustable, record, seen = running(runtime)
    config = adjustable.config
    with pytest.raises(ConfigError, match=r"Adjustable\.gain"):
        runtime.update_config(adjustable, gain="loud")
    with pytest.raises(ConfigError, match="gian.*gain"):
        runtime.update_config(adjustable, gian=1)
    assert adjustable.config is config
    assert record.calls == ["setup plain"]
    seen.wait_for(10)


def test_a_live_change_that_the_processor_refuses_is_taken_back(runtime: StreamRuntime) -> None:
    adjustable, _record, seen = running(runtime)
    runtime.update_config(adjustable, gain=3)
    with pytest.raises(CommitError, match="configure of adjustable_0 failed: a gain is 0 or more"):
        runtime.update_config(adjustable, gain=-1)
    assert adjustable.config.gain == 3
    instance = runtime.graph.get(adjustable.id, ProcessorInstance)
    assert instance is not None
    assert instance.processor.config.gain == 3
    seen.wait_for(10)
    assert runtime.update_config(adjustable, gain=4) is ConfigOutcome.APPLIED_LIVE
    assert instance.metrics.errors == 0


def test_a_restart_that_fails_leaves_the_old_instance_running(runtime: StreamRuntime) -> None:
    adjustable, record, seen = running(runtime)
    instance = runtime.graph.get(adjustable.id, ProcessorInstance)
    with pytest.raises(CommitError, match="setup of adjustable_0 failed: no such mode"):
        runtime.update_config(adjustable, mode="bad")
    assert runtime.graph.get(adjustable.id, ProcessorInstance) is instance
    assert adjustable.config.mode == "plain"
    assert record.calls == ["setup plain", "setup bad", "teardown bad"]
    seen.wait_for(10)
    runtime.stop()
    assert seen.is_gapless(), seen.gaps()


def test_several_changes_in_one_edit_are_all_made_or_none(runtime: StreamRuntime) -> None:
    adjustable, record, _ = running(runtime)
    with pytest.raises(CommitError, match="no such mode"), runtime.edit() as edit:
        assert edit.update_config(adjustable, gain=5) is ConfigOutcome.APPLIED_LIVE
        edit.add_processor(Adjustable, record=record, mode="bad")
    assert adjustable.config.gain == 0
    assert "gain 0 to 5" not in record.calls or "gain 5 to 0" in record.calls
    with runtime.edit() as edit:
        edit.update_config(adjustable, gain=5)
        edit.update_config(adjustable, gain=6)
    assert adjustable.config.gain == 6
    assert record.calls[-1] == "gain 0 to 6"


@pytest.mark.promise("delegate.processor.did-update-config", "event.processor")
def test_a_change_is_told_to_the_delegate_and_on_the_bus(make: Make) -> None:
    told: list[tuple[str, int, str]] = []

    class Delegate:
        def did_update_config(self, processor_id: str, config: Any) -> None:
            told.append((processor_id, config.gain, config.mode))

    runtime = make(processor_delegate=Delegate())
    adjustable, _, seen = running(runtime)
    events: list[Any] = []
    runtime.events.subscribe("processor:adjustable_0", events.append)
    runtime.update_config(adjustable, gain=2)
    runtime.update_config(adjustable, mode="other")
    runtime.restart(adjustable)
    seen.wait_for(10)
    assert told == [("adjustable_0", 2, "plain"), ("adjustable_0", 2, "other")]
    updates = [event.config for event in events if isinstance(event, ConfigUpdated)]
    assert [(config["gain"], config["mode"]) for config in updates] == [(2, "plain"), (2, "other")]
    assert all(isinstance(event, ProcessorEvent) for event in events)


@pytest.mark.promise("runtime.restart")
def test_a_restart_keeps_links_and_frames(runtime: StreamRuntime) -> None:
    adjustable, record, seen = running(runtime)
    channels = [runtime.graph.get(link, WiredChannel) for link in runtime.graph.link_ids()]
    for _ in range(5):
        runtime.restart(adjustable)
        seen.wait_for(20)
    assert [runtime.graph.get(link, WiredChannel) for link in runtime.graph.link_ids()] == channels
    runtime.stop()
    assert seen.is_gapless(), seen.gaps()
    assert record.calls == ["setup plain", "teardown plain"] + ["setup plain", "teardown plain"] * 5 or (
        record.count("setup plain") == record.count("teardown plain") == 6
    )


def test_a_source_that_restarts_goes_on_with_its_links(runtime: StreamRuntime) -> None:
    record, seen = Record(), Record()
    source = runtime.add_processor(Numbers, record=record)
    filter_ = runtime.add_processor(Pass)
    runtime.connect(source, filter_)
    runtime.connect(filter_, runtime.add_processor(Collect, record=seen))
    runtime.start()
    for turn in range(1, 5):
        seen.wait_for(20)
        assert runtime.update_config(source, first=turn * 1_000_000) == "restarted"
    seen.wait_for(20)
    runtime.stop()
    for turn in range(5):
        part = [n for n in seen.numbers if n // 1_000_000 == turn]
        assert part == list(range(turn * 1_000_000, turn * 1_000_000 + len(part)))
    assert seen.numbers == sorted(seen.numbers)
    assert record.count("teardown") == 5


def test_a_sink_that_ended_is_restarted_with_its_source(runtime: StreamRuntime) -> None:
    seen = Record()
    source = runtime.add_processor(Numbers, count=10)
    sink = runtime.add_processor(Collect, record=seen)
    runtime.connect(source, sink)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert seen.numbers == list(range(10))
    assert (source.state, sink.state) == ("ended", "ended")
    with runtime.edit() as edit:
        edit.restart(source)
        edit.restart(sink)
    assert runtime.wait(SECONDS)
    assert seen.numbers == [*range(10), *range(10)]
    assert seen.calls == ["setup", "flush", "teardown"] * 2


def test_a_processor_that_failed_is_restarted_and_goes_on(runtime: StreamRuntime) -> None:
    class Weak(Pass):
        """Fails at the number that its config names."""

        class Config(ProcessorConfig):
            record: Any
            at: int = 100

        def process(self, ctx: ProcessContext) -> None:
            frame = self.into.read()
            if frame is not None:
                if frame.data["n"] == self.config.at:
                    raise ValueError("too weak")
                self.out.write(frame)

        def flush(self, ctx: ProcessContext) -> None:
            """Nothing is told."""

        def teardown(self) -> None:
            self.config.record.called("teardown")

        def setup(self, ctx: RuntimeContext) -> None:
            """Nothing is told."""

    record, main, seen = Record(), Record(), Record()
    source = runtime.add_processor(Numbers)
    weak = runtime.add_processor(Weak, record=record, on_error="fail")
    sink = runtime.add_processor(Collect, record=seen)
    runtime.connect(source, weak)
    runtime.connect(weak, sink)
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    runtime.start()
    main.wait_until(lambda: (weak.state, sink.state) == ("failed", "ended"))
    assert (record.calls, seen.calls[-1]) == (["teardown"], "teardown")
    assert seen.numbers == list(range(100))
    with runtime.edit() as edit:
        edit.restart(weak)
        edit.restart(sink)
    assert weak.state == "running"
    seen.wait_for(50)
    main.wait_for(10)
    runtime.stop()
    assert main.is_gapless(), main.gaps()
    after = seen.numbers[100:]
    assert after == list(range(after[0], after[0] + len(after)))


class Sort(ProcessorConfig):
    """Which frames pass."""

    sort: str = "data"


class Either(Processor):
    """Its ports carry what its config says, as those of a filter of pictures or of sound do."""

    Config = Sort
    into = LinkInput[Any]((DataFrame, VideoFrame))
    out = LinkOutput[Any]((DataFrame, VideoFrame))

    @classmethod
    def declaration_for(cls, config: Any) -> Declaration:
        carried = {"data": DataFrame, "video": VideoFrame}[config.sort]
        into, out = LinkInput[Any](carried), LinkOutput[Any](carried)
        into.name, out.name = "into", "out"
        return dataclasses.replace(cls.declaration, inputs={"into": into}, outputs={"out": out})

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.out.write(frame)


@pytest.mark.parametrize("runs", [False, True])
def test_a_config_with_which_the_ports_do_not_fit_the_links_is_refused_whether_it_runs_or_not(
    runtime: StreamRuntime, runs: bool
) -> None:
    record = Record()
    source = runtime.add_processor(Numbers, count=5)
    either = runtime.add_processor(Either)
    runtime.connect(source, either)
    runtime.connect(either, runtime.add_processor(Collect, record=record))
    if runs:
        runtime.start()
    with pytest.raises(ConfigError, match=r"either_0 does not fit its links with this config: numbers_0\.out carries "):
        runtime.update_config(either, sort="video")
    assert either.config.sort == "data"
    if not runs:
        runtime.start()
    assert runtime.wait(SECONDS)
    assert record.numbers == list(range(5))


def test_an_edit_may_cut_the_links_that_a_new_config_does_not_fit(runtime: StreamRuntime) -> None:
    """And join those that fit it, by the handle from before."""
    source = runtime.add_processor(Numbers, count=5)
    either = runtime.add_processor(Either)
    link = runtime.connect(source, either)
    with runtime.edit() as edit:
        edit.disconnect(link)
        edit.update_config(either, sort="video")
        with pytest.raises(ConnectError, match="numbers_0 does not fit either_0"):
            edit.connect(source, either)
    with pytest.raises(ConnectError, match="numbers_0 does not fit either_0"):
        runtime.connect(source, either)
    runtime.update_config(either, sort="data")
    runtime.connect(source, either)
