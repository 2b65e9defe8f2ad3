"""Ports as they are declared, and which of them fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, cast

import msgspec
import pytest

from streamlib.errors import DeclarationError
from streamlib.frames import AudioFrame, DataFrame
from streamlib.links.delivery import Delivery
from streamlib.processors.ports import LinkInput, LinkOutput, frame_classes, misfit, words
from streamlib.schema.descriptors import AudioRequirements


class Picture:
    """A frame class."""


class BigPicture(Picture):
    """A narrower frame class."""


class Sound:
    """Another frame class."""


class Count(msgspec.Struct):
    """What data holds."""

    n: int


class Named(msgspec.Struct):
    """What later data holds."""

    schema_name: ClassVar[str] = "Count"
    schema_version: ClassVar[str] = "1.1.0"
    n: int
    name: str


def test_an_input_delivers_every_frame_and_holds_eight_unless_told_otherwise() -> None:
    port = LinkInput(Picture)
    assert (port.delivery, port.capacity, port.frame_types) == (Delivery.EVERY, 8, (Picture,))


def test_an_input_takes_delivery_by_word_or_by_member() -> None:
    assert LinkInput(Picture, delivery="latest").delivery is LinkInput(Picture, delivery=Delivery.LATEST).delivery


@pytest.mark.parametrize("frame_type", [Picture | Sound, (Picture, Sound), (Picture | Sound, Sound)])
def test_a_union_and_a_tuple_declare_several_classes(frame_type: Any) -> None:
    assert LinkInput(frame_type).frame_types == (Picture, Sound)
    assert LinkOutput(frame_type).frame_types == (Picture, Sound)


@pytest.mark.parametrize("frame_type", ["Picture", None, (), 3, list[int], (Picture, "Sound")])
def test_what_is_no_class_is_refused(frame_type: Any) -> None:
    with pytest.raises(DeclarationError, match="a port carries frame classes, not"):
        LinkInput(frame_type)


def test_an_unknown_delivery_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DeclarationError, match="no delivery 'newest'; known: every, latest"):
        LinkInput(Picture, delivery="newest")


@pytest.mark.parametrize("capacity", [0, -1, 2.5, True, "8", 1_000_001, 10**20])
def test_a_capacity_is_a_whole_number_from_one(capacity: Any) -> None:
    with pytest.raises(DeclarationError, match="holds 1 frame or more"):
        LinkInput(Picture, capacity=capacity)


def test_a_port_takes_its_name_from_the_class_body() -> None:
    class Owner:
        video = LinkInput(Picture)

    assert Owner.video.name == "video"
    assert repr(Owner.video) == "<LinkInput video: Picture>"


def test_a_declaration_carries_no_frames_and_says_so() -> None:
    port, out = LinkInput(Picture), LinkOutput(Picture)
    uses = (port.read, lambda: port.ended, lambda: port.connected, out.end, lambda: out.connected)
    for use in (*uses, lambda: out.write(Picture())):
        with pytest.raises(DeclarationError, match="is a declaration and carries no frames"):
            use()


@pytest.mark.parametrize(
    ("carries", "takes", "fits"),
    [
        (Picture, Picture, True),
        (Picture, Sound, False),
        (BigPicture, Picture, True),
        (Picture, BigPicture, False),
        (Picture, Picture | Sound, True),
        (Picture | Sound, Picture, False),
        (Picture | Sound, Sound | Picture, True),
        (BigPicture | Sound, Sound | Picture, True),
        (Sound, object, True),
    ],
)
def test_an_input_fits_when_it_takes_all_that_an_output_may_carry(carries: Any, takes: Any, fits: bool) -> None:
    assert LinkInput(takes).accepts(LinkOutput(carries).frame_types) is fits


def test_a_misfit_names_both_ports_and_their_classes() -> None:
    class Camera:
        video = LinkOutput(Picture)

    class Encoder:
        audio: LinkInput[Any] = LinkInput(Sound | BigPicture)

    expected = "cam.video carries Picture, enc.audio takes Sound or BigPicture"
    assert misfit("cam", Camera.video, "enc", Encoder.audio) == expected


def test_ports_that_fit_leave_nothing_to_say() -> None:
    assert misfit("a", LinkOutput(Picture), "b", LinkInput(Picture)) is None


def test_a_class_named_twice_counts_once() -> None:
    assert frame_classes((Picture, Picture, Sound)) == (Picture, Sound)
    assert words((Picture, Sound)) == "Picture or Sound"


def test_a_port_says_what_its_data_holds_and_which_sound_it_takes() -> None:
    port = LinkInput((DataFrame, AudioFrame), schema=Count, audio=AudioRequirements(rates=48_000))
    assert (str(port.schema), str(port.audio)) == ("Count 1.0.0", "48000 Hz")
    assert (LinkOutput(DataFrame).schema, LinkOutput(DataFrame).audio) == (None, None)


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (
            lambda: LinkInput(AudioFrame, schema=Count),
            "schema says what a DataFrame holds, and none pass at AudioFrame",
        ),
        (lambda: LinkOutput(Picture, schema=Count), "schema says what a DataFrame holds, and none pass at Picture"),
        (lambda: LinkOutput(DataFrame, audio=AudioRequirements()), "audio says which AudioFrames pass, and none do"),
        (lambda: LinkInput(AudioFrame, audio=cast("Any", 48_000)), r"audio is 48000; write audio=AudioRequirements\("),
        (lambda: LinkInput(DataFrame, schema=int), "int is no class of fields"),
    ],
)
def test_a_schema_or_sound_that_does_not_go_with_the_frames_is_refused(port: Callable[[], object], words: str) -> None:
    with pytest.raises(DeclarationError, match=words):
        port()


@pytest.mark.promise("schema.versions")
def test_ports_of_two_schemas_that_differ_do_not_fit_and_say_in_which_field() -> None:
    class Detector:
        out = LinkOutput(DataFrame, schema=Count)

    class Reader:
        counts = LinkInput(DataFrame, schema=Named)

    expected = "det.out carries Count 1.0.0, reader.counts takes Count 1.1.0: the field name (string) is missing"
    assert misfit("det", Detector.out, "reader", Reader.counts) == expected


def test_ports_of_two_sounds_that_differ_do_not_fit_and_say_in_what() -> None:
    class Microphone:
        out = LinkOutput(AudioFrame, audio=AudioRequirements(rates=44_100))

    class Speech:
        sound = LinkInput(AudioFrame, audio=AudioRequirements(rates=(8_000, 16_000)))

    expected = "mic.out carries sound of 44100 Hz, speech.sound takes 8000 or 16000 Hz"
    assert misfit("mic", Microphone.out, "speech", Speech.sound) == expected


def test_what_one_port_does_not_say_is_not_compared() -> None:
    silent, loud = LinkOutput(AudioFrame), LinkInput(AudioFrame, audio=AudioRequirements(rates=48_000))
    assert misfit("a", silent, "b", loud) is None
    assert misfit("a", LinkOutput(DataFrame), "b", LinkInput(DataFrame, schema=Count)) is None
    assert misfit("a", LinkOutput(DataFrame, schema=Count), "b", LinkInput(DataFrame)) is None
