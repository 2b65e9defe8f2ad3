"""Semantic versions: read, ordered, and which reads which."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given

from streamlib.errors import DeclarationError
from streamlib.schema.version import SemanticVersion
from tests.schema.strategies import versions


@given(versions)
def test_a_version_is_read_back_from_its_text(version: SemanticVersion) -> None:
    assert SemanticVersion.parse(str(version)) == version


@given(versions, versions)
def test_of_two_versions_one_is_later_or_both_are_the_same(one: SemanticVersion, other: SemanticVersion) -> None:
    assert [one < other, one == other, one > other].count(True) == 1
    assert (one <= other) is (one < other or one == other)
    assert (one >= other) is (other <= one)


def test_versions_are_ordered_as_the_specification_has_it() -> None:
    texts = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11"]
    ordered = [
        SemanticVersion.parse(text) for text in (*texts, "1.0.0-rc.1", "1.0.0", "1.0.1", "1.2.0", "1.10.0", "2.0.0")
    ]
    assert all(one < other for one, other in itertools.combinations(ordered, 2))


def test_where_it_was_built_does_not_count() -> None:
    built = SemanticVersion.parse("1.2.3+linux.5")
    assert (built == SemanticVersion(1, 2, 3), built.build, str(built)) == (True, "linux.5", "1.2.3+linux.5")


@pytest.mark.parametrize("text", ["", "1", "1.2", "v1.2.3", "1.2.3.4", "01.2.3", "1.2.3-", "1.2.3-01", "one"])
def test_what_is_no_version_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(DeclarationError, match=r"is no semantic version; write three numbers, as in '1\.4\.0'"):
        SemanticVersion.parse(text)


def test_a_version_has_no_negative_numbers() -> None:
    with pytest.raises(DeclarationError, match="no semantic version"):
        SemanticVersion(-1)


@pytest.mark.promise("schema.versions")
@pytest.mark.parametrize(
    ("reader", "written", "reads"),
    [
        ("1.0.0", "1.9.3", True),
        ("1.4.0", "1.0.0", True),
        ("2.0.0", "1.9.9", False),
        ("1.0.0", "2.0.0", False),
        ("0.1.0", "0.1.7", True),
        ("0.2.0", "0.1.0", False),
        ("1.0.0", "0.1.0", False),
    ],
)
def test_a_reader_reads_its_own_major_version(reader: str, written: str, reads: bool) -> None:
    assert SemanticVersion.parse(reader).reads(SemanticVersion.parse(written)) is reads


@given(versions, versions)
def test_who_reads_is_read(one: SemanticVersion, other: SemanticVersion) -> None:
    assert one.reads(one)
    assert one.reads(other) is other.reads(one)
