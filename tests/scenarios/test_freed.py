"""What goes from a running graph is freed, though the heap was frozen at its start and the collector looks away."""

from __future__ import annotations

import threading
import weakref
from typing import Any

import pytest

from streamlib import ProcessContext, StreamRuntime
from streamlib.errors import ProcessorFailed
from streamlib.events import Event
from streamlib.events.processor import ProcessorStateChanged
from streamlib.runtime.handles import ProcessorHandle
from streamlib.states import ProcessorState
from tests.scenarios.stage import SECONDS, Line, Pass


def own(handle: ProcessorHandle) -> weakref.ref[Any]:
    """The processor that runs under a handle, not held."""
    instance = handle.instance()
    assert instance is not None
    return weakref.ref(instance.processor)


@pytest.mark.parametrize("how", ["remove", "replace", "restart", "configure"])
def test_a_processor_of_the_start_is_freed_when_it_goes(runtime: StreamRuntime, how: str) -> None:
    line = Line(runtime)
    extra = runtime.add_processor(Pass)
    runtime.connect(line.filter, extra)
    line.run()
    gone, sink = own(extra), own(line.sink)
    if how == "remove":
        runtime.remove(extra)
    elif how == "replace":
        runtime.replace(extra, Pass, tag="another")
    elif how == "restart":
        runtime.restart(extra)
    else:
        runtime.update_config(extra, tag="another")
    line.record.wait_for(200)  # whoever called it last has called others since
    assert gone() is None
    assert sink() is not None
    assert line.record.is_gapless()


class Fails(Pass):
    """Fails on its first frame."""

    def process(self, ctx: ProcessContext) -> None:
        raise ValueError("no luck")


@pytest.mark.parametrize("how", ["remove", "replace", "restart"])
def test_a_processor_that_failed_is_freed_when_it_goes_and_still_told_of_at_the_end(
    runtime: StreamRuntime, how: str
) -> None:
    line = Line(runtime)
    extra = runtime.add_processor(Fails, on_error="fail")
    runtime.connect(line.filter, extra)
    over = threading.Event()

    def note(event: Event) -> None:
        if isinstance(event, ProcessorStateChanged) and event.new is ProcessorState.FAILED:
            over.set()

    runtime.events.subscribe(f"processor:{extra.id}", note)
    line.run()
    assert over.wait(SECONDS)
    gone = own(extra)
    if how == "remove":
        runtime.remove(extra)
    else:
        runtime.replace(extra, Pass) if how == "replace" else runtime.restart(extra)
    line.record.wait_for(200)
    assert gone() is None
    runtime.stop()
    with pytest.raises(ProcessorFailed, match=f"{extra.id}: ValueError: no luck"):
        runtime.wait(SECONDS)
