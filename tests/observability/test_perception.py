from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from streamlib import (
    AgentPerception,
    LinkInput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    SampleConfig,
    SampledAudio,
    SampledFrame,
    StreamRuntime,
    VideoFrame,
)
from streamlib.errors import ConfigError, StateError, UnknownLinkError, UnknownProcessorError
from streamlib.events.event import CustomEvent
from tests.observability.views import Pictures, See, Sounds
from tests.scenarios.stage import SECONDS, Record


class Curious(Processor):
    """Wants a sample of itself in `process`."""

    class Config(ProcessorConfig):
        runtime: Any
        record: Any

    into = LinkInput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        self.into.read()
        perception = self.config.runtime.perception
        asked: list[Callable[[], object]] = [
            lambda: perception.sample_video("pictures_0"),
            lambda: perception.sample_audio("sounds_0"),
            lambda: next(perception.watch_video("pictures_0")),
        ]
        for ask in asked:
            try:
                ask()
            except StateError as error:
                self.config.record.called(str(error))


def test_it_is_what_agents_perceive_with_and_made_once() -> None:
    runtime = StreamRuntime()
    perception: AgentPerception = runtime.perception
    assert runtime.perception is perception


def test_arguments_that_are_none_are_refused_by_name() -> None:
    runtime = StreamRuntime()
    source, sound = runtime.add_processor(Pictures), runtime.add_processor(Sounds)
    perception = runtime.perception
    wrong: Any
    for wrong in (0, -1, "1", None, float("nan"), float("inf"), 1e9, 10**400, True, False):
        with pytest.raises(ConfigError, match="timeout is .*; give seconds"):
            perception.sample_video(source, timeout=wrong)
        with pytest.raises(ConfigError, match="every_s is .*; give seconds, 0.01 to 3600"):
            perception.watch_video(source, wrong)
    for wrong in (0, -5, 60_001, "1000", None, float("nan"), True):
        with pytest.raises(ConfigError, match="duration_ms is .*; give milliseconds"):
            perception.sample_audio(sound, wrong)
    with pytest.raises(ConfigError, match="timeout is 0"):
        perception.sample_audio(sound, timeout=0)
    wrong = "thumbnail"
    with pytest.raises(ConfigError, match=r"config is 'thumbnail'; give SampleConfig.thumbnail\(\)"):
        perception.sample_video(source, wrong)
    with pytest.raises(ConfigError, match=r"config is 'thumbnail'; give SampleConfig.thumbnail\(\)"):
        perception.watch_video(source, 1, wrong)


def test_what_is_not_in_the_graph_is_named() -> None:
    runtime = StreamRuntime()
    source = runtime.add_processor(Pictures)
    link = runtime.connect(source, runtime.add_processor(See, record=Record()))
    for ask in (runtime.perception.sample_video, runtime.perception.processor_status, runtime.perception.watch_video):
        with pytest.raises(UnknownProcessorError, match="did you mean 'pictures_0'"):
            ask("picture_0")
    assert runtime.perception.link_status(link).id == runtime.perception.link_status(link.id).id == link.id
    for wrong in ("pictures_0.out", 7):
        with pytest.raises(UnknownLinkError, match="pictures_0.out->see_0.into"):
            runtime.perception.link_status(wrong)  # type: ignore[arg-type]
    with pytest.raises(UnknownLinkError):
        StreamRuntime().perception.link_status(link)


def test_inside_a_processor_a_sample_is_refused() -> None:
    record = Record()
    with StreamRuntime() as runtime:
        runtime.add_processor(Sounds, count=1)
        runtime.connect(
            runtime.add_processor(Pictures, count=1), runtime.add_processor(Curious, runtime=runtime, record=record)
        )
        runtime.start()
        assert runtime.wait(SECONDS)
    assert record.calls == [
        f"a sample of {port} would hold up this processor for frames; take it outside"
        for port in ("pictures_0.out", "sounds_0.out", "pictures_0.out")
    ]


@pytest.mark.promise("agent.status", "agent.health")
def test_status_and_health_are_what_the_inspector_has_seen() -> None:
    record = Record()
    with StreamRuntime() as runtime:
        source, sink = runtime.add_processor(Pictures), runtime.add_processor(See, record=record)
        link = runtime.connect(source, sink)
        runtime.start()
        record.wait_for(10)
        status, carried = runtime.perception.processor_status(sink), runtime.perception.link_status(link)
        assert (status.id, status.state, status.errors) == ("see_0", "running", 0)
        assert status.calls >= 10
        assert status.latency.samples > 0
        assert carried.taken >= 10
        health = runtime.perception.graph_health()
        assert (health.state, health.processor_count, health.dropped_frames, health.failed) == ("running", 2, 0, ())
        runtime.pause(sink)
        assert runtime.perception.processor_status("see_0").state == "paused"
        assert runtime.perception.graph_health().paused == ("see_0",)


@pytest.mark.promise("agent.subscribe")
def test_a_subscription_streams_what_happens_drops_among_it() -> None:
    async def main(runtime: StreamRuntime) -> list[str]:
        perception, told = runtime.perception, list[str]()
        async with perception.subscribe("runtime:*") as whole, perception.subscribe("link:*") as links:
            runtime.start()
            async for event in links:
                if type(event).__name__ == "QueueFull" and event.dropped:  # type: ignore[attr-defined]
                    told.append("dropped")
                    break
            async for event in whole:
                told.append(type(event).__name__)
                if told[-1] == "RuntimeStarted":
                    break
            return told

    runtime = StreamRuntime()
    source, sink = runtime.add_processor(Pictures), runtime.add_processor(See, record=Record())
    runtime.connect(source, sink, delivery="drop_oldest", capacity=1)
    with runtime:
        told = asyncio.run(asyncio.wait_for(main(runtime), SECONDS))
    assert {"dropped", "RuntimeStarted"} <= set(told)


def test_a_subscription_is_bounded_and_counts_what_it_lost() -> None:
    runtime = StreamRuntime()
    stream = runtime.perception.subscribe("door", 2)
    for _ in range(5):
        runtime.events.publish(CustomEvent(topic="door", data=None))
    assert (len(stream), stream.dropped) == (2, 3)
    stream.close()
    with pytest.raises(ConfigError, match="did you mean processor"):
        runtime.perception.subscribe("procesor:*")


def test_a_source_without_a_link_is_seen_and_heard() -> None:
    with StreamRuntime() as runtime:
        pictures, sounds = runtime.add_processor(Pictures), runtime.add_processor(Sounds)
        runtime.start()
        seen = runtime.perception.sample_video(pictures, SampleConfig.full_frame(), timeout=SECONDS)
        assert isinstance(seen, SampledFrame)
        heard = runtime.perception.sample_audio(sounds, 40, timeout=SECONDS)
        assert isinstance(heard, SampledAudio)
        assert heard.samples.shape == (1_920, 2)
        assert np.abs(heard.samples).max() == pytest.approx(0.25, abs=0.001)
