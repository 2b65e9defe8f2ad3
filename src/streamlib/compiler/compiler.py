"""The way of a change through compiling: plan, prepare, carry out; on failure the same way back.

Called by the runtime with the delta of an edit, one at a time. Compiling is attaching components to the graph,
and stopping is removing them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamlib.compiler.delta import GraphDelta
from streamlib.compiler.phases import Commit
from streamlib.compiler.plan import Plan, Refuse, draft_plan, make_plan, with_strategies
from streamlib.compiler.progress import Progress
from streamlib.compiler.site import LOG, Site
from streamlib.compiler.steps import PlanStep, planned_steps
from streamlib.compiler.teardown import Departure
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.interrupts import interrupts_heard
from streamlib.graph.components import LastStatistics, WiredChannel


def _nobody_asks() -> None:
    """Nothing is to be done once nothing can go wrong any more."""


def _nothing_to_undo() -> None:
    """Those who come back are in the graph already, and stay there."""


class Compiler:
    """Makes what runs agree with what the graph says."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._commits = 0

    def compile(
        self,
        delta: GraphDelta,
        undo: Callable[[], None],
        stand: Callable[[], None] = _nobody_asks,
        *,
        drain_s: float | None,
    ) -> None:
        """Carry out a delta as a whole, or not at all.

        Args:
            delta: What has changed.
            undo: Takes the change back out of the graph; called when it cannot be carried out.
            stand: Called when nothing can go wrong any more; what is raised behind it takes nothing back.
            drain_s: How long removed processors may take for what waits, in seconds; None cuts them off.

        Raises:
            CommitError: A step failed; everything is as before.
            StrategyError, ResourceBusyError: The delta cannot be carried out; nothing was tried.
            DeadlineError: It was carried out, and somebody was late; the message names who.
        """
        if not delta:
            return
        try:
            with self._told(delta):
                self._carry_out(delta, undo, stand, drain_s)
        finally:
            self._site.threads.spare(self._site.answer_s)

    def draft(self, delta: GraphDelta, refuse: Refuse) -> Plan:
        """What a delta would come to as far as the graph tells; `steps` is the rest. Nothing is done."""
        return draft_plan(self._site, delta, refuse)

    def steps(self, draft: Plan, refuse: Refuse) -> list[PlanStep]:
        """The steps in which a draft would be carried out; the scheduler delegate is asked where who is new runs."""
        return planned_steps(self._site.graph, with_strategies(self._site, draft, refuse))

    @contextmanager
    def _told(self, delta: GraphDelta) -> Iterator[Progress]:
        """Have what is done in the block told as one commit; a stop of nobody is none."""
        self._commits += bool(delta)
        progress = Progress(self._site.bus, self._site.clock, self._commits if delta else 0)
        before, self._site.progress = self._site.progress, progress  # one that is rolled back may make another
        try:
            progress.started(delta)
            yield progress
        finally:
            self._site.progress = before

    def _carry_out(
        self, delta: GraphDelta, undo: Callable[[], None], stand: Callable[[], None], drain_s: float | None
    ) -> None:
        progress = self._site.progress
        try:
            with interrupts_heard():
                commit = Commit(self._site, make_plan(self._site, delta), drain_s=drain_s)
        except BaseException as error:
            progress.failed(error)
            undo()
            progress.rolled_back()
            raise
        try:
            with interrupts_heard():
                commit.prepare()
            stand()
        except BaseException as error:
            try:
                progress.failed(error)
                commit.roll_back()
            finally:
                undo()
            self._start_again(commit.stopped, error)
            progress.rolled_back()
            if commit.departure.patience.interrupt is not None:
                raise commit.departure.patience.interrupt from error
            raise
        with progress:
            commit.carry_out()

    def _start_again(self, stopped: list[ProcessorInstance], error: BaseException) -> None:
        """Bring back those who had to stop for a commit that then failed."""
        ids = [instance.id for instance in stopped]
        if not ids:
            return
        graph = self._site.graph
        links = dict.fromkeys(link.id for id_ in ids for link in (*graph.links_into(id_), *graph.links_from(id_)))
        for link_id in links:
            graph.remove(link_id, WiredChannel)
        note = f"{', '.join(ids)} had been stopped to make way and runs again"
        try:
            self.compile(GraphDelta(added=tuple(ids), links_added=tuple(links)), _nothing_to_undo, drain_s=None)
        except Exception as second:
            LOG.exception("%s could not be started again", ", ".join(ids))
            note = f"{', '.join(ids)} had been stopped to make way and could not be started again: {second}"
        error.add_note(note)

    def stop_all(self, *, drain_s: float | None) -> None:
        """Bring every processor to its end, sources first by end of stream, and take away all that compiling attached.

        Raises:
            DeadlineError: Some did not come to their end in time; everything is taken away all the same.
        """
        graph = self._site.graph
        with graph.lock:
            present, wired = graph.holders(ProcessorInstance), graph.holders(WiredChannel)
        departure = Departure(self._site, present, drain_s=drain_s)
        with self._told(GraphDelta(removed=tuple(present), links_removed=tuple(wired))) as progress, progress:
            try:
                for instance in present.values():
                    self._site.tell("will_stop", instance.context.runtime)
            finally:  # also when a delegate raised an exit, which is the caller's
                self._depart(departure)

    def _depart(self, departure: Departure) -> None:
        graph = self._site.graph
        try:
            departure.complete()
            departure.check()
        finally:
            with graph.lock:
                wired = graph.holders(WiredChannel)
                graph.remove_all(wired, (WiredChannel,))
                left = {link: LastStatistics(one.channel.statistics()) for link, one in wired.items()}
                graph.insert_each(LastStatistics, left)
            self._site.threads.close(self._site.answer_s)
