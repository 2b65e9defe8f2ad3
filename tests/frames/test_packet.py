from __future__ import annotations

import pytest

from streamlib.frames import ColorMatrix, ColorRange, EncodedPacket, StreamInfo


@pytest.mark.promise("frame.packet")
def test_a_packet_carries_bytes_times_and_the_description_of_its_stream() -> None:
    info = StreamInfo("video", "h264", width=640, height=360, frame_rate=25.0, color_range=ColorRange.FULL)
    packet = EncodedPacket(b"abc", info, keyframe=True, decode_ns=-40, timestamp_ns=0, duration_ns=40)
    assert (packet.data, packet.nbytes, packet.keyframe) == (b"abc", 3, True)
    assert (packet.decode_ns, packet.timestamp_ns, packet.duration_ns) == (-40, 0, 40)
    assert packet.stream is info
    assert (info.color_range, info.color_matrix) == (ColorRange.FULL, ColorMatrix.BT709)


def test_a_packet_says_when_it_is_decoded() -> None:
    with pytest.raises(TypeError, match="decode_ns"):
        EncodedPacket(b"", StreamInfo("video", "h264"), keyframe=True)  # type: ignore[call-arg]


def test_equal_descriptions_are_equal() -> None:
    assert StreamInfo("audio", "aac", sample_rate=48_000) == StreamInfo("audio", "aac", sample_rate=48_000)
    assert StreamInfo("audio", "aac", extradata=b"a") != StreamInfo("audio", "aac", extradata=b"b")


def test_it_shows_its_size_and_not_its_bytes() -> None:
    packet = EncodedPacket(b"abc", StreamInfo("video", "h264"), keyframe=True, decode_ns=0)
    assert repr(packet) == "<EncodedPacket h264 3 B keyframe 0.000 s>"
