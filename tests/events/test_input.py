from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streamlib.events import (
    Event,
    EventBus,
    KeyCode,
    KeyPressed,
    KeyReleased,
    Modifiers,
    MouseButton,
    MouseMoved,
    MousePressed,
    MouseReleased,
    MouseScrolled,
    WindowClosed,
    WindowFocused,
    WindowMoved,
    WindowResized,
    WindowUnfocused,
)
from streamlib.testing import ManualClock

AT: dict[str, Any] = {"x": 12.5, "y": 7.0}


@pytest.mark.promise("event.input-topics", "event.input")
@pytest.mark.parametrize(
    ("topic", "events"),
    [
        ("input:keyboard", [KeyPressed(key=KeyCode.A), KeyReleased(key=KeyCode.A)]),
        (
            "input:mouse",
            [
                MouseMoved(**AT),
                MousePressed(**AT, button=MouseButton.LEFT),
                MouseReleased(**AT, button=MouseButton.LEFT),
                MouseScrolled(**AT, dy=-1.0),
            ],
        ),
        (
            "input:window",
            [
                WindowResized(width=640, height=480),
                WindowMoved(x=-3, y=4),
                WindowFocused(),
                WindowUnfocused(),
                WindowClosed(),
            ],
        ),
    ],
)
def test_what_somebody_does_is_on_the_topic_of_the_device(topic: str, events: list[Event]) -> None:
    bus, heard, all_input = EventBus(ManualClock()), list[Event](), list[Event]()
    bus.subscribe(topic, heard.append)
    bus.subscribe("input:*", all_input.append)
    for event in events:
        bus.publish(event)
    assert [type(event) for event in heard] == [type(event) for event in events]
    assert all_input == heard


@pytest.mark.promise("event.input")
def test_a_key_is_told_by_its_place_with_what_it_types_and_the_modifiers_that_are_held() -> None:
    event = KeyPressed(key=KeyCode.Z, text="Y", modifiers=Modifiers(shift=True), repeated=True)
    decoded = msgspec.json.decode(msgspec.json.encode(event), type=KeyPressed)
    assert decoded == event
    assert (decoded.key, decoded.text, decoded.modifiers.shift, decoded.repeated) == ("KeyZ", "Y", True, True)


def test_modifiers_are_true_where_one_is_held() -> None:
    assert not Modifiers()
    assert all(Modifiers(**{name: True}) for name in ("shift", "ctrl", "alt", "meta"))
    assert Modifiers(ctrl=True) != Modifiers(ctrl=True, shift=True)


def test_each_key_has_a_code_of_its_own() -> None:
    assert len({str(key) for key in KeyCode}) == len(KeyCode)
    assert KeyCode("ArrowLeft") is KeyCode.LEFT
    assert all(hasattr(KeyCode, letter) for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    assert all(hasattr(KeyCode, f"F{number}") for number in range(1, 13))


def test_a_key_that_there_is_not_is_refused_from_json() -> None:
    with pytest.raises(msgspec.ValidationError, match="KeyÄ"):
        msgspec.json.decode('{"type":"KeyPressed","key":"KeyÄ"}', type=KeyPressed)


def test_a_window_is_named_by_the_processor_that_shows_it() -> None:
    assert WindowClosed().window == ""
