"""What importing streamlib loads, and what it does not."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "PIL", "aiortc", "asyncio", "av", "mcp", "msgspec", "numpy", "rich", "rustworkx", "sounddevice", "soxr",
    "starlette", "structlog", "tcod", "textual", "typer", "uvicorn", "wgpu", "yaml",
}  # fmt: skip
MEDIA_AND_CONTROL = HEAVY - {"asyncio", "msgspec", "numpy", "rustworkx", "tcod"}


def _loaded_by(code: str) -> set[str]:
    """The top-level names in `sys.modules`, and those of streamlib in full, after `code` in a fresh interpreter."""
    program = f"{code}\nimport sys\nprint(*sys.modules)"
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=30)
    names = output.stdout.split()
    return {name.partition(".")[0] for name in names} | {name for name in names if name.startswith("streamlib")}


@pytest.mark.promise("repository.lazy-import")
def test_import_streamlib_loads_no_library() -> None:
    loaded = _loaded_by("import streamlib")
    assert not loaded & HEAVY


@pytest.mark.promise("repository.lazy-import")
def test_import_streamlib_loads_no_other_module_of_its_own() -> None:
    assert {name for name in _loaded_by("import streamlib") if name.startswith("streamlib")} == {"streamlib"}


@pytest.mark.promise("repository.lazy-import")
def test_a_public_name_is_loaded_on_first_use() -> None:
    assert "streamlib.frames" in _loaded_by("import streamlib; streamlib.VideoFrame")


@pytest.mark.promise("repository.media-alone")
def test_the_engine_loads_neither_codecs_nor_terminals() -> None:
    loaded = _loaded_by("import streamlib; runtime = streamlib.StreamRuntime(); import streamlib.prelude")
    assert not loaded & MEDIA_AND_CONTROL
    assert not {name for name in loaded if name.startswith(("streamlib.media", "streamlib.control"))}


def test_streamlib_media_names_its_processors_without_loading_codecs() -> None:
    assert not _loaded_by("import streamlib.media; dir(streamlib.media)") & {"av", "soxr", "PIL"}
