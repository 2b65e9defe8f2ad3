from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given

from streamlib.graph.file_schema import file_schema, schema_text
from streamlib.graph.graph_file import GraphFile
from tests.graph.graphs import graph_files

PUBLISHED = Path(__file__).parents[2] / "docs" / "graph-file.schema.json"


def test_the_published_schema_is_up_to_date() -> None:
    hint = f"run: .venv/bin/python -m streamlib.graph.file_schema > docs/{PUBLISHED.name}"
    assert PUBLISHED.read_text() == schema_text(), hint


def test_the_module_prints_it() -> None:
    command = [sys.executable, "-m", "streamlib.graph.file_schema"]
    assert subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout == schema_text()


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(file_schema())


@pytest.mark.promise("graph.files")
@given(graph_files())
def test_what_is_saved_is_valid(file: GraphFile) -> None:
    jsonschema.Draft202012Validator(file_schema()).validate(json.loads(file.to_json()))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"streamlib": 2},
        {"streamlib": 1, "procesors": {}},
        {"streamlib": 1, "processors": {"a": {"config": {}}}},
        {"streamlib": 1, "processors": {"a": {"type": "X", "path": "y"}}},
        {"streamlib": 1, "processors": {"a.b": {"type": "X"}}},
        {"streamlib": 1, "processors": {"a": {"type": "X", "on_error": "hide"}}},
        {"streamlib": 1, "links": ["a"]},
        {"streamlib": 1, "links": [{"link": "a -> b", "capacity": 0}]},
    ],
)
def test_what_is_wrong_is_wrong_to_the_schema_and_to_us(wrong: dict[str, object]) -> None:
    assert not jsonschema.Draft202012Validator(file_schema()).is_valid(wrong)
    with pytest.raises(ValueError, match="graph file"):
        GraphFile.parse(json.dumps(wrong))
