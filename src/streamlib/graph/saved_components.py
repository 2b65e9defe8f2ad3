"""A user's own components as plain values, and back: dataclasses and msgspec structs, by the name of their class.

A class is called `module:Name`, as in an entry point. Reading never imports anything: a class is found among those
that the caller gives, or in a module that the program has imported already. `graph_file.py` asks.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Mapping
from typing import Any, cast

import msgspec

from streamlib.errors import nearest
from streamlib.graph.components import ENGINE_COMPONENTS
from streamlib.graph.plain_values import from_plain, is_same, to_plain


class UnknownComponentError(LookupError):
    """No class of that name is known; the message says what to do."""


def class_name(component_type: type[object]) -> str:
    """What a file calls a class: `my_app.notes:Note`."""
    return f"{component_type.__module__}:{component_type.__qualname__}"


def saved_component(component: object) -> dict[str, object]:
    """The fields of a component as plain values.

    Raises:
        ValueError: It would not come back from a file; the message says why.
    """
    kind = type(component)
    if not _has_fields(kind):
        raise ValueError("it is neither a dataclass nor a msgspec.Struct")
    if _imported(class_name(kind)) is not kind:
        raise ValueError("its class does not stand at the top of a module, where it could be found again")
    plain = cast("dict[str, object]", to_plain(component))
    again = restored_component(kind, plain)
    if again != component:
        _check_fields(component, again)
    return plain


def component_class(name: str, given: Iterable[type[object]] = ()) -> type[object]:
    """The class that a file means: one of those given, by its full name or else its own, or one that is imported.

    Raises:
        UnknownComponentError: There is none, or it has no fields that could be saved.
        ValueError: It is one of the engine's own.
    """
    known = {class_name(kind): kind for kind in given}
    own = name.rpartition(":")[2]
    found = known.get(name) or _imported(name) or next((k for k in known.values() if k.__qualname__ == own), None)
    if found is None:
        imported = sys.modules.get(name.rpartition(":")[0])
        there = [] if imported is None else [n for n, kind in vars(imported).items() if _has_fields(kind)]
        hint = f"; {nearest(own, there)}" if there else ""
        raise UnknownComponentError(
            f"no class {name!r} is imported; import its module, or give it by classes=[…]{hint}"
        )
    if found in ENGINE_COMPONENTS:
        raise ValueError(f"{name} is attached and removed by the engine; leave it out")
    if not _has_fields(found):
        raise UnknownComponentError(f"{name} is neither a dataclass nor a msgspec.Struct")
    return found


def restored_component(kind: type[object], fields: Mapping[str, object]) -> object:
    """A component with these fields.

    Raises:
        ValueError: A field is unknown, missing or has a wrong value; the message names it.
    """
    known = _field_names(kind)
    for name in fields:
        if name not in known:
            raise ValueError(f"{kind.__qualname__} has no field {name!r}; {nearest(name, known)}")
    return from_plain(dict(fields), kind)


def _check_fields(component: object, again: object) -> None:
    """Refuse a field that has become something else: a class may compare by identity, a NaN is not equal to itself."""
    for name in _fields(type(component)):
        before, after = getattr(component, name), getattr(again, name)
        if not is_same(before, after):
            raise ValueError(f"its {name} is {before!r:.60} and would come back from a file as {after!r:.60}")


def _imported(name: str) -> type[object] | None:
    """The class of that name in a module that is loaded; what a module would load on demand is not asked for."""
    module, _, qualname = name.partition(":")
    found: Any = sys.modules.get(module)
    for step in qualname.split("."):
        found = vars(found).get(step) if found is not None and hasattr(found, "__dict__") else None
    return found if isinstance(found, type) else None


def _has_fields(kind: object) -> bool:
    return isinstance(kind, type) and (issubclass(kind, msgspec.Struct) or dataclasses.is_dataclass(kind))


def _fields(kind: type[object]) -> Iterable[str]:
    """The fields of a component as Python calls them, without those that do not count when two are compared."""
    if issubclass(kind, msgspec.Struct):
        return kind.__struct_fields__
    return [field.name for field in dataclasses.fields(cast("Any", kind)) if field.compare]


def _field_names(kind: type[object]) -> list[str]:
    if issubclass(kind, msgspec.Struct):
        tag = kind.__struct_config__.tag_field
        return [*kind.__struct_encode_fields__, *([tag] if tag else [])]
    return [field.name for field in dataclasses.fields(cast("Any", kind)) if field.init]
