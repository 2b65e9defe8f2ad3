"""Feeder: a source that sends as many frames of a supply as it is allowed to.

`rig.py` allows them, and so knows when all of them have been read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from streamlib.clock import NEVER_NS
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ProcessExecution
from streamlib.processors.ports import LinkOutput
from streamlib.processors.processor import Processor
from streamlib.testing.conformance.supply import Supply


class Feed:
    """How far a feeder may go; the rig's end of it.

    Attributes:
        supply: Its frames.
        allowed: How many of them may have been sent.
        sent: How many have been.
    """

    def __init__(self, supply: Supply) -> None:
        self.supply = supply
        self.allowed = 0
        self.sent = 0
        self.is_ended = False
        self._wake: Callable[[], None] | None = None

    def allow(self, count: int) -> None:
        """Let it send until it has sent so many; from any thread."""
        self.allowed = max(self.allowed, count)
        self._look_again()

    def end(self) -> None:
        """Let it end once it has sent what is allowed; from any thread."""
        self.is_ended = True
        self._look_again()

    def next(self, wake: Callable[[], None]) -> Any:
        """The next frame; None where no more are allowed, and then `wake` is called when that changes."""
        self._wake = wake  # before looking: a change from here on wakes
        if self.sent == self.allowed:
            return None
        self.sent += 1
        return self.supply.frame(self.sent - 1)

    def _look_again(self) -> None:
        if self._wake is not None:
            self._wake()


class Feeder(Processor):
    """Sends the frames of a feed."""

    class Config(ProcessorConfig):
        """`feed`: what to send. `type`: the classes of the frames."""

        feed: Feed
        type: object

    config: Config
    output: LinkOutput[Any] = LinkOutput(object)
    execution = ProcessExecution.continuous(interval_ms=0)

    @classmethod
    def declaration_for(cls, config: Any) -> Declaration:
        """The output carries frames of the classes that the config names."""
        output: LinkOutput[Any] = LinkOutput(config.type)
        output.name = "output"
        return replace(cls.declaration, outputs={"output": output})

    def process(self, ctx: ProcessContext) -> None:
        """Send one frame, or wait until more are allowed."""
        feed = self.config.feed
        ended = feed.is_ended  # before looking: what is allowed when it ends is sent
        frame = feed.next(ctx.wake)
        if frame is not None:
            self.output.write(frame)
        elif ended:
            ctx.end()
        else:
            ctx.wake_at(NEVER_NS)
