from __future__ import annotations

import av
import numpy as np
import pytest

from streamlib.media.filters.graph import FilterGraph, media_of

ENTRY = {"video_size": "64x48", "pix_fmt": "rgb24", "time_base": "1/25", "pixel_aspect": "1/1"}


@pytest.mark.parametrize(
    ("description", "media"),
    [
        ("hflip", ("video", "video")),
        ("scale=320:-1,hflip", ("video", "video")),
        ("[in]hflip[out]", ("video", "video")),
        ("afftdn", ("audio", "audio")),
        ("showwaves=size=320x240", ("audio", "video")),
        ("split[a][b];[a]hflip[c];[b][c]hstack", ("video", "video")),
        ("[b]vflip;hflip[b]", ("video", "video")),
        ("color=red:size=64x48[a];[a]overlay", ("video", "video")),
    ],
)
def test_it_is_known_what_goes_in_and_comes_out(description: str, media: tuple[str, str]) -> None:
    assert media_of(description) == media


@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("hflp", "no filter 'hflp'; did you mean 'hflip'?"),
        ("hflip=x=1", "the filter hflip=x=1: Option not found; `ffmpeg -h filter=hflip`"),
        ("scale=w=wide", "the filter scale=w=wide: Invalid argument"),
        ("split", r"has 2 open outputs \(without a label, without a label\); it must have one"),
        ("[a][b]overlay", r"has 2 open inputs \(a, b\)"),
        ("testsrc2", "has 0 open inputs; it must have one"),
        ("nullsink", "has 0 open outputs; it must have one"),
        ("hflip,afftdn", "cannot be joined: one has pictures, the other sound"),
        ("[a]hflip[b];[b]afftdn[c]", "cannot be joined"),
        ("split,hflip", "has 1 inputs, and 2 lead to it"),
        ("hflip[a][b]", "has 1 outputs, and 2 labels"),
    ],
)
def test_what_cannot_be_made_is_refused_in_words(description: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        media_of(description)


def test_each_way_of_a_split_is_filtered() -> None:
    graph = FilterGraph("split[a][b];[a]negate[c];[b][c]hstack", ENTRY, threads=1)
    picture = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 200, np.uint8), format="rgb24")
    picture.pts = 0
    (made,) = graph.push(picture)
    assert isinstance(made, av.VideoFrame)
    pixels = made.to_ndarray(format="rgb24")
    assert (pixels[:, :64].mean(), pixels[:, 64:].mean()) == (200, 55)


def test_an_end_is_said_once_and_nothing_is_taken_behind_it() -> None:
    graph = FilterGraph("trim=end_frame=1", ENTRY)
    for n in range(3):
        picture = av.VideoFrame(64, 48, "rgb24")
        picture.pts = n
        assert len(list(graph.push(picture))) == (n == 0)
    assert graph.has_ended
    assert list(graph.push(None)) == []


def test_frames_that_the_filters_do_not_take_are_refused_in_words() -> None:
    with pytest.raises(ValueError, match=r"'crop=200:200' does not take such frames: Invalid argument"):
        FilterGraph("crop=200:200", ENTRY)
