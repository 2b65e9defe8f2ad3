"""How processors go: drained, ended, torn down, and nothing of them lingers.

What waits for them is processed, and those they feed hear the end of stream. The last phase of a commit, and the
whole of a stop. A processor that does not come to its end in time is cut off and named; its thread, if it is stuck
in a call, is left behind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial

from streamlib.clock import NS_PER_S, MonotonicClock
from streamlib.compiler.patience import LAST_WORDS_S, Patience
from streamlib.compiler.site import LOG, Site
from streamlib.errors import DeadlineError
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.interrupts import interrupts_heard
from streamlib.execution.loops import Loop, Runner, loop_of
from streamlib.graph import Entity
from streamlib.graph.components import RUNNING_COMPONENTS, LastMetrics, WiredChannel
from streamlib.graph.link import Link
from streamlib.ids import PortRef, ProcessorId
from streamlib.links.channel import Channel
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.states import ProcessorState

SERVED_S = 0.005
"""How soon a loop that no thread runs is served again while those who go from it wait for others, in seconds."""


class Departure:
    """The processors that go in one commit.

    Attributes:
        leaving: All of them, those that have gone already among them.
        late: Who did not come to their end, or to a change, in time, and what is known of why.
        patience: How long to wait for loops.

    Args:
        going: Each of them, by what the graph holds of it.
        cut: The links that go; those of the processors among them.
        drain_s: How long they may take to process what waits for them, in seconds; None does not let them.
    """

    def __init__(
        self,
        site: Site,
        going: Mapping[Entity, ProcessorInstance],
        cut: Sequence[Entity] = (),
        *,
        drain_s: float | None,
    ) -> None:
        self._site = site
        self._cut = cut
        self._drain_s = drain_s
        self._entities = {instance: entity for entity, instance in going.items()}
        self.leaving = set(self._entities)
        self._reports = site.reports
        self.late: dict[str, str] = {}
        self.patience = Patience(site, drain_s)
        self._clock = MonotonicClock()

    @cached_property
    def _by_id(self) -> dict[ProcessorId, ProcessorInstance]:
        return {instance.id: instance for instance in self.leaving}

    def present(self) -> list[ProcessorInstance]:
        """Those who have not gone yet."""
        return list(self._entities)

    def end_of(self, port: PortRef) -> ProcessorInstance:
        """The instance at one end of a link that goes; one that goes may have left its id to another."""
        instance = self._by_id.get(port.processor_id) or self._site.graph.get(port.processor_id, ProcessorInstance)
        assert instance is not None, port
        return instance

    def complete(self, which: Iterable[ProcessorInstance] | None = None) -> None:
        """Drain and tear down all of them, or these; whoever does not come to their end in time is noted in `late`."""
        going = self.present() if which is None else list(which)
        if which is not None:
            self._cut_off(set(going))
        self._site.progress.all_begun("drain", going)
        try:
            if self.patience.interrupt is not None:
                raise self.patience.interrupt
            self._drain(going)
            self._site.progress.all_done("drain", going)
        except BaseException:  # Ctrl-C for one: who waits here gives up, and files are still completed
            self._end_now([instance for instance in going if not instance.over])
            self._ended(going, LAST_WORDS_S)
            raise
        finally:
            self._take_out(going)
            self._take_off(going)
            for instance in going:
                self._tear_down(instance)

    def check(self, others: Iterable[str] = ()) -> None:
        """Name those who were late, and `others`.

        Raises:
            DeadlineError: Somebody was.
        """
        late = dict.fromkeys(others, "") | self.late
        if late:
            given_s = (self._drain_s if self.late else None) or self.patience.full_s
            seconds = LAST_WORDS_S if self._reports.hurried else given_s
            raise DeadlineError("draining" if self.late else "a change", seconds, late)

    # ------------------------------------------------------------------------------------------------------- drain

    def _cut_off(self, going: set[ProcessorInstance]) -> None:
        """Cut the links to some of them before the others' are."""
        for link, channel in self._cut_links():
            source, target = self.end_of(link.source), self.end_of(link.target)
            if target in going and source not in going:
                channel.release()
                self._apply(source, partial(_cut, source, link.source.port, channel))
            elif source in going and target not in going:
                channel.mute()

    def _cut_links(self) -> Iterator[tuple[Link, Channel]]:
        """The links that go and still run."""
        for entity in self._cut:
            link, wired = self._site.graph.get(entity, Link), self._site.graph.get(entity, WiredChannel)
            if link is not None and wired is not None:
                yield link, wired.channel

    def _drain(self, going: list[ProcessorInstance]) -> None:
        for instance in going:  # before its state is looked at: nobody makes it anew any more
            if instance.policy is ErrorPolicy.RESTART:
                instance.policy = ErrorPolicy.SKIP
        if self._drain_s is None:
            self._end_now(going)
        else:
            self._let_finish(set(going))
        for instance in going:
            self._let_move(instance)
            if instance.readers:
                instance.unmute()
            else:
                instance.end()
        for loop, members in _by_loop(going).items() if self._site.paused else ():
            if loop.threaded and loop.head not in members:
                loop.post(partial(loop.drain, members))
        patience_s = self._drain_s if self._drain_s is not None else self._site.answer_s
        if not self._ended(going, patience_s, unless_hurried=True):
            self._end_now([instance for instance in going if not instance.over])
            if not self._ended(going, LAST_WORDS_S):
                self._leave_behind([instance for instance in going if not instance.over])

    def _leave_behind(self, stuck: list[ProcessorInstance]) -> None:
        """Nobody waits any more for those who do not come back from a call: not we, nor those they feed."""
        for instance in stuck:
            self.late.setdefault(instance.id, _excuse(instance))
            instance.abandon()
            if isinstance(instance.loop, Loop):
                self.patience.lose(instance.loop)
        for instance in stuck:
            excuse, fields = _excuse(instance), instance.context.runtime.log_fields
            if excuse:
                LOG.error("%s did not come to its end and is left behind: %s", instance.id, excuse, extra=fields)
            else:
                LOG.error("%s did not come back from a call and is left behind", instance.id, extra=fields)

    def _let_finish(self, going: set[ProcessorInstance]) -> None:
        """Let them send what they have to those who stay, who may be paused or held back: nobody waits for that."""
        for link, channel in self._cut_links():
            source = self.end_of(link.source)
            if source in going and self.end_of(link.target) not in self.leaving:
                channel.let_finish()
                if isinstance(source.loop, Loop):
                    source.loop.disturb(source)

    def _let_move(self, instance: ProcessorInstance) -> None:
        """Let one who is paused, itself or with the runtime, process what waits for it."""
        loop = instance.loop
        if not isinstance(loop, Loop):
            return
        if instance.state is ProcessorState.RESTARTING:
            instance.end()  # nobody makes it anew any more; it ends with what it failed with
        elif instance.paused:
            self._apply(instance, partial(loop.resume_one, instance))
        if self._site.paused and loop.head is instance:
            self._apply(instance, loop.resume)

    def _end_now(self, going: list[ProcessorInstance]) -> None:
        for instance in going:
            if self._drain_s is not None:
                self.late[instance.id] = instance.neglected() or _excuse(instance)
            instance.cut_off()

    def _ended(self, going: list[ProcessorInstance], timeout_s: float, *, unless_hurried: bool = False) -> bool:
        reports, left = self._reports, going[::-1]
        deadline_ns = self._clock.now_ns() + round(timeout_s * NS_PER_S)
        interrupt = self.patience.interrupt
        while True:
            unserved = self._serve(going)
            if self.patience.interrupt is not interrupt and self.patience.interrupt is not None:
                raise self.patience.interrupt
            left_s = max(0.0, (deadline_ns - self._clock.now_ns()) / NS_PER_S)
            wait_s = min(left_s, SERVED_S) if unserved else left_s
            with interrupts_heard():
                hurried = reports.wait_until(lambda: (unless_hurried and reports.hurried) or _none_left(left), wait_s)
            if hurried or wait_s >= left_s:
                return all(instance.over for instance in going)

    def _serve(self, going: list[ProcessorInstance]) -> bool:
        """Drain those whose loops no thread runs; True where some of them wait for others, for frames or for room."""
        unserved = False
        left = {loop_of(instance) for instance in going if _has_something_left(instance)}
        unthreaded = {loop for loop in left if loop is not None and not loop.threaded}
        for loop, members in _by_loop(going).items() if unthreaded else ():
            if loop in unthreaded:
                with suppress(DeadlineError):  # who has its turn makes the change
                    self.patience.apply(loop, partial(loop.drain, members))
                unserved |= any(_has_something_left(member) for member in members)
        return unserved

    # --------------------------------------------------------------------------------------------------- tear down

    def _take_out(self, going: list[ProcessorInstance]) -> None:
        """Have loops that stay let go of them, and threads that go end."""
        heads = set(going)
        gone: dict[Loop, list[ProcessorInstance]] = defaultdict(list)
        for instance in going:
            loop = loop_of(instance)
            if loop is not None and loop.head not in heads:
                gone[loop].append(instance)
        for loop, members in gone.items():
            self._apply(loop.members[0], partial(_take_out, loop, members))
        for instance in going:
            runner = self._runner(instance)
            if runner is not None:
                runner.stop()

    def _take_off(self, going: list[ProcessorInstance]) -> None:
        """Take away what compiling has attached, of all at once, when their threads have ended."""
        self._site.progress.all_begun("teardown", going)
        for instance in going:
            runner = self._runner(instance)
            if runner is not None and not runner.join(self._site.answer_s if instance.over else 0.0):
                LOG.error("the thread of %s has not ended", instance.id, extra=instance.context.runtime.log_fields)
        last = {self._entities[instance]: LastMetrics(instance.metrics) for instance in going}
        self._site.graph.remove_all(last, RUNNING_COMPONENTS)
        self._site.graph.insert_each(LastMetrics, last)

    def _tear_down(self, instance: ProcessorInstance) -> None:
        self._reports.torn_down(instance, self._entities.pop(instance))
        self._let_go(instance)
        self._site.tell("did_stop", instance.context.runtime)
        self._site.progress.done("teardown", instance.id)

    def _let_go(self, instance: ProcessorInstance) -> None:
        """Leave nothing of one who has ended; one who is stuck in a call needs it all when he comes back."""
        loop = loop_of(instance)
        if not instance.over or (loop is not None and loop.head is instance and not self._has_ended(loop)):
            return
        if loop is not None and loop.head is instance:
            loop.let_go()
        instance.let_go()

    def _has_ended(self, loop: Loop) -> bool:
        return loop.runner is None or loop.runner.join(0.0)

    def _runner(self, instance: ProcessorInstance) -> Runner | None:
        """What runs the loop of a processor that has one to itself."""
        loop = loop_of(instance)
        return loop.runner if loop is not None and loop.head is instance else None

    def _apply(self, instance: ProcessorInstance, action: Callable[[], None]) -> None:
        loop = instance.loop
        if not isinstance(loop, Loop):
            return
        try:
            self.patience.apply(loop, action)
        except DeadlineError:
            self.late.setdefault(instance.id, loop.excuse())


