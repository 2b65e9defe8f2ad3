from __future__ import annotations

import logging

import av
import numpy as np
import pytest

from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.media.audio.aac import SAMPLE_RATES, AacCodec, AacSettings, aac_rate
from streamlib.media.audio.sound_codec import PRIMING
from streamlib.media.notices import Notices
from tests.media.clips import SECOND, sound

LOG = logging.getLogger("streamlib.test")


def encoded(frames: list[AudioFrame], bitrate: int = 0) -> list[EncodedPacket]:
    codec = AacCodec(AacSettings(bitrate=bitrate), Notices(LOG))
    packets = [packet for frame in frames for packet in codec.encode(frame)]
    return packets + codec.flush()


def decoded(packets: list[EncodedPacket]) -> list[av.AudioFrame]:
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = packets[0].stream.extradata
    return [frame for packet in packets for frame in decoder.decode(av.Packet(packet.data))]


@pytest.mark.promise("media.aac")
@pytest.mark.parametrize("channels", range(1, 9))
def test_one_to_eight_channels_are_encoded(channels: int) -> None:
    packets = encoded(sound(0.2, channels=channels))
    assert packets[0].stream.channels == channels
    assert {frame.layout.nb_channels for frame in decoded(packets)} == {channels}


@pytest.mark.promise("media.aac")
def test_each_channel_comes_out_where_it_went_in() -> None:
    samples = np.zeros((48_000, 8), np.float32)
    times = np.arange(48_000) / 48_000
    for channel in range(8):
        samples[:, channel] = 0.3 * np.sin(2 * np.pi * 50 * (channel + 2) * times)  # even where only bass passes
    packets = encoded([AudioFrame(samples, 48_000)], bitrate=512_000)
    out = np.concatenate([_interleaved(frame) for frame in decoded(packets)])[8192:40_960]
    for channel in range(8):
        spectrum = np.abs(np.fft.rfft(out[:, channel]))
        assert np.argmax(spectrum) * 48_000 / len(out) == pytest.approx(50 * (channel + 2), abs=3)


def test_packets_are_placed_by_time_with_the_codec_delay_before_the_sound() -> None:
    packets = encoded(sound(0.5, start_ns=3 * SECOND))
    assert packets[0].metadata == {PRIMING: 1024}
    times = [packet.timestamp_ns for packet in packets]
    assert times[0] == 3 * SECOND - round(1024 * SECOND / 48_000)
    assert times[1] == 3 * SECOND
    assert all(packet.keyframe and packet.decode_ns == packet.timestamp_ns for packet in packets)
    last = packets[-1]
    assert last.timestamp_ns + last.duration_ns == pytest.approx(3 * SECOND + SECOND // 2, abs=10)


def test_the_entry_time_and_the_metadata_come_out_with_the_packets() -> None:
    frames = [
        AudioFrame(
            np.zeros((1024, 1), np.float32),
            48_000,
            timestamp_ns=n * 1024 * SECOND // 48_000,
            entered_ns=100 + n,
            metadata={"n": n},
        )
        for n in range(8)
    ]
    packets = encoded(frames)
    assert [packet.entered_ns for packet in packets[1:]] == [100 + n for n in range(8)]
    assert [(packet.metadata or {})["n"] for packet in packets[1:]] == list(range(8))
    assert [packet.sequence for packet in packets] == list(range(9))


@pytest.mark.parametrize(("given", "wanted"), [(48_000, 48_000), (5000, 7350), (47_000, 48_000), (192_000, 96_000)])
def test_a_rate_that_aac_does_not_have_becomes_the_next(given: int, wanted: int) -> None:
    assert aac_rate(given) == wanted
    assert encoded(sound(0.3, rate=given))[0].stream.sample_rate == wanted


@pytest.mark.parametrize("rate", SAMPLE_RATES)
def test_every_rate_of_the_standard_opens(rate: int) -> None:
    packets = encoded(sound(0.3, rate=rate, channels=1))
    assert {frame.sample_rate for frame in decoded(packets)} == {rate}


def test_after_a_flush_it_can_go_on() -> None:
    codec = AacCodec(AacSettings(), Notices(LOG))
    first = [p for frame in sound(0.1) for p in codec.encode(frame)] + codec.flush()
    assert codec.flush() == []
    second = [p for frame in sound(0.1, start_ns=SECOND) for p in codec.encode(frame)] + codec.flush()
    assert len(second) == len(first)
    assert second[1].timestamp_ns == SECOND


def test_without_a_frame_there_is_nothing_to_flush() -> None:
    codec = AacCodec(AacSettings(), Notices(LOG))
    assert (codec.flush(), codec.stream) == ([], None)


def test_the_bitrate_is_followed() -> None:
    rng = np.random.default_rng(1)
    noise = [AudioFrame(rng.normal(0, 0.2, (48_000, 2)).astype(np.float32), 48_000)]
    small, large = (sum(p.nbytes for p in encoded(noise, bitrate)) * 8 for bitrate in (64_000, 256_000))
    assert large > 2 * small


def _interleaved(frame: av.AudioFrame) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    out = av.AudioResampler("flt", frame.layout, frame.sample_rate).resample(frame)
    return np.concatenate([np.asarray(one.to_ndarray(), np.float32) for one in out], axis=1).reshape(
        -1, frame.layout.nb_channels
    )
