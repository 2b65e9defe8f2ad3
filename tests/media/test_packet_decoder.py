from __future__ import annotations

import logging
import random
from collections.abc import Iterable
from contextlib import suppress

import pytest
from msgspec.structs import replace

from streamlib.errors import FormatError, MediaError
from streamlib.frames.packet import EncodedPacket, StreamInfo
from streamlib.media.notices import Notices
from streamlib.media.packet_decoder import Decoded, DecoderSettings, PacketDecoder
from tests.media.clips import SECOND, pictures, sound
from tests.media.mp4.streams import FAST, HELD, aac, h264

LOG = logging.getLogger("streamlib.test")


def decoder(media: str = "video", threads: int = 1, by_frame: bool = False) -> PacketDecoder:
    return PacketDecoder(media, DecoderSettings(threads=threads, by_frame=by_frame), Notices(LOG))


def decoded(made: PacketDecoder, packets: Iterable[EncodedPacket]) -> list[tuple[Decoded, EncodedPacket]]:
    return [one for packet in packets for one in made.decode(packet)] + list(made.flush())


@pytest.mark.parametrize(("threads", "by_frame"), [(1, False), (2, False), (2, True)])
def test_each_picture_comes_with_its_packet_in_the_order_of_time(threads: int, by_frame: bool) -> None:
    made = decoded(decoder(threads=threads, by_frame=by_frame), h264(pictures(30), HELD))
    assert [packet.metadata for _, packet in made] == [{"index": n} for n in range(30)]
    assert [picture.pts for picture, _ in made] == [n * SECOND // 25 for n in range(30)]


def test_a_picture_comes_at_once_where_none_is_held_back() -> None:
    made = decoder(threads=2)
    assert [len(list(made.decode(packet))) for packet in h264(pictures(5), FAST)] == [1] * 5


def test_it_begins_at_a_key_frame_and_counts_what_it_left_out(caplog: pytest.LogCaptureFixture) -> None:
    made, packets = decoder(), h264(pictures(60))
    second = [n for n, packet in enumerate(packets) if packet.keyframe][1]
    assert len(decoded(made, packets[3:])) == 60 - second
    assert made.left_out == second - 3
    assert "waits for a key frame" in caplog.text


def test_after_a_flush_it_begins_at_a_key_frame_again() -> None:
    made, packets = decoder(), h264(pictures(20))
    assert len(decoded(made, packets)) == 20
    assert decoded(made, packets[1:]) == []
    assert made.left_out == 19


def test_another_stream_is_followed_behind_what_was_held_back() -> None:
    streams = [h264(pictures(20), HELD), h264(pictures(20, width=32, height=32, start_ns=SECOND), HELD)]
    made = decoded(decoder(), [packet for stream in streams for packet in stream])
    assert [picture.width for picture, _ in made if hasattr(picture, "width")] == [64] * 20 + [32] * 20


def test_a_stream_of_the_same_parameters_goes_on_without_a_break() -> None:
    packets = h264(pictures(20))
    copied = StreamInfo(**{name: getattr(packets[0].stream, name) for name in StreamInfo.__struct_fields__})
    made = decoded(decoder(), [*packets[:10], *(replace(packet, stream=copied) for packet in packets[10:])])
    assert len(made) == 20


@pytest.mark.parametrize("data", [b"", b"\x00" * 40, random.Random(1).randbytes(200)])
def test_a_damaged_packet_is_an_error_and_the_next_one_is_decoded(data: bytes) -> None:
    made, packets = decoder(), h264(pictures(10))
    seen = len(list(made.decode(packets[0])))
    with pytest.raises(MediaError, match="look at what sends"):
        list(made.decode(replace(packets[1], data=data)))
    seen += sum(len(list(made.decode(packet))) for packet in packets[2:])
    assert seen == 9


def test_damage_that_a_decoder_hides_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    packets = h264(pictures(30, width=320, height=240))
    cut = [replace(p, data=p.data[: len(p.data) // 2]) if n % 7 == 3 else p for n, p in enumerate(packets)]
    assert len(decoded(decoder(), cut)) == 30
    assert caplog.text.count("pictures that are damaged") == 1


@pytest.mark.parametrize(
    ("stream", "said"),
    [
        (StreamInfo(media="audio", codec="aac"), "a packet of audio .* connect it to the decoder of audio"),
        (StreamInfo(media="video", codec="h265"), "no decoder of 'h265'; did you mean"),
        (StreamInfo(media="video", codec="aac"), "aac is no codec of video"),
    ],
)
def test_a_stream_that_it_cannot_decode_is_refused_in_words(stream: StreamInfo, said: str) -> None:
    packet = EncodedPacket(data=b"abc", stream=stream, keyframe=True, decode_ns=0)
    with pytest.raises(FormatError, match=said):
        list(decoder().decode(packet))


def test_sound_is_decoded_by_packets() -> None:
    packets = aac(sound(0.2))
    made = decoded(decoder("audio"), packets)
    assert [packet for _, packet in made] == packets


def test_without_a_packet_there_is_nothing_to_flush() -> None:
    assert list(decoder().flush()) == []


def test_it_counts_what_became_of_the_packets() -> None:
    made, packets = decoder(), h264(pictures(10))
    for packet in [*packets[:3], replace(packets[3], data=b"nonsense" * 10), replace(packets[4], data=b"")]:
        with suppress(MediaError):
            list(made.decode(packet))
    assert (made.tally.packets, made.tally.frames, made.tally.refused) == (5, 3, 2)
