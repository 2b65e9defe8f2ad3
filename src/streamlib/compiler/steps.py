"""A plan as one reads it: what a commit will do, step by step, before it does anything.

Made of the `plan` that is carried out, so that the two cannot differ; asked for by `streamlib.runtime.edit_plan`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from streamlib.compiler.plan import Plan
from streamlib.execution.instance import ProcessorInstance
from streamlib.graph.config_words import changed
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph


class PlanAction(StrEnum):
    """What a step does to its subject."""

    STOP = "stop"
    CREATE = "create"
    WIRE = "wire"
    SET_UP = "set up"
    UPDATE = "update live"
    RESTART = "restart"
    REPLACE = "replace"
    CUT = "cut"
    START = "start"
    DRAIN = "drain"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step of a commit.

    Attributes:
        action: What is done.
        subject: The id of the processor or link that it is done to.
        detail: What there is to say of it: a type and where it runs, the fields that change, why somebody stops.
    """

    action: PlanAction
    subject: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.action} {self.subject}{self.detail and f' ({self.detail})'}"


def planned_steps(graph: PropertyGraph, plan: Plan) -> list[PlanStep]:
    """The steps of a plan in the order in which they are carried out; of the graph, those who run now are asked."""
    return [*_preparing(plan), *_carrying_out(graph, plan)]


def _preparing(plan: Plan) -> Iterator[PlanStep]:
    """What may fail, and is taken back then."""
    for instance in plan.first:
        yield PlanStep(PlanAction.STOP, instance.id, "what it holds alone is handed over")
    for node in plan.create:
        strategy = plan.strategies.get(node.id)
        where = "" if strategy is None else f" on {strategy}"
        yield PlanStep(PlanAction.CREATE, node.id, f"{node.processor_type}{where}")
    for node in plan.restart:
        yield PlanStep(PlanAction.CREATE, node.id, f"{node.processor_type} beside the one that runs")
    for link_id in plan.join:
        yield PlanStep(PlanAction.WIRE, link_id)
    for link_id in plan.update:
        yield PlanStep(PlanAction.WIRE, link_id, "in another form, with what waits there")
    for node in (*plan.create, *plan.restart):
        yield PlanStep(PlanAction.SET_UP, node.id)
    for change in plan.configure:
        yield PlanStep(PlanAction.UPDATE, change.id, changed(change.old, change.new))


def _carrying_out(graph: PropertyGraph, plan: Plan) -> Iterator[PlanStep]:
    """What cannot fail any more."""
    for node in plan.restart:
        yield _replacing(graph, node)
    cut = [link for entity in plan.cut if (link := graph.get(entity, Link)) is not None]
    for link in cut:
        yield PlanStep(PlanAction.CUT, link.id)
    for node in plan.create:
        yield PlanStep(PlanAction.START, node.id)
    gone = [going.id for entity in plan.remove if (going := graph.get(entity, ProcessorNode)) is not None]
    for id_ in gone:
        yield PlanStep(PlanAction.DRAIN, id_)
    for id_ in gone:
        yield PlanStep(PlanAction.REMOVE, id_)


def _replacing(graph: PropertyGraph, node: ProcessorNode) -> PlanStep:
    instance = graph.get(node.id, ProcessorInstance)
    before = "" if instance is None else instance.declaration.type_name
    if instance is not None and instance.generation != node.generation:
        return PlanStep(PlanAction.REPLACE, node.id, f"{before} by {node.processor_type}")
    return PlanStep(PlanAction.RESTART, node.id)
