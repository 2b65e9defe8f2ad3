"""The prelude has public names only, as they are."""

from __future__ import annotations

import pytest

import streamlib
from streamlib import prelude


@pytest.mark.promise("prelude")
def test_the_prelude_re_exports_public_names() -> None:
    assert set(prelude.__all__) <= set(streamlib.__all__)
    assert all(getattr(prelude, name) is getattr(streamlib, name) for name in prelude.__all__)


@pytest.mark.promise("prelude")
def test_a_star_import_brings_what_a_program_of_one_file_needs() -> None:
    names: dict[str, object] = {}
    exec("from streamlib.prelude import *", names)  # noqa: S102
    assert {"StreamRuntime", "Processor", "processor", "LinkInput", "LinkOutput", "VideoFrame"} <= names.keys()
