"""How long one commit waits for the loops it changes: for each in full, all its waits together.

So a processor that is slow, or stuck in a call, holds up its commit for no longer than the edit may take, however many
changes the commit has for its loop. What was waited for somebody in vain is off the others' time, too. Where a commit
cannot be taken back any more, Ctrl-C ends the waiting and not the commit. Used by `phases`, `wiring` and `teardown`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from streamlib.clock import NS_PER_S, Clock, MonotonicClock
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
        clock: What waits are measured by.

    Attributes:
        certain: Whether all that is waited for will be done whatever comes.
        interrupt: The Ctrl-C that came then; whoever is not done in a moment is late, and it is raised at the end.
    """

    def __init__(self, site: Site, limit_s: float | None, clock: Clock | None = None) -> None:
        self._site = site
        self._limit_s = limit_s
        self._clock = clock or MonotonicClock()
        self.certain = False
        self.interrupt: KeyboardInterrupt | None = None
        self._lost: set[Loop] = set()
        self._lost_s = 0.0
        self._spent_s: defaultdict[Loop, float] = defaultdict(float)

    @property
    def full_s(self) -> float:
        """How long any one loop is waited for, in seconds."""
        answer_s = self._site.answer_s
        return answer_s if self._limit_s is None else min(answer_s, max(self._limit_s, LAST_WORDS_S))

    def lose(self, loop: Loop) -> None:
        """Wait for this loop no more than a moment from now on."""
        self._lost.add(loop)

    def apply(self, loop: Loop, action: Callable[[], None], *, between_calls: bool = False) -> None:
        """Have a loop do something; one that is late does it when it comes back.

        Raises:
            DeadlineError: It was late.
        """
        given_s, begun_ns = self._left_s(loop), self._clock.now_ns()
        try:
            loop.apply(action, given_s, between_calls=between_calls)
        except DeadlineError:
            if loop not in self._lost:
                self._lost_s += given_s
            self.lose(loop)
            raise DeadlineError("a change", self._spent_s[loop] + given_s, {loop.name: loop.excuse()}) from None
        except KeyboardInterrupt as interrupt:
            if not self.certain:
                raise
            self.interrupt = interrupt
            raise DeadlineError("a change", given_s, {loop.name: loop.excuse()}) from None
        finally:
            self._spent_s[loop] += (self._clock.now_ns() - begun_ns) / NS_PER_S

    def _left_s(self, loop: Loop) -> float:
        full_s = self.full_s
        least_s = min(MOMENT_S, full_s)
        if loop in self._lost or self.interrupt is not None:
            return least_s
        of_all_s = max(full_s - self._lost_s, min(LAST_WORDS_S, full_s))  # who is in no way late can answer in that
        return max(of_all_s - self._spent_s[loop], least_s)
