"""The work-stealing pool: as many workers as cores, for processors by the thousand.

Each worker has a deque of tasks. It takes from its own end, the newest first, whose data are still in the caches;
with nothing of its own it takes what came from outside, and then the oldest from the far end of the others'.
What a worker's task wakes goes to that worker; one that has had its turn and is not done goes behind those from
outside. Two that wake each other may keep a worker busy for good, so now and then it takes the oldest instead. A task
is in line at most once (`task`), so the deques together never hold more than there are loops. A worker without work
sleeps, and is woken one at a time.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable

from streamlib.clock import Clock
from streamlib.execution.alarm import Alarm
from streamlib.execution.changes import on_this_thread
from streamlib.execution.loops import Loop
from streamlib.execution.task import Task
from streamlib.links.wake import Waker

OLDEST_EVERY = 61
"""One turn in so many goes to the oldest task; odd, so that the own deque and the inbox come first alternately."""

JOIN_S = 1.0
"""How long workers that have nothing to do may take to end, in seconds."""


def usable_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class PoolTask(Task):
    """A loop on the pool."""

    __slots__ = ("_pool",)

    def __init__(self, loop: Loop, pool: Pool) -> None:
        super().__init__(loop, pool.in_line or pool.submit, pool.call_at, pool.waiting)
        self._pool = pool

    def wake(self) -> None:
        """Put the loop in line, with the worker who wakes it, unless it is there or is being run; from any thread."""
        try:
            self.asleep.pop()  # the claim of any task, written out: a call more would be paid for each turn
        except KeyError:  # who runs it looks again before it puts the token back
            return
        pool = self._pool
        worker = pool.here.worker
        (pool.inbox if worker is None or worker.serves is self else worker.tasks).append(self)
        if pool.idle:
            pool.wake_one()


class Worker:
    """One thread of the pool and the tasks in line for it."""

    def __init__(self, pool: Pool, number: int) -> None:
        self.tasks: deque[Task] = deque()  # bounded by the number of loops: each is in line once
        self.waker = Waker(pool.clock)
        self.serves: Task | None = None
        self.stolen = 0
        self._pool = pool
        self.thread = threading.Thread(target=self._run, name=f"streamlib:pool-{number}", daemon=True)

    def _run(self) -> None:
        pool, newest, turns = self._pool, self.tasks.pop, 0
        pool.here.worker = self
        with on_this_thread():
            while not pool.closed:
                turns += 1
                try:
                    task = newest() if turns % OLDEST_EVERY else self._oldest(turns)
                except IndexError:
                    task = self._from_elsewhere()
                if task is None:
                    pool.idle.add(self)
                    self.waker.sleep(self._is_wanted)
                    pool.idle.discard(self)
                    continue
                self.serves = task
                try:
                    task.run()
                except BaseException as error:
                    task.abandon(error)

    def _is_wanted(self) -> bool:
        """Not to fall asleep: also one who was called while he lay down and found that another took the work."""
        return self not in self._pool.idle or self._pool.has_work()

    def _oldest(self, turns: int) -> Task | None:
        inbox = self._pool.inbox
        first, second = (inbox, self.tasks) if turns % 2 else (self.tasks, inbox)
        return _far_end(first) or _far_end(second) or self._from_elsewhere()

    def _from_elsewhere(self) -> Task | None:
        found = _far_end(self._pool.inbox)
        if found is not None:
            return found
        for worker in self._pool.workers:
            found = _far_end(worker.tasks)
            if found is not None:
                self.stolen += 1
                return found
        return None


class _Here(threading.local):
    """Which worker a thread is; None for all others."""

    worker: Worker | None = None


class Pool:
    """The workers of one runtime.

    Attributes:
        workers: Its workers, as many as asked for.
        inbox: Tasks that were woken from outside.
        idle: Workers that sleep, or are about to.
        closed: Whether the workers are to end.
        waiting: Tasks in which somebody has found no room, since it was last looked at.
    """

    def __init__(self, clock: Clock, alarm: Alarm, workers: int) -> None:
        self.clock = clock
        self.inbox: deque[Task] = deque()  # bounded like a worker's
        self.idle: set[Worker] = set()
        self.here = _Here()
        self.closed = False
        self.waiting: set[Task] = set()  # bounded by the number of loops
        # Each method is looked at once: every look makes another, and there may be very many tasks.
        self.in_line: Callable[[Task], None] | None = self.submit
        self.call_at = alarm.call_at
        self.workers = tuple(Worker(self, number) for number in range(workers))
        try:
            for worker in self.workers:
                worker.thread.start()
        except BaseException:  # the system has no thread left
            self.workers = tuple(worker for worker in self.workers if worker.thread.ident is not None)
            self.close(JOIN_S)
            raise

    def task(self, loop: Loop) -> Task:
        """The task of a loop; it runs once it is started."""
        return PoolTask(loop, self)

    def submit(self, task: Task) -> None:
        """Put a task in line behind all others, and wake a worker for it; from any thread."""
        self.inbox.append(task)
        if self.idle:
            self.wake_one()

    def has_work(self) -> bool:
        """Whether anything is in line, or the workers are to end."""
        return self.closed or bool(self.inbox) or any(worker.tasks for worker in self.workers)

    def close(self, timeout_s: float) -> bool:
        """End the workers; False when one did not end in time."""
        self.closed = True
        self.in_line = None  # it leads back here, and a circle that a start has frozen may stay for ever
        for worker in self.workers:
            worker.waker.wake()
        for worker in self.workers:
            worker.thread.join(timeout_s)
        return not any(worker.thread.is_alive() for worker in self.workers)

    def wake_one(self) -> None:
        """Wake a worker that sleeps, if there is one."""
        try:
            worker = self.idle.pop()
        except KeyError:
            return
        worker.waker.wake()


def _far_end(tasks: deque[Task]) -> Task | None:
    try:
        return tasks.popleft()
    except IndexError:
        return None
