"""What a codec has to say about what it was given, each thing once.

Words pass through, on their way to a processor's log. A stream of frames repeats its peculiarities at
every frame; a log that repeats them with it is not read.
"""

from __future__ import annotations

from logging import Logger, LoggerAdapter
from typing import Any


class Notices:
    """Says each thing once.

    Args:
        log: Where it is said.
    """

    def __init__(self, log: Logger | LoggerAdapter[Any]) -> None:
        self._log = log
        self._said: set[str] = set()  # bounded: callers name things by words of their own, never by what came

    def once(self, about: str, message: str) -> None:
        """Warn, unless there was a warning about the same before."""
        if about not in self._said:
            self._said.add(about)
            self._log.warning(message)

    def forget(self, about: str) -> None:
        """Say it again when there is reason to: what it was about has changed."""
        self._said.discard(about)
