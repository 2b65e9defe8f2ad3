"""What goes from a running graph is freed, though the heap was frozen at its start and the collector looks away."""

from __future__ import annotations

import weakref
from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.runtime.handles import ProcessorHandle
from tests.scenarios.stage import Line, Pass


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
