"""The bounded queue of a link between two threads: one writer, one reader.

The writer spends credit, which it takes anew from the ring when it has none left, so a write costs one count
and no look at the length. A writer without room marks the ring as stalled; the reader sees the mark while it
takes frames and wakes the writer once half of the ring is free, not for each frame. Written to by `writer`,
read by `reader`.

An empty deque is as big as all else that a link has, and in a large graph most links carry nothing for long. So a ring
has one from its first frame on, or from when its reader is first called: `open` makes it, once, whoever of the two
comes first, and each end holds its `append` or `popleft` from then on.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

from streamlib.links.wake import Wakes

_OPENING = threading.Lock()  # one for all rings: held for a moment, and once for each


class Ring:
    """Frames on their way from one loop to another.

    `ended`: nothing will be appended any more. `closed`: nobody will take any more. `released`: the writer
    is being cut off and appends its last frame whether there is room or not, so that none is lost. `finishing`:
    so does a writer that goes, with all it has left, however long its reader is paused or held back. `written`
    counts what was ever appended where only the newest is kept; elsewhere nobody needs it.
    """

    __slots__ = ("capacity", "closed", "consumer", "ended", "finishing", "items", "low_water", "overwrites", "producer",
                 "released", "stalled", "written")  # fmt: skip

    def __init__(self, capacity: int, producer: Wakes, consumer: Wakes, *, overwrites: bool = False) -> None:
        self.items: deque[Any] | tuple[()] = ()  # until it is opened
        self.overwrites = overwrites
        self.capacity = capacity
        self.low_water = capacity // 2
        # One mark at most: since when there is no room. An empty deque is ten times as big.
        self.stalled: list[int] = []
        self.producer = producer
        self.consumer = consumer
        self.ended = False
        self.closed = False
        self.released = False
        self.finishing = False
        self.written = 0

    def open(self) -> deque[Any]:
        """Where its frames are; from any thread."""
        if not isinstance(self.items, tuple):
            return self.items
        with _OPENING:
            if isinstance(self.items, tuple):
                # Otherwise bounded by the writer's credit: a maximal length would lose frames, not refuse them.
                self.items = deque(maxlen=self.capacity if self.overwrites else None)
            return self.items

    def room(self) -> int:
        """How many frames more may be appended."""
        return self.capacity - len(self.items)

    def has_room(self) -> bool:
        """Whether the writer may go on; a False leaves the mark that has the reader wake it."""
        if len(self.items) < self.capacity or self.closed or self.released or self.finishing:
            return True
        if not self.stalled:
            self.stalled.append(self.producer.stalls())
        # looked at again: the reader may have taken one before it could see the mark
        return len(self.items) < self.capacity

    def reader_rests(self) -> None:
        """Called by a reader that takes no more for now: a stalled writer gets the room there is, however little."""
        if self.stalled and self.room() > 0:
            self.call_writer()

    def call_writer(self) -> None:
        """Wake a stalled writer. Called by the reader."""
        self.stalled.clear()
        self.producer.wake()

    def end(self) -> None:
        """The writer's last word: in order behind the last frame, because it is looked at on an empty ring only."""
        self.ended = True
        self.consumer.wake()

    def interrupt(self) -> None:
        """Have nobody wait for room any more. From any thread: the frames stay, the reader may be looking at them."""
        self.closed = True
        self.producer.wake()

    def close(self) -> int:
        """The reader's last word. Returns how many frames were on the way and will not be taken."""
        self.closed = True
        lost = len(self.take_all())
        if not self.ended:  # else its writer has said its last word, and waits for nothing here
            self.producer.wake()
        return lost

    def take_all(self) -> list[Any]:
        """Take out all that waits, oldest first; exact beside a writer that goes on appending."""
        frames: list[Any] = []
        items = self.items
        while items:
            frames.append(items.popleft())
        return frames
