"""Ports that do not fit are refused where they are joined, with what differs and what would fit."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest

from streamlib import AudioFrame, DataFrame, LinkInput, LinkOutput, ProcessContext, Processor, StreamRuntime
from streamlib.errors import ConnectError
from streamlib.schema.descriptors import AudioRequirements


class Detections(msgspec.Struct):
    """What is seen."""

    labels: list[str]


class Scored(msgspec.Struct):
    """What is seen, and how surely."""

    schema_name: ClassVar[str] = "Detections"
    schema_version: ClassVar[str] = "1.1.0"
    labels: list[str]
    scores: list[float]


class Idle(Processor, abstract=True):
    """Does nothing."""

    def process(self, ctx: ProcessContext) -> None:
        """Does nothing."""


class Detector(Idle):
    seen = LinkOutput(DataFrame, schema=Detections)


class Scorer(Idle):
    seen = LinkInput(DataFrame, schema=Detections)
    scored = LinkOutput(DataFrame, schema=Scored)


class Reader(Idle):
    scored = LinkInput(DataFrame, schema=Scored)


class Lister(Idle):
    listed = LinkInput(DataFrame, schema=Detections)


class Microphone(Idle):
    sound = LinkOutput(AudioFrame, audio=AudioRequirements(rates=44_100))


class Speech(Idle):
    sound = LinkInput(AudioFrame, audio=AudioRequirements(rates=(8_000, 16_000)))
    anything: LinkInput[Any] = LinkInput(object)


@pytest.mark.promise("schema.versions", "schema.frame-class-fits")
def test_a_reader_of_more_than_is_written_is_refused_with_the_field_and_a_type_between() -> None:
    runtime = StreamRuntime()
    detector, scorer, reader = (runtime.add_processor(type_) for type_ in (Detector, Scorer, Reader))
    with pytest.raises(ConnectError) as caught:
        runtime.connect(detector, reader)
    assert str(caught.value) == (
        "detector_0 does not fit reader_0: detector_0.seen carries Detections 1.0.0, reader_0.scored takes "
        "Detections 1.1.0: the field scores (array of float64) is missing; what goes between: Scorer"
    )
    runtime.connect(detector, scorer)
    runtime.connect(scorer, reader)


@pytest.mark.promise("schema.versions")
def test_a_reader_of_less_than_is_written_fits() -> None:
    runtime = StreamRuntime()
    link = runtime.connect(runtime.add_processor(Scorer), runtime.add_processor(Lister))
    assert runtime.graph.link_ids() == [link.id]


def test_sound_that_an_input_does_not_take_is_refused_with_the_ports_that_fit() -> None:
    runtime = StreamRuntime()
    microphone, speech = runtime.add_processor(Microphone), runtime.add_processor(Speech)
    with pytest.raises(ConnectError) as caught:
        runtime.connect(microphone, speech.input("sound"))
    assert str(caught.value) == (
        "microphone_0 does not fit speech_0: microphone_0.sound carries sound of 44100 Hz, speech_0.sound takes "
        "8000 or 16000 Hz; these ports of the two fit: sound -> anything"
    )
    runtime.connect(microphone, speech)


def test_a_refused_link_leaves_no_trace() -> None:
    runtime = StreamRuntime()
    detector, reader = runtime.add_processor(Detector), runtime.add_processor(Reader)
    with pytest.raises(ConnectError):
        runtime.connect(detector, reader)
    assert list(runtime.graph.link_ids()) == []


def test_a_runtime_tells_the_types_that_it_knows() -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Detector)
    assert runtime.registry.describe("Detector").outputs[0].schema is not None
