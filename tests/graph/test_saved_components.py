from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from types import ModuleType

import msgspec
import pytest

from streamlib.graph.components import MainThreadMarker, ShutdownChannel
from streamlib.graph.group import GroupMember
from streamlib.graph.saved_components import (
    UnknownComponentError,
    class_name,
    component_class,
    restored_component,
    saved_component,
)


@dataclass
class Note:
    text: str
    tags: tuple[str, ...] = ()


class Spot(msgspec.Struct, frozen=True, tag=True):
    x: int
    y: int = msgspec.field(default=0, name="upwards")


class Plain:
    pass


@dataclass
class Lossy:
    seen: int = field(default=0)

    def __post_init__(self) -> None:
        self.seen += 1


@dataclass(eq=False)
class Loose:
    value: object


@dataclass
class Computed:
    single: int
    double: int = field(init=False)

    def __post_init__(self) -> None:
        self.double = 2 * self.single


NOTE, SPOT = f"{__name__}:Note", f"{__name__}:Spot"


@pytest.mark.parametrize("component", [Note("left of the door", ("a", "b")), Spot(3, 4)])
def test_a_component_comes_back(component: object) -> None:
    saved = saved_component(component)
    assert restored_component(component_class(class_name(type(component))), saved) == component


@pytest.mark.parametrize("value", [1, math.nan, [math.nan], {"a": [1.5, None]}, "text"])
def test_a_component_that_compares_by_identity_comes_back_by_its_fields(value: object) -> None:
    assert saved_component(Loose(value)).keys() == {"value"}


def test_fields_are_saved_by_the_names_that_they_have_outside() -> None:
    assert saved_component(Spot(3, 4)) == {"type": "Spot", "x": 3, "upwards": 4}


@pytest.mark.parametrize(
    ("component", "words"),
    [
        (Plain(), "neither a dataclass nor a msgspec.Struct"),
        (Note(object()), "a object cannot be written"),  # type: ignore[arg-type]
        (Lossy(), "its seen is 1 and would come back from a file as 2"),
        (Loose({1: 2}), r"its value is \{1: 2\} and would come back from a file as \{'1': 2\}"),
        (Loose((1, 2)), r"its value is \(1, 2\) and would come back from a file as \[1, 2\]"),
        (Loose({3}), r"its value is \{3\} and would come back from a file as \[3\]"),
        (Loose(b"x"), "its value is b'x' and would come back from a file as 'eA=='"),
        (Loose(Note("n")), r"its value is Note\(.*\) and would come back"),
        (Loose([Loose((1,))]), "its value is"),
        (Computed(2), "Computed has no field 'double'"),
    ],
)
def test_a_component_that_cannot_be_saved_says_why(component: object, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        saved_component(component)


def test_a_class_inside_a_function_cannot_be_saved() -> None:
    @dataclass
    class Inner:
        x: int

    with pytest.raises(ValueError, match="at the top of a module"):
        saved_component(Inner(1))


def test_a_class_that_is_given_goes_before_one_that_is_imported() -> None:
    other = type("Note", (Note,), {"__module__": __name__, "__qualname__": "Note"})
    assert component_class(NOTE) is Note
    assert component_class(NOTE, [other]) is other
    assert component_class("__main__:Note", [Note]) is Note


@pytest.mark.parametrize("kind", [GroupMember, ShutdownChannel, MainThreadMarker])
def test_a_component_of_the_engine_is_refused(kind: type[object]) -> None:
    with pytest.raises(ValueError, match=f"{kind.__name__} is attached and removed by the engine"):
        component_class(class_name(kind))


def test_a_class_that_is_not_imported_is_not_looked_for() -> None:
    assert "antigravity" not in sys.modules
    with pytest.raises(UnknownComponentError, match=r"import its module, or give it by classes"):
        component_class("antigravity:Note")
    assert "antigravity" not in sys.modules


def test_a_module_that_loads_on_demand_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("on_demand")
    vars(module)["__getattr__"] = lambda name: pytest.fail(f"asked for {name}")
    monkeypatch.setitem(sys.modules, "on_demand", module)
    with pytest.raises(UnknownComponentError):
        component_class("on_demand:Note")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (f"{__name__}:Nite", "did you mean 'Note'"),
        (f"{__name__}:Plain", "neither a dataclass"),
        (f"{__name__}:NOTE", "no class"),
        ("Note", "no class"),
        (f"{__name__}:Note.text", "no class"),
        ("", "no class"),
    ],
)
def test_a_class_that_is_none_is_named_with_the_nearest(name: str, words: str) -> None:
    with pytest.raises(UnknownComponentError, match=words):
        component_class(name)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"txt": "a"}, "Note has no field 'txt'; did you mean 'text'"),
        ({"text": 3}, "Expected str, got int"),
        ({}, "missing required field"),
    ],
)
def test_a_field_that_is_wrong_is_named(fields: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        restored_component(Note, fields)
