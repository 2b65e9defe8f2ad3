from __future__ import annotations

import asyncio
import gc
import inspect
import sys
import threading
import weakref
from functools import partial
from typing import Any

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    SchedulingStrategy,
    StreamRuntime,
    processor,
)
from streamlib.execution.whereabouts import Call, _at_once, _locals, _stack, whereabouts
from streamlib.graph.node import ProcessorNode
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


class Dozens(Numbers):
    """Writes more in a call than a link holds."""

    def process(self, ctx: ProcessContext) -> None:
        for _ in range(12):
            super().process(ctx)


def fed(kind: Any, *, source: type[Numbers] = Numbers, **config: Any) -> tuple[StreamRuntime, str]:
    runtime = StreamRuntime()
    sink = runtime.add_processor(kind, **config)
    runtime.connect(runtime.add_processor(source), sink)
    return runtime, sink.id


def test_a_call_is_found_with_its_line_and_the_one_that_is_really_executed() -> None:
    gate = Gate()
    call = call_of(*fed(Waits, gate=gate), gate)
    assert (call.method, call.place) == ("process", line_of(Waits.process, "gate.pass_"))
    assert "in wait" in call.deepest
    assert not call.waits_for_room
    assert not call.awaits
    assert call.thread.startswith("streamlib:")


class Inlined:
    """Whoever has an input runs in the loop of whoever feeds it."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        return SchedulingStrategy.lightweight() if node.declaration.inputs else SchedulingStrategy.dedicated_thread()


class WaitsLater(Waits):
    """Waits with a frame that comes in a row of them, which nobody times or looks at."""

    def process(self, ctx: ProcessContext) -> None:
        del ctx
        frame = self.into.read()
        if frame is not None and frame.sequence == 20:
            self.config.gate.pass_()


def test_the_call_of_one_that_is_inlined_is_known_by_its_id() -> None:
    gate = Gate()
    runtime = StreamRuntime(scheduler=Inlined())
    sink = runtime.add_processor(WaitsLater, gate=gate)
    runtime.connect(runtime.add_processor(Numbers), sink)
    assert isinstance(call_of(runtime, sink.id, gate).processor, Waits)


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
    runtime, sink = fed(Waits, source=Dozens, gate=gate)
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


def at_depth(depth: int, gate: Gate) -> None:
    """Wait in a call of a call of a call."""
    if depth:
        at_depth(depth - 1, gate)
    else:
        gate.pass_()


def test_no_collection_begins_while_a_stack_is_gone_through() -> None:
    gate, depth = Gate(), 200
    deep = threading.Thread(target=at_depth, args=(depth, gate), daemon=True)
    deep.start()
    gate.record.wait_for_call("in")
    looking, thresholds = threading.get_ident(), gc.get_threshold()
    during: list[str] = []

    def collects(phase: str, _: dict[str, int]) -> None:
        if phase == "start" and threading.get_ident() == looking:
            during.append(sys._getframe(1).f_code.co_name)

    innermost = _at_once(sys._current_frames)[deep.ident or 0]
    gc.callbacks.append(collects)
    gc.set_threshold(1)
    try:
        stack = _stack(innermost)
        kept = [[] for _ in range(depth)]  # type: ignore[var-annotated]
    finally:
        gc.set_threshold(*thresholds)
        gc.callbacks.remove(collects)
        gate.release.set()
        deep.join(SECONDS)
    assert [frame.f_code for frame in stack].count(at_depth.__code__) == depth + 1
    assert len(during) > depth // 4, f"{len(kept)} lists were made, and nothing was collected"
    assert during.count("_at_once") + during.count("_stack") < depth // 10


def test_the_collector_is_left_as_it_was() -> None:
    assert gc.isenabled()
    whereabouts()
    assert gc.isenabled()
    gc.disable()
    try:
        whereabouts()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_the_collector_is_on_again_after_a_read_that_raised() -> None:
    with pytest.raises(AttributeError):
        _at_once(partial(getattr, object(), "absent"))
    assert gc.isenabled()


class Held:
    """Something that can be waited for until it is gone."""


class Holds(Processor):
    """Lets go of something during its call."""

    class Config(ProcessorConfig):
        gate: Any
        after: Any
        gone: Any

    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        del ctx
        self.into.read()
        held = Held()
        weakref.finalize(held, self.config.gone.called, "gone")
        self.config.gate.pass_()
        del held
        self.config.after.pass_()


@pytest.mark.skipif(sys.gettrace() is not None, reason="what is read under a tracer is left as it is: decision 15")
def test_what_a_call_lets_go_of_is_not_kept_by_a_look() -> None:
    gate, after, gone = Gate(), Gate(), Record()
    runtime, sink = fed(Holds, gate=gate, after=after, gone=gone)
    runtime.start()
    gate.record.wait_for_call("in")
    assert [call for call in whereabouts().calls if sink in call.ids]
    gate.release.set()
    after.record.wait_for_call("in")
    assert "gone" in gone.calls
    after.release.set()
    runtime.stop(drain=False)


class Lists(Processor):
    """Asks for its own variables."""

    class Config(ProcessorConfig):
        gate: Any
        seen: Any

    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        del ctx
        self.into.read()
        mine = locals()
        self.config.gate.pass_()
        self.config.seen.append(sorted(mine))


def test_the_variables_of_one_who_asked_for_them_itself_are_left_alone() -> None:
    gate, seen = Gate(), list[list[str]]()
    runtime, sink = fed(Lists, gate=gate, seen=seen)
    runtime.start()
    gate.record.wait_for_call("in")
    assert not [call for call in whereabouts().calls if sink in call.ids]
    gate.release.set()
    runtime.stop(drain=False)
    assert seen[0] == ["self"]


def test_the_variables_of_one_who_is_traced_are_not_taken_from_it() -> None:
    def traced(kept: int) -> tuple[object, object]:
        frame = sys._getframe()
        given = frame.f_locals
        frame.f_trace = lambda *_: None
        return _locals(frame)["kept"], given["kept"] if kept else None

    assert traced(3) == (3, 3)


def test_nobody_is_read_while_a_profiler_may_write_the_variables_back() -> None:
    def profiled(kept: int) -> tuple[object, int]:
        return _locals(sys._getframe()), kept

    threading.setprofile(lambda *_: None)
    try:
        assert profiled(3) == ({}, 3)
    finally:
        threading.setprofile(None)
    assert profiled(3) == ({"kept": 3}, 3)


def test_a_look_keeps_no_stack_until_the_next_collection() -> None:
    def looks() -> weakref.ref[Held]:
        held = Held()
        whereabouts()
        return weakref.ref(held)

    gc.disable()
    try:
        assert looks()() is None
    finally:
        gc.enable()
