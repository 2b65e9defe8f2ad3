"""Frames from and to plain Python code: two processors and what users hold of them.

`PushSource` sends what `push` is given; `PullSink` keeps what arrives until somebody takes it. Both are bounded:
`push` waits for room, and a sink that nobody empties holds its link back as its delivery says.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Annotated, Any, Protocol, Self

import numpy as np
from msgspec import Meta

from streamlib.errors import DeadlineError, StateError
from streamlib.links.delivery import Delivery
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ProcessExecution
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.runtime.edit import Edit
from streamlib.runtime.handles import Holder, OutputPort, ProcessorHandle

FrameClass = type  # the builtin under a name that a field called `type` does not hide

PUSH_S = 10.0
"""How long `push` waits for room unless said otherwise, in seconds."""


class PushSource(Processor):
    """Sends the frames that plain code gives it; `add_processor(PushSource, type=VideoFrame)` returns a `PushHandle`.

    `source.push(frame)` sends one, from any thread, and `source.end()` ends the stream. Without `type` the output
    fits only inputs that take any frame.
    """

    class Config(ProcessorConfig):
        """`type`: the class of the frames. `capacity`: frames that `push` may be ahead, 1 or more."""

        type: FrameClass = object
        capacity: Annotated[int, Meta(ge=1)] = 8

    config: Config
    output: LinkOutput[Any] = LinkOutput(object)
    execution = ProcessExecution.reactive()

    @classmethod
    def declaration_for(cls, config: Any) -> Declaration:
        """The output carries frames of the class that the config names."""
        output: LinkOutput[Any] = LinkOutput(config.type)
        output.name = "output"
        return replace(cls.declaration, outputs={"output": output})

    def setup(self, ctx: RuntimeContext) -> None:
        """Open the inbox."""
        self._changed = threading.Condition()
        self._inbox: deque[Any] = deque()  # bounded by the config's capacity
        self._ended = False
        self._closed = False

    def process(self, ctx: ProcessContext) -> None:
        """Send one frame; again while there are more."""
        with self._changed:
            frame = self._inbox.popleft() if self._inbox else None
            more, ended = bool(self._inbox), self._ended
            self._changed.notify_all()
        if frame is not None:
            self.output.write(frame)
        if more:
            ctx.wake()
        elif ended:
            ctx.end()

    def flush(self, ctx: ProcessContext) -> None:
        """Send what `push` has taken already."""
        with self._changed:
            waiting = [*self._inbox]
            self._inbox.clear()
        for frame in waiting:
            self.output.write(frame)

    def teardown(self) -> None:
        """Let those who push know that nobody takes frames any more."""
        with self._changed:
            self._closed = True
            self._inbox.clear()
            self._changed.notify_all()

    def push(self, frame: object, timeout: float, wake: Callable[[], None]) -> None:
        """Put a frame in the inbox; see `PushHandle.push`."""
        kind = self.config.type
        if not isinstance(frame, kind):
            hint = "; VideoFrame.from_ndarray(array) makes a frame" if isinstance(frame, np.ndarray) else ""
            raise TypeError(f"this source sends {kind.__name__}, not {type(frame).__name__}{hint}")
        with self._changed:
            room = self._changed.wait_for(lambda: self._refuses() or len(self._inbox) < self.config.capacity, timeout)
            if self._refuses():
                raise StateError("the source has ended and takes no more frames")
            if not room:
                raise DeadlineError("room in the source", timeout, ["those who read its links"])
            self._inbox.append(frame)
        wake()

    def finish(self, wake: Callable[[], None]) -> None:
        """No frame comes after those in the inbox."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        wake()

    def _refuses(self) -> bool:
        return self._ended or self._closed


class PushHandle(ProcessorHandle):
    """A `PushSource` of a runtime."""

    def push(self, frame: object, *, timeout: float = PUSH_S) -> None:
        """Send a frame into the graph, from any thread; waits for room.

        Raises:
            StateError: The runtime does not run, or the source has ended.
            DeadlineError: There was no room within `timeout` seconds.
            TypeError: It is not a frame of the class that the source sends.
        """
        instance = self._instance()
        instance.processor.push(frame, timeout, instance.wake)

    async def push_async(self, frame: object) -> None:
        """As `push`, for asyncio."""
        await asyncio.to_thread(self.push, frame)

    def end(self) -> None:
        """End the stream behind the frames pushed so far."""
        instance = self._instance()
        instance.processor.finish(instance.wake)

    def _instance(self) -> Any:
        instance = self.instance()
        if instance is None:
            raise StateError(f"{self.id} does not run; start the runtime before you push")
        return instance


PushSource.handle_type = PushHandle


