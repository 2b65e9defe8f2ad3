"""An observer that has gone leaves nothing: the calls of every thread, one by one, are those of before it came.

Frames go through a graph in rounds of as many as a loop times and bursts at once. In each round the heads of all loops
come to a gate behind their first frame, and pass it one after the other, so that nobody sleeps or waits for room while
another's calls are counted: what is counted then is decided by the graph alone.
"""

from __future__ import annotations

import gc
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from types import FrameType
from typing import Any

import pytest

from streamlib import (
    DataFrame,
    Delivery,
    LinkInput,
    LinkOutput,
    ProcessContext,
    ProcessExecution,
    Processor,
    ProcessorConfig,
    StreamRuntime,
)
from streamlib.clock import NEVER_NS
from streamlib.execution.chain import TIMED_EVERY
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import loop_of
from streamlib.ids import PortRef
from streamlib.runtime.handles import LinkHandle, ProcessorHandle
from streamlib.testing import ManualClock
from tests.scenarios.stage import SECONDS, let_others_run

Calls = dict[str, Counter[str]]


class Rounds:
    """Lets frames through in rounds, and counts what is called in each thread between its gate and its last frame."""

    def __init__(self) -> None:
        self.runtime: StreamRuntime | None = None
        self.heads: list[str] = []
        self.going = False
        self.wake_source: Callable[[], None] | None = None
        self._changed = threading.Condition()
        self._at_gate: set[str] = set()
        self._free: set[str] = set()
        self._done: set[str] = set()
        self._counted: Calls = {}
        self._open: dict[int, Counter[str]] = {}

    def profile(self, frame: FrameType, event: str, arg: Any) -> None:
        """Count a call, where a window is open: what `sys.setprofile` is given."""
        counts = self._open.get(threading.get_ident())
        if counts is not None:
            if event == "call":
                counts[frame.f_code.co_qualname] += 1
            elif event == "c_call":
                counts[f"C {arg.__qualname__}"] += 1

    def play(self) -> Calls:
        """One round: what each head's thread has called."""
        with self._changed:
            self._wait(lambda: self.wake_source is not None)
            self._at_gate, self._free, self._done, self._counted = set(), set(), set(), {}
        assert self.runtime is not None
        let_others_run(self.runtime)  # the source has come back from the call in which it found nothing to do
        with self._changed:
            assert self.wake_source is not None
            self.going = True
            self.wake_source()
            self._wait(lambda: self._at_gate == set(self.heads))
            for head in self.heads:
                self._free.add(head)
                self._changed.notify_all()
                self._wait(partial(self._done.__contains__, head))
            return self._counted

    def may_begin(self, ctx: ProcessContext) -> bool:
        """Whether a round is wanted; if not, the one before is over for all in the loop of the source."""
        with self._changed:
            may, self.going = self.going, False
            self.wake_source = None if may else ctx.wake
            if not may:
                self._done.add(ctx.processor_id)
            self._changed.notify_all()
            return may

    def pass_gate(self, id_: str) -> None:
        """The first frame of a round has gone on: from here on, calls count."""
        if id_ not in self.heads:
            return
        with self._changed:
            self._at_gate.add(id_)
            self._changed.notify_all()
            self._wait(lambda: id_ in self._free)
        self._open[threading.get_ident()] = Counter()

    def close(self, id_: str) -> None:
        """The last frame of a round is there: calls count no more."""
        counts = self._open.pop(threading.get_ident(), None) if id_ in self.heads else None
        if counts is not None:
            self._counted[id_] = counts

    def finish(self, id_: str) -> None:
        """The last frame has gone on."""
        with self._changed:
            self._done.add(id_)
            self._changed.notify_all()

    def _wait(self, until: Callable[[], bool]) -> None:
        assert self._changed.wait_for(until, SECONDS), (self.heads, self._at_gate, self._free, self._done)


class Begin(Processor):
    """A source of rounds."""

    class Config(ProcessorConfig):
        rounds: Any

    execution = ProcessExecution.continuous()
    out = LinkOutput(DataFrame)

    n = 0

    def process(self, ctx: ProcessContext) -> None:
        place = self.n % TIMED_EVERY
        if place == 0 and not self.config.rounds.may_begin(ctx):
            ctx.wake_at(NEVER_NS)
            return
        if place == 1:  # by now those in this loop have handed the first frame on
            self.config.rounds.pass_gate(ctx.processor_id)
        if place == TIMED_EVERY - 1:
            self.config.rounds.close(ctx.processor_id)
        self.out.write(DataFrame({"n": self.n}))
        self.n += 1


class Through(Processor):
    """Hands rounds on."""

    class Config(ProcessorConfig):
        rounds: Any

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is None:
            return
        number = frame.data["n"]
        assert isinstance(number, int)
        place = number % TIMED_EVERY
        if place == TIMED_EVERY - 1:
            self.config.rounds.close(ctx.processor_id)
        self.out.write(frame)
        if place == 0:
            self.config.rounds.pass_gate(ctx.processor_id)
        if place == TIMED_EVERY - 1:
            self.config.rounds.finish(ctx.processor_id)


