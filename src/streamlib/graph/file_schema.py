"""The JSON Schema of a graph file, for editors that complete and check while one writes.

It is made of the records in `saved.py`. `python -m streamlib.graph.file_schema` prints it; docs/graph-file.schema.json
is what it printed last, and a test says when that is out of date.
"""

from __future__ import annotations

import inspect
import json
from typing import Any

import msgspec

from streamlib.graph.saved import ID_PATTERN, LINK_PATTERN, VERSION, SavedGroup, SavedLink, SavedProcessor

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def file_schema() -> dict[str, Any]:
    """The schema as plain values."""
    (processor, group, link), definitions = msgspec.json.schema_components(
        [SavedProcessor, SavedGroup, SavedLink], ref_template="#/$defs/{name}"
    )
    for definition in definitions.values():  # Python 3.13 dedents docstrings, and the one before does not
        definition["description"] = inspect.cleandoc(definition["description"]).partition("\n\n")[0]
    text = {"type": "string", "pattern": LINK_PATTERN, "description": "A link that only joins."}
    links = {"anyOf": [text, link]}
    ids = {"pattern": f"^{ID_PATTERN}$"}
    definitions["SavedGroup"]["properties"]["links"]["items"] = links
    definitions["SavedGroup"]["properties"]["processors"]["propertyNames"] = ids
    return {
        "$schema": DIALECT,
        "title": "StreamLib graph file",
        "description": "A graph of processors and links, as `streamlib run` takes it.",
        "type": "object",
        "properties": {
            "streamlib": {"const": VERSION, "description": "The version of the format."},
            "processors": {
                "description": "The processors by their ids.",
                "type": "object",
                "propertyNames": ids,
                "additionalProperties": processor,
            },
            "groups": {
                "description": "The groups by their ids.",
                "type": "object",
                "propertyNames": ids,
                "additionalProperties": group,
            },
            "links": {"description": "The links.", "type": "array", "items": links},
        },
        "required": ["streamlib"],
        "additionalProperties": False,
        "$defs": definitions,
    }


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(file_schema(), indent=2) + "\n"


if __name__ == "__main__":
    print(schema_text(), end="")  # noqa: T201
