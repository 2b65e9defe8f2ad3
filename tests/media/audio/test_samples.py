from __future__ import annotations

import av
import numpy as np
import pytest

from streamlib.media.audio.samples import LAYOUTS, ChannelMixer, SampleReader, Samples, to_av


def ramps(channels: int, count: int = 100) -> Samples:
    """Samples that differ between channels and in time."""
    return (np.arange(count)[:, None] / 1000 + np.arange(channels)[None, :] / 10).astype(np.float32)


@pytest.mark.parametrize("channels", sorted(LAYOUTS))
def test_samples_survive_the_way_there_and_back(channels: int) -> None:
    given = ramps(channels)
    assert np.array_equal(SampleReader().read(to_av(given, 48_000)), given)


@pytest.mark.parametrize("channels", sorted(LAYOUTS))
def test_planar_frames_of_a_decoder_are_read(channels: int) -> None:
    planar = av.AudioResampler("fltp", LAYOUTS[channels], 48_000)
    given = ramps(channels)
    read = np.concatenate([SampleReader().read(frame) for frame in planar.resample(to_av(given, 48_000))])
    assert np.array_equal(read, given)


@pytest.mark.parametrize(("format", "full"), [("s16", 32768), ("s16p", 32768), ("s32", 2147483648), ("u8", 128)])
def test_integers_become_floats_between_minus_one_and_one(format: str, full: int) -> None:
    integers = av.AudioResampler(format, "stereo", 48_000)
    given = ramps(2)
    read = np.concatenate([SampleReader().read(frame) for frame in integers.resample(to_av(given, 48_000))])
    assert np.allclose(read, given, atol=2 / full)


def test_a_reader_follows_a_change_of_format() -> None:
    reader = SampleReader()
    for format in ("s16", "s32", "s16"):
        converted = av.AudioResampler(format, "stereo", 48_000).resample(to_av(ramps(2), 48_000))
        assert reader.read(converted[0]).shape == (100, 2)


def test_more_than_eight_channels_become_eight() -> None:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.float32), format="flt", layout="hexadecagonal")
    frame.sample_rate = 48_000
    assert SampleReader().read(frame).shape[1] == 8


def test_a_mixer_leaves_alone_what_fits() -> None:
    given = ramps(2)
    assert ChannelMixer(2, 48_000).mix(given) is given


@pytest.mark.parametrize(("given", "wanted"), [(1, 2), (2, 1), (6, 2), (2, 6), (8, 1)])
def test_a_mixer_makes_the_channels_that_are_wanted(given: int, wanted: int) -> None:
    mixer = ChannelMixer(wanted, 48_000)
    for count in (100, 7, 0):
        assert mixer.mix(ramps(given, count)).shape == (count, wanted)


def test_mono_is_heard_on_both_sides() -> None:
    mixed = ChannelMixer(2, 48_000).mix(np.full((10, 1), 0.5, np.float32))
    assert np.allclose(mixed[:, 0], mixed[:, 1])
    assert mixed[0, 0] > 0.3
