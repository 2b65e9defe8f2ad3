"""Runtimes that were dropped and never stopped."""

from __future__ import annotations

import logging
import threading
import weakref
from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.errors import StateError
from streamlib.events import (
    EventBus,
    RuntimeStopped,
    RuntimeStopRequested,
)
from streamlib.runtime.afterlife import Remote
from tests.scenarios.stage import SECONDS, STRATEGIES, Collect, Gated, Numbers, Pass, Record


class Fallible(Pass):
    """Fails at one number, the first time that it comes."""

    class Config(Pass.Config):
        failed: Any

    def process(self, ctx: Any) -> None:
        """Fail, or pass it on."""
        if not self.config.failed:
            self.config.failed.append(True)
            raise ValueError("no luck")
        super().process(ctx)


def begun(scheduler: Any, record: Record, *, count: int, **gate: Any) -> tuple[StreamRuntime, EventBus]:
    """A runtime that runs, and its bus."""
    runtime = StreamRuntime(scheduler=scheduler, workers=2)
    source, relay = runtime.add_processor(Numbers, count=count), runtime.add_processor(Pass)
    sink = runtime.add_processor(Gated if gate else Collect, record=record, **gate)
    runtime.connect(source, relay)
    runtime.connect(relay, sink)
    runtime.start()
    return runtime, runtime.events


def threads() -> list[threading.Thread]:
    """Those of runtimes, as long as they live."""
    return [thread for thread in threading.enumerate() if thread.name.startswith("streamlib:")]


def ended(bus: EventBus) -> threading.Event:
    """Set when the runtime of this bus has stopped."""
    stopped = threading.Event()
    bus.subscribe("runtime:global", lambda event: stopped.set() if isinstance(event, RuntimeStopped) else None)
    return stopped


def all_gone(before: list[threading.Thread]) -> bool:
    """Whether no thread is left but those."""
    for thread in threads():
        if thread not in before:
            thread.join(SECONDS)
    return set(threads()) <= set(before)


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_one_that_was_waited_for_and_dropped_is_stopped_and_keeps_no_thread(
    strategy: str, caplog: pytest.LogCaptureFixture
) -> None:
    before, record = threads(), Record()
    runtime, bus = begun(STRATEGIES[strategy](), record, count=20)
    stopped, gone = ended(bus), weakref.ref(runtime)
    assert runtime.wait(SECONDS)
    with caplog.at_level(logging.WARNING, "streamlib.runtime"):
        del runtime
        assert gone() is None  # at once, without the collector
        assert stopped.wait(SECONDS)
    assert "a runtime was dropped without stop()" in caplog.text
    assert record.calls == ["setup", "flush", "teardown"]
    assert all_gone(before)


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_one_that_was_dropped_in_the_middle_goes_on_to_the_end_of_its_sources(strategy: str) -> None:
    before, record, gate = threads(), Record(), threading.Event()
    runtime, bus = begun(STRATEGIES[strategy](), record, count=20, gate=gate)
    stopped = ended(bus)
    record.wait_for_call("waits")
    del runtime
    assert not stopped.is_set()
    gate.set()
    assert stopped.wait(SECONDS)
    assert record.numbers == list(range(20))
    assert all_gone(before)


def test_one_that_was_stopped_or_never_started_is_dropped_without_a_word(caplog: pytest.LogCaptureFixture) -> None:
    runtime, _ = begun(STRATEGIES["dedicated"](), Record(), count=20)
    runtime.stop()
    del runtime
    idle = StreamRuntime()
    idle.add_processor(Numbers)
    del idle
    assert caplog.text == ""


def test_a_processor_of_a_dropped_one_is_still_made_anew() -> None:
    failed: list[bool] = []
    before, record, gate = threads(), Record(), threading.Event()
    runtime = StreamRuntime()
    source, relay = runtime.add_processor(Numbers, count=20), runtime.add_processor(Pass)
    fallible = runtime.add_processor(Fallible, failed=failed, on_error="restart")
    runtime.connect(source, relay)
    runtime.connect(relay, fallible)
    runtime.connect(fallible, runtime.add_processor(Gated, record=record, gate=gate))
    stopped = ended(runtime.events)
    runtime.start()
    del runtime, source, relay, fallible
    gate.set()
    assert stopped.wait(SECONDS)
    assert record.numbers == list(range(1, 20))
    assert all_gone(before)


def test_a_bus_that_was_kept_still_stops_it() -> None:
    before, record = threads(), Record()
    runtime, bus = begun(STRATEGIES["dedicated"](), record, count=-1)
    stopped = ended(bus)
    record.wait_for(5)
    del runtime
    bus.publish(RuntimeStopRequested(drain=False))
    assert stopped.wait(SECONDS)
    assert all_gone(before)


def test_what_needs_the_whole_runtime_is_refused_in_words_once_it_is_gone() -> None:
    runtime = StreamRuntime()
    remote = Remote(weakref.ref(runtime), runtime._lifecycle, drain_s=1.0)
    remote.commit_edit(remote.edit())
    del runtime
    with pytest.raises(StateError, match="was dropped"):
        remote.edit()
    remote.stop(drain=True)
