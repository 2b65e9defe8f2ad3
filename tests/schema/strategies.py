"""Arbitrary versions, types, fields and schemas."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from streamlib.schema.types import (
    ArrayType,
    BufferType,
    ChoiceType,
    EnumType,
    Field,
    FieldType,
    MapType,
    OptionalType,
    ScalarKind,
    ScalarType,
    Schema,
    SchemaRef,
    StructType,
    TextureType,
)
from streamlib.schema.version import SemanticVersion

NAMES = st.sampled_from(["boxes", "score", "label", "x", "y", "at", "größe"])
NUMBERS = st.integers(0, 5)
KINDS = st.sampled_from(ScalarKind)
SIZES = st.integers(0, 4096)

versions = st.builds(
    SemanticVersion, NUMBERS, NUMBERS, NUMBERS, st.sampled_from(["", "", "alpha", "rc.1", "rc.2", "2", "10"])
)
leaves: SearchStrategy[FieldType] = st.one_of(
    st.builds(ScalarType, KINDS),
    st.builds(EnumType, st.lists(st.sampled_from(["a", "b", "c", 1]), min_size=1, unique=True).map(tuple)),
    st.builds(TextureType, st.lists(st.sampled_from(["rgb24", "nv12"]), unique=True).map(tuple), SIZES, SIZES),
    st.builds(BufferType, KINDS, st.lists(st.one_of(st.integers(1, 8), NAMES), max_size=3).map(tuple)),
    st.builds(SchemaRef, st.sampled_from(["VideoFrame", "Other"]), versions.map(str)),
)


def _fields(types: SearchStrategy[FieldType]) -> SearchStrategy[tuple[Field, ...]]:
    field = st.builds(Field, NAMES, types, st.booleans(), st.sampled_from(["", "In pixels."]))
    return st.lists(field, max_size=4, unique_by=lambda one: one.name).map(tuple)


def _within(types: SearchStrategy[FieldType]) -> SearchStrategy[FieldType]:
    return st.one_of(
        st.builds(ArrayType, types, st.one_of(st.none(), st.integers(0, 4))),
        st.builds(MapType, types),
        st.builds(OptionalType, types),
        st.builds(ChoiceType, st.lists(types, min_size=1, max_size=3).map(tuple)),
        st.builds(StructType, _fields(types)),
    )


types: SearchStrategy[FieldType] = st.recursive(leaves, _within, max_leaves=6)
schemas = st.builds(Schema, st.sampled_from(["Detections", "Tracks"]), _fields(types), versions.map(str))
