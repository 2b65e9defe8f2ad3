"""Schemas as JSON Schema: valid, complete, and accepting what they describe."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import jsonschema
import msgspec
import pytest
from hypothesis import given

from streamlib.schema.builtins import BUILTINS
from streamlib.schema.derivation import schema_of
from streamlib.schema.json_schema import json_schema, urn
from streamlib.schema.types import BufferType, Duration, Field, ScalarKind, Schema, SchemaRef, UInt8, described
from tests.schema.strategies import schemas


class Tree(msgspec.Struct):
    """A tree.

    Attributes:
        size: How large it is.
    """

    schema_version: ClassVar[str] = "1.1.0"
    size: UInt8
    branches: list[Tree] = []


class Forest(msgspec.Struct):
    trees: list[Tree]
    other: Tree | None = None
    kind: bool | str = True
    names: dict[str, float] = {}
    pair: tuple[int, int] = (0, 0)
    raw: bytes = b""
    anything: Any = None
    lasts: Duration = 0
    samples: Annotated[Any, described(BufferType(ScalarKind.FLOAT32, ("n",)))] = None


def _valid(value: object, schema: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(value))


@pytest.mark.promise("schema.json-schema")
@given(schemas)
def test_every_schema_gives_a_valid_json_schema(schema: Schema) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(schema))


@pytest.mark.promise("schema.json-schema")
@pytest.mark.parametrize("schema", BUILTINS.values(), ids=str)
def test_built_in_schemas_can_be_followed_to_the_end(schema: Schema) -> None:
    written = json_schema(schema)
    jsonschema.Draft202012Validator.check_schema(written)
    refs = _references(written)
    assert all(ref.startswith("#/$defs/") and ref.removeprefix("#/$defs/") in written["$defs"] for ref in refs)
    assert {property_["description"] for property_ in written["properties"].values()}


def test_the_head_says_what_it_is() -> None:
    written = json_schema(schema_of(Tree))
    assert (written["$id"], written["title"], written["version"]) == (
        "urn:streamlib:schema:Tree:1.1.0",
        "Tree",
        "1.1.0",
    )
    assert written["description"] == "A tree."
    assert written["required"] == ["size"]
    assert written["properties"]["size"] == {
        "type": "integer",
        "minimum": 0,
        "maximum": 255,
        "description": "How large it is.",
    }


@pytest.mark.promise("schema.json-schema")
def test_it_accepts_what_a_class_writes_and_refuses_the_rest() -> None:
    forest = Forest([Tree(3, [Tree(1)])], Tree(2), "dark", {"a": 1.5}, (1, 2), b"x")
    written = json_schema(schema_of(Forest))
    document = msgspec.json.decode(msgspec.json.encode(forest))
    document.pop("samples")  # a buffer is base64, and there is none
    assert _valid(document, written)
    assert not _valid({**document, "trees": [{"size": 256}]}, written)
    assert not _valid({**document, "trees": [{"size": 1, "branches": [{}]}]}, written)
    assert not _valid({**document, "pair": [1]}, written)
    assert not _valid({**document, "names": {"a": "b"}}, written)
    assert not _valid({}, written)


def test_a_schema_that_refers_to_itself_refers_to_its_root() -> None:
    written = json_schema(schema_of(Tree))
    assert written["properties"]["branches"]["items"] == {"$ref": "#"}
    assert _valid({"size": 1, "branches": [{"size": 2}]}, written)
    assert not _valid({"size": 1, "branches": [{"size": "2"}]}, written)


def test_what_is_not_known_is_named_and_what_is_known_is_defined() -> None:
    other = SchemaRef("Other", "2.0.0")
    schema = Schema("A", (Field("other", other),))
    assert json_schema(schema)["properties"]["other"] == {"$ref": urn(other)}
    known = json_schema(schema, [Schema("Other", version="2.0.0")])
    assert known["properties"]["other"] == {"$ref": "#/$defs/Other"}
    assert "Other" in known["$defs"]


def _references(written: object) -> list[str]:
    if isinstance(written, dict):
        return [value for key, value in written.items() if key == "$ref"] + [
            ref for value in written.values() for ref in _references(value)
        ]
    return [ref for one in written for ref in _references(one)] if isinstance(written, list) else []
