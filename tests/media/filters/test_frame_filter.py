from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from streamlib.errors import MediaError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.media.filters.frame_filter import FrameFilter
from tests.media.clips import SECOND, pictures, sound


def filtered(description: str, frames: Iterable[VideoFrame | AudioFrame]) -> list[Any]:
    filters = FrameFilter(description)
    return [made for frame in frames for made in filters.push(frame)] + list(filters.flush())


def test_pictures_keep_their_times_and_what_they_carry() -> None:
    given = pictures(10, start_ns=7 * SECOND + 3)
    made = filtered("hflip", given)
    for one, other in zip(given, made, strict=True):
        for name in ("timestamp_ns", "duration_ns", "entered_ns", "sequence", "metadata", "format"):
            assert getattr(one, name) == getattr(other, name)
        assert np.array_equal(one.to_ndarray()[:, ::-1], other.to_ndarray())


def test_pictures_that_are_held_back_come_with_what_is_theirs() -> None:
    assert [frame.sequence for frame in filtered("reverse", pictures(5))] == [4, 3, 2, 1, 0]


def test_more_pictures_come_where_a_filter_makes_them() -> None:
    made = filtered("fps=50", pictures(10))
    assert [frame.timestamp_ns for frame in made] == [n * SECOND // 50 for n in range(20)]
    assert {frame.duration_ns for frame in made} == {SECOND // 50}


def test_times_that_a_filter_makes_are_followed() -> None:
    made = filtered("setpts=2*PTS", pictures(3))
    assert [frame.timestamp_ns for frame in made] == [0, 2 * SECOND // 25, 4 * SECOND // 25]


def test_a_picture_without_a_time_follows_the_one_before() -> None:
    made = filtered("setpts=NAN", pictures(3, start_ns=SECOND))
    assert [frame.timestamp_ns for frame in made] == [0, SECOND // 25, 2 * SECOND // 25]


@pytest.mark.parametrize("format", ["rgb24", "yuv420p", "nv12", "gray8", "rgba"])
def test_what_came_in_is_not_drawn_into(format: str) -> None:
    given = [VideoFrame.from_ndarray(np.array(frame.convert(format).to_ndarray()), format) for frame in pictures(4)]
    kept = [frame.to_ndarray().copy() for frame in given]
    native = [frame.convert("yuv420p") for frame in pictures(4)]
    kept_native = [frame.to_ndarray("rgb24").copy() for frame in native]
    filtered("tpad=start=2,drawbox=t=fill:color=red", given)
    filtered("tpad=start=2,drawbox=t=fill:color=red", native)
    assert all(np.array_equal(one, frame.to_ndarray()) for one, frame in zip(kept, given, strict=True))
    assert all(np.array_equal(one, frame.to_ndarray("rgb24")) for one, frame in zip(kept_native, native, strict=True))


@pytest.mark.parametrize("size", [(64, 48), (1280, 720)])
@pytest.mark.parametrize("matrix", ["bt601", "bt709"])
@pytest.mark.parametrize("given", ["rgb24", "yuv420p"])
@pytest.mark.parametrize("description", ["hue=s=1", "format=rgb24", "hflip", "format=yuv444p", "format=yuvj420p"])
def test_colours_are_kept_whatever_the_filters_work_in(
    size: tuple[int, int], matrix: str, given: str, description: str
) -> None:
    pixels = np.full((size[1], size[0], 3), (200, 30, 60), np.uint8)
    frame = VideoFrame.from_ndarray(pixels, color_matrix=matrix, color_range="full").convert(given)
    (made,) = filtered(description, [frame])
    assert np.abs(made.to_ndarray("rgb24")[4, 4].astype(int) - (200, 30, 60)).max() <= 4
    if made.format == "rgb24":
        assert (made.color_matrix, made.color_range) == (matrix, "full")


def test_a_change_of_size_or_format_is_filtered_on() -> None:
    given = [*pictures(3), *pictures(3, width=32, height=24, start_ns=SECOND)]
    given += [frame.convert("yuv420p") for frame in pictures(3, start_ns=2 * SECOND)]
    made = filtered("tmix=frames=2", given)
    assert [(frame.width, frame.format) for frame in made] == [(64, "rgb24")] * 3 + [(32, "rgb24")] * 3 + [
        (64, "yuv420p")
    ] * 3
    assert [frame.timestamp_ns for frame in made] == [frame.timestamp_ns for frame in given]


@pytest.mark.parametrize("channels", [1, 2, 6, 8])
def test_sound_is_filtered(channels: int) -> None:
    given = sound(0.1, channels=channels, start_ns=3 * SECOND)
    made = filtered("volume=0.5", given)
    assert [frame.timestamp_ns for frame in made] == [frame.timestamp_ns for frame in given]
    assert [frame.entered_ns for frame in made] == [frame.entered_ns for frame in given]
    for one, other in zip(given, made, strict=True):
        assert np.allclose(one.samples / 2, other.samples, atol=1e-6)


def test_noise_is_taken_away() -> None:
    rng = np.random.default_rng(1)
    noise = (rng.standard_normal((48_000, 1)) * 0.01).astype(np.float32)
    given = [
        AudioFrame(noise[at : at + 480].copy(), 48_000, timestamp_ns=at * SECOND // 48_000)
        for at in range(0, 48_000, 480)
    ]
    made = np.concatenate([frame.samples for frame in filtered("afftdn=nr=30:nf=-40", given)])
    assert len(made) == 48_000
    assert np.sqrt((made[24_000:] ** 2).mean()) < 0.5 * np.sqrt((noise**2).mean())


def test_sound_of_another_rate_is_filtered_on_and_none_is_lost() -> None:
    given = [*sound(0.5), *sound(0.5, rate=44_100, start_ns=SECOND // 2)]
    made = filtered("aresample=16000", given)
    assert {frame.sample_rate for frame in made} == {16_000}
    assert sum(frame.num_samples for frame in made) == pytest.approx(16_000, abs=40)
    ends = [frame.timestamp_ns + frame.duration_ns for frame in made]
    gaps = [abs(frame.timestamp_ns - end) for frame, end in zip(made[1:], ends, strict=False)]
    assert max(gaps) < SECOND // 500


def test_sound_becomes_pictures() -> None:
    made = filtered("showwaves=size=64x48:rate=10", sound(1))
    assert {type(frame) for frame in made} == {VideoFrame}
    assert len(made) in {9, 10}


def test_a_frame_that_is_refused_is_an_error_and_the_next_is_filtered() -> None:
    filters = FrameFilter("crop=40:40")
    with pytest.raises(MediaError, match="'crop=40:40' does not take such frames"):
        list(filters.push(pictures(1, width=32, height=32)[0]))
    assert len(list(filters.push(pictures(1)[0]))) == 1


def test_what_is_held_back_is_gone_when_it_is_closed() -> None:
    filters = FrameFilter("reverse")
    assert list(filters.push(pictures(1)[0])) == []
    filters.close()
    assert list(filters.flush()) == []
