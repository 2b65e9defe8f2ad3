"""Whose code a thread is in: what a log line is asked for, and what nothing on a frame's way has to tell.

A processor is found in the stack of whoever asks: the innermost call whose `self` is one. That takes microseconds, and
is done where a line is written anyway. In asyncio a task that a processor has started, and a call that it hands to
`asyncio.to_thread`, carry their origin in their context, which is made once for each processor. A thread that a
processor starts with a plain function has neither. Asked by `streamlib.logs`; it knows neither graph nor loops.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import Context, ContextVar
from dataclasses import dataclass
from types import FrameType
from typing import Any

from streamlib.ids import ProcessorId
from streamlib.processors.context import RuntimeContext
from streamlib.processors.processor import Processor

_HERE: ContextVar[Origin | None] = ContextVar("streamlib_origin", default=None)

_OF_CASCADES = "streamlib.execution.cascade"
"""Calls the functions of several processors one after another. Whose turn it is, it has in the variable `processor`."""

_OF_THE_ENGINE = ("streamlib.execution.", "streamlib.links.", "streamlib.compiler.", "logging")
"""Modules whose frames belong to no processor. They are not looked into: some live as long as their thread."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A processor whose code runs.

    Attributes:
        processor_id: Its id.
        processor_type: The name of its type.
        generation: Tells apart those that have borne its id: the later has the greater number.
        frame_timestamp_ns: The time of the frame that it has at hand: in a variable, the first where it holds several.
    """

    processor_id: ProcessorId
    processor_type: str
    generation: int
    frame_timestamp_ns: int | None = None


def settle(processor: Processor, context: RuntimeContext) -> None:
    """A processor has got its id: from now on it is known by it. For the engine."""
    processor._streamlib_context = context


def settled(processor: Processor) -> RuntimeContext:
    """By what a processor is known that has got its id. For the engine."""
    context = processor._streamlib_context
    assert context is not None
    return context


def context_of(processor: Processor) -> Context:
    """A context for asyncio in which everything has this processor as its origin. For the engine."""
    context = Context()
    context.run(_HERE.set, _origin(processor, {}))
    return context


def origin_of(frame: FrameType | None) -> Origin | None:
    """Whose code the innermost call of a stack belongs to; None where no processor's."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "__call__" and frame.f_globals.get("__name__") == _OF_CASCADES:
            values = frame.f_locals
            first = values.get("processor")
            if isinstance(first, Processor):
                return _origin(first, {"frame": values.get("frame")})
        elif code.co_argcount and not frame.f_globals.get("__name__", "").startswith(_OF_THE_ENGINE):
            values = frame.f_locals
            first = values.get(code.co_varnames[0])
            if isinstance(first, Processor) and first._streamlib_context is not None:
                return _origin(first, values)
        frame = frame.f_back
    return _HERE.get()


def _origin(processor: Processor, values: Mapping[str, Any]) -> Origin | None:
    context = processor._streamlib_context
    if context is None:
        return None
    type_name = processor.declaration.type_name
    return Origin(context.processor_id, type_name, context.generation, _timestamp_in(values))


def _timestamp_in(values: Mapping[str, Any]) -> int | None:
    for value in values.values():
        if hasattr(type(value), "timestamp_ns"):
            timestamp_ns = value.timestamp_ns
            return timestamp_ns if isinstance(timestamp_ns, int) else None
    return None
