from __future__ import annotations

import pytest

from streamlib.errors import FormatError
from streamlib.frames.video import VideoFrame
from streamlib.media.mp4.encoder import InputEncoder
from streamlib.media.video.h264 import H264Codec
from tests.media.clips import SECOND, pictures, sound
from tests.media.mp4.streams import HELD, aac, h264, notices


def encoder() -> InputEncoder[VideoFrame]:
    return InputEncoder("video", H264Codec(HELD, notices()))


def test_packets_go_through_as_they_are() -> None:
    packets = h264(pictures(5))
    made = encoder()
    assert [one for packet in packets for one in made.encode(packet)] == packets
    assert made.flush() == []


@pytest.mark.promise("media.mp4-frames-or-packets")
def test_frames_become_the_packets_that_the_encoder_makes() -> None:
    made, frames = encoder(), pictures(40)
    packets = [packet for frame in frames for packet in made.encode(frame)] + made.flush()
    assert [packet.data for packet in packets] == [packet.data for packet in h264(frames, HELD)]


def test_what_the_codec_holds_goes_before_a_packet_that_replaces_frames() -> None:
    made = encoder()
    held = [packet for frame in pictures(10) for packet in made.encode(frame)]
    late = h264(pictures(1, start_ns=SECOND))[0]
    after = made.encode(late)
    assert len(held) + len(after) == 11
    assert after[-1] is late


def test_packets_of_the_other_kind_are_refused_in_words() -> None:
    with pytest.raises(FormatError, match="connect it to 'audio'"):
        encoder().encode(aac(sound(0.1))[0])
