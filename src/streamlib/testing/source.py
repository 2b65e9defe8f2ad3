"""ListSource: a source that plays a list, scripted by times, gates and errors.

`sink.py` collects what comes of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from streamlib.clock import NEVER_NS
from streamlib.errors import DeadlineError
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ProcessExecution
from streamlib.processors.ports import LinkOutput
from streamlib.processors.processor import Processor


@dataclass(frozen=True, slots=True)
class At:
    """In the list of a `ListSource`: what follows is sent when the clock has reached this time, in nanoseconds."""

    ns: int


class Gate:
    """In the list of a `ListSource`: what follows is sent when somebody has opened the gate."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_open = False
        self._is_reached = False
        self._waiting: Callable[[], None] | None = None

    def open(self) -> None:
        """Let the source go on; from any thread."""
        with self._changed:
            self._is_open = True
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting()

    def wait_until_reached(self, timeout: float = 5.0) -> None:
        """Wait until the source has sent everything before the gate.

        Raises:
            DeadlineError: It has not within `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_reached, timeout):
                raise DeadlineError("waiting for a gate to be reached", timeout, ["the source that has it in its list"])

    def reach(self, go_on: Callable[[], None]) -> bool:
        """Whether the gate is open; otherwise `go_on` is called when it opens. For the source."""
        with self._changed:
            self._is_reached = True
            self._changed.notify_all()
            if not self._is_open:
                self._waiting = go_on
            return self._is_open


class ListSource(Processor):
    """Sends the items of a list, one a call, then ends.

    Besides frames the list may hold a script: `At(ns)` waits for the clock, a `Gate` until a test opens it, and
    an exception is raised where it stands.

        gate = Gate()
        source = runtime.add_processor(ListSource, items=[frame, gate, ValueError("broken"), other_frame])
    """

    class Config(ProcessorConfig):
        """What to send.

        Attributes:
            items: Frames, and what scripts them.
            type: The class of the frames, or a tuple of classes; None takes the classes of those in `items`.
        """

        items: tuple[Any, ...] = ()
        type: object = None

    config: Config
    output: LinkOutput[Any] = LinkOutput(object)
    execution = ProcessExecution.continuous(interval_ms=0)

    @classmethod
    def declaration_for(cls, config: Any) -> Declaration:
        """The output carries frames of the classes that the config names, or holds."""
        output: LinkOutput[Any] = LinkOutput(config.type or _classes_of(config.items) or object)
        output.name = "output"
        return replace(cls.declaration, outputs={"output": output})

    def setup(self, ctx: RuntimeContext) -> None:
        """Begin at the first item."""
        self._next = 0

    def process(self, ctx: ProcessContext) -> None:
        """Send one item, or wait as the script says."""
        if self._next == len(self.config.items):
            ctx.end()
            return
        item = self.config.items[self._next]
        if isinstance(item, At) and ctx.now_ns() < item.ns:
            ctx.wake_at(item.ns)
        elif isinstance(item, Gate) and not item.reach(ctx.wake):
            ctx.wake_at(NEVER_NS)
        else:
            self._next += 1
            self._play(item, ctx)

    def _play(self, item: Any, ctx: ProcessContext) -> None:
        if isinstance(item, Exception):
            raise item
        if isinstance(item, Gate):
            ctx.wake_at(ctx.now_ns())  # and not when it would have looked at the gate again
        elif not isinstance(item, At):
            self.output.write(item)


def _classes_of(items: Sequence[object]) -> tuple[type, ...]:
    return tuple(dict.fromkeys(type(item) for item in items if not isinstance(item, At | Gate | Exception)))
