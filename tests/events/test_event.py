from __future__ import annotations

import gc
from typing import Any

import msgspec
import pytest

from streamlib import events
from streamlib.errors import ConfigError
from streamlib.events import CustomEvent, Event, described
from streamlib.ids import PortRef, ProcessorId

KINDS: list[type[Event]] = [
    kind
    for kind in (getattr(events, name) for name in events.__all__)
    if isinstance(kind, type) and issubclass(kind, Event)
]
TOPICS = {"runtime:global", "runtime:compiler", "processor:x", "link:x", "x"}
TOPICS |= {"input:keyboard", "input:mouse", "input:window"}
LEAVES = [kind for kind in KINDS if not kind.__subclasses__()]


def one_of(kind: type[Event]) -> Event:
    """An event of a kind, with a value of the right type in each field."""
    return kind(**{field.name: _value(field) for field in msgspec.structs.fields(kind)})


def _value(field: msgspec.structs.FieldInfo) -> Any:
    by_type: dict[object, object] = {str: "x", bool: True, PortRef: PortRef(ProcessorId("a"), "out")}
    known = {"old": "idle", "new": "running", "config": {"gain": 1.0}, "data": {}, "late": ["x"]}
    known |= {"delivery": "latest", "key": "KeyA", "button": "left", "buttons": ["left"], "modifiers": {"shift": True}}
    if field.name in known:
        return msgspec.convert(known[field.name], field.type)
    return by_type.get(getattr(field.type, "__supertype__", field.type), 5)


@pytest.mark.promise("event.typed")
@pytest.mark.parametrize("kind", LEAVES)
def test_an_event_is_a_frozen_record_with_a_time(kind: type[Event]) -> None:
    event = one_of(kind)
    assert event.timestamp_ns == 5
    with pytest.raises(AttributeError, match="immutable"):
        event.timestamp_ns = 6  # type: ignore[misc]


@pytest.mark.parametrize("kind", LEAVES)
def test_an_event_knows_its_topic(kind: type[Event]) -> None:
    assert one_of(kind).topic in TOPICS


@pytest.mark.parametrize("kind", LEAVES)
def test_the_collector_need_not_track_an_event(kind: type[Event]) -> None:
    assert not gc.is_tracked(one_of(kind))


@pytest.mark.parametrize("kind", LEAVES)
def test_an_event_survives_json_with_its_name(kind: type[Event]) -> None:
    event = one_of(kind)
    encoded = msgspec.json.encode(event)
    assert msgspec.json.decode(encoded)["type"] == kind.__name__
    assert msgspec.json.decode(encoded, type=kind) == event


def test_a_custom_event_bears_its_own_topic_and_data() -> None:
    event = CustomEvent(topic="door", data={"open": True})
    assert (event.topic, event.data) == ("door", {"open": True})
    assert CustomEvent(topic="door").data == {}


class Door(msgspec.Struct, frozen=True):
    """A payload with types."""

    name: str
    angle: float


@pytest.mark.promise("event.typed")
def test_a_custom_event_may_bear_a_payload_with_types() -> None:
    event: CustomEvent[Door] = CustomEvent(topic="door", data=Door("front", 90.0))
    encoded = msgspec.json.encode(event)
    assert msgspec.json.decode(encoded, type=CustomEvent[Door]).data.angle == 90.0
    with pytest.raises(msgspec.ValidationError, match="angle"):
        msgspec.json.decode(encoded.replace(b"90.0", b'"wide"'), type=CustomEvent[Door])


@pytest.mark.promise("event.input-topics")
def test_a_custom_event_is_on_no_built_in_topic() -> None:
    with pytest.raises(ConfigError, match="belongs to the built-in topics processor:"):
        CustomEvent(topic="processor:camera_0")
    with pytest.raises(ConfigError, match="did you mean link:"):
        CustomEvent(topic="links:mine")


def test_the_root_belongs_to_no_topic() -> None:
    with pytest.raises(NotImplementedError):
        _ = Event().topic


def test_an_exception_is_told_by_type_and_message() -> None:
    assert described(ValueError("no such thing")) == "ValueError: no such thing"


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


def test_an_exception_whose_text_cannot_be_had_is_described_all_the_same() -> None:
    """Else it would end the thread that tells of it."""
    assert described(SpeechlessError()) == "SpeechlessError, whose text cannot be had: RuntimeError"
