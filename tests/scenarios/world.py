"""A world to edit at random: a graph that runs, a model of what it is to be, and faults for any step of an edit.

`test_model` walks through it with random edits, `test_faults` breaks each edit off at each of its steps. The main path,
from `source` to `sink`, is never cut and never lossy: whatever is done to it, every number arrives there once and in
order. Every change is made in an edit and in the model by the same method, from what `pick` chooses.
"""

from __future__ import annotations

import copy
import itertools
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar
from unittest import mock

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    Live,
    ProcessContext,
    ProcessExecution,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    StreamRuntime,
)
from streamlib.compiler.progress import Progress
from streamlib.errors import CommitError, DeadlineError
from streamlib.execution.instance import ProcessorInstance
from streamlib.graph.components import RUNNING_COMPONENTS, ThreadHandle, WiredChannel
from streamlib.ids import LinkId, ProcessorId
from streamlib.runtime.edit import Edit
from streamlib.states import GraphState, ProcessorState
from tests.scenarios.stage import SECONDS

T = TypeVar("T")
Pick = Callable[[Sequence[T]], T]
Pair = tuple[int, int]

SHARED_THREADS = (
    "streamlib:pool",
    "streamlib:lightweight",
    "streamlib:alarm",
    "streamlib:commits",
    "streamlib:collector",
    "streamlib:stalls",
)
SERIALS = itertools.count()


class Boom(Exception):
    """What faults raise."""


