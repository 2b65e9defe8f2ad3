"""The page of built-in processors is what their descriptors say, so that it can be read without building the site."""

from __future__ import annotations

import os
import re
from pathlib import Path

import streamlib.media
from streamlib import Processor
from streamlib.processors.registry import ProcessorRegistry

PAGE = Path(__file__).parents[2] / "docs" / "built-in-processors.md"
HEAD = """\
# Built-in processors

Their ports, and the fields of their `Config` with the defaults. `streamlib processors NAME` shows the same; this page
is written by `WRITE_PAGES=1 scripts/test tests/repository/test_built_in_page.py`.
"""


def _written() -> str:
    """The page: one section for each type, with its own sections one level deeper."""
    types = (getattr(streamlib.media, name) for name in streamlib.media.__all__)
    names = sorted(one.__name__ for one in types if isinstance(one, type) and issubclass(one, Processor))
    described = [ProcessorRegistry().describe(name).to_markdown() for name in names]
    deeper = [re.sub(r"^(#+ )", r"#\1", text, flags=re.MULTILINE) for text in described]
    return "\n".join([HEAD, *deeper])


def test_the_page_says_what_the_descriptors_say() -> None:
    if os.environ.get("WRITE_PAGES"):
        PAGE.write_text(_written())
    assert PAGE.read_text() == _written(), "write it anew: WRITE_PAGES=1 scripts/test tests/repository"
