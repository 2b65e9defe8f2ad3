from __future__ import annotations

import json
import math
from typing import Any

import pytest
import yaml
from hypothesis import given

from streamlib.errors import GraphFileError
from streamlib.graph.document import (
    DEPTH_LIMIT,
    FileFormat,
    Origin,
    dotted,
    plain_scalar,
    read_document,
    write_document,
)
from tests.graph.graphs import plain_values

HERE = Origin("here")
YAML = """a: 1
b:
  - x
  - {c: 2,
     d: 3}
"""
JSON = """{"a": 1,
 "b": [
  "x: {",
  {"c": 2,
\t"d": "\\ud83d\\ude00"}]}
"""


@pytest.mark.parametrize(("text", "format"), [(YAML, FileFormat.YAML), (JSON, FileFormat.JSON)])
def test_each_value_has_its_line(text: str, format: FileFormat) -> None:
    lines = read_document(text, "x", format).origin.lines
    assert [lines[path] for path in [("a",), ("b",), ("b", 0), ("b", 1, "c"), ("b", 1, "d")]] == [1, 2, 3, 4, 5]


def test_a_text_that_begins_with_a_brace_is_json_unless_said_otherwise() -> None:
    assert read_document('{"a": "\\u00e9"}', "x").value == {"a": "é"}
    assert read_document("{a: 1}", "x", FileFormat.YAML).value == {"a": 1}
    with pytest.raises(GraphFileError, match="no JSON"):
        read_document("{a: 1}", "x")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e6", 1e6), ("4_000", 4000), ("-3", -3), ("0x1F", 31), (".5", 0.5), ("1.", 1.0), (".inf", math.inf),
        ("true", True), ("Null", None), ("", None), ("~", None),
        ("yes", "yes"), ("off", "off"), ("12:30:00", "12:30:00"), ("2026-01-01", "2026-01-01"), ("010", "010"),
        ("1.2.3", "1.2.3"), ("=", "="), ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_what_stands_without_quotes_means_what_it_looks_like(text: str, value: object) -> None:
    assert plain_scalar(text) == value
    assert type(plain_scalar(text)) is type(value)


def test_a_key_is_a_text_in_both_formats() -> None:
    assert read_document("1: a\ntrue: b", "x").value == {"1": "a", "true": "b"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "x:2: this is no YAML: while parsing"),
        ("a:\n\tb: 1", "x:2: this is no YAML: while scanning for the next token found character that cannot start any"),
        ("a:\n\tb: 1", "; the line begins with a tab: indent it with spaces"),
        (
            "a:\n  b {c: 1, d: 2}",
            "x:2: this is no YAML: mapping values are not allowed in this context; the first ':' of",
        ),
        ("a: \x01", "x: this is no YAML: unacceptable character"),
        ("a: 1\nb: &here 2", "x:2: 'here' is an anchor"),
        ("a: *there", "x:1: 'there' is an anchor or an alias"),
        ("a: !!python/object:os.system x", "x:1: the tag 'tag:yaml.org,2002:python/object:os.system'"),
        ("a: !mine x", "the tag '!mine'"),
        ("---\na: 1\n---\nb: 1", "x:3: a second document"),
        ("[1]: 2", "x:1: a key is a text"),
        ("b:\n  a: 1\n  a: 2", "x:3: b.a: it stands here a second time, first in line 2"),
        ('{"a": 1,\n"a": 2}', "x:2: a: it stands here a second time, first in line 1"),
        ('{"a": 1,\n}', "x:2: this is no JSON"),
        ('{"a": ' + "9" * 5000 + "}", "too many digits"),
        ("[" * 100, f"more than {DEPTH_LIMIT} levels"),
        ("[" * 100_000, f"more than {DEPTH_LIMIT} levels"),
        ('{"a":' * 100_000, f"more than {DEPTH_LIMIT} levels"),
        ('{"a":' * 100 + "1" + "}" * 100, f"more than {DEPTH_LIMIT} levels"),
    ],
)
def test_what_is_no_plain_text_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(GraphFileError) as raised:
        read_document(text, "x")
    assert words in str(raised.value)
    assert raised.value.file == "x"


def test_an_empty_text_is_no_value() -> None:
    assert read_document("# nothing\n", "x").value is None


@given(plain_values(finite=False))
def test_yaml_comes_back_as_it_was(value: Any) -> None:
    assert read_document(write_document({"v": value}, FileFormat.YAML, HERE), "x", FileFormat.YAML).value == {
        "v": value
    }


@given(plain_values(finite=True))
def test_json_comes_back_as_it_was(value: Any) -> None:
    text = write_document({"v": value}, FileFormat.JSON, HERE)
    assert read_document(text, "x").value == {"v": value} == json.loads(text)


@given(plain_values(finite=False))
def test_another_reader_of_yaml_sees_the_same_texts(value: Any) -> None:
    read = yaml.safe_load(write_document({"v": value}, FileFormat.YAML, HERE))["v"]
    assert type(read) is type(value) or isinstance(value, float)


def test_json_has_no_infinity() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_document([math.inf], FileFormat.JSON, HERE)


@pytest.mark.parametrize("format", FileFormat)
def test_what_could_not_be_read_again_is_not_written(format: FileFormat) -> None:
    deep: list[object] = []
    for _ in range(DEPTH_LIMIT - 2):
        deep = [deep]
    assert read_document(write_document({"v": deep}, format, HERE), "x", format).value == {"v": deep}
    with pytest.raises(GraphFileError, match=r"here: v\[0\]\[0\]\[0\]: more than 64 levels"):
        write_document({"v": [deep]}, format, HERE)
    with pytest.raises(GraphFileError, match=r"here: v\[1\]: 'a\\udcff' cannot be written; half a character"):
        write_document({"v": [1, "a\udcff"]}, format, HERE)
    with pytest.raises(GraphFileError, match=r"here: v: '\\ud800' cannot be written"):
        write_document({"v": {"\ud800": 1}}, format, HERE)


@pytest.mark.parametrize(
    ("text", "line"), [("a: b\nc: \ud800", 2), ('{"a":\n 1, "b":\n "\ud800"}', 3), ('{"a":\n"\\ud800"}', 2)]
)
def test_half_a_character_is_told_with_its_line(text: str, line: int) -> None:
    with pytest.raises(GraphFileError, match=f"x:{line}: .*half a character"):
        read_document(text, "x")


def test_an_error_names_the_line_of_what_holds_it_where_it_has_none_itself() -> None:
    origin = Origin("x", {("a",): 3})
    error = origin.error(("a", "b", 2, "c"), "no")
    assert (str(error), error.line, error.field) == ("x:3: a.b[2].c: no", 3, "a.b[2].c")
    assert str(Origin("x").error((), "no")) == "x: no"


def test_a_path_is_written_with_points_and_brackets() -> None:
    assert dotted(("links", 2, "capacity")) == "links[2].capacity"
