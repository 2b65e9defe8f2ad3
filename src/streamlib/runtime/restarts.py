"""Processors that fail and are made anew, after a back-off and up to a limit.

A loop asks `wanted` when a processor whose error policy is `restart` has failed; frames wait for it meanwhile. When
its time has come it is replaced as by `runtime.restart`: in line with the commits, with its links and counters. One
that fails too often, in `setup` or in `process`, fails for good.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from streamlib.clock import NS_PER_S
from streamlib.compiler.site import Site
from streamlib.events.processor import ProcessorRestarted, ProcessorRestarting
from streamlib.execution.instance import ProcessorInstance
from streamlib.ids import ProcessorId
from streamlib.runtime.ticket import Ticket


@dataclass(frozen=True, slots=True)
class _Row:
    """Failures that follow each other: how many so far, and when the last was."""

    attempts: int
    last_ns: int


class Restarts:
    """Makes the failed processors of one runtime anew.

    Args:
        restart: Puts the replacement of a processor in line; the ticket says what came of it.
    """

    def __init__(self, site: Site, restart: Callable[[ProcessorId, Ticket], None]) -> None:
        self._site = site
        self._restart = restart
        self._rows: dict[ProcessorId, _Row] = {}

    def forget(self) -> None:
        """The runtime starts anew: nobody has failed yet."""
        self._rows.clear()

    def wanted(self, instance: ProcessorInstance) -> bool:
        """Plan the next attempt of a processor that has failed; False when it has had all of them."""
        limits = instance.declaration.restart_limits
        now_ns = self._site.media_clock.now_ns()
        row = self._rows.get(instance.id, _Row(0, now_ns))
        attempts = 0 if now_ns - row.last_ns >= limits.reset_s * NS_PER_S else row.attempts
        if attempts >= limits.attempts:
            return False
        attempt = attempts + 1
        self._rows[instance.id] = _Row(attempt, now_ns)
        delay_ns = round(limits.delay_s(attempt) * NS_PER_S)
        self._site.bus.publish(ProcessorRestarting(processor_id=instance.id, attempt=attempt, delay_ns=delay_ns))
        self._site.threads.alarm().call_at(now_ns + delay_ns, partial(self._begin, instance, attempt))
        return True

    def _begin(self, failed: ProcessorInstance, attempt: int) -> None:
        if self._site.graph.get(failed.id, ProcessorInstance) is failed and not failed.over:
            self._restart(failed.id, Ticket(partial(self._settled, failed, attempt)))

    def _settled(self, failed: ProcessorInstance, attempt: int, error: BaseException | None) -> None:
        if error is None:
            self._site.bus.publish(ProcessorRestarted(processor_id=failed.id, attempt=attempt))
        elif not self.wanted(failed):
            failed.failure = error if isinstance(error, Exception) else RuntimeError(repr(error))
            failed.end()
