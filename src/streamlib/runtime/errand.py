"""An errand: a call that blocks, made on a thread of its own while an event loop goes on.

asyncio's own executor is not used: it belongs to the program, whose calls may have filled it. Used by `runtime`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Errand(Generic[T]):
    """Runs the call at once.

    Args:
        back: Called when it is done, on its thread.
    """

    def __init__(self, call: Callable[[], T], back: Callable[[], None], name: str) -> None:
        self._call = call
        self._back = back
        self._brought: list[T] = []
        self._error: BaseException | None = None
        self._done = False
        self._thread = threading.Thread(target=self._run, name=f"streamlib:{name}", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._brought.append(self._call())
        except BaseException as error:
            self._error = error
        self._done = True
        self._back()

    def done(self) -> bool:
        """Whether it has come back."""
        return self._done

    def result(self) -> T:
        """What it has brought, once it is `done`; raises what the call raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._brought[0]
