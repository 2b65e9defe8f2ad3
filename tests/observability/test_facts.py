from __future__ import annotations

from typing import Any

from streamlib import DataFrame, LinkOutput, ProcessContext, Processor, ProcessorConfig, StreamRuntime
from tests.observability.test_gathering import S, Stage
from tests.scenarios.stage import Hand


def test_times_of_the_clock_for_media_are_told_on_the_runtimes() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        stage.runtime.pause()
        stage.clock.advance(7 * S)
        assert stage.gathering.scene().paused_ns == stage.clock.now_ns() - 7 * S
        stage.runtime.resume()
        stage.runtime.step(stage.hand)
        stage.clock.advance(2 * S)
        assert stage.gathering.scene().processors[stage.hand.id].called_ns == stage.clock.now_ns() - 2 * S


class Says(Processor):
    """Says what it waits for, or raises when it is asked."""

    class Config(ProcessorConfig):
        words: Any

    out = LinkOutput(DataFrame)
    execution = Hand.execution.reactive()

    def process(self, ctx: ProcessContext) -> None: ...

    def waits_for(self) -> str:
        if isinstance(self.config.words, Exception):
            raise self.config.words
        said: str = self.config.words
        return said


def test_who_cannot_say_what_it_waits_for_has_nothing_to_say() -> None:
    runtime = StreamRuntime()
    said = [runtime.add_processor(Says, words=words) for words in ("waits for rain", ValueError("no"), 7)]
    with runtime:
        runtime.start()
        explain: Any = runtime.inspector._explain
        processors = explain.__self__._gathering.scene().processors
        assert [processors[one.id].outside for one in said] == ["waits for rain", "", ""]


def test_a_link_that_was_cut_and_holds_no_frame_is_no_link() -> None:
    stage = Stage(filters=2)
    with stage.runtime:
        stage.runtime.start()
        stage.runtime.step(stage.hand)
        stage.record.wait_until(lambda: len(stage.record.numbers) == 1)
        stage.runtime.disconnect(stage.links[1])
        scene = stage.gathering.scene()
        assert scene.processors[stage.filters[1].id].unconnected == ("into",)
        assert scene.processors[stage.filters[0].id].outputs == ("out",)
        assert stage.links[1].id not in scene.links
