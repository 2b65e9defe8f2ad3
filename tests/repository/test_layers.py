"""The installed package keeps the layers that .importlinter draws, and the parts that it was split into."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.promise("repository.layers", "repository.media-alone")
def test_the_layers_hold() -> None:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--no-logo", "--no-cache"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert linted.returncode == 0, linted.stdout + linted.stderr


# What the ordered split of the MP4 writer is made of, and which of its own parts each may import.
MP4_PARTS = {"writer": {"encoder", "muxer"}, "encoder": set(), "muxer": {"formats"}, "formats": set()}


@pytest.fixture(scope="module")
def imports() -> grimp.ImportGraph:
    return grimp.build_graph("streamlib", include_external_packages=True, cache_dir=None)


@pytest.mark.promise("media.mp4-split")
@pytest.mark.parametrize("part", sorted(MP4_PARTS))
def test_each_part_of_the_mp4_writer_imports_only_the_parts_behind_it(imports: grimp.ImportGraph, part: str) -> None:
    imported = imports.find_modules_directly_imported_by(f"streamlib.media.mp4.{part}")
    assert {other for other in MP4_PARTS if f"streamlib.media.mp4.{other}" in imported} == MP4_PARTS[part]


@pytest.mark.promise("media.mp4-split")
def test_of_the_mp4_writer_s_parts_only_the_writer_is_a_processor(imports: grimp.ImportGraph) -> None:
    contract = "streamlib.processors.processor"
    knows = {part for part in MP4_PARTS if imports.chain_exists(f"streamlib.media.mp4.{part}", contract)}
    assert knows == {"writer"}


@pytest.mark.promise("media.mp4-split")
def test_of_the_mp4_writer_s_parts_muxer_and_formats_alone_touch_the_container(imports: grimp.ImportGraph) -> None:
    touch = {
        part
        for part in MP4_PARTS
        if imports.direct_import_exists(importer=f"streamlib.media.mp4.{part}", imported="av")
    }
    assert touch == {"muxer", "formats"}
