"""What is proposed where ports do not fit."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
import pytest

from streamlib.frames import AudioFrame, DataFrame, EncodedPacket, VideoFrame
from streamlib.processors.fitting import fitting_ports, what_would_fit
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.processors.registry import ProcessorRegistry
from streamlib.schema.descriptors import AudioRequirements

SPEECH = AudioRequirements(rates=16_000, channels=1)


class Old(msgspec.Struct):
    schema_name: ClassVar[str] = "Count"
    n: int


class New(msgspec.Struct):
    schema_name: ClassVar[str] = "Count"
    schema_version: ClassVar[str] = "2.0.0"
    n: float


class Idle(Processor, abstract=True):
    def process(self, ctx: object) -> None:
        pass


class Source(Idle):
    video = LinkOutput(VideoFrame)
    audio = LinkOutput(AudioFrame, audio=AudioRequirements(rates=48_000))
    counts = LinkOutput(DataFrame, schema=Old)


class Sink(Idle):
    packets = LinkInput(EncodedPacket)
    sound = LinkInput(AudioFrame, audio=SPEECH)
    counts = LinkInput(DataFrame, schema=New)


class AnySink(Idle):
    everything: LinkInput[Any] = LinkInput(object)
    packets = LinkInput(EncodedPacket)


class Encoder(Idle):
    video = LinkInput(VideoFrame)
    packets = LinkOutput(EncodedPacket)


class Resampler(Idle):
    audio_in = LinkInput(AudioFrame)
    audio_out = LinkOutput(AudioFrame, audio=SPEECH)


class Gain(Idle):
    audio_in = LinkInput(AudioFrame)
    audio_out = LinkOutput(AudioFrame)


class Upgrade(Idle):
    old = LinkInput(DataFrame, schema=Old)
    new = LinkOutput(DataFrame, schema=New)


class Relabel(Idle):
    data = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)


@pytest.fixture
def registry() -> ProcessorRegistry:
    made = ProcessorRegistry("streamlib.none")
    for type_ in (Source, Sink, Encoder, Resampler, Gain, Upgrade, Relabel):
        made.register(type_)
    return made


@pytest.mark.parametrize(
    ("output", "input_", "between"),
    [("video", "packets", "Encoder"), ("audio", "sound", "Resampler"), ("counts", "counts", "Upgrade")],
)
def test_types_that_turn_one_into_the_other_are_named(
    registry: ProcessorRegistry, output: str, input_: str, between: str
) -> None:
    proposal = what_would_fit(Source.declaration, Sink.declaration, [(output, input_)], ["packets"], registry)
    assert proposal == [f"what goes between: {between}"]


def test_ports_of_the_two_that_fit_are_named_first(registry: ProcessorRegistry) -> None:
    tried, free = [("video", "packets")], ["everything", "packets"]
    proposal = what_would_fit(Source.declaration, AnySink.declaration, tried, free, registry)
    assert proposal == ["these ports of the two fit: video -> everything, audio -> everything, counts -> everything"]
    taken = what_would_fit(Source.declaration, AnySink.declaration, tried, ["packets"], registry)
    assert taken == ["what goes between: Encoder"]


def test_nothing_is_proposed_where_nothing_fits(registry: ProcessorRegistry) -> None:
    assert what_would_fit(Encoder.declaration, Sink.declaration, [("packets", "sound")], [], registry) == []
    assert fitting_ports(Sink.declaration, Source.declaration) == []


def test_a_type_that_cannot_be_imported_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = ProcessorRegistry("streamlib.none")
    registry.register(Encoder)
    monkeypatch.setattr(ProcessorRegistry, "names", lambda self: ("Absent", "Encoder"))
    proposal = what_would_fit(Source.declaration, Sink.declaration, [("video", "packets")], [], registry)
    assert proposal == ["what goes between: Encoder"]
