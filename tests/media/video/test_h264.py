from __future__ import annotations

import logging
import threading

import av
import numpy as np
import pytest
from msgspec.structs import replace

from streamlib.errors import FormatError
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.media.notices import Notices
from streamlib.media.video.h264 import H264Codec, H264Settings, Latency, Preset
from tests.media.clips import SECOND, pictures

FAST = H264Settings(preset=Preset.ULTRAFAST, threads=1)


def codec(settings: H264Settings = FAST) -> H264Codec:
    return H264Codec(settings, Notices(logging.getLogger("streamlib.test")))


def encoded(frames: list[VideoFrame], settings: H264Settings = FAST) -> list[EncodedPacket]:
    made = codec(settings)
    return [packet for frame in frames for packet in made.encode(frame)] + made.flush()


def decoded(packets: list[EncodedPacket]) -> list[av.VideoFrame]:
    decoder = av.CodecContext.create("h264", "r")
    frames = [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]
    return frames + decoder.decode(None)


def noise(count: int, width: int = 160, height: int = 96) -> list[VideoFrame]:
    rng = np.random.default_rng(1)
    base = rng.integers(0, 255, (height, width, 3), dtype=np.uint8)
    return [
        VideoFrame.from_ndarray(np.roll(base, n * 5, axis=1), timestamp_ns=n * SECOND // 25, duration_ns=SECOND // 25)
        for n in range(count)
    ]


def test_what_a_frame_carries_comes_out_with_its_packet() -> None:
    packets = encoded(pictures(10))
    assert [packet.timestamp_ns for packet in packets] == [n * SECOND // 25 for n in range(10)]
    assert [packet.duration_ns for packet in packets] == [SECOND // 25] * 10
    assert [packet.entered_ns for packet in packets] == list(range(1, 11))
    assert [packet.sequence for packet in packets] == list(range(10))
    assert [packet.metadata for packet in packets] == [{"index": n} for n in range(10)]


def test_with_low_latency_each_packet_leaves_with_its_frame() -> None:
    made = codec()
    assert [len(made.encode(frame)) for frame in pictures(10)] == [1] * 10
    assert made.flush() == []


def test_with_normal_latency_pictures_are_held_and_none_is_lost() -> None:
    packets = encoded(pictures(50), replace(FAST, latency=Latency.NORMAL, preset=Preset.VERYFAST))
    assert sorted(packet.sequence for packet in packets) == list(range(50))
    decodes = [packet.decode_ns for packet in packets]
    assert decodes == sorted(set(decodes))
    assert all(packet.decode_ns <= packet.timestamp_ns for packet in packets)


@pytest.mark.parametrize(("latency", "slices"), [(Latency.LOW, b"1"), (Latency.NORMAL, b"0")])
def test_threads_share_a_picture_only_where_it_must_leave_at_once(latency: Latency, slices: bytes) -> None:
    [first, *_] = encoded(noise(2, 640, 480), replace(FAST, latency=latency, threads=2))
    assert b"threads=2" in first.data  # libx264 writes what it opened with in front of the first picture
    assert b"sliced_threads=" + slices in first.data


def test_key_frames_come_by_time_at_any_rate() -> None:
    frames = [replace(frame, timestamp_ns=n * SECOND // 4) for n, frame in enumerate(pictures(20))]
    packets = encoded(frames, replace(FAST, gop_seconds=1.0))
    assert [n for n, packet in enumerate(packets) if packet.keyframe] == [0, 4, 8, 12, 16]


def test_a_decoder_can_begin_at_every_key_frame_without_extradata() -> None:
    packets = encoded(pictures(30), replace(FAST, gop_seconds=0.4))
    second = [n for n, packet in enumerate(packets) if packet.keyframe][1]
    assert len(decoded(packets[second:])) == 30 - second
    assert packets[0].stream.extradata.startswith(b"\x00\x00\x00\x01\x67")


@pytest.mark.promise("media.h264-size", "media.odd-streams")
def test_it_keeps_the_size_it_opened_with_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    frames = pictures(3) + [
        replace(frame, timestamp_ns=SECOND + frame.timestamp_ns) for frame in pictures(5, width=128, height=96)
    ]
    out = decoded(encoded(frames))
    assert {(frame.width, frame.height) for frame in out} == {(64, 48)}
    assert len(out) == 8
    assert caplog.text.count("goes on at 64x48") == 1


@pytest.mark.promise("media.odd-streams")
@pytest.mark.parametrize(("width", "height"), [(63, 47), (65, 48), (64, 33), (3, 3), (2, 2)])
def test_odd_sizes_become_even(width: int, height: int, caplog: pytest.LogCaptureFixture) -> None:
    out = decoded(encoded(pictures(3, width=width, height=height)))
    assert {(frame.width, frame.height) for frame in out} == {(width & ~1, height & ~1)}
    assert ("even sizes" in caplog.text) == bool(width % 2 or height % 2)


def test_a_picture_too_small_is_refused_in_words() -> None:
    with pytest.raises(FormatError, match="1x1"):
        encoded(pictures(1, width=1, height=1))


@pytest.mark.promise("media.odd-streams")
def test_missing_timestamps_are_set_one_frame_apart(caplog: pytest.LogCaptureFixture) -> None:
    frames = [replace(frame, timestamp_ns=0, duration_ns=0) for frame in pictures(4)]
    packets = encoded(frames, replace(FAST, frame_rate=20.0))
    assert [packet.timestamp_ns for packet in packets] == [0, SECOND // 20, SECOND // 10, 3 * SECOND // 20]
    assert caplog.text.count("one frame apart") == 1


@pytest.mark.promise("media.odd-streams")
def test_a_variable_frame_rate_is_kept_to_the_nanosecond() -> None:
    times = [0, 40_000_001, 40_000_003, 500_000_000, 2_000_000_001]
    packets = encoded([replace(f, timestamp_ns=at) for f, at in zip(pictures(5), times, strict=True)])
    assert [packet.timestamp_ns for packet in packets] == times


@pytest.mark.promise("media.h264-bitrate")
def test_a_lower_bitrate_takes_effect_while_it_runs() -> None:
    made, frames = codec(replace(FAST, bitrate=2_000_000)), noise(150)
    before = sum(packet.nbytes for frame in frames[:75] for packet in made.encode(frame))
    made.set_bitrate(300_000)
    after = sum(packet.nbytes for frame in frames[75:] for packet in made.encode(frame))
    assert after < before / 2


@pytest.mark.promise("media.h264-bitrate")
def test_a_higher_bitrate_takes_effect_with_a_key_frame_and_no_picture_lost() -> None:
    made, frames = codec(replace(FAST, bitrate=300_000, latency=Latency.NORMAL)), noise(150)
    before = [packet for frame in frames[:75] for packet in made.encode(frame)]
    made.set_bitrate(2_000_000)
    after = [packet for frame in frames[75:] for packet in made.encode(frame)] + made.flush()
    assert sum(p.nbytes for p in after) > 2 * sum(p.nbytes for p in before)
    assert len(before) + len(after) == 150
    assert next(packet for packet in after if packet.timestamp_ns == frames[75].timestamp_ns).keyframe
    decodes = [packet.decode_ns for packet in before + after]
    assert decodes == sorted(set(decodes))


@pytest.mark.parametrize("format", ["rgb24", "bgr24", "rgba", "bgra", "gray8", "yuv420p", "nv12"])
def test_every_pixel_format_is_taken(format: str) -> None:
    out = decoded(encoded([frame.convert(format) for frame in pictures(2)]))
    assert out[0].to_ndarray(format="gray8").mean() == pytest.approx(pictures(1)[0].to_ndarray("gray8").mean(), abs=4)


def test_colour_range_and_matrix_are_written_and_kept() -> None:
    red = np.zeros((48, 64, 3), np.uint8)
    red[..., 0] = 200
    full = VideoFrame.from_ndarray(red, color_range="full", color_matrix="bt709").convert("yuv420p")
    sd = replace(VideoFrame.from_ndarray(red, color_matrix="bt601").convert("yuv420p"), timestamp_ns=SECOND)
    packets = encoded([full, sd])
    assert (packets[0].stream.color_range, packets[0].stream.color_matrix) == ("full", "bt709")
    for out in decoded(packets):
        assert (int(out.color_range), int(out.colorspace)) == (2, 1)
        assert np.allclose(out.to_ndarray(format="rgb24").mean(axis=(0, 1)), [200, 0, 0], atol=6)


def test_one_frame_may_go_into_two_codecs_at_once() -> None:
    frames = [frame.convert("yuv420p") for frame in pictures(40)]
    moved = [replace(frame, timestamp_ns=frame.timestamp_ns + 7 * SECOND) for frame in frames]
    results: dict[int, list[EncodedPacket]] = {}
    threads = [
        threading.Thread(target=lambda at=at, given=given: results.update({at: encoded(given)}))
        for at, given in enumerate((frames, moved))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for at, given in enumerate((frames, moved)):
        assert [packet.timestamp_ns for packet in results[at]] == [frame.timestamp_ns for frame in given]


def test_after_a_flush_it_can_go_on_at_a_key_frame() -> None:
    made = codec()
    first = [packet for frame in pictures(3) for packet in made.encode(frame)] + made.flush()
    second = [packet for frame in pictures(3, start_ns=SECOND) for packet in made.encode(frame)]
    assert (len(first), len(second), second[0].keyframe) == (3, 3, True)


def test_without_a_frame_there_is_nothing_to_flush() -> None:
    made = codec()
    assert (made.flush(), made.stream) == ([], None)


@pytest.mark.parametrize("latency", Latency)
def test_a_key_frame_that_is_asked_for_comes_with_the_next_picture_and_once(latency: Latency) -> None:
    made, frames = codec(replace(FAST, gop_seconds=60, latency=latency)), pictures(30)
    packets = []
    for n, frame in enumerate(frames):
        if n == 11:
            made.ask_for_key()
        packets += made.encode(frame)
    packets += made.flush()
    assert [packet.sequence for packet in packets if packet.keyframe] == [0, 11]
