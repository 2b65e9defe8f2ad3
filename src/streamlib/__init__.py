"""StreamLib: a live media graph for Python.

The public names stand here, each loaded from its module when it is first used (PEP 562), so that
`import streamlib` costs next to nothing. docs/reference.md shows the same names.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamlib.errors import StreamError
    from streamlib.events.bus import EventBus, Subscription
    from streamlib.execution.metrics import LatencyStats, ProcessorMetrics
    from streamlib.execution.strategy import SchedulingStrategy
    from streamlib.frames import Frame
    from streamlib.frames.audio import AudioFrame
    from streamlib.frames.data import DataFrame
    from streamlib.frames.packet import EncodedPacket, StreamInfo
    from streamlib.frames.pixel_format import ColorMatrix, ColorRange, PixelFormat
    from streamlib.frames.video import VideoFrame
    from streamlib.ids import LinkId, PortRef, ProcessorId
    from streamlib.links.delivery import Delivery
    from streamlib.processors.config import Live, ProcessorConfig
    from streamlib.processors.context import MediaConfig, ProcessContext, RuntimeContext
    from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution
    from streamlib.processors.function import processor
    from streamlib.processors.ports import LinkInput, LinkOutput
    from streamlib.processors.processor import Processor
    from streamlib.processors.registry import ProcessorRegistry
    from streamlib.runtime.bridge import PullSink, PushSource
    from streamlib.runtime.commit_mode import CommitMode
    from streamlib.runtime.runtime import StreamRuntime
    from streamlib.states import GraphState, ProcessorState

__version__ = "0.1.0"

__all__ = [
    "AudioFrame",
    "ColorMatrix",
    "ColorRange",
    "CommitMode",
    "DataFrame",
    "Delivery",
    "EncodedPacket",
    "ErrorPolicy",
    "EventBus",
    "Frame",
    "GraphState",
    "LatencyStats",
    "LinkId",
    "LinkInput",
    "LinkOutput",
    "Live",
    "MediaConfig",
    "PixelFormat",
    "PortRef",
    "ProcessContext",
    "ProcessExecution",
    "Processor",
    "ProcessorConfig",
    "ProcessorId",
    "ProcessorMetrics",
    "ProcessorRegistry",
    "ProcessorState",
    "PullSink",
    "PushSource",
    "RuntimeContext",
    "SchedulingStrategy",
    "StreamError",
    "StreamInfo",
    "StreamRuntime",
    "Subscription",
    "VideoFrame",
    "processor",
]

_HOMES = {
    "AudioFrame": "streamlib.frames.audio",
    "ColorMatrix": "streamlib.frames.pixel_format",
    "ColorRange": "streamlib.frames.pixel_format",
    "CommitMode": "streamlib.runtime.commit_mode",
    "DataFrame": "streamlib.frames.data",
    "Delivery": "streamlib.links.delivery",
    "EncodedPacket": "streamlib.frames.packet",
    "ErrorPolicy": "streamlib.processors.execution_mode",
    "EventBus": "streamlib.events.bus",
    "Frame": "streamlib.frames",
    "GraphState": "streamlib.states",
    "LatencyStats": "streamlib.execution.metrics",
    "LinkId": "streamlib.ids",
    "LinkInput": "streamlib.processors.ports",
    "LinkOutput": "streamlib.processors.ports",
    "Live": "streamlib.processors.config",
    "MediaConfig": "streamlib.processors.context",
    "PixelFormat": "streamlib.frames.pixel_format",
    "PortRef": "streamlib.ids",
    "ProcessContext": "streamlib.processors.context",
    "ProcessExecution": "streamlib.processors.execution_mode",
    "Processor": "streamlib.processors.processor",
    "ProcessorConfig": "streamlib.processors.config",
    "ProcessorId": "streamlib.ids",
    "ProcessorMetrics": "streamlib.execution.metrics",
    "ProcessorRegistry": "streamlib.processors.registry",
    "ProcessorState": "streamlib.states",
    "PullSink": "streamlib.runtime.bridge",
    "PushSource": "streamlib.runtime.bridge",
    "RuntimeContext": "streamlib.processors.context",
    "SchedulingStrategy": "streamlib.execution.strategy",
    "StreamError": "streamlib.errors",
    "StreamInfo": "streamlib.frames.packet",
    "StreamRuntime": "streamlib.runtime.runtime",
    "Subscription": "streamlib.events.bus",
    "VideoFrame": "streamlib.frames.video",
    "processor": "streamlib.processors.function",
}

if not TYPE_CHECKING:  # a type checker sees the imports above, and reports a name that is not there

    def __getattr__(name: str) -> object:
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = getattr(importlib.import_module(home), name)
        return found


def __dir__() -> list[str]:
    return sorted(__all__)