class Outbox:
    """Frames that wait for plain code, bounded; who waits for one is woken by a frame or by the end."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._changed = threading.Condition()
        self._frames: deque[Any] = deque()  # bounded by the capacity
        self._called: list[Callable[[], None]] = []
        self._ended = False

    def has_room(self) -> bool:
        """Whether a frame more may be put in."""
        return len(self._frames) < self._capacity

    def put(self, frame: object) -> None:
        """Put a frame in; for the sink, after `has_room`."""
        with self._changed:
            self._frames.append(frame)
            self._tell()

    def end(self) -> None:
        """No frame comes any more."""
        with self._changed:
            self._ended = True
            self._tell()

    def take(self, timeout: float | None) -> Any:
        """The next frame; None at the end.

        Raises:
            DeadlineError: None came within `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._frames or self._ended, timeout):
                raise DeadlineError("a frame", timeout or 0.0, ["the processor that is read"])
            return self._frames.popleft() if self._frames else None

    def ready(self, call: Callable[[], None]) -> bool:
        """Whether `take` returns at once; otherwise `call` is called, on any thread, when it does."""
        with self._changed:
            if self._frames or self._ended:
                return True
            self._called.append(call)
            return False

    def _tell(self) -> None:
        self._changed.notify_all()
        called, self._called = self._called, []
        for call in called:
            call()


class PullSink(Processor):
    """Keeps the frames that arrive until plain code takes them; `add_processor(PullSink, …)` returns a `PullHandle`.

    `for frame in sink.frames(): ...` takes them, `async for` too. `handle.output("video").frames()` is the short form
    that adds a sink and removes it.
    """

    class Config(ProcessorConfig):
        """`type`: the class of the frames. `capacity`: frames that wait to be taken, 1 or more."""

        type: FrameClass = object
        capacity: Annotated[int, Meta(ge=1)] = 8

    config: Config
    input: LinkInput[Any] = LinkInput(object)

    def setup(self, ctx: RuntimeContext) -> None:
        """Open the outbox."""
        self.outbox = Outbox(self.config.capacity)

    def process(self, ctx: ProcessContext) -> None:
        """Put a frame aside, if there is room; whoever takes one calls again."""
        if self.outbox.has_room():
            frame = self.input.read()
            if frame is not None:
                self.outbox.put(frame)

    def flush(self, ctx: ProcessContext) -> None:
        """Say the end behind the last frame."""
        self.outbox.end()

    def teardown(self) -> None:
        """Let those who wait know that nothing comes any more."""
        self.outbox.end()


class PullHandle(ProcessorHandle):
    """A `PullSink` of a runtime."""

    _outbox: Outbox | None = None  # kept, so that what is in it can be taken when its processor is gone

    def pull(self, *, timeout: float | None = None) -> Any:
        """The next frame; None when the stream has ended.

        Raises:
            StateError: The runtime has not been started.
            DeadlineError: No frame came within `timeout` seconds; None waits for one or for the end.
        """
        frame = self._open_outbox().take(timeout)
        instance = self.instance()
        if instance is not None:
            instance.wake()
        return frame

    async def pull_async(self) -> Any:
        """As `pull`, for asyncio; it waits for a frame or for the end."""
        loop, ready = asyncio.get_running_loop(), asyncio.Event()

        def call() -> None:
            loop.call_soon_threadsafe(ready.set)

        if not self._open_outbox().ready(call):
            await ready.wait()
        return self.pull()

    def frames(self) -> Frames:
        """The frames until the stream ends, to iterate over in plain or asyncio code."""
        return Frames(self)

    def _open_outbox(self) -> Outbox:
        """Where the frames are now, or were when the processor was last there."""
        instance = self.instance()
        if instance is not None:
            sink: Any = instance.processor
            self._outbox = sink.outbox
        if self._outbox is None:
            raise StateError(f"{self.id} does not run; start the runtime before you take frames")
        return self._outbox


PullSink.handle_type = PullHandle


class Frames:
    """Iterates over what a sink keeps, in plain code or under asyncio, until the stream ends."""

    def __init__(self, sink: PullHandle) -> None:
        self._sink = sink

    def __iter__(self) -> Iterator[Any]:
        while (frame := self._sink.pull()) is not None:
            yield frame

    async def __aiter__(self) -> AsyncIterator[Any]:
        while (frame := await self._sink.pull_async()) is not None:
            yield frame


class Streamed(Holder, Protocol):
    """The runtime, as far as a stream of frames asks it for something."""

    def edit(self) -> Edit:
        """A transaction."""
        ...

    def commit_edit(self, edit: Edit, *, drain_s: float | None) -> None:
        """Commit it; with None what goes is cut off."""
        ...


class FrameStream:
    """The frames of one output: a sink that is added for it, and removed when the iteration is over or closed."""

    def __init__(self, runtime: Streamed, port: OutputPort, *, capacity: int, delivery: Delivery) -> None:
        self._runtime = runtime
        with runtime.edit() as edit:
            frame_types = port.handle.declaration.outputs[port.ref.port].frame_types
            kind = frame_types[0] if len(frame_types) == 1 else object
            self._sink = edit.add_processor(PullSink, type=kind, capacity=capacity)
            edit.connect(port, self._sink, delivery=delivery)

    def __iter__(self) -> Iterator[Any]:
        with self:
            yield from Frames(self._handle())

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            async for frame in Frames(self._handle()):
                yield frame
        finally:
            await asyncio.to_thread(self.close)

    def close(self) -> None:
        """Remove the sink; what waits in it is let go."""
        if self._sink.id in self._runtime.graph:
            edit = self._runtime.edit()  # also where the runtime collects edits: these frames are nobody else's
            edit.remove(self._sink)
            self._runtime.commit_edit(edit, drain_s=None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _handle(self) -> PullHandle:
        assert isinstance(self._sink, PullHandle)
        return self._sink
