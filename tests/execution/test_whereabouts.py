from __future__ import annotations

import asyncio
import inspect
import threading
from typing import Any

from streamlib import DataFrame, LinkInput, ProcessContext, Processor, ProcessorConfig, StreamRuntime, processor
from streamlib.execution.whereabouts import Call, whereabouts
from tests.scenarios.stage import SECONDS, Numbers, Record


class Gate:
    """Where calls wait until the test lets them go."""

    def __init__(self) -> None:
        self.record = Record()
        self.release = threading.Event()

    def pass_(self) -> None:
        self.record.called("in")
        assert self.release.wait(SECONDS)


class Waits(Processor):
    """Waits inside a function that its process calls."""

    class Config(ProcessorConfig):
        gate: Any

    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        del ctx
        self.into.read()
        self.config.gate.pass_()


class Inherits(Waits):
    """Waits in the method that it overrides."""

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)


def line_of(method: Any, words: str) -> str:
    lines, first = inspect.getsourcelines(method)
    return f"test_whereabouts.py:{first + next(n for n, line in enumerate(lines) if words in line)}"


def call_of(runtime: StreamRuntime, id_: str, gate: Gate) -> Call:
    runtime.start()
    gate.record.wait_for_call("in")
    (call,) = [call for call in whereabouts(runtime._threads.event_loop()).calls if id_ in call.ids]
    gate.release.set()
    runtime.stop(drain=False)
    return call


def fed(kind: Any, **config: Any) -> tuple[StreamRuntime, str]:
    runtime = StreamRuntime()
    sink = runtime.add_processor(kind, **config)
    runtime.connect(runtime.add_processor(Numbers), sink)
    return runtime, sink.id


def test_a_call_is_found_with_its_line_and_the_one_that_is_really_executed() -> None:
    gate = Gate()
    call = call_of(*fed(Waits, gate=gate), gate)
    assert (call.method, call.place) == ("process", line_of(Waits.process, "gate.pass_"))
    assert "in wait" in call.deepest
    assert not call.waits_for_room
    assert not call.awaits
    assert call.thread.startswith("streamlib:")


def test_of_a_method_and_the_one_that_it_overrides_the_outer_one_is_told() -> None:
    gate = Gate()
    call = call_of(*fed(Inherits, gate=gate), gate)
    assert call.place == line_of(Inherits.process, "super()")


def test_of_a_function_its_own_line_is_told() -> None:
    gate = Gate()

    @processor
    def hold(frame: DataFrame) -> DataFrame:
        gate.pass_()
        return frame

    call = call_of(*fed(hold), gate)
    assert call.place == line_of(hold.function, "gate.pass_")


def test_a_coroutine_that_waits_is_found_at_its_await() -> None:
    gate = Gate()

    class Sleeps(Processor):
        """Waits in the event loop."""

        into = LinkInput(DataFrame)

        async def process(self, ctx: ProcessContext) -> None:
            self.into.read()
            gate.record.called("in")
            while not gate.release.is_set():  # noqa: ASYNC110 it is set by another thread
                await asyncio.sleep(0.01)

    call = call_of(*fed(Sleeps), gate)
    assert call.processor.__class__ is Sleeps
    assert call.awaits or call.place  # between two naps it runs
    assert call.place.startswith("test_whereabouts.py:")


def test_who_waits_inside_write_and_the_thread_of_a_loop_are_told() -> None:
    gate = Gate()
    runtime, sink = fed(Waits, gate=gate)
    runtime.start()
    gate.record.wait_for_call("in")
    source = runtime.graph.predecessors(runtime.graph.node(sink).id)[0]  # type: ignore[arg-type]
    until = [call for call in _looks(1_000) if source in call.ids and call.waits_for_room]
    assert until
    assert any(loop.name == source for loop in whereabouts().loops)
    gate.release.set()
    runtime.stop(drain=False)


def _looks(times: int) -> list[Call]:
    """What some looks find, with a moment in between."""
    found: list[Call] = []
    for _ in range(times):
        found += whereabouts().calls
        if any(call.waits_for_room for call in found):
            return found
        threading.Event().wait(0.005)
    return found
