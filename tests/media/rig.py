"""What stands around a processor in these tests: fake ports, contexts, and a clock moved by hand."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from streamlib.ids import ProcessorId
from streamlib.processors.context import MediaConfig, ProcessContext, RuntimeContext
from streamlib.processors.processor import Processor
from streamlib.processors.shared_objects import SharedObjects

MOST_CALLS = 100_000


class HandClock:
    """A clock that stands still unless it is moved."""

    def __init__(self) -> None:
        self.time_ns = 1_000_000_000

    def now_ns(self) -> int:
        return self.time_ns

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        raise AssertionError("no processor of media waits")


class FakeInput:
    """An input port with the frames it will give."""

    def __init__(self, frames: Iterable[object] = ()) -> None:
        self.frames = deque(frames)
        self.connected = True
        self.is_closed = True

    @property
    def ended(self) -> bool:
        return self.is_closed and not self.frames

    def read(self) -> object | None:
        return self.frames.popleft() if self.frames else None


class FakeLink(FakeInput):
    """One of the links of a `FakeInputs`."""

    def __init__(self, source: str, frames: Iterable[object]) -> None:
        super().__init__(frames)
        self.source = source


class FakeInputs:
    """An input port of many links, by where they come from."""

    def __init__(self, frames: Mapping[str, Iterable[object]]) -> None:
        self.links = [FakeLink(source, given) for source, given in frames.items()]

    @property
    def frames(self) -> int:
        """How many wait at all links."""
        return sum(len(link.frames) for link in self.links)


class FakeOutput:
    """An output port that keeps what is written."""

    def __init__(self, *, connected: bool = True) -> None:
        self.frames: list[Any] = []
        self.connected = connected
        self.is_ended = False

    def write(self, frame: object) -> None:
        assert not self.is_ended
        self.frames.append(frame)

    def end(self) -> None:
        self.is_ended = True


class Rig:
    """Runs one processor as the engine would, without threads.

    Ports are given by name: a list of frames makes an input, a mapping of lists one of many links, and a name in
    `outputs` an output.
    """

    def __init__(
        self,
        processor: Processor,
        *,
        shared: SharedObjects | None = None,
        inputs: Mapping[str, Iterable[object] | Mapping[str, Iterable[object]]] | None = None,
        outputs: Iterable[str] = (),
    ) -> None:
        self.processor = processor
        self.clock = HandClock()
        self.has_ended = False
        self.calls = 0
        self.wakes: list[int] = []
        given = inputs or {}
        self.inputs = {name: FakeInput(frames) for name, frames in given.items() if not isinstance(frames, Mapping)}
        self.many = {name: FakeInputs(frames) for name, frames in given.items() if isinstance(frames, Mapping)}
        self.outputs = {name: FakeOutput() for name in outputs}
        for name, port in {**self.inputs, **self.many, **self.outputs}.items():
            setattr(processor, name, port)
        runtime = RuntimeContext(ProcessorId("tested_0"), self.clock, shared or SharedObjects(), MediaConfig())
        self.context = ProcessContext(runtime, self)

    def setup(self) -> Rig:
        self.processor.setup(self.context.runtime)
        return self

    def reconfigure(self, **fields: object) -> None:
        """Apply a live change, as the engine does between two calls."""
        processor = self.processor
        previous = processor.config
        assert fields.keys() <= processor.declaration.config.live
        processor.config = processor.declaration.config.changed(previous, **fields)
        processor.config_changed(previous)

    def step(self) -> None:
        """One call; the clock moves to where the processor asked to be called."""
        self.calls += 1
        assert self.calls < MOST_CALLS, "it does not come to an end"
        self.processor.process(self.context)
        if self.wakes:
            self.clock.time_ns = max(self.clock.time_ns, self.wakes.pop())

    def run(self) -> Rig:
        """From setup to teardown: until its inputs are empty, or it says that it has ended."""
        try:
            self.setup()
            while not self.has_ended and self._has_work():
                self.step()
            self.processor.flush(self.context)
        finally:
            self.processor.teardown()
        return self

    def _has_work(self) -> bool:
        waiting = [len(port.frames) for port in self.inputs.values()] + [port.frames for port in self.many.values()]
        return not waiting or any(waiting)

    def out(self, name: str) -> list[Any]:
        """What the processor wrote to an output."""
        return self.outputs[name].frames

    def wake(self) -> None:
        """It is called again anyhow."""

    def wake_at(self, ns: int) -> None:
        self.wakes.append(ns)

    def end(self) -> None:
        self.has_ended = True
