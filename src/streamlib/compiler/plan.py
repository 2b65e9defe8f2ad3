"""In which order a delta is carried out, after checking that it can be.

Comes from `delta`, goes to `phases`. Everything that can be refused without creating anything is refused here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from streamlib.compiler.delta import ConfigChange, GraphDelta
from streamlib.compiler.site import Site, named
from streamlib.errors import CommitError, ReplaceError, ResourceBusyError, StreamError
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.strategy import SchedulingStrategy, check_strategy
from streamlib.graph import Entity
from streamlib.graph.node import ProcessorNode
from streamlib.ids import LinkId, ProcessorId
from streamlib.processors.execution_mode import ExecutionMode


@dataclass(frozen=True, slots=True)
class Plan:
    """What a commit does.

    Attributes:
        create: New processors, each behind those that feed it.
        strategies: Where each of `create` runs.
        restart: Running processors in whose place a new instance comes, of the type and with the config of its node,
            each behind those that feed it.
        stateful: Those of `restart` that hand their state over.
        configure: Live changes of config.
        remove: Processors that go.
        first: Those of `remove` and `restart` that must stop before anything is set up, because what they hold
            exclusively is wanted by somebody who comes.
        join: Links to be wired.
        cut: Links to be taken apart.
        update: Running links that are given another form, with what waits there.
    """

    create: tuple[ProcessorNode, ...]
    strategies: Mapping[ProcessorId, SchedulingStrategy]
    restart: tuple[ProcessorNode, ...]
    stateful: frozenset[ProcessorId]
    configure: tuple[ConfigChange, ...]
    remove: tuple[Entity, ...]
    first: frozenset[ProcessorInstance]
    join: tuple[LinkId, ...]
    cut: tuple[Entity, ...]
    update: tuple[LinkId, ...]


Refuse = Callable[[StreamError], None]
"""What a check does with an error: raise it, or note it and go on with the next."""


def raised(error: StreamError) -> None:
    """The first error is enough."""
    raise error


def make_plan(site: Site, delta: GraphDelta) -> Plan:
    """The plan of a delta.

    Raises:
        CommitError: The scheduler delegate raised, or returned no strategy.
        StrategyError: The scheduler delegate chose a strategy that an execution mode does not allow.
        ReplaceError: A processor cannot run where the one does that it replaces.
        ResourceBusyError: Two processors would hold the same exclusive resource.
    """
    return with_strategies(site, draft_plan(site, delta, raised), raised)


def draft_plan(site: Site, delta: GraphDelta, refuse: Refuse) -> Plan:
    """All of the plan that the graph alone tells, with no delegate asked: `with_strategies` is the rest."""
    graph = site.graph
    nodes = tuple(graph.node(id_) for id_ in graph.order(delta.added))
    restarted = tuple(graph.node(id_) for id_ in graph.order((*delta.restarted, *delta.replaced)))
    for node in restarted:
        _noting(refuse, partial(_check_place, site, node))
    return Plan(
        create=nodes,
        strategies={},
        restart=restarted,
        stateful=frozenset(delta.replaced),
        configure=delta.changed,
        remove=delta.removed,
        first=_in_the_way(site, [*nodes, *restarted], delta, refuse),
        join=delta.links_added,
        cut=delta.links_removed,
        update=delta.links_updated,
    )


def with_strategies(site: Site, plan: Plan, refuse: Refuse) -> Plan:
    """The plan with what the scheduler delegate chooses for each new processor."""
    chosen: dict[ProcessorId, SchedulingStrategy] = {}

    def choose(node: ProcessorNode) -> None:
        chosen[node.id] = _strategy(site, node)

    for node in plan.create:
        _noting(refuse, partial(choose, node))
    return replace(plan, strategies=chosen)


def _noting(refuse: Refuse, check: Callable[[], None]) -> None:
    try:
        check()
    except StreamError as error:
        refuse(error)


def _strategy(site: Site, node: ProcessorNode) -> SchedulingStrategy:
    try:
        strategy = site.delegates.scheduling_strategy(node)
        if not isinstance(strategy, SchedulingStrategy):
            raise TypeError(
                f"{named(site.delegates.scheduling_strategy, 'scheduling_strategy')} returned {strategy!r}; "
                "return a SchedulingStrategy, SchedulingStrategy.dedicated_thread() for one"
            )
    except Exception as error:
        raise CommitError("scheduling_strategy", node.id, error) from error
    check_strategy(node.id, node.declaration.execution.mode, strategy)
    return strategy


def _check_place(site: Site, node: ProcessorNode) -> None:
    """Refuse one who cannot run where the one that it replaces does."""
    instance = site.graph.get(node.id, ProcessorInstance)
    strategy = site.graph.get(node.id, SchedulingStrategy)
    assert instance is not None
    assert strategy is not None
    before, mode = instance.declaration, node.declaration.execution.mode
    manual = (mode is ExecutionMode.MANUAL) != (before.execution.mode is ExecutionMode.MANUAL)
    if manual or node.declaration.is_async != before.is_async:
        what = "is manual" if manual else "has an `async def process`"
        why = f"only one of the two {what}, so that it cannot run there; remove that one and add this one in one edit"
        raise ReplaceError(node.id, node.processor_type, why)
    check_strategy(node.id, mode, strategy)


def _in_the_way(
    site: Site, coming: Iterable[ProcessorNode], delta: GraphDelta, refuse: Refuse
) -> frozenset[ProcessorInstance]:
    """Those who hold what somebody wants anew; they must be among those who go or are restarted."""
    wanted: dict[str, ProcessorId] = {}
    for id_, resources in _claims(site, coming, delta.changed):
        for resource in resources:
            if resource in wanted:
                refuse(ResourceBusyError(resource, id_, wanted[resource]))
            wanted[resource] = id_
    if not wanted:
        return frozenset()
    going = {entity: site.graph.get(entity, ProcessorInstance) for entity in delta.removed}
    anew = (*delta.restarted, *delta.replaced)
    going |= {site.graph.entity(id_): site.graph.get(id_, ProcessorInstance) for id_ in anew}
    first: set[ProcessorInstance] = set()
    for instance in going.values():
        if instance is not None and not instance.over and wanted.keys() & set(_held(instance)):
            first.add(instance)
    _check_staying(site, wanted, set(going.values()), refuse)
    return frozenset(first)


def _claims(
    site: Site, coming: Iterable[ProcessorNode], changes: Iterable[ConfigChange]
) -> Iterator[tuple[ProcessorId, Iterable[str]]]:
    """What each who comes holds exclusively, and what each whose config changes live takes on top."""
    for node in coming:
        wanted = _exclusive(node)
        if wanted:
            yield node.id, dict.fromkeys(wanted)
    for change in changes:
        instance = site.graph.get(change.id, ProcessorInstance)
        if instance is not None and not instance.over:
            held = set(_held(instance))
            yield change.id, dict.fromkeys(r for r in instance.processor.exclusive(change.new) if r not in held)


def _check_staying(
    site: Site, wanted: dict[str, ProcessorId], going: set[ProcessorInstance | None], refuse: Refuse
) -> None:
    for id_ in site.graph.query(ProcessorInstance):
        instance = site.graph.get(id_, ProcessorInstance)
        if instance is None or instance.over or instance in going:
            continue
        for resource in _held(instance):
            if resource in wanted:
                refuse(ResourceBusyError(resource, wanted[resource], instance.id))


def _exclusive(node: ProcessorNode) -> Iterable[str]:
    return node.declaration.processor.exclusive(node.config)  # type: ignore[no-any-return]


def _held(instance: ProcessorInstance) -> Iterable[str]:
    return instance.processor.exclusive(instance.processor.config)
