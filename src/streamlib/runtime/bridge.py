"""Frames from and to plain Python code: two processors and what users hold of them.

`PushSource` sends what `push` is given; `PullSink` keeps what arrives until somebody takes it. Both are bounded:
`push` waits for room, and a sink that nobody empties holds its link back as its delivery says. What they keep is in
boxes (`box`), which outlive a restart.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Annotated, Any, Protocol, Self
from weakref import finalize

import numpy as np
from msgspec import Meta

from streamlib.clock import NS_PER_S
from streamlib.errors import DeadlineError, StateError
from streamlib.graph.components import TransientMarker
from streamlib.ids import PortRef, ProcessorId
from streamlib.links.delivery import Delivery
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext, log_fields
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ProcessExecution
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.runtime.box import Answer, Box
from streamlib.runtime.edit import Edit
from streamlib.runtime.handles import Holder, OutputPort, ProcessorHandle

FrameClass = type  # the builtin under a name that a field called `type` does not hide

FORGOTTEN_NS = NS_PER_S
"""How long a sink may be full before anybody has asked for what is in it until that is said, in nanoseconds."""

PUSH_S = 10.0
"""How long `push` waits for room unless said otherwise, in seconds."""

_LOG = logging.getLogger("streamlib.runtime")


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
    examples = ("source = runtime.add_processor(PushSource, type=VideoFrame)\nsource.push(frame)\nsource.end()",)

    @classmethod
    def declaration_for(cls, config: Any) -> Declaration:
        """The output carries frames of the class that the config names."""
        output: LinkOutput[Any] = LinkOutput(config.type)
        output.name = "output"
        return replace(cls.declaration, outputs={"output": output})

    def setup(self, ctx: RuntimeContext) -> None:
        """Open the inbox."""
        self.inbox = Box(self.config.capacity)
        self._stays = False  # whether the inbox is another's by now

    def process(self, ctx: ProcessContext) -> None:
        """Send one frame; again while there are more."""
        frame = self.inbox.take()
        if frame is not None:
            self.output.write(frame)
        ended = self.inbox.ended  # before looking: what is there when it ends is sent
        if len(self.inbox):
            ctx.wake()
        elif ended:
            ctx.end()

    def waits_for(self) -> str:
        """Somebody who pushes."""
        return "" if len(self.inbox) else "waits for frames: nobody calls push()"

    def hand_over(self, heir: Self) -> None:
        """What has been pushed is sent by the one who comes, and who pushes goes on pushing."""
        heir.inbox, self._stays = self.inbox.pass_on(heir.config.capacity), True

    def flush(self, ctx: ProcessContext) -> None:
        """Send what `push` has taken already."""
        if not self._stays:
            self.inbox.end()
            while len(self.inbox):
                self.output.write(self.inbox.take())

    def teardown(self) -> None:
        """Let those who push know that nobody takes frames any more."""
        if not self._stays:
            self.inbox.close()
            self.inbox.clear()


class PushHandle(ProcessorHandle):
    """A `PushSource` of a runtime."""

    def push(self, frame: object, *, timeout: float = PUSH_S) -> None:
        """Send a frame into the graph, from any thread; waits for room.

        Raises:
            StateError: The runtime does not run, or the source has ended.
            DeadlineError: There was no room within `timeout` seconds.
            TypeError: It is not a frame of the class that the source sends.
        """
        inbox = self._inbox_for(frame)
        self._pushed(inbox.wait(lambda: inbox.try_put(frame), timeout), timeout)

    async def push_async(self, frame: object, *, timeout: float = PUSH_S) -> None:  # noqa: ASYNC109 as in `push`
        """As `push`, for asyncio."""
        inbox = self._inbox_for(frame)
        answer: Answer = ()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                answer = await inbox.wait_async(lambda: inbox.try_put(frame))
        self._pushed(answer, timeout)

    def end(self) -> None:
        """End the stream behind the frames pushed so far."""
        self._source().inbox.end()
        self._wake()

    def _inbox_for(self, frame: object) -> Box:
        source = self._source()
        kind = source.config.type
        if not isinstance(frame, kind):
            hint = "; VideoFrame.from_ndarray(array) makes a frame" if isinstance(frame, np.ndarray) else ""
            raise TypeError(f"this source sends {kind.__name__}, not {type(frame).__name__}{hint}")
        return source.inbox

    def _pushed(self, answer: Answer, timeout: float) -> None:
        if not answer:
            raise DeadlineError("room in the source", timeout, ["those who read its links"])
        if answer == (False,):
            raise StateError("the source has ended and takes no more frames; restart it, or add another")
        self._wake()

    def _source(self) -> PushSource:
        instance = self.instance()
        if instance is None:
            raise StateError(f"{self.id} does not run; start the runtime before you push")
        assert isinstance(instance.processor, PushSource)
        return instance.processor

    def _wake(self) -> None:
        """Wake whoever is the processor now: a restart may have put another in its place meanwhile."""
        instance = self.instance()
        if instance is not None:
            instance.wake()


PushSource.handle_type = PushHandle


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
    examples = ("sink = runtime.add_processor(PullSink)\nfor frame in sink.frames():\n    print(frame)",)

    def setup(self, ctx: RuntimeContext) -> None:
        """Open the outbox."""
        self.outbox = Box(self.config.capacity)
        self._stays = False  # whether the outbox is another's by now
        self._full_ns = 0  # since when it has been full without anybody asking; 0 is not yet, -1 that it was said

    def process(self, ctx: ProcessContext) -> None:
        """Put a frame aside, if there is room; whoever takes one calls again."""
        if self.outbox.has_room():
            frame = self.input.read()
            if frame is not None:
                self.outbox.put(frame)
        elif not self.outbox.asked and self._full_ns >= 0:
            self._say_if_forgotten(ctx)

    def _say_if_forgotten(self, ctx: ProcessContext) -> None:
        """Say once of frames that nobody has asked for since they were made that they hold others up."""
        now_ns = ctx.now_ns()
        if not self._full_ns:
            self._full_ns = now_ns
            ctx.wake_at(now_ns + FORGOTTEN_NS)
        elif now_ns >= self._full_ns + FORGOTTEN_NS:
            self._full_ns = -1
            words = "%d frames wait and nobody has asked for any: what sends them is held back, or loses some; %s"
            ctx.log.warning(words, len(self.outbox), "iterate over them, or close() the stream")

    def waits_for(self) -> str:
        """Somebody who takes what it keeps."""
        if self.outbox.has_room():
            return ""
        return f"keeps {len(self.outbox)} frames, all it has room for: nobody takes them by frames() or pull()"

    def hand_over(self, heir: Self) -> None:
        """What has not been taken stays, and whoever waits goes on waiting."""
        heir.outbox, self._stays = self.outbox.pass_on(heir.config.capacity), True

    def flush(self, ctx: ProcessContext) -> None:
        """Say the end behind the last frame."""
        if not self._stays:
            self.outbox.end()

    def teardown(self) -> None:
        """Let those who wait know that nothing comes any more."""
        if not self._stays:
            self.outbox.close()


class PullHandle(ProcessorHandle):
    """A `PullSink` of a runtime."""

    _outbox: Box | None = None  # kept, so that what is in it can be taken when its processor is gone

    def pull(self, *, timeout: float | None = None) -> Any:
        """The next frame; None when the stream has ended.

        Raises:
            StateError: The runtime has not been started.
            DeadlineError: No frame came within `timeout` seconds; None waits for one or for the end.
        """
        outbox = self._open_outbox()
        return self._taken(outbox.wait(outbox.try_take, timeout), timeout)

    async def pull_async(self) -> Any:
        """As `pull`, for asyncio; it waits for a frame or for the end."""
        outbox = self._open_outbox()
        return self._taken(await outbox.wait_async(outbox.try_take), None)

    def frames(self) -> Frames:
        """The frames until the stream ends, to iterate over in plain or asyncio code."""
        return Frames(self)

    def let_go(self) -> None:
        """Forget what waits to be taken."""
        if self._outbox is not None or self.instance() is not None:
            self._open_outbox().clear()

    def _taken(self, answer: Answer, timeout: float | None) -> Any:
        if not answer:
            raise DeadlineError("a frame", timeout or 0.0, ["the processor that is read"])
        instance = self.instance()
        if instance is not None:
            instance.wake()
        return answer[0]

    def _open_outbox(self) -> Box:
        """Where the frames are now, or were when the processor was last there."""
        instance = self.instance()
        if instance is not None:
            sink: Any = instance.processor
            self._outbox = sink.outbox
        if self._outbox is None:
            raise StateError(f"{self.id} does not run; start the runtime before you take frames")
        return self._outbox


PullSink.handle_type = PullHandle
PullSink.unread_because = "its frames wait for plain code to take them; iterate over them, or close() the stream"


class Frames:
    """Iterates over what a sink keeps, in plain code or under asyncio, until the stream ends."""

    def __init__(self, sink: PullHandle) -> None:
        self._sink = sink

    def __repr__(self) -> str:
        return f"<frames that {self._sink.id} keeps>"

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

    def let_go(self, processor: ProcessorId) -> None:
        """Cut a processor off, if it is still there, without waiting for it; from anywhere."""
        ...

    async def aside(self, call: Callable[[], None]) -> None:
        """Make a call that blocks, on another thread."""
        ...


class FrameStream:
    """The frames of one output: a sink that is added for it, and removed when the iteration is over or closed.

    The sink is there from the beginning, so that nothing is missed before the first frame is asked for. One that is
    dropped without being iterated or closed is closed when it is collected, with a warning in the log.
    """

    def __init__(self, runtime: Streamed, port: OutputPort, *, capacity: int, delivery: Delivery) -> None:
        self._runtime = runtime
        self._port = port.ref
        with runtime.edit() as edit:
            edit.recorded = False  # whoever undoes commits does not mean streams
            frame_types = port.handle.declaration.outputs[port.ref.port].frame_types
            kind = frame_types[0] if len(frame_types) == 1 else object
            self._sink = edit.add_processor(PullSink, type=kind, capacity=capacity)
            edit.attach(self._sink.id, TransientMarker())
            edit.connect(port, self._sink, delivery=delivery)
        self._begun = threading.Event()
        self._over = False
        whose = log_fields(port.handle.id, port.handle.processor_type)
        self._dropped = finalize(self, _close_dropped, runtime, self._sink.id, port.ref, self._begun, whose)
        self._dropped.atexit = False

    def __iter__(self) -> Iterator[Any]:
        if not self._over:
            with self:
                yield from Frames(self._handle())

    async def __aiter__(self) -> AsyncIterator[Any]:
        if self._over:
            return
        self._begun.set()
        try:
            async for frame in Frames(self._handle()):
                yield frame
        finally:
            await self._runtime.aside(self.close)

    def close(self) -> None:
        """Remove the sink; what waits in it is let go, and there is nothing more to iterate over."""
        self._over = True
        self._dropped.detach()
        if self._sink.id in self._runtime.graph:
            edit = self._runtime.edit()  # also where the runtime collects edits: these frames are nobody else's
            edit.recorded = False
            edit.remove(self._sink)
            self._handle().let_go()
            self._runtime.commit_edit(edit, drain_s=None)
        self._handle().let_go()

    def __repr__(self) -> str:
        return f"<frames of {self._port}{', closed' if self._over else ''}>"

    def __enter__(self) -> Self:
        self._begun.set()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _handle(self) -> PullHandle:
        assert isinstance(self._sink, PullHandle)
        return self._sink


def _close_dropped(
    runtime: Streamed, sink: ProcessorId, port: PortRef, begun: threading.Event, whose: dict[str, object]
) -> None:
    """What becomes of a stream that nobody holds any more; called by the collector, wherever it is at work."""
    if not begun.is_set():
        _LOG.warning("the frames of %s were never iterated over; what kept them is removed", port, extra=whose)
    runtime.let_go(sink)
