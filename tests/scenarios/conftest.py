"""Each scenario is played once per scheduling strategy, and whatever runs at its end is stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.graph import PropertyGraph
from streamlib.graph.components import RUNNING_COMPONENTS
from tests.scenarios.stage import STRATEGIES

Make = Callable[..., StreamRuntime]


@pytest.fixture(params=sorted(STRATEGIES))
def strategy(request: pytest.FixtureRequest) -> Any:
    """A scheduler delegate."""
    return STRATEGIES[request.param]()


@pytest.fixture
def make(strategy: Any) -> Iterator[Make]:
    """Makes runtimes under the strategy, each of which is stopped at the end and then leaves nothing behind."""
    made: list[StreamRuntime] = []

    def one(**choices: Any) -> StreamRuntime:
        made.append(StreamRuntime(**{"scheduler": strategy, **choices}))
        return made[-1]

    yield one
    for runtime in made:
        runtime.stop(drain=False)
        assert lingering(runtime.graph) == []


@pytest.fixture
def runtime(make: Make) -> StreamRuntime:
    """One runtime under the strategy."""
    return make()


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """What stuck processors wait for; set at the end, so that none outlives its test."""
    event = threading.Event()
    yield event
    event.set()


def lingering(graph: PropertyGraph) -> list[str]:
    """What of running is still attached to anything in the graph."""
    ids = [*graph.processor_ids(), *graph.link_ids()]
    return [f"{id_}: {kind.__name__}" for id_ in ids for kind in RUNNING_COMPONENTS if graph.has(id_, kind)]
