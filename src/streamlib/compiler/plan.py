"""In which order a delta is carried out, after checking that it can be.

Comes from `delta`, goes to `phases`. Everything that can be refused without creating anything is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from streamlib.compiler.delta import ConfigChange, GraphDelta
from streamlib.compiler.site import Site, named
from streamlib.errors import CommitError, ResourceBusyError
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.strategy import SchedulingStrategy, check_strategy
from streamlib.graph import Entity
from streamlib.graph.node import ProcessorNode
from streamlib.ids import LinkId, ProcessorId


@dataclass(frozen=True, slots=True)
class Plan:
    """What a commit does.

    Attributes:
        create: New processors, each behind those that feed it, with the strategies chosen for them.
        restart: Running processors that a new instance replaces, with its config.
        configure: Live changes of config.
        remove: Processors that go.
        first: Those of `remove` and `restart` that must stop before anything is set up, because what they hold
            exclusively is wanted by somebody who comes.
        join: Links to be wired.
        cut: Links to be taken apart.
    """

    create: tuple[tuple[ProcessorNode, SchedulingStrategy], ...]
    restart: tuple[ProcessorNode, ...]
    configure: tuple[ConfigChange, ...]
    remove: tuple[Entity, ...]
    first: frozenset[ProcessorInstance]
    join: tuple[LinkId, ...]
    cut: tuple[Entity, ...]


def make_plan(site: Site, delta: GraphDelta) -> Plan:
    """The plan of a delta.

    Raises:
        CommitError: The scheduler delegate raised, or returned no strategy.
        StrategyError: The scheduler delegate chose a strategy that an execution mode does not allow.
        ResourceBusyError: Two processors would hold the same exclusive resource.
    """
    graph = site.graph
    nodes = [graph.node(id_) for id_ in graph.order(delta.added)]
    restarted = tuple(graph.node(id_) for id_ in delta.restarted)
    return Plan(
        create=tuple((node, _strategy(site, node)) for node in nodes),
        restart=restarted,
        configure=delta.changed,
        remove=delta.removed,
        first=_in_the_way(site, [*nodes, *restarted], delta),
        join=delta.links_added,
        cut=delta.links_removed,
    )


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


def _in_the_way(site: Site, coming: Iterable[ProcessorNode], delta: GraphDelta) -> frozenset[ProcessorInstance]:
    """Those who hold what somebody wants anew; they must be among those who go or are restarted."""
    wanted: dict[str, ProcessorId] = {}
    for id_, resources in _claims(site, coming, delta.changed):
        for resource in resources:
            if resource in wanted:
                raise ResourceBusyError(resource, id_, wanted[resource])
            wanted[resource] = id_
    if not wanted:
        return frozenset()
    going = {entity: site.graph.get(entity, ProcessorInstance) for entity in delta.removed}
    going |= {site.graph.entity(id_): site.graph.get(id_, ProcessorInstance) for id_ in delta.restarted}
    first: set[ProcessorInstance] = set()
    for instance in going.values():
        if instance is not None and not instance.over and wanted.keys() & set(_held(instance)):
            first.add(instance)
    _check_staying(site, wanted, set(going.values()))
    return frozenset(first)


def _claims(
    site: Site, coming: Iterable[ProcessorNode], changes: Iterable[ConfigChange]
) -> Iterator[tuple[ProcessorId, Iterable[str]]]:
    """What each who comes holds exclusively, and what each whose config changes live takes on top."""
    for node in coming:
        yield node.id, dict.fromkeys(_exclusive(node))
    for change in changes:
        instance = site.graph.get(change.id, ProcessorInstance)
        if instance is not None and not instance.over:
            held = set(_held(instance))
            yield change.id, dict.fromkeys(r for r in instance.processor.exclusive(change.new) if r not in held)


def _check_staying(site: Site, wanted: dict[str, ProcessorId], going: set[ProcessorInstance | None]) -> None:
    for id_ in site.graph.query(ProcessorInstance):
        instance = site.graph.get(id_, ProcessorInstance)
        if instance is None or instance.over or instance in going:
            continue
        for resource in _held(instance):
            if resource in wanted:
                raise ResourceBusyError(resource, wanted[resource], instance.id)


def _exclusive(node: ProcessorNode) -> Iterable[str]:
    return node.declaration.processor.exclusive(node.config)  # type: ignore[no-any-return]


def _held(instance: ProcessorInstance) -> Iterable[str]:
    return instance.processor.exclusive(instance.processor.config)
