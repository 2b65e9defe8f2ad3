"""How long one commit waits for the loops it changes: for each in full once, and if in vain only a moment again.

So a processor that is stuck in a call holds up its commit once, however many changes the commit has for its loop.
Used by `phases`, `wiring` and `teardown`.
"""

from __future__ import annotations

from collections.abc import Callable

from streamlib.compiler.site import Site
from streamlib.errors import DeadlineError
from streamlib.execution.loops import Loop

LAST_WORDS_S = 1.0
"""How long a processor that was cut off may take to come back and be torn down, in seconds."""

MOMENT_S = 0.1
"""How long to wait for a loop that was waited for in vain, in seconds."""


class Patience:
    """What is left of it for each loop.

    Args:
        limit_s: What the user gives the whole edit, in seconds; None leaves it to the site.
    """

    def __init__(self, site: Site, limit_s: float | None) -> None:
        self._site = site
        self._limit_s = limit_s
        self._lost: set[Loop] = set()

    def lose(self, loop: Loop) -> None:
        """Wait for this loop no more than a moment from now on."""
        self._lost.add(loop)

    def apply(self, loop: Loop, action: Callable[[], None], *, between_calls: bool = False) -> None:
        """Have a loop do something; one that is late does it when it comes back.

        Raises:
            DeadlineError: It was late.
        """
        try:
            loop.apply(action, self._left_s(loop), between_calls=between_calls)
        except DeadlineError:
            self.lose(loop)
            raise

    def _left_s(self, loop: Loop) -> float:
        full_s = self._site.answer_s
        if self._limit_s is not None:
            full_s = min(full_s, max(self._limit_s, LAST_WORDS_S))
        return min(MOMENT_S, full_s) if loop in self._lost else full_s
