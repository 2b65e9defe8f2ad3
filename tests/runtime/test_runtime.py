"""The runtime with nothing configured, and its doors to the graph."""

from __future__ import annotations

import time
from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ConfigError
from tests.scenarios.stage import SECONDS, Collect, Numbers, Record


@pytest.mark.promise("runtime.defaults")
def test_a_runtime_works_with_nothing_configured() -> None:
    record = Record()
    with StreamRuntime() as runtime:
        runtime.connect(runtime.add_processor(Numbers, count=20), runtime.add_processor(Collect, record=record))
        runtime.start()
        assert runtime.wait(SECONDS)
    assert record.numbers == list(range(20))


def test_what_is_given_wrongly_is_named_at_once() -> None:
    wrong: list[tuple[str, Any]] = [
        ("media", {"width": 1}),
        ("clock", time),
        ("workers", "4"),
        ("workers", 0),
        ("workers", True),
    ]
    for name, value in wrong:
        with pytest.raises(ConfigError, match=f"{name} is .*; give"):
            StreamRuntime(**{name: value})


def test_what_a_user_holds_says_what_it_is() -> None:
    runtime = StreamRuntime()
    source = runtime.add_processor(Numbers, count=-1, id="door")
    runtime.connect(source, runtime.add_processor(Collect, record=Record()))
    frames = source.output("out").frames()
    assert repr(runtime) == "<StreamRuntime idle: 3 processors, 2 links>"
    assert repr(runtime.graph) == "<PropertyGraph idle: 3 processors, 2 links>"
    assert repr(runtime.events) == "<EventBus: 0 subscriptions>"
    assert repr(runtime.registry).startswith("<ProcessorRegistry of ")
    assert repr(frames) == "<frames of door.out>"
    with runtime:
        runtime.start()
        assert repr(source.instance()) == "<instance of door: Numbers, running>"
        assert "ThreadHandle" in repr(source.components)
        assert repr(source.metrics).startswith("<ProcessorMetrics ")
        frames.close()
    assert repr(frames) == "<frames of door.out, closed>"


def test_the_bus_knows_the_processors_of_its_graph(caplog: pytest.LogCaptureFixture) -> None:
    runtime = StreamRuntime()
    handle = runtime.add_processor(Numbers)
    with pytest.raises(ConfigError, match="processor:numbers_0"):
        runtime.events.subscribe(handle, print)  # type: ignore[arg-type]
    runtime.events.subscribe(handle.id, print)
    assert "'processor:numbers_0'" in caplog.text
