from __future__ import annotations

import gc

import msgspec
import numpy as np
import pytest

from streamlib.frames import AudioFrame, DataFrame, EncodedPacket, Frame, StreamInfo, VideoFrame
from streamlib.frames.stamped import seconds

STAMPS = {"timestamp_ns": 1, "duration_ns": 2, "entered_ns": 3, "sequence": 4, "metadata": {"a": 5}}


def one_of_each() -> list[Frame]:
    info = StreamInfo("video", "h264")
    return [
        VideoFrame.from_ndarray(np.zeros((2, 2, 3), np.uint8)),
        AudioFrame(np.zeros((4, 1), np.float32), 48_000),
        DataFrame({"n": 1}),
        EncodedPacket(b"x", info, keyframe=True, decode_ns=0),
    ]


@pytest.mark.promise("link.untracked-frames")
@pytest.mark.parametrize("frame", one_of_each(), ids=lambda frame: type(frame).__name__)
def test_the_collector_does_not_track_a_frame(frame: Frame) -> None:
    assert not gc.is_tracked(frame)


@pytest.mark.parametrize("frame", one_of_each(), ids=lambda frame: type(frame).__name__)
def test_a_frame_cannot_be_changed(frame: Frame) -> None:
    with pytest.raises(AttributeError):
        frame.timestamp_ns = 7  # type: ignore[misc]


@pytest.mark.parametrize("frame", one_of_each(), ids=lambda frame: type(frame).__name__)
def test_a_frame_starts_without_stamps(frame: Frame) -> None:
    assert (frame.timestamp_ns, frame.entered_ns, frame.sequence, frame.metadata) == (0, 0, -1, None)


@pytest.mark.parametrize("frame", one_of_each(), ids=lambda frame: type(frame).__name__)
def test_a_frame_is_stamped_in_place_by_the_engine_and_by_replacing(frame: Frame) -> None:
    stamped = msgspec.structs.replace(frame, **STAMPS)
    for name, value in STAMPS.items():
        msgspec.structs.force_setattr(frame, name, value)
        assert getattr(frame, name) == getattr(stamped, name) == value
    assert type(stamped) is type(frame)


@pytest.mark.parametrize("frame", one_of_each(), ids=lambda frame: type(frame).__name__)
def test_frames_are_compared_by_identity(frame: Frame) -> None:
    assert frame == frame  # noqa: PLR0124
    assert frame != msgspec.structs.replace(frame)
    assert len({frame, msgspec.structs.replace(frame)}) == 2


def test_a_frame_tells_its_time_and_once_it_has_one_its_number() -> None:
    assert seconds(DataFrame({}, timestamp_ns=40_000_000)) == "0.040 s"
    assert seconds(DataFrame({}, timestamp_ns=1_500_000_000, sequence=3)) == "1.500 s #3"