def _by_loop(instances: Iterable[ProcessorInstance]) -> dict[Loop, list[ProcessorInstance]]:
    by_loop: defaultdict[Loop, list[ProcessorInstance]] = defaultdict(list)
    for instance in instances:
        loop = loop_of(instance)
        if loop is not None:
            by_loop[loop].append(instance)
    return by_loop


def _none_left(going: list[ProcessorInstance]) -> bool:
    """Whether all are over; those found so are taken out, so that nobody is looked at again and again."""
    while going and going[-1].over:
        going.pop()
    return not going


def _has_something_left(instance: ProcessorInstance) -> bool:
    """Whether it is not over, or has put frames aside, before whose end those it feeds do not hear theirs."""
    return not instance.over or instance.puts_aside()


def _excuse(instance: ProcessorInstance) -> str:
    """Why it may not come to its end, where that is not its own doing."""
    return instance.loop.excuse() if isinstance(instance.loop, Loop) else ""


def _cut(source: ProcessorInstance, port: str, channel: Channel) -> None:
    source.switch_output(port, [channel], [])
    loop = loop_of(source)
    if loop is not None:
        loop.touch([source])


def _take_out(loop: Loop, gone: Collection[ProcessorInstance]) -> None:
    for member in gone:
        if loop.has(member) and not member.over:  # it came back from its call too late to be waited for
            member.finish(member.failure)
            loop.unsettle_around(member)
    loop.take_out(gone)
