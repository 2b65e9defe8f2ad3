"""run_processor: one processor between a list and a list, in a real runtime.

`conformance.py` asks more of a processor than that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from streamlib.errors import ConfigError, DeadlineError
from streamlib.links.delivery import Delivery
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.processors.processor import Processor
from streamlib.runtime.handles import ProcessorHandle
from streamlib.runtime.runtime import StreamRuntime
from streamlib.testing.sink import Collected, ListSink
from streamlib.testing.source import ListSource


def run_processor(
    processor: type[Processor] | str,
    inputs: Iterable[Any] | Mapping[str, Iterable[Any]] = (),
    config: ProcessorConfig | Mapping[str, object] | None = None,
    *,
    limit: int | None = None,
    on_error: ErrorPolicy | str = ErrorPolicy.FAIL,
    timeout: float = 10.0,
    **fields: Any,
) -> dict[str, list[Any]]:
    """Run one processor in a runtime of its own and give back what it wrote.

        assert run_processor(Doubler, [DataFrame({"n": 2})])["output"][0].data["n"] == 4
        written = run_processor(Mixer, {"left": quiet, "right": loud}, gain=0.5)["output"]

    Every frame arrives, whatever delivery an input declares. Several inputs are fed independently of each other:
    each keeps its own order, and which of two inputs has a frame first is not said.

    Args:
        processor: Its class, or the name of a registered type.
        inputs: What its only input is given; or a mapping from input to what that is given.
        config: As `add_processor` takes it; fields by keyword go on top.
        limit: For a processor that does not end: stop when each output has written so many frames.
        on_error: What follows an exception in `process`; unlike in a graph it ends the run, so that a test sees it.
        timeout: Seconds that all of it may take.

    Returns:
        The frames of each output, by port.

    Raises:
        ConfigError: A plain list was given to a processor that has not exactly one input.
        ProcessorFailed: It raised; `failures` has the error.
        DeadlineError: It came to no end in time.
    """
    runtime = StreamRuntime()
    with runtime.edit() as edit:
        tested = edit.add_processor(processor, config, on_error=on_error, **fields)
    for port, items in _by_port(tested, inputs).items():
        kinds = tested.declaration.input(port).frame_types
        source = runtime.add_processor(ListSource, items=tuple(items), type=kinds)
        runtime.connect(source, tested.input(port), delivery=Delivery.EVERY)
    collected = {port: Collected() for port in tested.declaration.outputs}
    for port, into in collected.items():
        runtime.connect(tested.output(port), runtime.add_processor(ListSink, into=into).input("input"))
    try:
        runtime.start()
        _wait_for_the_end(runtime, tested, list(collected.values()), limit, timeout)
    finally:
        runtime.stop(drain=False)
    return {port: into.frames[:limit] for port, into in collected.items()}


def _by_port(tested: ProcessorHandle, inputs: Iterable[Any] | Mapping[str, Iterable[Any]]) -> dict[str, Sequence[Any]]:
    if isinstance(inputs, Mapping):
        return {port: tuple(items) for port, items in inputs.items()}
    items = tuple(inputs)
    ports = list(tested.declaration.inputs)
    if len(ports) == 1:
        return {ports[0]: items}
    if items:
        raise ConfigError(f"{tested.processor_type} has {len(ports)} inputs; give a mapping from input to frames")
    return {}


def _wait_for_the_end(
    runtime: StreamRuntime, tested: ProcessorHandle, collected: Sequence[Collected], limit: int | None, timeout: float
) -> None:
    if limit is not None and collected:
        for into in collected:
            into.wait_for(limit, timeout)
        if not all(into.ended for into in collected):
            return
    if not runtime.wait(timeout):
        raise DeadlineError("the run", timeout, [tested.id])
