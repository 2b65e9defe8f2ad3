"""The phases of one commit: create, wire, set up, ask; then switch, start and tell.

Comes from `plan`. Until `switch` nothing that runs is touched (make before break), except that processors in the
way of an exclusive resource have stopped; `roll_back` undoes everything up to there. What goes is drained and
torn down afterwards by `teardown`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import TypeVar

from msgspec.structs import replace

from streamlib.compiler.plan import Plan
from streamlib.compiler.progress import Step
from streamlib.compiler.site import LOG, Site
from streamlib.compiler.teardown import Departure
from streamlib.compiler.wiring import Wiring
from streamlib.errors import DeadlineError
from streamlib.events.bus import EventBus
from streamlib.events.processor import ConfigUpdated, PriorityTaken
from streamlib.execution.gaps import OF_A_FEW_FIELDS, OF_A_PROCESSOR, gaps_filled
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.execution.main_thread_runner import MainLoop
from streamlib.execution.priority import GrantedPriority, ThreadPriority
from streamlib.execution.strategy import SchedulingStrategy, StrategyKind
from streamlib.execution.task import Task
from streamlib.execution.thread_runner import ThreadRunner
from streamlib.graph.components import (
    LIGHTWEIGHT,
    POOLED,
    REACTIVE,
    RUNNING_COMPONENTS,
    EventLoopMarker,
    MainThreadMarker,
    ManualMarker,
    ProcessFunctionInvokeChannel,
    ReactiveMarker,
    ShutdownChannel,
    ThreadHandle,
    WiredChannel,
)
from streamlib.graph.entities import Subject
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.processors.origin import settled
from streamlib.processors.processor import Processor
from streamlib.states import ProcessorState

R = TypeVar("R", ThreadRunner, Task)


class Commit:
    """One plan on its way.

    Attributes:
        departure: Those who go with it.
        stopped: Processors that had to stop before others could be set up.
    """

    def __init__(self, site: Site, plan: Plan, *, drain_s: float | None) -> None:
        self._site = site
        self._step = partial(Step, site.progress)
        self._plan = plan
        self._created: list[ProcessorInstance] = []
        self._by_id: dict[Subject, ProcessorInstance] = {}  # of those that are created: looked up more than once each
        self._replaced: list[tuple[ProcessorInstance, ProcessorInstance]] = []
        self._suspended: list[ProcessorInstance] = []
        self._held: list[ProcessorInstance] = []
        self._states: dict[ProcessorInstance, object] = {}
        self._configured: list[tuple[ProcessorInstance, ProcessorConfig]] = []
        self._runners: list[ThreadRunner | Task] = []
        self._unanswered: dict[str, None] = {}
        self._begun = site.threads.begun()
        going = {entity: site.graph.get(entity, ProcessorInstance) for entity in plan.remove}
        present = {entity: instance for entity, instance in going.items() if instance is not None}
        self.departure = Departure(site, present, plan.cut, drain_s=drain_s)
        self.stopped: list[ProcessorInstance] = []
        self._patience = self.departure.patience
        self._instance_of = partial(_instance_of, site.graph, self._by_id)  # no circle: what a start leaves is frozen
        self._wiring = Wiring(site, self._instance_of, self.departure.leaving, self._patience)

    def prepare(self) -> None:
        """Everything that may fail; CommitError names the step and the processor."""
        self._make_way()
        self._create()
        self._wire()
        self._setup()
        self._configure()
        self._ask()
        self._make_threads_ready()
        self._hand_over_state()

    def carry_out(self) -> None:
        """What cannot fail any more: switch links and start, then drain and tear down what goes.

        Raises:
            DeadlineError: Somebody was late. What could not be waited for is done when they come back.
            KeyboardInterrupt: Ctrl-C: nobody was waited for from then on.
        """
        self._patience.certain = True
        steps = (
            self._swap,
            self._switch,
            self._start,
            self._let_go,
            self.departure.complete,
            self._wiring.switch_late,
        )
        with ExitStack() as each:  # also where one before raises, by what a subscriber does, for one
            for step in reversed(steps):
                each.callback(step)
        if self._patience.interrupt is not None:
            raise self._patience.interrupt
        self.departure.check(self._wiring.late)

    # ------------------------------------------------------------------------------------------------- what may fail

    def _make_way(self) -> None:
        """Stop those who hold what somebody who comes wants for itself alone; not if one to be restarted is stuck."""
        for node in self._plan.restart if self._plan.first else ():
            with self._step("stop", node.id):
                self._apply(self._running(node), _nothing)
        first = [instance for instance in self._plan.first if instance in self.departure.leaving]
        for instance in first:
            with self._step("will_stop", instance.id):
                self._site.delegates.will_stop(instance.id)
        if first:
            self.stopped = first
            self.departure.complete(first)
        for node in self._plan.restart:
            old = self._running(node)
            if old in self._plan.first and isinstance(old.loop, Loop):
                if self._hands_state(old, node.declaration.processor):
                    self._export_state(old)
                with self._step("stop", old.id):
                    self._patience.apply(old.loop, old.suspend, between_calls=True)
                self._suspended.append(old)

    def _create(self) -> None:
        with gaps_filled(len(self._plan.create), OF_A_FEW_FIELDS, OF_A_PROCESSOR):  # so they all come first
            made = [self._new_processor(node) for node in self._plan.create]
        for node, its in zip(self._plan.create, made, strict=True):
            instance = self._site.instance(node, its)
            self._created.append(instance)
            self._by_id[node.id] = instance
            with self._site.starting(node.id):  # what it shares with others may need a thread
                self._attach(node, instance, self._plan.strategies[node.id])
        for node in self._plan.restart:
            new = self._site.instance(node, self._new_processor(node))
            self._replaced.append((self._running(node), new))

    def _new_processor(self, node: ProcessorNode) -> Processor:
        with self._step("will_create", node.id):
            self._site.delegates.will_create(node)
        with self._step("create", node.id):
            processor = self._site.processor(node)
        self._site.tell("did_create", settled(processor), node, processor)
        return processor

    def _attach(self, node: ProcessorNode, instance: ProcessorInstance, strategy: SchedulingStrategy) -> None:
        reactive = node.declaration.execution.mode is ExecutionMode.REACTIVE
        self._site.graph.insert(
            node.id,
            instance,
            instance.metrics,
            strategy,
            ShutdownChannel(instance),
            ProcessFunctionInvokeChannel(instance),
            self._place(node, instance, strategy),
            *((REACTIVE,) if reactive else ()),
        )

    def _place(self, node: ProcessorNode, instance: ProcessorInstance, strategy: SchedulingStrategy) -> object:
        """The component that says where a processor runs; it has its loop then, unless it is called in another's."""
        if node.declaration.execution.mode is ExecutionMode.MANUAL:
            _own(self._site.threads.loop(instance.id), instance)
            return ManualMarker()
        if strategy.kind is StrategyKind.LIGHTWEIGHT and not node.declaration.is_async:
            return LIGHTWEIGHT
        return self._handle(instance, strategy)

    def _mark_mode(self, subject: Subject, instance: ProcessorInstance) -> None:
        if instance.reactive:
            self._site.graph.insert(subject, REACTIVE)
        else:
            self._site.graph.remove(subject, ReactiveMarker)

    def _handle(self, instance: ProcessorInstance, strategy: SchedulingStrategy) -> object:
        """The component of a processor with a loop of its own: who runs that is started once all is set up."""
        if instance.declaration.is_async:
            self._take_on(self._site.threads.on_event_loop(instance.id), instance)
            return EventLoopMarker()
        if strategy.kind is StrategyKind.WORK_STEALING_POOL:
            self._take_on(self._site.threads.pooled(instance.id), instance)
            return POOLED
        if strategy.kind is StrategyKind.MAIN_THREAD:
            self._take_on(self._site.threads.on_main(instance.id), instance)
            return MainThreadMarker()
        loop, name = self._site.threads.loop(instance.id), strategy.name or f"streamlib:{instance.id}"
        tell = partial(_tell_priority, self._site.bus, instance.id)  # of the commit, a thread holds nothing
        return ThreadHandle(self._take_on(ThreadRunner(loop, name, strategy.priority, tell), instance))

    def _take_on(self, runner: R, instance: ProcessorInstance) -> R:
        _own(runner.loop, instance)
        self._runners.append(runner)
        return runner

    def _wire(self) -> None:
        graph = self._site.graph
        for link_id in self._plan.join:
            with self._step("wire", link_id):
                graph.insert(link_id, WiredChannel(self._wiring.join(graph.link(link_id))))
        for link_id in self._plan.update:
            with self._step("wire", link_id):
                before = graph.get(link_id, WiredChannel)
                assert before is not None
                self._wiring.join_anew(graph.link(link_id), before.channel)
        for entity in self._plan.cut:
            link, wired = graph.get(entity, Link), graph.get(entity, WiredChannel)
            assert link is not None
            assert wired is not None
            source, target = self.departure.end_of(link.source), self.departure.end_of(link.target)
            self._wiring.take_apart(link, wired.channel, source, target)
        self._wiring.settle_homes(self._created)
        self._wiring.give_forms()

    def _setup(self) -> None:
        for instance in self._created:
            with self._step("setup", instance.id):
                self._at_home(instance.loop, instance, instance.setup)
        for old, new in self._replaced:
            with self._step("setup", new.id):
                self._at_home(old.loop, new, new.setup)

    def _at_home(self, loop: object, instance: ProcessorInstance, action: Callable[[], None]) -> None:
        """Do something that has to be done on the main thread for a processor that runs there."""
        if isinstance(loop, MainLoop):
            self._site.threads.main.call(action, self._site.answer_s, instance.id)
        else:
            action()

    def _configure(self) -> None:
        for change in self._plan.configure:
            instance = self._site.graph.get(change.id, ProcessorInstance)
            if instance is None:
                continue
            with self._step("configure", change.id):
                self._configured.append((instance, change.old))
                self._apply(instance, partial(_reconfigure, instance, change.new))

    def _ask(self) -> None:
        for instance in (*self._created, *(new for _, new in self._replaced)):
            with self._step("will_start", instance.id):
                self._site.delegates.will_start(instance.id)
        for instance in (*self.departure.present(), *(old for old, _ in self._replaced)):
            with self._step("will_stop", instance.id):
                self._site.delegates.will_stop(instance.id)

    def _make_threads_ready(self) -> None:
        for runner in self._runners:
            if isinstance(runner, ThreadRunner):
                with self._site.starting(runner.loop.name):
                    runner.make_ready()

    def _hand_over_state(self) -> None:
        """Hold those who are replaced from here on, have them say what they know, and tell it their heirs.

        Those who feed come before those they feed: who is held reads no more, and one that waits for room in a write
        to it would not come to an answer.
        """
        for old, new in self._replaced:
            if not self._hands_state(old, type(new.processor)):
                self._hold(old)
            else:
                if old not in self._states:
                    self._export_state(old)
                with self._step("import_state", new.id):
                    tell = partial(new.processor.import_state, self._states[old])
                    self._at_home(old.loop, new, tell)

    def _hands_state(self, old: ProcessorInstance, heir: type[Processor]) -> bool:
        """Whether both of the two have that in them; one that has failed hands nothing over."""
        if old.id not in self._plan.stateful or old.over or old.failure is not None:
            return False
        exports = type(old.processor).export_state is not Processor.export_state
        return exports and heir.import_state is not Processor.import_state

    def _hold(self, old: ProcessorInstance) -> None:
        if not old.over and old not in self._suspended and isinstance(old.loop, Loop):
            self._held.append(old)
            with self._step("stop", old.id):
                self._apply(old, partial(old.loop.hold, old))

    def _export_state(self, old: ProcessorInstance) -> None:
        loop = old.loop
        assert isinstance(loop, Loop)

        def hold_and_export() -> None:
            loop.hold(old)
            self._states[old] = old.processor.export_state()

        self._held.append(old)
        with self._step("export_state", old.id):
            self._apply(old, hold_and_export)

    def roll_back(self) -> None:
        """Undo what `prepare` has done, last first. Ctrl-C ends the waiting, and is raised by who called this."""
        self._patience.certain = True
        for instance, config in reversed(self._configured):
            self._undo(partial(self._apply, instance, partial(_reconfigure, instance, config)))
        for instance in self._created:
            self._undo(partial(self._at_home, instance.loop, instance, instance.teardown))
        for old, new in self._replaced:
            self._undo(partial(self._at_home, old.loop, new, new.teardown))
        self._site.graph.remove_all([instance.id for instance in self._created], RUNNING_COMPONENTS)
        for instance in self._created:
            self._site.reports.torn_down(instance, instance.id)
        self._end_threads()
        for link_id in self._plan.join:
            self._site.graph.remove(link_id, WiredChannel)
        for old in self._held:
            if old not in self._suspended and isinstance(old.loop, Loop):
                self._undo(partial(self._apply, old, partial(old.loop.release, old)))
        for old in self._suspended:
            self._undo(partial(self._bring_back, old))
        if self._unanswered:
            names = ", ".join(self._unanswered)
            words = "a commit was rolled back; %s will go on as before when they come back from a call"
            LOG.warning(words, names, extra={"processor_ids": [*self._unanswered]})

    def _end_threads(self) -> None:
        for runner in self._runners:
            if isinstance(runner, ThreadRunner):
                runner.stop()
                runner.join(self._site.answer_s)
        self._site.threads.end_begun_since(self._begun, self._site.answer_s)

    def _bring_back(self, old: ProcessorInstance) -> None:
        """Set a processor up again that had to stop, with the config it had."""
        node = self._site.graph.node(old.id)
        again = self._site.instance(replace(node, config=old.processor.config))
        again.setup()
        self._put_in_place(old, again)
        self._tell_feeders(again)

    def _undo(self, action: Callable[[], None]) -> None:
        try:
            action()
        except DeadlineError as late:  # it is done when they come back
            self._unanswered |= dict.fromkeys(late.waiting_for)
        except BaseException:
            LOG.exception("rolling back a commit: one step failed, the others go on")

    # -------------------------------------------------------------------------------------------- what cannot fail

    def _swap(self) -> None:
        for old, new in self._replaced:
            self._site.progress.begun("replace", old.id)
            try:
                self._put_in_place(old, new)
            except DeadlineError:  # it has gone into a call meanwhile, and is replaced when it comes back
                self.departure.late.setdefault(old.id, "")
            else:
                self._tell_feeders(new)
                self._site.progress.done("replace", old.id)

    def _switch(self) -> None:
        self._site.progress.begun("switch")
        self._wiring.switch()
        self._site.progress.done("switch")

    def _tell_feeders(self, new: ProcessorInstance) -> None:
        """Have those who feed somebody new see that: an encoder sends a key frame, as for a link that is joined."""
        for link in self._site.graph.links_into(new.id):
            feeder = self._instance_of(link.source.processor_id)
            if feeder is not None:
                feeder.context.count_joined(link.source.port)

    def _let_go(self) -> None:
        """Leave nothing of those who were replaced; one who is late is in his place still."""
        for old, _ in self._replaced:
            if old.id not in self.departure.late:
                old.let_go()

    def _put_in_place(self, old: ProcessorInstance, new: ProcessorInstance) -> None:
        loop, entity = old.loop, self._site.graph.entity(old.id)
        assert isinstance(loop, Loop)
        if old.over:
            self._wiring.renew(old)

        paused = old.state is ProcessorState.PAUSED

        def swap() -> None:
            old.hand_over(new)
            if old not in self._suspended and not old.over:
                old.suspend()
            loop.replace(old, new)
            for component in (new, ShutdownChannel(new), ProcessFunctionInvokeChannel(new)):
                self._site.graph.insert(entity, component)
            self._mark_mode(entity, new)
            new.become(ProcessorState.RUNNING)
            if paused:
                loop.pause_one(new)
            self._wiring.follow(old, new)

        self._patience.apply(loop, swap, between_calls=True)

    def _start(self) -> None:
        progress = self._site.progress
        progress.all_begun("start", self._created)
        now_ns, media_ns = self._site.clock.now_ns(), self._site.media_clock.now_ns()
        for instance in self._created:
            instance.metrics.since_ns = now_ns
            instance.become(ProcessorState.RUNNING, media_ns)
        for runner in reversed(self._runners):
            runner.start()
        for instance in self._created:
            self._site.tell("did_start", instance.context.runtime)
            progress.done("start", instance.id)
        for change in self._plan.configure:
            self._tell_config(change.id, change.new)
        for old, new in self._replaced:
            self._site.tell("did_stop", old.context.runtime)
            self._site.tell("did_start", new.context.runtime)
            if old.processor.config != new.processor.config:
                self._tell_config(new.id, new.processor.config)

    def _tell_config(self, id_: ProcessorId, config: ProcessorConfig) -> None:
        instance = self._site.graph.get(id_, ProcessorInstance)
        if instance is not None:
            self._site.tell("did_update_config", instance.context.runtime, id_, config)
        self._site.bus.publish(ConfigUpdated(processor_id=id_, config=_fields(config)))

    # -------------------------------------------------------------------------------------------------------- pieces

    def _running(self, node: ProcessorNode) -> ProcessorInstance:
        instance = self._site.graph.get(node.id, ProcessorInstance)
        assert instance is not None
        return instance

    def _apply(self, instance: ProcessorInstance, action: Callable[[], None]) -> None:
        if isinstance(instance.loop, Loop):
            self._patience.apply(instance.loop, action, between_calls=True)
        else:
            action()


