"""The states of a graph and of a processor, each with the one table of its legal transitions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from streamlib.errors import StateError


class GraphState(StrEnum):
    """What the graph as a whole is doing."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"


class ProcessorState(StrEnum):
    """What one processor is doing.

    `IDLE` has no instance; `READY` is set up and not started; `RESTARTING` has failed and waits to be made anew;
    `ENDED` has sent its last frame and is torn down; `FAILED` was ended by an error and is torn down.
    """

    IDLE = "idle"
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    ENDED = "ended"
    FAILED = "failed"


GRAPH_TRANSITIONS: Mapping[GraphState, frozenset[GraphState]] = {
    GraphState.IDLE: frozenset({GraphState.RUNNING}),
    GraphState.RUNNING: frozenset({GraphState.PAUSED, GraphState.IDLE}),
    GraphState.PAUSED: frozenset({GraphState.RUNNING, GraphState.IDLE}),
}

PROCESSOR_TRANSITIONS: Mapping[ProcessorState, frozenset[ProcessorState]] = {
    ProcessorState.IDLE: frozenset({ProcessorState.READY}),
    ProcessorState.READY: frozenset(
        {ProcessorState.RUNNING, ProcessorState.PAUSED, ProcessorState.ENDED, ProcessorState.FAILED}
    ),
    ProcessorState.RUNNING: frozenset(
        {ProcessorState.PAUSED, ProcessorState.RESTARTING, ProcessorState.ENDED, ProcessorState.FAILED}
    ),
    ProcessorState.RESTARTING: frozenset({ProcessorState.ENDED, ProcessorState.FAILED}),
    ProcessorState.PAUSED: frozenset({ProcessorState.RUNNING, ProcessorState.ENDED, ProcessorState.FAILED}),
    ProcessorState.ENDED: frozenset(),
    ProcessorState.FAILED: frozenset(),
}

ID_TRANSITIONS: Mapping[ProcessorState, frozenset[ProcessorState]] = {
    state: (legal | {ProcessorState.READY, ProcessorState.IDLE}) - {state}
    for state, legal in PROCESSOR_TRANSITIONS.items()
}
"""What is told of an id, which outlives its instances: another may take its place, and in the end there is none."""


def check_transition(old: GraphState, new: GraphState) -> None:
    """Raise StateError unless the graph may go from `old` to `new`."""
    if new not in GRAPH_TRANSITIONS[old]:
        legal = ", ".join(sorted(GRAPH_TRANSITIONS[old]))
        raise StateError(f"the graph is {old} and cannot become {new}; from here it may become {legal}")