class Faults:
    """Where an edit can be broken off: it passes points, and the one that is meant raises."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.struck = ""
        self._kind = ""
        self._left = -1

    def arm(self, nth: int, kind: str = "") -> None:
        """Have the nth point from here on raise, of one kind or of any."""
        self.struck, self._kind, self._left = "", kind, nth

    def disarm(self) -> None:
        self._left = -1

    def point(self, kind: str, subject: object = "") -> None:
        """One place where something may go wrong."""
        if self._left < 0 or (self._kind and kind != self._kind):
            return
        self._left -= 1
        if self._left < 0:
            self.struck = kind
            self.taken[kind] += 1
            raise Boom(f"{kind} {subject}")


KINDS = (
    "scheduling_strategy",
    "will_create",
    "create",
    "wire",
    "setup",
    "configure",
    "will_start",
    "start",
    "will_stop",
    "export_state",
    "import_state",
    "behind a step",
)
"""The kinds of points that edits pass; the last stands behind each step that has been done."""


class Behind:
    """A step that may fail when all of it has been done."""

    def __init__(self, inner: Any, faults: Faults, subject: str) -> None:
        self._inner, self._faults, self._subject = inner, faults, subject

    def __enter__(self) -> None:
        self._inner.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            try:
                self._faults.point("behind a step", self._subject)
            except Boom as boom:
                self._inner.__exit__(Boom, boom, None)
        self._inner.__exit__(kind, error, trace)


class Delegates:
    """All delegates in one, each asked for trouble first."""

    def __init__(self, faults: Faults, scheduler: Any) -> None:
        self._faults, self._scheduler = faults, scheduler

    def scheduling_strategy(self, node: Any) -> Any:
        self._faults.point("scheduling_strategy", node.id)
        return self._scheduler.scheduling_strategy(node)

    def create(self, node: Any) -> Any:
        self._faults.point("create", node.id)
        return node.declaration.processor.from_config(node.config)

    def will_create(self, node: Any) -> None:
        self._faults.point("will_create", node.id)

    def will_start(self, processor_id: ProcessorId) -> None:
        self._faults.point("will_start", processor_id)

    def will_stop(self, processor_id: ProcessorId) -> None:
        self._faults.point("will_stop", processor_id)


class Trace:
    """What one sink has seen: from each source numbers that follow each other, but for as many jumps as are excused."""

    def __init__(self) -> None:
        self.count = 0
        self.wrong: list[str] = []
        self.excused = 0
        self.merged = False
        self._last: dict[int, int] = {}
        self._jumps: deque[tuple[int, int, int]] = deque()
        self._changed = threading.Condition()
        self._target = 0

    def add(self, serial: int, number: int) -> None:
        last = self._last.get(serial)
        if last is not None and number != last + 1:
            self._jumps.append((serial, last, number))
        self._last[serial] = number
        self.count += 1
        if self.count >= self._target:
            with self._changed:
                self._changed.notify_all()

    def judge(self) -> list[str]:
        """What was wrong so far; asked once it is known what became of the last edit."""
        while self._jumps:
            serial, last, number = self._jumps.popleft()
            if not self.merged and self.excused <= 0:
                self.wrong.append(f"{number} behind {last} of source {serial}")
            self.excused -= 1
        return self.wrong

    def wait_for(self, more: int) -> bool:
        with self._changed:
            self._target = self.count + more
            done = self._changed.wait_for(lambda: self.count >= self._target, SECONDS)
            self._target = 1 << 60
        return done

    def __deepcopy__(self, memo: object) -> Trace:
        return self


class Ledger:
    """Who is set up and not torn down."""

    def __init__(self) -> None:
        self.alive: set[int] = set()
        self.threads_at_once: list[str] = []

    def __deepcopy__(self, memo: object) -> Ledger:
        return self


class Inhabitant(Processor, abstract=True):
    """What lives in the world: its faults are drawn, and its coming and going is written down."""

    class Config(ProcessorConfig):
        faults: Any
        ledger: Any
        gain: Live[int] = 0
        size: int = 0

    def setup(self, ctx: RuntimeContext) -> None:
        self.config.ledger.alive.add(id(self))
        self.config.faults.point("setup")

    def config_changed(self, previous: Any) -> None:
        self.config.faults.point("configure")

    def teardown(self) -> None:
        self.config.ledger.alive.remove(id(self))


class Source(Inhabitant):
    """Numbers, a few each millisecond; whoever takes its place goes on with them."""

    class Config(Inhabitant.Config):
        burst: int = 4

    execution = ProcessExecution.continuous(interval_ms=1)
    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.at = (next(SERIALS), 0)
        self.exported = False
        super().setup(ctx)

    def process(self, ctx: ProcessContext) -> None:
        for _ in range(self.config.burst):
            serial, n = self.at
            self.at = (serial, n + 1)
            self.out.write(DataFrame({"s": serial, "n": n}))

    def export_state(self) -> Pair:
        self.config.faults.point("export_state")
        return self.at

    def import_state(self, state: Pair) -> None:
        self.config.faults.point("import_state")
        self.at = state


class OtherSource(Source):
    """As good as the other."""


class Filter(Inhabitant):
    """Hands on, and counts what it has handed on; whoever takes its place goes on counting."""

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.seen = 0
        super().setup(ctx)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.seen += 1
            self.out.write(frame)

    def export_state(self) -> int:
        self.config.faults.point("export_state")
        return self.seen

    def import_state(self, state: int) -> None:
        self.config.faults.point("import_state")
        self.seen = state


class OtherFilter(Filter):
    """With another capacity."""

    into = LinkInput(DataFrame, capacity=3)


class PlainFilter(Inhabitant):
    """Hands on, and has no state."""

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.out.write(frame)


class Merge(Inhabitant):
    """Any number of links in, one way out."""

    into = LinkInput(DataFrame, many=True)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.out.write(frame)


class OtherMerge(Merge):
    """Another of these."""


class Sink(Inhabitant):
    """Writes down what comes."""

    class Config(Inhabitant.Config):
        trace: Any

    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.config.trace.add(frame.data["s"], frame.data["n"])


class OtherSink(Sink):
    """With another capacity."""

    into = LinkInput(DataFrame, capacity=20)


FAMILIES: tuple[tuple[type[Inhabitant], ...], ...] = (
    (Source, OtherSource),
    (Filter, OtherFilter, PlainFilter),
    (Merge, OtherMerge),
    (Sink, OtherSink),
)
FAMILY = {kind: family for family in FAMILIES for kind in family}
CAPACITIES = (1, 2, 8, 30)
PARTING = {"connect", "disconnect", "reconnect", "remove"}
"""Changes after which frames may come to somebody by another way, or not at all for a while."""
DELIVERIES = ("every", "latest", "drop_oldest", "drop_newest")


@dataclass
class Node:
    """What the model knows of a processor."""

    kind: type[Inhabitant]
    gain: int = 0
    size: int = 0
    trace: Trace | None = None
    serial: int = field(default_factory=lambda: next(SERIALS))  # another with each that bears the id


@dataclass
class Tie:
    """What the model knows of a link."""

    source: str
    target: str
    delivery: str | None = None
    capacity: int | None = None


@dataclass
class Plan:
    """The model: what the graph is to be."""

    nodes: dict[str, Node] = field(default_factory=dict)
    ties: dict[str, Tie] = field(default_factory=dict)
    main: list[str] = field(default_factory=list)
    parted: bool = False  # whether the edit that led from here, or back, has changed the way to somebody

    def into(self, id_: str) -> list[Tie]:
        return [tie for tie in self.ties.values() if tie.target == id_]

    def is_main(self, tie: Tie) -> bool:
        return (tie.source, tie.target) in set(itertools.pairwise(self.main))

    def upstream(self, id_: str) -> frozenset[tuple[str, int]]:
        """Everything that what arrives somewhere has come through, in the order of nothing."""
        found: set[tuple[str, int]] = {(id_, self.nodes[id_].serial)}
        for tie in self.into(id_):
            found |= self.upstream(tie.source)
        return frozenset(found)

    def ways(self, id_: str) -> frozenset[str]:
        """The links of all ways that lead somewhere."""
        found: set[str] = set()
        for tie in self.into(id_):
            found |= {link_of(tie.source, tie.target), *self.ways(tie.source)}
        return frozenset(found)

    def feeds(self, from_: str, to: str) -> bool:
        return from_ == to or any(self.feeds(from_, tie.source) for tie in self.into(to))

    def is_lossy(self, id_: str) -> bool:
        return any(self.ties[way].delivery not in {None, "every"} for way in self.ways(id_))

    def sources(self, id_: str) -> list[str]:
        return [up for up, _ in self.upstream(id_) if self.nodes[up].kind in FAMILIES[0]]


def link_of(source: str, target: str) -> str:
    return f"{source}.out->{target}.into"


class World:
    """A runtime under a strategy, its model, and what can be done to both."""

    def __init__(self, scheduler: Any, burst: int = 4) -> None:
        self.faults, self.ledger, self.main = Faults(), Ledger(), Trace()
        delegates = Delegates(self.faults, scheduler)
        self.runtime = StreamRuntime(scheduler=delegates, factory=delegates, processor_delegate=delegates)
        self.burst = burst
        self.plan = Plan(main=["source", "filter", "sink"])
        self.paused: set[str] = set()
        self.lossy: set[str] = set()  # who has ever been behind a link that loses: what waits there may have gaps
        self.done: list[Plan] = []
        self.undone: list[Plan] = []
        self.files = len(os.listdir("/proc/self/fd"))
        site = self.runtime._site
        tap_of, step, start = site.tap_of, Progress.step, threading.Thread.start

        def tapped(link_id: LinkId) -> Any:
            self.faults.point("wire", link_id)
            return tap_of(link_id)

        def stepping(progress: Progress, name: str, subject: str) -> Any:
            return Behind(step(progress, name, subject), self.faults, f"{name} of {subject}")

        def starting(thread: threading.Thread) -> None:
            if thread.name.startswith("streamlib:") and thread.name != "streamlib:commits":
                self.faults.point("start", thread.name)
            start(thread)

        site.tap_of = tapped
        self._patches: list[Any] = [
            mock.patch.object(Progress, "step", stepping),
            mock.patch.object(threading.Thread, "start", starting),
        ]
        for patch in self._patches:
            patch.start()
        self._begin()

    def _begin(self) -> None:
        plan = self.plan
        with self.runtime.edit() as edit:
            self.bring(edit, plan, "source", Source)
            self.bring(edit, plan, "filter", Filter)
            self.bring(edit, plan, "sink", Sink, self.main)
            for source, target in itertools.pairwise(plan.main):
                self.join(edit, plan, source, target)
        self.runtime.start()
        assert self.main.wait_for(5)

    def end(self) -> None:
        """Stop, and look whether anything is left."""
        self.faults.disarm()
        try:
            self.runtime.stop(drain=False)
            self.check_traces()
            assert not self.ledger.alive
            graph = self.runtime.graph
            ids = [*graph.processor_ids(), *graph.link_ids()]
            assert [id_ for id_ in ids for kind in RUNNING_COMPONENTS if graph.has(id_, kind)] == []
            assert len(os.listdir("/proc/self/fd")) == self.files
        finally:
            for patch in self._patches:
                patch.stop()

    # ------------------------------------------------------------------------------------ what an edit is made of

    def config(self, kind: type[Inhabitant], trace: Trace | None) -> dict[str, object]:
        given: dict[str, object] = {"faults": self.faults, "ledger": self.ledger}
        if issubclass(kind, Sink):
            given["trace"] = trace
        if issubclass(kind, Source):
            given["burst"] = self.burst
        return given

    def bring(self, edit: Edit, plan: Plan, id_: str, kind: type[Inhabitant], trace: Trace | None = None) -> None:
        if issubclass(kind, Sink):
            trace = trace or Trace()
        edit.add_processor(kind, self.config(kind, trace), id=id_)
        plan.nodes[id_] = Node(kind, trace=trace)

    def join(self, edit: Edit, plan: Plan, source: str, target: str, **terms: Any) -> None:
        edit.connect(edit._prospect.handle(source).output("out"), edit._prospect.handle(target).input("into"), **terms)
        plan.ties[link_of(source, target)] = Tie(source, target, **terms)

    def cut(self, edit: Edit, plan: Plan, tie: Tie) -> None:
        edit.disconnect(link_of(tie.source, tie.target))
        del plan.ties[link_of(tie.source, tie.target)]

    def take(self, edit: Edit, plan: Plan, id_: str) -> None:
        edit.remove(id_)
        del plan.nodes[id_]
        plan.ties = {link: tie for link, tie in plan.ties.items() if id_ not in {tie.source, tie.target}}

    # ---------------------------------------------------------------------------- changes: False where there is none

    def add(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        kind = pick([kind for family in FAMILIES[1:] for kind in family] + [Source] * 5)
        self.bring(edit, plan, f"{kind.__name__.lower()}_{next(SERIALS)}", kind)
        return True

    def branch(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        """A sink, or a filter and a sink, behind somebody."""
        at = pick([id_ for id_, node in plan.nodes.items() if node.kind not in FAMILIES[3]])
        if pick([False, True]):
            middle = f"between_{next(SERIALS)}"
            self.bring(edit, plan, middle, pick(FAMILIES[1]))
            self.join(edit, plan, at, middle)
            at = middle
        sink = f"branch_{next(SERIALS)}"
        self.bring(edit, plan, sink, pick(FAMILIES[3]))
        self.join(edit, plan, at, sink)
        return True

    def connect(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        outs = [id_ for id_, node in plan.nodes.items() if node.kind not in FAMILIES[3]]
        ins = [
            id_
            for id_, n in plan.nodes.items()
            if n.kind in FAMILIES[2] or (n.kind not in FAMILIES[0] and not plan.into(id_))
        ]
        pairs = [(a, b) for a in outs for b in ins if not plan.feeds(b, a) and link_of(a, b) not in plan.ties]
        if not pairs:
            return False
        source, target = pick(pairs)
        terms = pick([{}, {}, {"capacity": 2}, {"delivery": "latest"}, {"delivery": "every"}])
        self.join(edit, plan, source, target, **terms)
        return True

    def disconnect(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        ties = [tie for tie in plan.ties.values() if not plan.is_main(tie)]
        if not ties:
            return False
        self.cut(edit, plan, pick(ties))
        return True

    def reconnect(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        """An input is fed by another, in one edit."""
        ties = [tie for tie in plan.ties.values() if not plan.is_main(tie)]
        if not ties:
            return False
        tie = pick(ties)
        outs = [id_ for id_, node in plan.nodes.items() if node.kind not in FAMILIES[3]]
        others = [id_ for id_ in outs if not plan.feeds(tie.target, id_) and link_of(id_, tie.target) not in plan.ties]
        if not others:
            return False
        self.cut(edit, plan, tie)
        self.join(edit, plan, pick(others), tie.target)
        return True

    def remove(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        ids = [id_ for id_ in plan.nodes if id_ not in plan.main]
        if not ids:
            return False
        self.take(edit, plan, pick(ids))
        return True

    def remove_and_add(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        """Another bears the id of one that goes; a sink has a trace of its own, as both run for a while."""
        ids = [id_ for id_ in plan.nodes if id_ not in plan.main]
        if not ids:
            return False
        id_ = pick(ids)
        node = plan.nodes[id_]
        ties = [tie for tie in plan.ties.values() if id_ in {tie.source, tie.target}]
        self.take(edit, plan, id_)
        self.bring(edit, plan, id_, pick(FAMILY[node.kind]))
        for tie in ties:
            self.join(edit, plan, tie.source, tie.target)
        return True

    def insert(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        at = pick(range(len(plan.main) - 1))
        source, target = plan.main[at : at + 2]
        middle = f"main_{next(SERIALS)}"
        self.bring(edit, plan, middle, pick(FAMILIES[1]))
        self.cut(edit, plan, plan.ties[link_of(source, target)])
        self.join(edit, plan, source, middle)
        self.join(edit, plan, middle, target)
        plan.main.insert(at + 1, middle)
        return True

    def take_out(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        inner = plan.main[1:-1]
        if not inner:
            return False
        id_ = pick(inner)
        at = plan.main.index(id_)
        self.take(edit, plan, id_)
        self.join(edit, plan, plan.main[at - 1], plan.main[at + 1])
        plan.main.remove(id_)
        return True

    def replace(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        id_ = pick(list(plan.nodes))
        node = plan.nodes[id_]
        kind = pick(FAMILY[node.kind])
        edit.replace(id_, kind, self.config(kind, node.trace))
        plan.nodes[id_] = Node(kind, trace=node.trace, serial=node.serial)
        return True

    def update_live(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        node = plan.nodes[id_ := pick(list(plan.nodes))]
        node.gain += 1
        edit.update_config(id_, gain=node.gain)
        return True

    def update_anew(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        node = plan.nodes[id_ := pick(list(plan.nodes))]
        node.size += 1
        edit.update_config(id_, size=node.size)
        return True

    def restart(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        edit.restart(pick([id_ for id_, node in plan.nodes.items() if node.kind not in FAMILIES[0]]))
        return True

    def update_capacity(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        link = pick(list(plan.ties))
        capacity = pick([other for other in CAPACITIES if other != plan.ties[link].capacity])
        edit.update_link(link, capacity=capacity)
        plan.ties[link].capacity = capacity
        return True

    def update_delivery(self, edit: Edit, plan: Plan, pick: Pick[Any]) -> bool:
        links = [link for link, tie in plan.ties.items() if not plan.is_main(tie)]
        if not links:
            return False
        link = pick(links)
        delivery = pick([other for other in DELIVERIES if other != plan.ties[link].delivery])
        edit.update_link(link, delivery=delivery)
        plan.ties[link].delivery = delivery
        return True

    def change(self, name: str) -> Callable[[Edit, Plan, Pick[Any]], bool]:
        found: Callable[[Edit, Plan, Pick[Any]], bool] = getattr(self, name)
        return found

    # --------------------------------------------------------------------------------------------------- committing

    def attempt(self, names: Sequence[str], pick: Pick[Any], *, kind: str = "", nth: int = -1) -> bool:
        """Make changes in one edit, with a fault; False where it failed and everything is as it was."""
        plan, edit = copy.deepcopy(self.plan), self.runtime.edit()
        made = [name for name in names if self.change(name)(edit, plan, pick)]
        before = self.picture()
        self._be_patient()
        self.faults.arm(nth, kind)
        try:
            self.runtime.commit_edit(edit)
        except CommitError as error:
            self.failed(error)
            assert self.picture() == before, made
            return False
        finally:
            self.faults.disarm()
        assert not self.faults.struck, (self.faults.struck, made)
        parted = not PARTING.isdisjoint(made)
        if any(name != "restart" for name in made):
            self.plan.parted = parted
            self.done.append(self.plan)
            self.undone.clear()
        self.become(plan, parted=parted)
        return True

    def failed(self, error: CommitError) -> None:
        """The error names the step and who it was about; only who is held up is late."""
        assert error.step
        assert error.subject
        if isinstance(error.__cause__, DeadlineError):
            assert self.is_held_up(), error
            return
        assert isinstance(error.__cause__, Boom), error
        assert self.faults.struck
        if self.faults.struck != "behind a step":
            assert error.step == self.faults.struck, (error.step, self.faults.struck)

    def _be_patient(self) -> None:
        """Nobody is late on a busy machine; one who is held up, which is rare, would not answer however long it is."""
        self.runtime._site.answer_s = SECONDS / 2 if self.is_held_up() else SECONDS

    def is_held_up(self) -> bool:
        return bool(self.paused) or self.runtime.graph.state is GraphState.PAUSED

    def undo(self, *, kind: str = "", nth: int = -1) -> bool:
        return self._step_in_history(self.done, self.undone, self.runtime.undo, kind, nth)

    def redo(self, *, kind: str = "", nth: int = -1) -> bool:
        return self._step_in_history(self.undone, self.done, self.runtime.redo, kind, nth)

    def _step_in_history(
        self, from_: list[Plan], to: list[Plan], verb: Callable[[], object], kind: str, nth: int
    ) -> bool:
        if not from_:
            return False
        before = self.picture()
        self._be_patient()
        self.faults.arm(nth, kind)
        try:
            verb()
        except CommitError as error:
            self.failed(error)
            assert self.picture() == before
            return False
        finally:
            self.faults.disarm()
        assert not self.faults.struck
        plan = copy.deepcopy(from_.pop())
        self.plan.parted = plan.parted
        to.append(self.plan)
        for id_, node in plan.nodes.items():
            present = self.plan.nodes.get(id_)
            if present is None or present.serial != node.serial:
                self._comes_back(node, from_)
        self.become(plan, parted=plan.parted)
        return True

    def _comes_back(self, node: Node, before: list[Plan]) -> None:
        """Who comes back is another one, whom it is that earlier commits were about from now on."""
        if node.trace is not None:
            node.trace.excused = max(node.trace.excused, 0) + 1  # what came while it was not there
        former, node.serial = node.serial, next(SERIALS)
        for plan in before:
            for other in plan.nodes.values():
                if other.serial == former:
                    other.serial = node.serial

    def become(self, plan: Plan, *, parted: bool) -> None:
        """The edit was carried out: the model is this one, and traces with another way to them may jump."""
        before, self.plan = self.plan, plan
        gone = {i for i in self.paused if i not in plan.nodes or plan.nodes[i].serial != before.nodes[i].serial}
        self.paused -= gone
        self.lossy |= {id_ for known in (before, plan) for id_ in known.nodes if known.is_lossy(id_)}
        for id_, node in plan.nodes.items():
            trace = node.trace
            if trace is None or trace is self.main:
                continue
            former = before.nodes.get(id_, node).trace
            if former is not None and former is not trace:  # what was on its way to that one comes to this
                trace.excused = max(trace.excused, 0) + max(former.excused, 0)
            trace.merged |= any(plan.nodes[up].kind in FAMILIES[2] for up, _ in plan.upstream(id_))
            if any(up in self.lossy for up, _ in plan.upstream(id_)):
                trace.excused = 1 << 30
            elif id_ not in before.nodes or self._came_otherwise(before, plan, id_, parted=parted):
                trace.excused = max(trace.excused, 0) + 3

    def _came_otherwise(self, before: Plan, plan: Plan, id_: str, *, parted: bool) -> bool:
        if before.sources(id_) != plan.sources(id_):  # as where its branch hung at one that is taken out, or comes back
            return True
        return parted and (before.upstream(id_) != plan.upstream(id_) or before.ways(id_) != plan.ways(id_))

    # ------------------------------------------------------------------------------------------- looking and checking

    def picture(self) -> dict[str, Any]:
        """Everything that an edit may change, by identity where it runs."""
        graph = self.runtime.graph
        ids = [*graph.processor_ids(), *graph.link_ids()]
        instances = {id_: graph.get(id_, ProcessorInstance) for id_ in graph.processor_ids()}
        return {
            "nodes": {id_: graph.node(id_) for id_ in graph.processor_ids()},
            "links": {id_: graph.link(id_) for id_ in graph.link_ids()},
            "components": {id_: [id(graph.get(id_, kind)) for kind in RUNNING_COMPONENTS] for id_ in ids},
            "instances": {
                id_: instance and [
                    *map(id, (instance.processor, instance.loop, instance.processor.config)),
                    (instance.state, instance.paused),
                    {port: [*map(id, links)] for port, links in instance.inputs.items() if links},
                    {port: [*map(id, links)] for port, links in instance.outputs.items()},
                ]
                for id_, instance in instances.items()
            },
            "threads": sorted(one.name for one in threading.enumerate() if one.name != "streamlib:collector"),
            "files": len(os.listdir("/proc/self/fd")),
            "alive": set(self.ledger.alive),
            "history": self.runtime.history,
        }  # fmt: skip

    def check(self) -> None:
        """The graph is the model's and runs so, frames arrive, and nothing else is there."""
        self.check_graph()
        self.check_running()
        self.check_arrival()
        self.check_traces()

    def check_graph(self) -> None:
        graph, plan = self.runtime.graph, self.plan
        nodes: dict[str, Any] = {id_: graph.node(id_) for id_ in graph.processor_ids()}
        assert {id_: (n.processor_type, n.config.gain, n.config.size) for id_, n in nodes.items()} == {
            id_: (n.kind.__name__, n.gain, n.size) for id_, n in plan.nodes.items()
        }
        links = {id_: graph.link(id_) for id_ in graph.link_ids()}
        assert {id_: (link.delivery, link.capacity) for id_, link in links.items()} == {
            id_: (tie.delivery, tie.capacity) for id_, tie in plan.ties.items()
        }
        assert len(self.done) + 1 + len(self.undone) == len(self.runtime.history) or len(self.runtime.history) == 100

    def check_running(self) -> None:
        graph, plan = self.runtime.graph, self.plan
        for id_, node in plan.nodes.items():
            instance = graph.get(id_, ProcessorInstance)
            assert instance is not None
            assert type(instance.processor) is node.kind
            assert (instance.processor.config.gain, instance.processor.config.size) == (node.gain, node.size)
            wanted = ProcessorState.PAUSED if id_ in self.paused else ProcessorState.RUNNING
            if not self.has_ended(id_):
                assert instance.state is wanted, (id_, instance.state)
                assert instance.paused == (id_ in self.paused)
        for id_, tie in plan.ties.items():
            wired = graph.get(LinkId(id_), WiredChannel)
            assert wired is not None
            declared = plan.nodes[tie.target].kind.declaration.inputs["into"]
            delivery = tie.delivery or declared.delivery
            assert wired.channel.delivery == delivery
            if delivery != "latest":
                assert wired.channel.capacity == (tie.capacity or declared.capacity)
        assert len(self.ledger.alive) == sum(not self.has_ended(id_) for id_ in plan.nodes)
        own = {thread.name for thread in threading.enumerate() if thread.name.startswith("streamlib:")}
        own = {name for name in own if not name.startswith(SHARED_THREADS)}
        wanted_threads = {f"streamlib:{id_}" for id_ in graph.query(ThreadHandle)}
        assert own == wanted_threads, (own, wanted_threads)

    def has_ended(self, id_: str) -> bool:
        """Whether its sources were removed, so that it has come to its end."""
        instance = self.runtime.graph.get(ProcessorId(id_), ProcessorInstance)
        return instance is not None and instance.over

    def check_arrival(self) -> None:
        if self.is_held_up():
            return
        assert self.main.wait_for(3), self.why_not("sink")
        for id_, node in self.plan.nodes.items():
            alive = all(not self.has_ended(up) for up, _ in self.plan.upstream(id_))
            if node.trace is not None and alive and self.plan.sources(id_):
                assert node.trace.wait_for(1), self.why_not(id_)

    def why_not(self, id_: str) -> str:
        """What can be said of a sink that gets nothing."""
        words = [f"nothing comes to {id_}"]
        for up, _ in sorted(self.plan.upstream(id_)):
            instance = self.runtime.graph.get(ProcessorId(up), ProcessorInstance)
            if instance is None:
                continue
            loop: Any = instance.loop
            links = [(one.name, one.statistics()) for one in instance.incoming()]
            words.append(f"{instance!r} in {loop.name if loop else None}, paused={instance.paused}: {links}")
        return "\n".join(words)

    def check_traces(self) -> None:
        assert self.main.judge() == []
        for id_, node in self.plan.nodes.items():
            if node.trace is not None:
                assert node.trace.judge() == [], (id_, node.trace.wrong)


@contextmanager
def world(scheduler: Any, burst: int = 4) -> Iterator[World]:
    """A world that ends with the block."""
    made = World(scheduler, burst)
    try:
        yield made
    finally:
        made.end()
