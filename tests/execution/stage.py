"""A manual source, and behind it a sink whose turns the test gives."""

from __future__ import annotations

from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.testing import ManualClock
from tests.execution.plain_processors import Hand, Sink
from tests.execution.rig import SECONDS, Rig, loop_of, own
from tests.execution.turns import Line


class Stage:
    """A manual source, and behind it a sink that is a task in a line."""

    def __init__(self, sink: Sink | None = None, *, loop: type[Loop] = Loop, brief: bool = False) -> None:
        self.clock = ManualClock()
        self.rig, self.line = Rig(self.clock, brief=brief), Line()
        self.hand, self.end = self.rig.add(Hand()), self.rig.add(sink or Sink())
        self.rig.loop(self.hand)
        self.loop = loop(self.end.id, self.rig.stopwatch, self.clock)
        self.loop.head = self.end
        self.loop.arrange([self.end])
        self.task = self.line.task(self.loop)
        self.rig.link(self.hand, self.end, capacity=200)
        self.loop.arrange([self.end])

    def started(self) -> Stage:
        """After the first turn, in which there was nothing to do."""
        self.task.start()
        self.line.empty()
        return self

    def send(self, frames: int = 1) -> None:
        """Have the source write."""
        for _ in range(frames):
            assert loop_of(self.hand).step(SECONDS)


def calls(instance: ProcessorInstance) -> int:
    return int(own(instance).calls)
