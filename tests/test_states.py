from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import TypeVar

import pytest

from streamlib.errors import StateError
from streamlib.states import (
    GRAPH_TRANSITIONS,
    ID_TRANSITIONS,
    PROCESSOR_TRANSITIONS,
    GraphState,
    ProcessorState,
    check_transition,
)

S = TypeVar("S", GraphState, ProcessorState)


@pytest.mark.promise("lifecycle.graph-table")
@pytest.mark.parametrize(("old", "new"), list(product(GraphState, GraphState)))
def test_the_graph_goes_where_the_table_says_and_nowhere_else(old: GraphState, new: GraphState) -> None:
    if new in GRAPH_TRANSITIONS[old]:
        check_transition(old, new)
        return
    with pytest.raises(StateError, match=f"the graph is {old} and cannot become {new}") as refused:
        check_transition(old, new)
    assert all(legal in str(refused.value) for legal in GRAPH_TRANSITIONS[old])


def test_the_graph_can_always_come_to_rest() -> None:
    assert all(GraphState.IDLE in _reached(GRAPH_TRANSITIONS, state) for state in GraphState)


def test_every_state_is_in_its_table() -> None:
    assert set(GRAPH_TRANSITIONS) == set(GraphState)
    assert set(PROCESSOR_TRANSITIONS) == set(ID_TRANSITIONS) == set(ProcessorState)


def test_an_id_goes_where_its_processor_goes_and_to_another_that_is_made_for_it() -> None:
    for state, legal in PROCESSOR_TRANSITIONS.items():
        assert ID_TRANSITIONS[state] == (legal | {ProcessorState.READY, ProcessorState.IDLE}) - {state}


def test_a_processor_reaches_every_state_from_idle() -> None:
    assert _reached(PROCESSOR_TRANSITIONS, ProcessorState.IDLE) == set(ProcessorState) - {ProcessorState.IDLE}


@pytest.mark.parametrize("last", [ProcessorState.ENDED, ProcessorState.FAILED])
def test_a_processor_that_is_torn_down_stays_so(last: ProcessorState) -> None:
    assert PROCESSOR_TRANSITIONS[last] == frozenset()
    assert all(last in PROCESSOR_TRANSITIONS[state] for state in (ProcessorState.RUNNING, ProcessorState.PAUSED))


def _reached(table: Mapping[S, frozenset[S]], start: S) -> set[S]:
    """All states that lead on from one."""
    reached: set[S] = set()
    waiting = {start}
    while waiting:
        following = table[waiting.pop()] - reached
        reached |= following
        waiting |= following
    return reached
