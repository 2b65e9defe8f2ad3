"""What to connect where a port has no link: ports of the graph that fit, in a call that can be run as it is written.

A diagnosis knows facts of those who are in trouble alone, so it says in words what is missing; here the first of its
findings are given what the graph has for them. Nothing is imported for it: of types that nobody uses, those are named
that are loaded already. Called by the `explainer`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import islice

from msgspec.structs import replace

from streamlib.errors import UnknownProcessorError
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.observability.causes import listed
from streamlib.observability.explanation import Cause, Finding
from streamlib.processors.declaration import Declaration
from streamlib.processors.ports import LinkInput, LinkOutput, misfit, words

MOST_ADVISED = 16
"""Findings of one explanation for which the graph is gone through."""

MOST_LOOKED_AT = 5_000
"""Processors that are gone through for all of them together; of a larger graph, those that came first."""

MOST_RANKED = 16
"""Ports of which it is asked whether they are better than others."""

MOST_NAMED = 3
"""Ports or types that one advice names."""


class Proposals:
    """What one graph has to connect.

    Args:
        known: The types of processors that are loaded, by name.
    """

    def __init__(self, graph: PropertyGraph, known: Callable[[], Mapping[str, Declaration]]) -> None:
        self._graph = graph
        self._known = known

    def advise(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The same findings; those about a port without a link say what to connect there."""
        told, left = list(findings), MOST_ADVISED
        nodes: list[ProcessorNode] = []
        for place, finding in enumerate(told):
            if finding.cause not in {Cause.UNCONNECTED_INPUT, Cause.GOES_NOWHERE} or left <= 0:
                continue
            nodes = nodes or self._first_nodes()
            left = min(left, MOST_LOOKED_AT // (len(nodes) + 1) + 1) - 1
            with suppress(UnknownProcessorError):  # somebody was removed meanwhile
                advice = self._advice(finding, nodes)
                told[place] = replace(finding, advice=advice) if advice else finding
        return tuple(told)

    def _first_nodes(self) -> list[ProcessorNode]:
        with self._graph.lock:
            return [self._graph.node(id_) for id_ in self._graph.processor_ids()[:MOST_LOOKED_AT]]

    def _advice(self, finding: Finding, nodes: list[ProcessorNode]) -> str:
        """What to connect; empty where the processor or its port is gone."""
        graph, id_ = self._graph, ProcessorId(finding.root)
        ports = finding.evidence.get("inputs" if finding.cause is Cause.UNCONNECTED_INPUT else "outputs", ())
        declared = graph.node(id_).declaration if id_ in graph else None
        if declared is None or not isinstance(ports, tuple):
            return ""
        name = next((port for port in ports if port in declared.inputs or port in declared.outputs), "")
        if finding.cause is Cause.UNCONNECTED_INPUT and name in declared.inputs:
            return self._for_input(id_, declared.inputs[name], nodes)
        return self._for_output(id_, declared.outputs[name], nodes) if name in declared.outputs else ""

    def _for_input(self, id_: ProcessorId, input_: LinkInput[object], nodes: list[ProcessorNode]) -> str:
        """Outputs that fit it: first those that go nowhere; none of those that it feeds, which would be a circle."""
        behind = self._graph.behind([id_])
        fitting = [
            (node.id, output)
            for node in nodes
            for output, port in node.declaration.outputs.items()
            if misfit("", port, "", input_) is None and node.id not in behind
        ]
        idle = [end for end in fitting[:MOST_RANKED] if not self._graph.links_from(end[0])]
        ends = dict.fromkeys((*idle, *fitting))
        if ends:
            return _call(ends, lambda end: (end, (id_, input_.name)))
        types = [name for name, one in self._known().items() if _gives(one, input_)]
        return f"nothing in the graph gives {_a(input_.frame_types)} for it; {_add(types, 'gives one')}"

    def _for_output(self, id_: ProcessorId, output: LinkOutput[object], nodes: list[ProcessorNode]) -> str:
        """Inputs that fit it and have room for a link."""
        fitting = (
            (node.id, name)
            for node in nodes
            for name, port in node.declaration.inputs.items()
            if node.id != id_ and misfit("", output, "", port) is None and self._is_free(node, port)
        )
        ends = [end for end in islice(fitting, MOST_RANKED) if id_ not in self._graph.behind([end[0]])]
        if ends:
            return _call(ends, lambda end: ((id_, output.name), end))
        types = [name for name, one in self._known().items() if _takes(one, output)]
        what = f"nothing in the graph has an input free for {_a(output.frame_types)}"
        return f"{what}; {_add(types, 'takes one')}, or runtime.remove({id_!r})"

    def _is_free(self, node: ProcessorNode, input_: LinkInput[object]) -> bool:
        if input_.many or node.id not in self._graph:
            return input_.many
        return all(link.target.port != input_.name for link in self._graph.links_into(node.id))


End = tuple[ProcessorId, str]


def _call(ends: Iterable[End], joined: Callable[[End], tuple[End, End]]) -> str:
    """The call that joins the first of them, and the names of some others."""
    first, *others = ends
    (source, output), (target, input_) = joined(first)
    call = (
        f"runtime.connect(runtime.processor({source!r}).output({output!r}), "
        f"runtime.processor({target!r}).input({input_!r}))"
    )
    if not others:
        return call
    more = len(others) - MOST_NAMED
    named = (*(f"{id_}.{port}" for id_, port in others[:MOST_NAMED]), *((f"{more:,} more",) if more > 0 else ()))
    return f"{call}  # {listed(named)} {'fits' if len(others) == 1 else 'fit'} too"


def _gives(declared: Declaration, input_: LinkInput[object]) -> bool:
    return any(misfit("", output, "", input_) is None for output in declared.outputs.values())


def _takes(declared: Declaration, output: LinkOutput[object]) -> bool:
    return any(misfit("", output, "", input_) is None for input_ in declared.inputs.values())


def _a(frame_types: Iterable[type]) -> str:
    said = words(frame_types)
    return f"an {said}" if said[0] in "AEIOU" else f"a {said}"


def _add(types: list[str], what: str) -> str:
    """What to add; `streamlib processors` knows those types too that nobody has loaded."""
    if not types:
        return f"add a processor that {what} (`streamlib processors` shows all types)"
    more = len(types) - MOST_NAMED
    named = (*types[:MOST_NAMED], *((f"{more:,} more",) if more > 0 else ()))
    return f"add a processor that {what}, as {listed(named)}"
