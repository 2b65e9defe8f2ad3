"""Our own processors keep what every processor owes its graph: each that the distribution registers is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from streamlib.frames.data import DataFrame
from streamlib.processors.registry import ProcessorRegistry
from streamlib.runtime.bridge import PullHandle, PushHandle
from streamlib.testing import check_processor, run_processor
from tests.repository.clips import write_clip

pytestmark = pytest.mark.usefixtures("light_heap")  # each check collects garbage several times

Arguments = dict[str, Any]
BUILT_IN = [name for name in ProcessorRegistry().names() if ProcessorRegistry().origin(name).startswith("streamlib ")]


def _clip(folder: Path) -> Arguments:
    write_clip(folder / "clip.mp4", frames=50, frame_rate=50)
    return {"path": str(folder / "clip.mp4"), "loop": True}


def _aac_packets(folder: Path) -> Arguments:
    sound = run_processor("ToneGenerator", duration=1.0, pace="fast")["audio"]
    return {"frames": run_processor("AacEncoder", sound)["packets"]}


def _push(handle: PushHandle) -> None:
    while True:  # until the runtime has stopped, which push says
        handle.push(DataFrame({}))


def _pull(handle: PullHandle) -> None:
    for _ in handle.frames():
        pass


# What a type has to be told; all others are checked as they are.
ARGUMENTS: Mapping[str, Callable[[Path], Arguments]] = {
    "AacEncoder": lambda folder: {"changes": {"bitrate": 96_000}},
    "AudioDecoder": _aac_packets,
    "FFmpegFilter": lambda folder: {"description": "hflip", "changes": {"description": "vflip"}},
    "FileReader": _clip,
    "FilterSource": lambda folder: {"video": "testsrc2=size=160x120:rate=50"},
    "Mp4Writer": lambda folder: {"path": str(folder / "out.mp4"), "changes": {"audio_bitrate": 96_000}},
    "OpusEncoder": lambda folder: {"changes": {"bitrate": 96_000}},
    "PullSink": lambda folder: {"drive": _pull},
    "PushSource": lambda folder: {"drive": _push},
    "TestPatternGenerator": lambda folder: {"width": 64, "height": 48, "changes": {"format": "rgb24"}},
}


@pytest.mark.promise("processor.conformance")
@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_processor_conforms(name: str, tmp_path: Path) -> None:
    arguments = ARGUMENTS[name](tmp_path) if name in ARGUMENTS else {}
    assert not check_processor(name, **arguments).failures


def test_no_argument_is_given_in_vain() -> None:
    assert set(ARGUMENTS) <= set(BUILT_IN)
