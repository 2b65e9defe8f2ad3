"""What `with` and `async with` do to all that is listened or looked by until it is closed: they close it.

It knows nothing of who is closed. Next: `subscription`, whose subscriptions are closed so.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closing(ABC):
    """Closed at the end of a `with`, whatever happened in it."""

    @abstractmethod
    def close(self) -> None:
        """Listen or look no more."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClosing(ABC):
    """Closed at the end of an `async with`; to close it waits for nobody."""

    @abstractmethod
    def close(self) -> None:
        """Listen or look no more."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
