"""A loop on a thread of its own.

`compiler/phases` has the thread made ready while an edit can still be rolled back, because the system may refuse it
one, and starts it once everything is set up; from then on the loop belongs to this thread, and others reach it by
`Loop.apply`. The thread parks when its processors have ended, and ends when it is stopped.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from streamlib.execution.loops import Loop
from streamlib.execution.priority import GrantedPriority, ThreadPriority, take

_LOG = logging.getLogger("streamlib.execution")


class ThreadRunner:
    """The thread of one loop.

    Attributes:
        granted: The priority it has really got; None until it runs.
    """

    def __init__(
        self,
        loop: Loop,
        name: str,
        priority: ThreadPriority = ThreadPriority.NORMAL,
        tell: Callable[[GrantedPriority], None] | None = None,
    ) -> None:
        self.loop = loop
        loop.may_wait = True
        loop.runner = self
        self.granted: GrantedPriority | None = None
        self._priority = priority
        self._tell = tell
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._go = threading.Event()

    def make_ready(self) -> None:
        """Have a thread that waits for `start`, or for `stop`.

        Raises:
            RuntimeError: The system has none left.
        """
        self.thread.start()

    def start(self) -> None:
        """Start the thread; the loop belongs to it from here on."""
        if self.thread.ident is None:
            self.make_ready()
        self.loop.threaded = True
        self._go.set()

    def stop(self) -> None:
        """Have the thread end at the next point between two frames."""
        self.loop.stop()
        self._go.set()

    def join(self, timeout_s: float) -> bool:
        """Wait until the thread has ended; False when it has not in time. One that never started has."""
        if self.thread.ident is None:
            return True
        self.thread.join(timeout_s)
        return not self.thread.is_alive()

    def _run(self) -> None:
        self._go.wait()
        if not self.loop.threaded:  # it was not started after all
            return
        self.granted = take(self._priority)
        if self._tell is not None:
            self._tell(self.granted)
        try:
            self.loop.run()
        except BaseException as error:  # a fault of ours, which no policy covers, ends everyone here
            name = self.loop.name
            fields = {**self.loop.log_fields(), "loop": name}
            _LOG.critical("the thread of %s broke: %r", name, error, exc_info=True, extra=fields)
            self.loop.abandon(error)
        finally:
            self.loop.threaded = False
            self.loop.serve()  # what was handed over while this thread was leaving
