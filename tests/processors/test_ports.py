"""Ports as they are declared, and which of them fit."""

from __future__ import annotations

from typing import Any

import pytest

from streamlib.errors import DeclarationError
from streamlib.links.delivery import Delivery
from streamlib.processors.ports import LinkInput, LinkOutput, frame_classes, misfit, words


class Picture:
    """A frame class."""


class BigPicture(Picture):
    """A narrower frame class."""


class Sound:
    """Another frame class."""


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


@pytest.mark.parametrize("capacity", [0, -1, 2.5, True, "8"])
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
