from __future__ import annotations

import numpy as np

from streamlib.frames.audio import AudioFrame
from streamlib.frames.data import DataFrame
from streamlib.frames.video import VideoFrame
from streamlib.testing.conformance.content import array_of, content_of


def test_what_is_written_into_a_frame_changes_its_content() -> None:
    values: dict[str, object] = {"n": 1}
    data = DataFrame(values)
    picture = VideoFrame.from_ndarray(np.zeros((1, 4, 4, 3), np.uint8)[0])
    before = [content_of(picture), content_of(data)]
    assert [content_of(picture), content_of(data)] == before
    pixels = picture.to_ndarray()
    pixels.setflags(write=True)
    pixels[:] = 7
    values["n"] = 2
    assert content_of(picture) != before[0]
    assert content_of(data) != before[1]


def test_what_is_no_frame_of_a_known_class_has_none() -> None:
    assert content_of(object()) is None
    assert array_of(DataFrame({})) is None
    assert array_of(AudioFrame(np.zeros(4, np.float32), 48_000)) is not None
