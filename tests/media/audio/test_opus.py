from __future__ import annotations

import logging

import av
import numpy as np
import pytest

from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.media.audio.opus import Application, OpusCodec, OpusSettings
from streamlib.media.audio.samples import SampleReader
from streamlib.media.notices import Notices
from tests.media.clips import SECOND, sound


def encoded(frames: list[AudioFrame], settings: OpusSettings | None = None) -> list[EncodedPacket]:
    codec = OpusCodec(settings or OpusSettings(), Notices(logging.getLogger("streamlib.test")))
    return [packet for frame in frames for packet in codec.encode(frame)] + codec.flush()


def decoded(packets: list[EncodedPacket]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    decoder, reader = av.CodecContext.create("opus", "r"), SampleReader()
    decoder.extradata = packets[0].stream.extradata
    frames = (frame for packet in packets for frame in decoder.decode(av.Packet(packet.data)))
    return np.concatenate([reader.read(frame) for frame in frames])


@pytest.mark.promise("media.opus")
@pytest.mark.parametrize("channels", range(1, 9))
def test_each_of_up_to_eight_channels_comes_out_where_it_went_in(channels: int) -> None:
    times = np.arange(48_000) / 48_000
    samples = np.stack([0.3 * np.sin(2 * np.pi * 50 * (n + 2) * times) for n in range(channels)], axis=1)
    out = decoded(encoded([AudioFrame(samples.astype(np.float32), 48_000)], OpusSettings(bitrate=128_000 * channels)))
    assert out.shape[1] == channels
    for channel in range(channels):
        spectrum = np.abs(np.fft.rfft(out[4800:43_200, channel]))
        assert np.argmax(spectrum) * 48_000 / 38_400 == pytest.approx(50 * (channel + 2), abs=3)


@pytest.mark.parametrize("rate", [8000, 16_000, 44_100, 48_000, 96_000])
def test_every_rate_becomes_48000_hz(rate: int) -> None:
    packets = encoded(sound(0.5, rate=rate, channels=1))
    assert packets[0].stream.sample_rate == 48_000
    last = packets[-1]
    assert last.timestamp_ns + last.duration_ns == pytest.approx(SECOND // 2, abs=SECOND // 1000)


def test_the_extradata_says_what_a_decoder_leaves_out() -> None:
    head = encoded(sound(0.1))[0].stream.extradata
    assert head[:8] == b"OpusHead"
    assert (head[9], int.from_bytes(head[10:12], "little")) == (2, 312)
    assert len(decoded(encoded(sound(0.1)))) == pytest.approx(4800, abs=960)


@pytest.mark.parametrize("packet_ms", [5, 10, 20, 40, 60])
def test_packets_last_as_long_as_was_asked_for(packet_ms: int) -> None:
    packets = encoded(sound(0.24), OpusSettings(packet_ms=packet_ms))
    assert {packet.duration_ns for packet in packets[:-1]} == {packet_ms * SECOND // 1000}


@pytest.mark.parametrize("application", list(Application))
def test_it_opens_for_each_application(application: Application) -> None:
    assert encoded(sound(0.1), OpusSettings(application=application))