def _tell_priority(bus: EventBus, id_: ProcessorId, granted: GrantedPriority) -> None:
    if granted.asked is not ThreadPriority.NORMAL:
        bus.publish(PriorityTaken(processor_id=id_, asked=granted.asked, got=granted.got, reason=granted.reason))


def _instance_of(
    graph: PropertyGraph, new: Mapping[Subject, ProcessorInstance], subject: Subject
) -> ProcessorInstance | None:
    """The instance of a processor: a new one of this commit, or the running one."""
    return new.get(subject) or graph.get(subject, ProcessorInstance)


def _own(loop: Loop, instance: ProcessorInstance) -> None:
    instance.loop = loop
    loop.begin_with(instance)  # no link may ever do so


def _nothing() -> None:
    """Only to be answered."""


def _reconfigure(instance: ProcessorInstance, config: ProcessorConfig) -> None:
    before = instance.processor.config
    instance.processor.config = config
    try:
        instance.processor.config_changed(before)
    except BaseException:
        instance.processor.config = before  # at once: frames flow until the rest of the commit is rolled back
        raise
    if isinstance(instance.loop, Loop):
        instance.loop.touch([instance])  # passes may call what it has made of its config


def _fields(config: ProcessorConfig) -> dict[str, object]:
    return {name: getattr(config, name) for name in config.__struct_fields__}
