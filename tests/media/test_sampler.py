from __future__ import annotations

import logging

import numpy as np
import pytest
from msgspec.structs import replace

from streamlib.errors import FormatError, MediaError
from streamlib.frames import AudioFrame, EncodedPacket
from streamlib.frames.sampler import Sampler
from streamlib.media.audio.opus import OpusCodec, OpusSettings
from streamlib.media.notices import Notices
from streamlib.media.sampler import AvSampler
from tests.media.clips import pictures
from tests.media.mp4.streams import HELD, h264

RATE = 48_000


def sampler() -> Sampler:
    return AvSampler()


def tone(
    hz: float, rate: int = RATE, channels: int = 1, seconds: float = 1.0
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def opus(samples: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> list[EncodedPacket]:
    codec = OpusCodec(OpusSettings(), Notices(logging.getLogger("streamlib.test")))
    return [*codec.encode(AudioFrame(samples, RATE)), *codec.flush()]


def test_a_key_frame_alone_makes_a_picture_also_where_others_refer_to_later_ones() -> None:
    packets = h264(pictures(10), HELD)
    made = sampler().picture(packets[:1])
    assert made is not None
    assert (made.timestamp_ns, made.sequence) == (packets[0].timestamp_ns, packets[0].sequence)
    expected = pictures(1)[0].to_ndarray("rgb24").astype(int)
    assert np.abs(made.to_ndarray("rgb24").astype(int) - expected).mean() < 6


def test_packets_without_a_key_frame_make_no_picture() -> None:
    assert sampler().picture(h264(pictures(5))[1:]) is None


def test_packets_of_sound_are_no_picture_and_those_of_video_no_sound() -> None:
    with pytest.raises(FormatError, match="a packet of audio"):
        sampler().picture(opus(tone(440)))
    with pytest.raises(FormatError, match="a packet of video"):
        sampler().sound(h264(pictures(1)))


def test_a_damaged_packet_is_refused_by_name() -> None:
    packet = h264(pictures(1))[0]
    with pytest.raises(MediaError, match="cannot be decoded|makes no|is empty"):
        sampler().picture([replace(packet, data=b"")])


def test_sound_goes_on_behind_a_damaged_packet_and_is_refused_where_all_are() -> None:
    packets = opus(tone(440))
    packets[10] = replace(packets[10], data=b"")
    assert sum(frame.num_samples for frame in sampler().sound(packets)) == RATE - 960
    with pytest.raises(MediaError, match="is empty"):
        sampler().sound([replace(packet, data=b"") for packet in packets])


def test_sound_comes_packet_by_packet_with_its_times() -> None:
    samples = tone(440, channels=2)
    frames = sampler().sound(opus(samples))
    assert sum(frame.num_samples for frame in frames) == RATE
    assert [frame.channels for frame in frames] == [2] * len(frames)
    assert frames[1].timestamp_ns == frames[0].timestamp_ns + frames[0].duration_ns
    heard = np.concatenate([frame.samples for frame in frames])
    assert np.abs(heard[RATE // 2 :] - samples[RATE // 2 :]).max() < 0.05


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (44_100, 1), (16_000, 1), (8_000, 6)])
def test_sound_is_brought_to_one_channel_at_another_rate(rate: int, channels: int) -> None:
    mono = sampler().mono(tone(440, rate, channels), rate, 16_000)
    assert mono.dtype == np.float32
    assert mono.shape == (16_000, 1)
    assert np.abs(mono - tone(440, 16_000))[1_000:-1_000].max() < 0.01


def test_channels_that_are_loud_and_equal_do_not_clip_as_one() -> None:
    assert np.abs(sampler().mono(np.ones((100, 6), np.float32), 16_000, 16_000) - 1).max() < 1e-6


def test_pictures_of_sound_are_png() -> None:
    samples = tone(440, seconds=0.1)
    for made in (sampler().waveform(samples, RATE, 200, 100), sampler().spectrogram(samples, RATE, 200, 100)):
        assert made.startswith(b"\x89PNG")
