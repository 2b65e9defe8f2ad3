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
from streamlib.errors import DeadlineError
from streamlib.events.event import described
from streamlib.events.processor import ProcessorRestarted, ProcessorRestarting
from streamlib.execution.instance import ProcessorInstance
from streamlib.ids import ProcessorId
from streamlib.observability.scene import RestartFacts
from streamlib.runtime.ticket import Ticket


@dataclass(frozen=True, slots=True)
class _Row:
    """Failures that follow each other: whose, how many so far, when the last was and the next attempt is, and why."""

    generation: int
    attempts: int
    last_ns: int
    next_ns: int = 0
    limit: int = 0
    why: str = ""


class Restarts:
    """Makes the failed processors of one runtime anew.

    Args:
        restart: Puts the replacement of a processor in line, if that is wanted when its turn comes: a commit before
            it may have put another in its place. The ticket says what came of it.
    """

    def __init__(self, site: Site, restart: Callable[[ProcessorId, Callable[[], bool], Ticket], None]) -> None:
        self._site = site
        self._restart = restart
        self._rows: dict[ProcessorId, _Row] = {}
        site.reports.restarted = self.done
        site.reports.gone = self.gone

    def forget(self) -> None:
        """The runtime starts anew: nobody has failed yet."""
        self._rows.clear()

    def wanted(self, instance: ProcessorInstance, error: BaseException | None = None) -> bool:
        """Plan the next attempt of a processor that has failed; False when it has had all of them.

        Args:
            error: What was in the way of the last attempt, where that is not what its last call raised.
        """
        limits = instance.declaration.restart_limits
        now_ns = self._site.media_clock.now_ns()
        row = self._rows.get(instance.id)
        if row is None or row.generation != instance.generation or now_ns - row.last_ns >= limits.reset_s * NS_PER_S:
            attempts = 0
        else:
            attempts = row.attempts
        if attempts >= limits.attempts:
            self._give_up(instance, attempts)
            return False
        attempt = attempts + 1
        delay_ns = round(limits.delay_s(attempt) * NS_PER_S)
        why = described(error) if error is not None else self._site.reports.last_error(instance)
        self._rows[instance.id] = _Row(instance.generation, attempt, now_ns, now_ns + delay_ns, limits.attempts, why)
        words = "failed (%s); restarting, attempt %d of %d in %g s"
        instance.context.log.warning(words, why, attempt, limits.attempts, delay_ns / NS_PER_S)
        self._site.bus.publish(ProcessorRestarting(processor_id=instance.id, attempt=attempt, delay_ns=delay_ns))
        self._site.threads.call_at(now_ns + delay_ns, partial(self._begin, instance))
        return True

    def next_attempt(self, id_: ProcessorId) -> RestartFacts | None:
        """When one that has failed is made anew, by the clock for media."""
        row = self._rows.get(id_)
        if row is None:
            return None
        return RestartFacts(attempt=row.attempts, limit=row.limit, at_ns=row.next_ns, error=row.why)

    def _give_up(self, instance: ProcessorInstance, attempts: int) -> None:
        self._site.reports.gave_up[instance.id] = attempts
        if attempts:
            instance.context.log.warning("gave up after %d attempt%s", attempts, "" if attempts == 1 else "s")

    def gone(self, id_: ProcessorId) -> None:
        """Forget one that is in the graph no more."""
        self._rows.pop(id_, None)

    def done(self, id_: ProcessorId) -> None:
        """Tell that one who had failed runs again; on the thread that is about to call it."""
        if id_ in self._rows:
            self._site.bus.publish(ProcessorRestarted(processor_id=id_, attempt=self._rows[id_].attempts))

    def _begin(self, failed: ProcessorInstance) -> None:
        if self._waits(failed):
            self._restart(failed.id, partial(self._waits, failed), Ticket(partial(self._settled, failed)))

    def _waits(self, failed: ProcessorInstance) -> bool:
        """Whether it still waits to be made anew."""
        return self._site.graph.get(failed.id, ProcessorInstance) is failed and not failed.over

    def _settled(self, failed: ProcessorInstance, error: BaseException | None) -> None:
        if error is None or not self._waits(failed):  # where it does not, another commit was late for somebody else
            return
        if isinstance(error, DeadlineError) and failed.id in error.waiting_for:
            return  # it was carried out: the new one takes its place when their thread comes back from a call
        if not self.wanted(failed, error):
            failed.failure = error if isinstance(error, Exception) else RuntimeError(repr(error))
            failed.end()
