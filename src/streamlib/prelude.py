"""The names that a program of one file uses, for `from streamlib.prelude import *`.

`streamlib` itself has all public names, and loads them lazily; this module loads the engine at once.
"""

from __future__ import annotations

from streamlib.errors import StreamError
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.frames import AudioFrame, DataFrame, EncodedPacket, VideoFrame
from streamlib.links.delivery import Delivery
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution
from streamlib.processors.function import processor
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.runtime.bridge import PullSink, PushSource
from streamlib.runtime.commit_mode import CommitMode
from streamlib.runtime.runtime import StreamRuntime
from streamlib.schema.descriptors import AudioRequirements
from streamlib.schema.types import Schema

__all__ = [
    "AudioFrame",
    "AudioRequirements",
    "CommitMode",
    "DataFrame",
    "Delivery",
    "EncodedPacket",
    "ErrorPolicy",
    "LinkInput",
    "LinkOutput",
    "Live",
    "ProcessContext",
    "ProcessExecution",
    "Processor",
    "ProcessorConfig",
    "PullSink",
    "PushSource",
    "RuntimeContext",
    "SchedulingStrategy",
    "Schema",
    "StreamError",
    "StreamRuntime",
    "VideoFrame",
    "processor",
]
