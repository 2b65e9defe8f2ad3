"""Runners in the hands of a test: a line whose turns the test gives, a pool, and a clock that counts who uses it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from streamlib.clock import Clock
from streamlib.execution.alarm import Alarm
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.execution.pool_runner import Pool
from streamlib.execution.task import Task
from streamlib.testing import ManualClock
from tests.execution.rig import SECONDS, Rig, loop_of


class CountingClock(ManualClock):
    """A clock moved by hand that counts how often anybody lies down."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = 0

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        """Count, and wait."""
        self.waits += 1
        return super().wait(lock, deadline_ns)


class Line:
    """A runner that gives a turn when the test says so.

    Attributes:
        ready: Who is in line.
        timers: What was to be called, and when.
        waiting: Tasks in which somebody has found no room.
    """

    def __init__(self) -> None:
        self.ready: list[Task] = []
        self.timers: list[tuple[int, Callable[[], None]]] = []
        self.waiting: set[Task] = set()

    def submit(self, task: Task) -> None:
        """Take a task in line."""
        self.ready.append(task)

    def call_at(self, at_ns: int, ring: Callable[[], None]) -> None:
        """Note a time."""
        self.timers.append((at_ns, ring))

    def task(self, loop: Loop) -> Task:
        """The task of a loop."""
        return Task(loop, self.submit, self.call_at, self.waiting)

    def turn(self) -> None:
        """Give the first in line its turn."""
        self.ready.pop(0).run()

    def empty(self) -> None:
        """Give turns until nobody is in line."""
        while self.ready:
            self.turn()


class PoolRig(Rig):
    """A rig that has a pool: `on_pool` before the links are made, `begin` after."""

    def __init__(self, workers: int, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.alarm = Alarm(self.clock)
        self.pool = Pool(self.clock, self.alarm, workers)
        self._tasks: list[Task] = []

    def on_pool(self, *instances: ProcessorInstance) -> list[Task]:
        """A task for each of these."""
        tasks = [self.pool.task(self.loop(instance)) for instance in instances]
        self._tasks += tasks
        return tasks

    def begin(self) -> None:
        """Start all tasks, and wait until each has had its first turn: with nothing to do, unless it has."""
        for task in self._tasks:
            task.loop.arrange(task.loop.members)
            task.start()
        for task in self._tasks:
            task.loop.apply(lambda: None, SECONDS)

    def close(self) -> None:
        """End the processors and all threads."""
        for task in self._tasks:
            for member in task.loop.members:
                member.cut_off()
            task.stop()
        for task in self._tasks:
            assert task.join(SECONDS), f"{task.loop.name} did not end"
        assert self.pool.close(SECONDS)
        assert self.alarm.close(SECONDS)
        self.stop()

    def step(self, hand: ProcessorInstance, times: int = 1) -> None:
        """Have a manual source write."""
        for _ in range(times):
            assert loop_of(hand).step(SECONDS)
