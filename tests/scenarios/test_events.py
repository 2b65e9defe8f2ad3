"""What commits tell, what commands do, and events under asyncio, of a graph that runs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streamlib import (
    DataFrame,
    GraphState,
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    StreamRuntime,
)
from streamlib.errors import CommitError
from streamlib.events import (
    CommandFailed,
    CompileFailed,
    CompileRolledBack,
    CompileStarted,
    CompileStepDone,
    CompileStepStarted,
    CompileSucceeded,
    ConfigUpdated,
    CustomEvent,
    Event,
    EventQueue,
    GraphStateChanged,
    KeyCode,
    KeyPressed,
    ProcessorConfigRequested,
    ProcessorPauseRequested,
    ProcessorRestartRequested,
    ProcessorResumeRequested,
    ProcessorStateChanged,
    RuntimePaused,
    RuntimePauseRequested,
    RuntimeResumed,
    RuntimeResumeRequested,
    RuntimeStopped,
    RuntimeStopRequested,
)
from streamlib.ids import ProcessorId
from streamlib.states import ProcessorState
from tests.scenarios.stage import SECONDS, Collect, Faulty, Line, Numbers, Pass, Record


def until(queue: EventQueue, kind: type[Event], **fields: object) -> Any:
    """The next event of a kind, with these values."""
    while (event := queue.get(SECONDS)) is not None:
        assert not isinstance(event, CommandFailed), event
        if isinstance(event, kind) and all(getattr(event, name) == value for name, value in fields.items()):
            return event
    raise AssertionError(f"no {kind.__name__} with {fields}")


# ---------------------------------------------------------------------------------------------------------- commits


@pytest.mark.promise("event.compiler")
def test_an_edit_of_a_running_graph_is_told_step_by_step(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    heard: list[Any] = []
    with runtime.events.subscribe("runtime:compiler", heard.append), runtime.edit() as edit:
        between = edit.add_processor(Pass, id="between")
        edit.disconnect("pass_0.out->collect_0.into")
        edit.connect(line.filter, between)
        edit.connect(between, line.sink)
        edit.update_config(line.filter, gain=2)
    runtime.stop()
    begin, *within, end = heard
    counts = (begin.processors_added, begin.processors_configured, begin.links_added, begin.links_removed)
    assert isinstance(begin, CompileStarted)
    assert counts == (1, 1, 2, 1)
    assert isinstance(end, CompileSucceeded)
    begun = [(event.step, event.subject) for event in within if isinstance(event, CompileStepStarted)]
    done = [(event.step, event.subject) for event in within if isinstance(event, CompileStepDone)]
    assert sorted(begun) == sorted(done)
    assert {("create", "between"), ("setup", "between"), ("start", "between"), ("configure", "pass_0")} <= set(begun)
    assert {subject for _, subject in begun} & {"numbers_0", "collect_0"} == set()
    assert len({event.commit for event in heard}) == 1


@pytest.mark.promise("event.compiler")
def test_an_edit_that_fails_is_told_with_the_step_and_the_cause(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    with runtime.events.subscribe_queue("runtime:compiler") as told:
        with pytest.raises(CommitError), runtime.edit() as edit:
            edit.connect(line.source, edit.add_processor(Faulty, id="faulty", where="setup", record=Record()))
        failed, back = until(told, CompileFailed), until(told, CompileRolledBack)
    assert (failed.step, failed.subject, failed.error) == ("setup", "faulty", "ValueError: no luck in setup")
    assert (back.step, back.commit) == (failed.step, failed.commit)
    line.record.wait_for(20)
    assert line.record.is_gapless()


# --------------------------------------------------------------------------------------------------------- commands


@pytest.mark.promise("event.commands")
def test_the_runtime_pauses_resumes_and_stops_by_command(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    with runtime.events.subscribe_queue("runtime:global") as told:
        runtime.events.publish(RuntimePauseRequested())
        until(told, RuntimePaused)
        assert runtime.graph.state is GraphState.PAUSED
        runtime.events.publish(RuntimeResumeRequested())
        until(told, RuntimeResumed)
        line.record.wait_for(20)
        runtime.events.publish(RuntimeStopRequested())
        until(told, RuntimeStopped)
    assert runtime.wait(SECONDS)
    assert runtime.state is GraphState.IDLE
    assert line.record.is_gapless()


@pytest.mark.promise("event.commands")
def test_one_processor_pauses_resumes_restarts_and_is_configured_by_command(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    id_ = line.filter.id
    with runtime.events.subscribe_queue(f"processor:{id_}") as told:
        runtime.events.publish(ProcessorPauseRequested(processor_id=id_))
        until(told, ProcessorStateChanged, new=ProcessorState.PAUSED)
        runtime.events.publish(ProcessorResumeRequested(processor_id=id_))
        until(told, ProcessorStateChanged, new=ProcessorState.RUNNING)
        runtime.events.publish(ProcessorConfigRequested(processor_id=id_, config={"gain": 4}))
        assert until(told, ConfigUpdated).config["gain"] == 4
        runtime.events.publish(ProcessorRestartRequested(processor_id=id_))
        until(told, ProcessorStateChanged, new=ProcessorState.READY)
        until(told, ProcessorStateChanged, new=ProcessorState.RUNNING)
    line.record.wait_for(20)
    assert line.filter.config.gain == 4


class Commander(Processor):
    """Has another processor added and then changes its config by command, from inside `process`."""

    class Config(ProcessorConfig):
        runtime: Any

    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        if self.into.read() is not None and "added" not in self.config.runtime.graph:
            ctx.end()
            self.config.runtime.add_processor(Pass, id="added")
            command = ProcessorConfigRequested(processor_id=ProcessorId("added"), config={"gain": 9})
            self.config.runtime.events.publish(command)


@pytest.mark.promise("event.commands")
def test_a_command_from_inside_a_processor_comes_after_the_edits_that_it_asked_for_before(
    runtime: StreamRuntime,
) -> None:
    source = runtime.add_processor(Numbers, count=1)
    runtime.connect(source, runtime.add_processor(Commander, runtime=runtime))
    with runtime.events.subscribe_queue("*") as told:
        runtime.start()
        assert until(told, ConfigUpdated).config["gain"] == 9
    assert runtime.processor("added").config.gain == 9


# ---------------------------------------------------------------------------------------------------------- asyncio


@pytest.mark.promise("event.async")
def test_events_of_a_graph_that_runs_are_awaited(runtime: StreamRuntime) -> None:
    line = Line(runtime)

    async def scene() -> list[Any]:
        async with asyncio.timeout(SECONDS), runtime.events.stream("runtime:*", capacity=10_000) as stream:
            await asyncio.to_thread(line.run)
            heard: list[Any] = []
            async for event in stream:
                heard.append(event)
                if isinstance(event, CompileSucceeded):
                    break
            await asyncio.to_thread(runtime.stop)
            async for event in stream:
                heard.append(event)
                if isinstance(event, RuntimeStopped):
                    break
            assert stream.dropped == 0
            return heard

    heard = asyncio.run(scene())
    states = [event.new for event in heard if isinstance(event, GraphStateChanged)]
    assert states == [GraphState.RUNNING, GraphState.IDLE]
    assert [event.commit for event in heard if isinstance(event, CompileStarted)] == [1, 2]
    assert not runtime.events.listens("runtime:global")


class Telling(Processor):
    """Publishes an event of its own for each frame, and hears of keys meanwhile."""

    class Config(ProcessorConfig):
        runtime: Any

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.config.runtime.events.publish(CustomEvent(topic="seen:frame", data=frame.data["n"]))
            self.out.write(frame)


@pytest.mark.promise("event.input-topics", "event.async")
def test_a_program_publishes_events_of_its_own_and_plays_the_keyboard(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(Numbers, count=30)
    telling = runtime.add_processor(Telling, runtime=runtime)
    runtime.connect(source, telling)
    runtime.connect(telling, runtime.add_processor(Collect, record=Record()))

    async def scene() -> tuple[list[Any], Any]:
        async with (
            asyncio.timeout(SECONDS),
            runtime.events.stream("seen:*") as seen,
            runtime.events.stream("input:keyboard") as keys,
        ):
            await asyncio.to_thread(runtime.start)
            runtime.events.publish(KeyPressed(key=KeyCode.SPACE, text=" "))
            return [await anext(seen) for _ in range(30)], await anext(keys)

    heard, key = asyncio.run(scene())
    assert [event.data for event in heard] == list(range(30))
    assert (key.key, key.timestamp_ns > 0) == (KeyCode.SPACE, True)
