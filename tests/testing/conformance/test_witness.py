from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streamlib.frames.audio import AudioFrame
from streamlib.frames.data import DataFrame
from streamlib.frames.video import VideoFrame
from streamlib.processors.ports import LinkOutput
from streamlib.schema.descriptors import AudioRequirements
from streamlib.testing.conformance.witness import Evidence


def output(kind: Any, **said: Any) -> LinkOutput[Any]:
    port: LinkOutput[Any] = LinkOutput(kind, **said)
    port.name = "out"
    return port


def sound(samples: int = 10, at_ns: int = 0) -> AudioFrame:
    return AudioFrame(np.zeros(samples, np.float32), 48_000, timestamp_ns=at_ns)


def problems(port: LinkOutput[Any], *frames: object, in_order: bool = True) -> list[str]:
    evidence = Evidence(port, in_order=in_order)
    for frame in frames:
        evidence.take(frame)
    evidence.end()
    assert (evidence.count, evidence.is_ended) == (len(frames), True)
    return list(evidence.problems)


def test_frames_as_declared_are_right() -> None:
    assert problems(output(AudioFrame), sound(), sound(at_ns=5)) == []
    assert problems(output((AudioFrame, DataFrame)), DataFrame({"n": 1})) == []
    assert problems(output(AudioFrame, audio=AudioRequirements(rates=48_000, channels=1, block=10)), sound()) == []


def test_a_frame_of_another_class_is_told_once() -> None:
    told = problems(output(VideoFrame), sound(), sound())
    assert told == ["the output 'out' is declared to carry VideoFrame and sent AudioFrame"]


def test_an_array_that_can_be_written_to_is_told() -> None:
    frame = sound()
    frame.samples.base.flags.writeable = True  # type: ignore[union-attr]
    frame.samples.flags.writeable = True
    assert problems(output(AudioFrame), frame) == ["the array of a frame of 'out' can be written to"]


def test_sound_that_is_not_as_declared_is_told() -> None:
    (told,) = problems(output(AudioFrame, audio=AudioRequirements(block=160)), sound(10))
    assert "is declared for" in told


def test_time_that_goes_back_is_told_where_what_came_in_did_not() -> None:
    frames = [DataFrame({}, timestamp_ns=at) for at in (5, 5, 4)]
    assert problems(output(DataFrame), *frames) == [
        "a frame of 'out' at 4 ns follows one at 5 ns, and the frames that came in were in order"
    ]
    assert problems(output(DataFrame), *frames, in_order=False) == []


def test_after_a_restart_times_may_begin_again() -> None:
    evidence = Evidence(output(DataFrame), in_order=True)
    evidence.take(DataFrame({}, timestamp_ns=5))
    evidence.begin_anew()
    evidence.take(DataFrame({}, timestamp_ns=0))
    assert not evidence.problems


@pytest.mark.parametrize("more", [0, 10])
def test_a_frame_that_is_changed_after_it_was_sent_is_told(more: int) -> None:
    pixels = np.zeros((4, 4, 3), np.uint8)
    evidence = Evidence(output(VideoFrame), in_order=True)
    evidence.take(VideoFrame.from_ndarray(pixels[:]))
    pixels[0] = 1
    for _ in range(more):
        evidence.take(VideoFrame.from_ndarray(np.zeros((4, 4, 3), np.uint8)))
    evidence.end()
    assert list(evidence.problems) == ["a frame of 'out' was changed after it had been sent"]
