"""A runtime that nobody holds any more: it goes on until its sources have ended, and is stopped then.

Threads of processors hold the parts of their runtime (lifecycle, committer, bus), never the runtime itself: so it is
gone in the moment in which its user lets go of it, without the collector, from which it is frozen while it runs. What
may be asked for from inside comes by `Remote`. Called by `runtime`; goes to `lifecycle`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol
from weakref import ReferenceType, finalize

from streamlib.errors import StateError, StreamError
from streamlib.ids import ProcessorId
from streamlib.runtime.edit import Edit
from streamlib.runtime.lifecycle import Lifecycle

_LOG = logging.getLogger("streamlib.runtime")


class Edits(Protocol):
    """The runtime, as far as an edit from inside asks it for something."""

    def edit(self) -> Edit:
        """A transaction."""
        ...

    def commit_edit(self, edit: Edit) -> None:
        """Commit it."""
        ...


class Remote:
    """The verbs of a runtime for those who do not hold it: what needs the whole of it is refused once that is gone."""

    def __init__(self, runtime: ReferenceType[Edits], lifecycle: Lifecycle, *, drain_s: float) -> None:
        self._runtime = runtime
        self._lifecycle = lifecycle
        self._drain_s = drain_s

    def pause(self, processor: str | None = None) -> None:
        """Pause all, or one processor."""
        if processor is None:
            self._lifecycle.pause()
        else:
            self._lifecycle.pause_one(ProcessorId(processor))

    def resume(self, processor: str | None = None) -> None:
        """Resume all, or one processor."""
        if processor is None:
            self._lifecycle.resume()
        else:
            self._lifecycle.resume_one(ProcessorId(processor))

    def stop(self, *, drain: bool) -> None:
        """Stop it."""
        self._lifecycle.stop(drain_s=self._drain_s if drain else None)

    def edit(self) -> Edit:
        """A transaction.

        Raises:
            StateError: Nobody holds the runtime any more.
        """
        return self._whole().edit()

    def commit_edit(self, edit: Edit) -> None:
        """Commit it.

        Raises:
            StateError: Nobody holds the runtime any more.
        """
        self._whole().commit_edit(edit)

    def _whole(self) -> Edits:
        runtime = self._runtime()
        if runtime is None:
            raise StateError("the runtime was dropped and is not edited any more; keep it while it runs")
        return runtime


def stop_when_dropped(runtime: object, lifecycle: Lifecycle, *, drain_s: float) -> None:
    """Have a runtime that was dropped while it runs see its sources out, and stop then; at the exit others do it."""
    finalize(runtime, _see_out, lifecycle, drain_s).atexit = False


def _see_out(lifecycle: Lifecycle, drain_s: float) -> None:
    if lifecycle.is_idle():
        return
    _LOG.warning(
        "a runtime was dropped without stop(); it is stopped once its sources have ended. Write `with runtime:`, "
        "or call runtime.stop()"
    )
    _on_its_own(lambda: lifecycle.see_out(drain_s=drain_s))


def _on_its_own(call: Callable[[], None]) -> None:
    """On a thread: who drops a runtime may be anybody, in the middle of anything."""

    def run() -> None:
        try:
            call()
        except StreamError as error:
            _LOG.error("a runtime that was dropped could not be stopped: %s", error)

    threading.Thread(target=run, name="streamlib:dropped", daemon=True).start()
