"""Pictures at intervals: a sample each time one is due and somebody asks for it.

It holds no picture and, between two of them, no tap: the graph runs as if nobody looked. `sampler` takes the samples;
`perception` hands this out.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Self

from streamlib.clock import NS_PER_S
from streamlib.errors import StateError
from streamlib.events.closing import AsyncClosing, Closing
from streamlib.observability.encoded_image import SampledFrame
from streamlib.observability.no_sample import NoSample, NoSampleCause
from streamlib.observability.sample_config import SampleConfig
from streamlib.observability.sampler import LOOK_AGAIN_S, SampleTaker, Wanted
from streamlib.observability.viewpoint import Viewpoint

_PASSING = frozenset(
    {
        NoSampleCause.QUIET,
        NoSampleCause.NO_KEY_FRAME,
        NoSampleCause.PAUSED,
        NoSampleCause.UNCONNECTED,
        NoSampleCause.UNREADABLE,
    }
)
"""What may be over soon: a watch waits through it."""
_ROUND_S = 5.0  # how long one tap waits for a frame; then the next one does
_HANDOVER_S = 1.0  # a task that was cancelled has its thread give up within the time of a look


class VideoWatch(Closing, AsyncClosing):
    """Pictures of one place at intervals, for `for` and `async for`, until nothing can come any more or it is closed.

    The first comes at once, each other when it is due and asked for; one that is not asked for in time is never taken,
    and counted. A pause or a quiet source is waited through. One thread or task at a time asks.

    Attributes:
        skipped: Pictures that were due while nobody asked.
        hindered_by: Why the last try brought no picture; None where it did.
        over: Whether there are no more, for the reason that hindered the last.
    """

    def __init__(
        self, taker: SampleTaker, view: Viewpoint, config: SampleConfig, every_s: float, now_ns: Callable[[], int]
    ) -> None:
        self.skipped = 0
        self.hindered_by: NoSample | None = None
        self.over = False
        self._taker = taker
        self._view = view
        self._config = config
        self._every_ns = max(1, round(every_s * NS_PER_S))
        self._now_ns = now_ns
        self._due_ns: int | None = None
        self._closed = threading.Event()
        self._asking = threading.Lock()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> SampledFrame:
        picture = self._next()
        if picture is None:
            raise StopIteration
        return picture

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SampledFrame:
        """The next picture, taken on a thread of its own; cancelling the task gives it up."""
        answer: asyncio.Future[SampledFrame | None] = asyncio.get_running_loop().create_future()
        given_up = threading.Event()
        ask = threading.Thread(target=self._ask, args=(answer, given_up), name="streamlib:watch", daemon=True)
        ask.start()
        try:
            picture = await answer
        finally:
            given_up.set()
            self._taker.wake()
        if picture is None:
            raise StopAsyncIteration
        return picture

    def close(self) -> None:
        """There are no more pictures; who waits for one is woken. From any thread."""
        self._closed.set()
        self._taker.wake()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._closed.is_set()

    def __repr__(self) -> str:
        every, why = f"every {self._every_ns / NS_PER_S:g} s", self.hindered_by
        now = "closed" if self.closed else "" if why is None else f"{'over' if self.over else 'waits'}: {why}"
        return f"<VideoWatch of {self._view.port} {every}, {self.skipped} skipped{', ' if now else ''}{now}>"

    def _ask(self, answer: asyncio.Future[SampledFrame | None], given_up: threading.Event) -> None:
        """Take the next picture for a task; on a thread of its own."""
        picture, error = None, None
        try:
            picture = self._next(given_up)
        except Exception as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # its event loop is closed: nobody waits any more
            answer.get_loop().call_soon_threadsafe(_settle, answer, picture, error)

    def _next(self, given_up: threading.Event | None = None) -> SampledFrame | None:
        """Wait until a picture is due, and take it; None where there are no more, or nobody waits any more."""
        if not self._asking.acquire(timeout=_HANDOVER_S):
            raise StateError("somebody else waits for a picture of this watch; give each a watch of its own")
        try:
            return self._taken(lambda: not self._closed.is_set() and (given_up is None or not given_up.is_set()))
        finally:
            self._asking.release()

    def _taken(self, wanted: Wanted) -> SampledFrame | None:
        self._skip()
        while wanted() and not self.over:
            left_ns = 0 if self._due_ns is None else self._due_ns - self._now_ns()
            if left_ns > 0:
                self._rest(min(left_ns / NS_PER_S, LOOK_AGAIN_S))
                continue
            sample = self._taker.picture(self._view, self._config, _ROUND_S, wanted)
            if isinstance(sample, SampledFrame):
                self._due_ns = self._next_due_ns()
                self.hindered_by = None
                return sample
            self._hinder(sample)
            self._taker.wait(self._closed, LOOK_AGAIN_S)
        return None

    def _skip(self) -> None:
        """Leave out what was due while nobody asked; the picture that is due now is taken."""
        if self._due_ns is not None:
            missed = self._missed(self._due_ns)
            self.skipped += missed
            self._due_ns += missed * self._every_ns

    def _next_due_ns(self) -> int:
        """When the picture behind the one just taken is due; what was waited for in vain is not made up for."""
        due_ns = self._now_ns() if self._due_ns is None else self._due_ns
        return due_ns + (self._missed(due_ns) + 1) * self._every_ns

    def _missed(self, due_ns: int) -> int:
        """How many pictures behind the one that was due then are due by now."""
        return max(0, (self._now_ns() - due_ns) // self._every_ns)

    def _rest(self, seconds: float) -> None:
        """Let time pass until the next picture is due, and see whether any can still come."""
        self._taker.wait(self._closed, seconds)
        hindrance = self._taker.hindrances.now(self._view)
        if hindrance is not None:
            self._hinder(hindrance)

    def _hinder(self, why: NoSample) -> None:
        if why.cause is not NoSampleCause.CLOSED:
            self.hindered_by, self.over = why, why.cause not in _PASSING


def _settle(answer: asyncio.Future[SampledFrame | None], picture: SampledFrame | None, error: Exception | None) -> None:
    if answer.done():  # cancelled meanwhile
        return
    if error is not None:
        answer.set_exception(error)
    else:
        answer.set_result(picture)
