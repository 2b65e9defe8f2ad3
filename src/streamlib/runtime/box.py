"""Frames between plain code and a processor: bounded, and whoever waits for a change of it is woken.

`PushSource` has one as its inbox, `PullSink` as its outbox (`bridge`). Plain code waits on its thread, a coroutine in
its event loop; the processor never waits. A restart hands the box on to the processor that takes the other's place.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from streamlib.execution.main_thread_runner import tell_soon

Answer = tuple[Any, ...]
"""What a look at a box comes to: something, or the empty tuple where that takes a change of the box first."""


class Box:
    """Frames that wait, oldest first.

    Attributes:
        capacity: How many it has room for.
        ended: Nothing is put in behind what is there.
        closed: The processor is gone, and no other took its place.
        asked: Whether plain code has ever waited for a change of it.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.ended = False
        self.closed = False
        self.asked = False
        self._frames: deque[Any] = deque()  # bounded: who puts one in looks for room first
        self._changed = threading.Condition()
        self._called: list[Callable[[], None]] = []  # one for each coroutine that waits

    # ----------------------------------------------------------------------------------------------- for processors

    def has_room(self) -> bool:
        """Whether a frame more may be put in."""
        return len(self._frames) < self.capacity

    def put(self, frame: object) -> None:
        """Put a frame in; for the only one who does, after `has_room`."""
        with self._changed:
            self._frames.append(frame)
            self._tell()

    def take(self) -> Any:
        """The next frame, or None."""
        with self._changed:
            if not self._frames:
                return None
            self._tell()
            return self._frames.popleft()

    def __len__(self) -> int:
        return len(self._frames)

    def end(self) -> None:
        """Nothing comes behind what is there."""
        with self._changed:
            self.ended = True
            self._tell()

    def close(self) -> None:
        """Nobody is at the other end any more."""
        with self._changed:
            self.ended = self.closed = True
            self._tell()

    def clear(self) -> None:
        """Let go of what waits."""
        with self._changed:
            self._frames.clear()
            self._tell()

    def pass_on(self, capacity: int) -> Box:
        """The same box for the next processor; open again where the one before had come to its end."""
        with self._changed:
            self.capacity = capacity
            if self.closed:
                self.ended = self.closed = False
            self._tell()
        return self

    def _tell(self) -> None:
        self._changed.notify_all()
        called, self._called = self._called, []
        for call in called:
            call()

    # ----------------------------------------------------------------------------------------------- for plain code

    def try_put(self, frame: object) -> Answer:
        """Put a frame in where there is room; `(False,)` where it takes no more."""
        if self.ended:
            return (False,)
        if not self.has_room():
            return ()
        self.put(frame)
        return (True,)

    def try_take(self) -> Answer:
        """The next frame; None at the end."""
        if self._frames:
            return (self.take(),)
        return (None,) if self.ended else ()

    def wait(self, look: Callable[[], Answer], timeout: float | None) -> Answer:
        """Look again at each change until there is an answer; the empty one after `timeout` seconds."""
        self.asked = True
        with self._changed:
            return self._changed.wait_for(look, timeout)

    async def wait_async(self, look: Callable[[], Answer]) -> Answer:
        """As `wait`, for a coroutine; it needs no thread, and one that is cancelled has taken nothing."""
        self.asked = True
        running, woken = asyncio.get_running_loop(), asyncio.Event()

        def call() -> None:
            tell_soon(running, woken)

        try:
            while True:
                with self._changed:
                    answer = look()
                    if answer:
                        return answer
                    self._called.append(call)
                await woken.wait()
                woken.clear()
        finally:
            with self._changed:
                self._called = [other for other in self._called if other is not call]
