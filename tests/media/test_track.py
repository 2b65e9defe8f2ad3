from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.media.track import PACKET_BYTES, AudioTrack, VideoTrack, clock_ns
from tests.media.clips import SECOND, write_clip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("track") / "clip.mp4", options={"movflags": "faststart"})


@pytest.fixture
def container(clip: Path) -> Iterator[av.container.InputContainer]:
    with av.open(str(clip)) as opened:
        yield opened


def test_packets_become_frames_when_they_are_decoded_and_not_before(container: av.container.InputContainer) -> None:
    track = VideoTrack(container.streams.video[0], 0)
    track.want(True, late=False)
    for packet in container.demux(container.streams.video[0]):
        track.take(packet)
    assert not track.frames
    assert track.backlog > 0
    while track.has_packets:
        track.decode()
    track.finish()
    assert track.backlog == 0
    assert [frame.timestamp_ns for frame in track.frames] == [n * SECOND // 25 for n in range(25)]
    assert all(isinstance(frame, VideoFrame) and frame.duration_ns == SECOND // 25 for frame in track.frames)


def test_a_track_that_nobody_wants_keeps_nothing(container: av.container.InputContainer) -> None:
    track = AudioTrack(container.streams.audio[0], 0)
    track.stream.discard = av.stream.Discard.default
    for packet in container.demux(container.streams.audio[0]):
        track.take(packet)
    assert not track.has_packets


def test_who_joins_late_begins_at_a_key_frame(container: av.container.InputContainer) -> None:
    track = VideoTrack(container.streams.video[0], 0)
    packets = list(container.demux(container.streams.video[0]))
    track.want(True, late=True)
    for packet in packets[5:]:
        track.take(packet)
    assert not track.has_packets
    track.take(packets[0])
    assert track.has_packets


def test_another_pass_goes_on_in_time(container: av.container.InputContainer) -> None:
    track = AudioTrack(container.streams.audio[0], 0)
    track.want(True, late=False)
    for start_ns in (0, 7 * SECOND):
        if start_ns:
            container.seek(0)
            track.rewind(start_ns)
        for packet in container.demux(container.streams.audio[0]):
            track.take(packet)
        while track.has_packets:
            track.decode()
        track.finish()
        assert track.frames[0].timestamp_ns == start_ns
        assert isinstance(track.frames[0], AudioFrame)
        assert track.expected_ns == pytest.approx(start_ns + SECOND, abs=SECOND // 20)


def test_a_frame_without_a_timestamp_follows_the_one_before(container: av.container.InputContainer) -> None:
    track = VideoTrack(container.streams.video[0], 0)
    track.want(True, late=False)
    for _ in range(3):
        track._take_frame(av.VideoFrame(64, 48, "yuv420p"))
    assert [frame.timestamp_ns for frame in track.frames] == [0, SECOND // 25, 2 * SECOND // 25]


def test_a_packet_that_cannot_be_decoded_is_counted(container: av.container.InputContainer) -> None:
    track = VideoTrack(container.streams.video[0], 0)
    track.want(True, late=False)
    broken = next(container.demux(container.streams.video[0]))
    broken.update(bytes(broken.size))
    track.take(broken)
    track.decode()
    track.finish()
    assert (track.tally.packets, track.tally.refused, track.tally.frames) == (1, 1, 0)
    assert "Invalid data" in track.tally.reason


def test_a_packet_weighs_more_than_its_data(container: av.container.InputContainer) -> None:
    track = AudioTrack(container.streams.audio[0], 0)
    track.want(True, late=False)
    packets = [packet for packet in container.demux(container.streams.audio[0]) if packet.size]
    for packet in packets:
        track.take(packet)
    assert track.backlog == sum(packet.size for packet in packets) + PACKET_BYTES * len(packets)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("00:00:03.023000000", 3.023), ("01:02:03", 3723), ("00:00:00.5", 0.5), ("", 0), ("3.5", 0), ("a:bb:cc", 0)],
)
def test_a_time_of_day_is_read(text: str, seconds: float) -> None:
    assert clock_ns(text) == round(seconds * SECOND)