class Fan:
    """A source that two read, one of which hands on to two: seven ways for a frame, and where each may be looked at."""

    def __init__(self, runtime: StreamRuntime, rounds: Rounds, delivery: Delivery) -> None:
        self.runtime = runtime
        names = ("source", "middle", "tail", "left", "right")
        kinds: list[type[Processor]] = [Begin, Through, Through, Through, Through]
        self.members: dict[str, ProcessorHandle] = {
            name: runtime.add_processor(kind, id=name, rounds=rounds) for name, kind in zip(names, kinds, strict=True)
        }
        capacity = None if delivery is Delivery.LATEST else TIMED_EVERY
        ends = [("source", "middle"), ("source", "tail"), ("middle", "left"), ("middle", "right")]
        self.links: list[LinkHandle] = [
            runtime.connect(self.members[a], self.members[b], delivery=delivery, capacity=capacity) for a, b in ends
        ]
        runtime.start()
        rounds.runtime = runtime
        rounds.heads = [name for name in names if self._is_head(self._instance(name))]

    def _instance(self, name: str) -> ProcessorInstance:
        instance = self.members[name].instance()
        assert instance is not None
        return instance

    def _is_head(self, instance: ProcessorInstance) -> bool:
        loop = loop_of(instance)
        return loop is not None and loop.head is instance

    def way(self) -> dict[str, object]:
        """The kinds of all that a frame meets: ports, calls, and the steps of passes."""
        kinds: dict[str, object] = {}
        for name in self.members:
            instance = self._instance(name)
            loop = loop_of(instance)
            assert loop is not None
            writer = getattr(instance.processor.out, "inner", instance.processor.out)  # type: ignore[attr-defined]
            kinds[f"{name} writes"] = [type(writer), *map(type, getattr(writer, "links", ()))]
            kinds[f"{name} reads"] = [type(getattr(instance.processor, port)) for port in instance.inputs]
            kinds[f"{name} is called"] = instance.call
            kinds[f"the loop of {name}"] = [
                (type(gate), getattr(call, "func", call), context) for gate, call, context in loop.steps
            ]
        return kinds

    def look(self, kind: str, into: ExitStack) -> None:
        """Attach two observers of this kind at every place there is for them."""
        inspector, taps = self.runtime.inspector, self.runtime._taps
        for _ in range(2):
            if kind in {"graph", "all"}:
                into.enter_context(inspector.observe_graph())
            if kind in {"processor", "all"}:
                for member in self.members.values():
                    into.enter_context(inspector.observe_processor(member))
            if kind in {"link", "all"}:
                for link in self.links:
                    into.enter_context(inspector.observe_link(link))
            if kind in {"output", "all"}:
                for member in self.members.values():
                    port, look = PortRef(member.id, "out"), Look()
                    taps.attach_output(port, look)
                    into.callback(taps.detach_output, port, look)


class Look:
    """Is shown the frames of an output."""

    def pushed(self, frame: Any) -> None:
        pass


def differing(now: Calls, before: Calls) -> dict[str, dict[str, tuple[int, int]]]:
    """What is not called as often as it was, by thread: how often now, and before."""
    return {
        head: {
            call: (now[head][call], before[head][call])
            for call in {*now[head], *before[head]}
            if now[head][call] != before[head][call]
        }
        for head in before
        if now[head] != before[head]
    }


def same_again(rounds: Rounds) -> Calls:
    """A round that is like the one before it: the wake-up of one may come behind its first call, and break a burst."""
    before = rounds.play()
    for _ in range(8):
        now = rounds.play()
        if now == before:
            return now
        before = now
    raise AssertionError("no two rounds are alike")


@pytest.fixture
def rounds() -> Iterator[Rounds]:
    """Rounds whose threads are counted; the collector, which calls whenever it likes, stands still."""
    rounds = Rounds()
    threading.setprofile(rounds.profile)
    gc.collect()
    gc.disable()
    yield rounds
    gc.enable()
    threading.setprofile(None)


@pytest.mark.promise("look.zero-cost")
@pytest.mark.parametrize("delivery", list(Delivery))
@pytest.mark.parametrize("kind", ["link", "output", "processor", "graph", "all"])
def test_the_calls_of_every_thread_are_the_same_before_an_observer_came_and_after_it_has_gone(
    make: Any, rounds: Rounds, delivery: Delivery, kind: str
) -> None:
    runtime = make(clock=ManualClock(), workers=4)
    fan = Fan(runtime, rounds, delivery)
    rounds.play()  # the first pass of a loop is timed
    way, before = fan.way(), same_again(rounds)
    assert set(before) == set(rounds.heads)
    let_others_run(runtime)
    with ExitStack() as looks:
        fan.look(kind, looks)
        let_others_run(runtime)
        meanwhile = rounds.play()
    let_others_run(runtime)
    assert differing(same_again(rounds), before) == {}
    let_others_run(runtime)
    assert fan.way() == way
    more = {head: sum(meanwhile[head].values()) - sum(before[head].values()) for head in rounds.heads}
    if kind == "graph":
        assert not any(more.values())
    else:
        assert more["source"] > TIMED_EVERY
