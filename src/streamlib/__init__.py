"""StreamLib: a live media graph for Python.

The public names stand here, each loaded from its module when it is first used (PEP 562), so that
`import streamlib` costs next to nothing. docs/reference.md shows the same names.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamlib.compiler.steps import PlanAction, PlanStep
    from streamlib.delegates.factory import FactoryDelegate
    from streamlib.delegates.processor import ProcessorDelegate
    from streamlib.delegates.scheduler import SchedulerDelegate
    from streamlib.errors import StreamError
    from streamlib.events.bus import EventBus
    from streamlib.events.subscription import Subscription
    from streamlib.execution.metrics import ProcessorMetrics
    from streamlib.execution.strategy import SchedulingStrategy
    from streamlib.frames import Frame
    from streamlib.frames.audio import AudioFrame
    from streamlib.frames.converter import ImageFormat
    from streamlib.frames.data import DataFrame
    from streamlib.frames.packet import EncodedPacket, StreamInfo
    from streamlib.frames.pixel_format import ColorMatrix, ColorRange, PixelFormat
    from streamlib.frames.video import VideoFrame
    from streamlib.graph.components import ThreadHandle
    from streamlib.graph.graph_file import GraphFile
    from streamlib.graph.link import Link
    from streamlib.graph.node import ProcessorNode
    from streamlib.ids import LinkId, PortRef, ProcessorId
    from streamlib.links.delivery import Delivery
    from streamlib.links.latency import LatencyStats
    from streamlib.links.statistics import LinkStatistics
    from streamlib.observability.actions import AgentActions
    from streamlib.observability.encoded_image import EncodedImage, SampledFrame
    from streamlib.observability.inspector import GraphInspector
    from streamlib.observability.live_table import LiveTable
    from streamlib.observability.no_sample import NoSample, NoSampleCause
    from streamlib.observability.observer import Observer
    from streamlib.observability.perception import AgentPerception, GraphPerception
    from streamlib.observability.render import RenderedGraph
    from streamlib.observability.sample_config import SampleConfig, SampleMode
    from streamlib.observability.sampled_audio import SampledAudio
    from streamlib.observability.sightings import ObserverEnd, ObserverStatistics
    from streamlib.observability.snapshots import (
        GraphHealth,
        GraphSnapshot,
        GraphTopology,
        LinkEndpoint,
        LinkSnapshot,
        ProcessorSnapshot,
    )
    from streamlib.observability.video_watch import VideoWatch
    from streamlib.observability.watches import FramePushed
    from streamlib.processors.config import Live, ProcessorConfig
    from streamlib.processors.context import MediaConfig, ProcessContext, RuntimeContext
    from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution, RestartLimits
    from streamlib.processors.function import processor
    from streamlib.processors.ports import LinkInput, LinkOutput
    from streamlib.processors.processor import Processor
    from streamlib.processors.registry import ProcessorRegistry
    from streamlib.runtime.actions import RuntimeActions
    from streamlib.runtime.bridge import PullSink, PushSource
    from streamlib.runtime.builder import RuntimeBuilder
    from streamlib.runtime.commit_mode import CommitMode
    from streamlib.runtime.edit import ConfigOutcome, Edit
    from streamlib.runtime.edit_plan import EditPlan
    from streamlib.runtime.group import Group, GroupHandle
    from streamlib.runtime.handles import LinkHandle, ProcessorHandle
    from streamlib.runtime.history import CommitRecord
    from streamlib.runtime.runtime import StreamRuntime
    from streamlib.schema.derivation import schema_of
    from streamlib.schema.descriptors import AudioRequirements, PortDescriptor, ProcessorDescriptor
    from streamlib.schema.types import Field, FieldType, Schema
    from streamlib.schema.version import SemanticVersion
    from streamlib.states import GraphState, ProcessorState

__version__ = "0.1.0"

__all__ = [
    "AgentActions",
    "AgentPerception",
    "AudioFrame",
    "AudioRequirements",
    "ColorMatrix",
    "ColorRange",
    "CommitMode",
    "CommitRecord",
    "ConfigOutcome",
    "DataFrame",
    "Delivery",
    "Edit",
    "EditPlan",
    "EncodedImage",
    "EncodedPacket",
    "ErrorPolicy",
    "EventBus",
    "FactoryDelegate",
    "Field",
    "FieldType",
    "Frame",
    "FramePushed",
    "GraphFile",
    "GraphHealth",
    "GraphInspector",
    "GraphPerception",
    "GraphSnapshot",
    "GraphState",
    "GraphTopology",
    "Group",
    "GroupHandle",
    "ImageFormat",
    "LatencyStats",
    "Link",
    "LinkEndpoint",
    "LinkHandle",
    "LinkId",
    "LinkInput",
    "LinkOutput",
    "LinkSnapshot",
    "LinkStatistics",
    "Live",
    "LiveTable",
    "MediaConfig",
    "NoSample",
    "NoSampleCause",
    "Observer",
    "ObserverEnd",
    "ObserverStatistics",
    "PixelFormat",
    "PlanAction",
    "PlanStep",
    "PortDescriptor",
    "PortRef",
    "ProcessContext",
    "ProcessExecution",
    "Processor",
    "ProcessorConfig",
    "ProcessorDelegate",
    "ProcessorDescriptor",
    "ProcessorHandle",
    "ProcessorId",
    "ProcessorMetrics",
    "ProcessorNode",
    "ProcessorRegistry",
    "ProcessorSnapshot",
    "ProcessorState",
    "PullSink",
    "PushSource",
    "RenderedGraph",
    "RestartLimits",
    "RuntimeActions",
    "RuntimeBuilder",
    "RuntimeContext",
    "SampleConfig",
    "SampleMode",
    "SampledAudio",
    "SampledFrame",
    "SchedulerDelegate",
    "SchedulingStrategy",
    "Schema",
    "SemanticVersion",
    "StreamError",
    "StreamInfo",
    "StreamRuntime",
    "Subscription",
    "ThreadHandle",
    "VideoFrame",
    "VideoWatch",
    "processor",
    "schema_of",
]

_HOMES = {
    "AgentActions": "streamlib.observability.actions",
    "AgentPerception": "streamlib.observability.perception",
    "AudioFrame": "streamlib.frames.audio",
    "AudioRequirements": "streamlib.schema.descriptors",
    "ColorMatrix": "streamlib.frames.pixel_format",
    "ColorRange": "streamlib.frames.pixel_format",
    "CommitMode": "streamlib.runtime.commit_mode",
    "CommitRecord": "streamlib.runtime.history",
    "ConfigOutcome": "streamlib.runtime.edit",
    "DataFrame": "streamlib.frames.data",
    "Delivery": "streamlib.links.delivery",
    "Edit": "streamlib.runtime.edit",
    "EditPlan": "streamlib.runtime.edit_plan",
    "EncodedImage": "streamlib.observability.encoded_image",
    "EncodedPacket": "streamlib.frames.packet",
    "ErrorPolicy": "streamlib.processors.execution_mode",
    "EventBus": "streamlib.events.bus",
    "FactoryDelegate": "streamlib.delegates.factory",
    "Field": "streamlib.schema.types",
    "FieldType": "streamlib.schema.types",
    "Frame": "streamlib.frames",
    "FramePushed": "streamlib.observability.watches",
    "GraphFile": "streamlib.graph.graph_file",
    "GraphHealth": "streamlib.observability.snapshots",
    "GraphInspector": "streamlib.observability.inspector",
    "GraphPerception": "streamlib.observability.perception",
    "GraphState": "streamlib.states",
    "GraphSnapshot": "streamlib.observability.snapshots",
    "GraphTopology": "streamlib.observability.snapshots",
    "Group": "streamlib.runtime.group",
    "GroupHandle": "streamlib.runtime.group",
    "ImageFormat": "streamlib.frames.converter",
    "LatencyStats": "streamlib.links.latency",
    "Link": "streamlib.graph.link",
    "LinkEndpoint": "streamlib.observability.snapshots",
    "LinkHandle": "streamlib.runtime.handles",
    "LinkId": "streamlib.ids",
    "LinkInput": "streamlib.processors.ports",
    "LinkOutput": "streamlib.processors.ports",
    "LinkSnapshot": "streamlib.observability.snapshots",
    "LinkStatistics": "streamlib.links.statistics",
    "Live": "streamlib.processors.config",
    "LiveTable": "streamlib.observability.live_table",
    "MediaConfig": "streamlib.processors.context",
    "NoSample": "streamlib.observability.no_sample",
    "NoSampleCause": "streamlib.observability.no_sample",
    "Observer": "streamlib.observability.observer",
    "ObserverEnd": "streamlib.observability.sightings",
    "ObserverStatistics": "streamlib.observability.sightings",
    "PixelFormat": "streamlib.frames.pixel_format",
    "PlanAction": "streamlib.compiler.steps",
    "PlanStep": "streamlib.compiler.steps",
    "PortDescriptor": "streamlib.schema.descriptors",
    "PortRef": "streamlib.ids",
    "ProcessContext": "streamlib.processors.context",
    "ProcessExecution": "streamlib.processors.execution_mode",
    "Processor": "streamlib.processors.processor",
    "ProcessorConfig": "streamlib.processors.config",
    "ProcessorDelegate": "streamlib.delegates.processor",
    "ProcessorDescriptor": "streamlib.schema.descriptors",
    "ProcessorHandle": "streamlib.runtime.handles",
    "ProcessorId": "streamlib.ids",
    "ProcessorMetrics": "streamlib.execution.metrics",
    "ProcessorNode": "streamlib.graph.node",
    "ProcessorRegistry": "streamlib.processors.registry",
    "ProcessorSnapshot": "streamlib.observability.snapshots",
    "ProcessorState": "streamlib.states",
    "PullSink": "streamlib.runtime.bridge",
    "PushSource": "streamlib.runtime.bridge",
    "RenderedGraph": "streamlib.observability.render",
    "RestartLimits": "streamlib.processors.execution_mode",
    "RuntimeActions": "streamlib.runtime.actions",
    "RuntimeBuilder": "streamlib.runtime.builder",
    "RuntimeContext": "streamlib.processors.context",
    "SampleConfig": "streamlib.observability.sample_config",
    "SampleMode": "streamlib.observability.sample_config",
    "SampledAudio": "streamlib.observability.sampled_audio",
    "SampledFrame": "streamlib.observability.encoded_image",
    "SchedulerDelegate": "streamlib.delegates.scheduler",
    "SchedulingStrategy": "streamlib.execution.strategy",
    "Schema": "streamlib.schema.types",
    "SemanticVersion": "streamlib.schema.version",
    "StreamError": "streamlib.errors",
    "StreamInfo": "streamlib.frames.packet",
    "StreamRuntime": "streamlib.runtime.runtime",
    "Subscription": "streamlib.events.subscription",
    "ThreadHandle": "streamlib.graph.components",
    "VideoFrame": "streamlib.frames.video",
    "VideoWatch": "streamlib.observability.video_watch",
    "processor": "streamlib.processors.function",
    "schema_of": "streamlib.schema.derivation",
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
