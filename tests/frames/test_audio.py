from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.errors import FormatError
from streamlib.frames import AudioFrame


@pytest.mark.promise("frame.audio")
@given(st.integers(0, 2000), st.integers(1, 8), st.sampled_from([8_000, 44_100, 48_000]))
def test_a_block_knows_its_size_and_how_long_it_lasts(count: int, channels: int, rate: int) -> None:
    frame = AudioFrame(np.zeros((count, channels), np.float32), rate)
    assert (frame.num_samples, frame.channels, frame.sample_rate) == (count, channels, rate)
    assert abs(frame.duration_ns - count * 1e9 / rate) <= 0.5
    assert frame.nbytes == 4 * count * channels


def test_a_duration_that_is_given_stays() -> None:
    assert AudioFrame(np.zeros((480, 2), np.float32), 48_000, duration_ns=7).duration_ns == 7


def test_one_dimension_is_mono() -> None:
    assert AudioFrame(np.zeros(480, np.float32), 48_000).samples.shape == (480, 1)


@pytest.mark.promise("frame.read-only")
def test_samples_are_taken_over_and_cannot_be_written() -> None:
    samples = np.zeros((480, 2), np.float32)
    frame = AudioFrame(samples, 48_000)
    assert np.shares_memory(frame.samples, samples)
    for array in (samples, frame.samples, np.asarray(frame)):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_mono_samples_cannot_be_written_through_the_array_they_came_in() -> None:
    samples = np.zeros(480, np.float32)
    frame = AudioFrame(samples, 48_000)
    with pytest.raises(ValueError, match="read-only"):
        samples[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        frame.samples[0] = 1.0


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros((4, 2), np.int16), r"float32.*got int16; samples.astype\(numpy.float32\) / 32768"),
        (np.zeros((4, 2), np.int32), r"float32.*got int32; \(samples / 2147483648\)"),
        (np.zeros((4, 2)), r"float32.*got float64; samples.astype"),
        (np.zeros((4, 2), np.complex64), "float32.*got complex64$"),
        ([0.0], "a numpy array, got list"),
        (np.zeros((4, 0), np.float32), r"1 to 8 channels, got \(4, 0\)"),
        (np.zeros((20, 9), np.float32), r"1 to 8 channels, got \(20, 9\)$"),
        (np.zeros((2, 480), np.float32), r"got \(2, 480\); samples.T if channels come first"),
        (np.zeros((2, 2, 2), np.float32), r"\(samples, channels\).*got \(2, 2, 2\)"),
    ],
)
def test_samples_that_do_not_fit_are_refused_with_what_helps(samples: Any, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        AudioFrame(samples, 48_000)


def test_a_rate_of_nothing_is_refused() -> None:
    with pytest.raises(FormatError, match="above 0 Hz, got 0"):
        AudioFrame(np.zeros(1, np.float32), 0)


def test_other_samples_keep_the_stamps() -> None:
    frame = AudioFrame(
        np.zeros((480, 2), np.float32), 48_000, timestamp_ns=5, entered_ns=6, sequence=7, metadata={"a": 1}
    )
    other = frame.with_samples(np.zeros((960, 1), np.float32))
    assert (other.timestamp_ns, other.entered_ns, other.sequence, other.metadata) == (5, 6, 7, {"a": 1})
    assert (other.num_samples, other.channels, other.sample_rate) == (960, 1, 48_000)
    assert other.duration_ns == 20_000_000
    assert frame.with_samples(np.zeros(160, np.float32), 16_000).duration_ns == 10_000_000


@pytest.mark.promise("frame.numpy-dlpack")
def test_a_block_is_a_numpy_array_and_dlpack() -> None:
    samples = np.arange(8, dtype=np.float32).reshape(4, 2)
    frame = AudioFrame(samples, 48_000)
    np.testing.assert_array_equal(np.asarray(frame), samples)
    assert np.array(frame, dtype=np.float64).flags.writeable
    exported = np.from_dlpack(frame)
    np.testing.assert_array_equal(exported, samples)
    assert np.shares_memory(exported, samples)
    assert not exported.flags.writeable


def test_it_shows_its_size_rate_and_time() -> None:
    frame = AudioFrame(np.zeros((480, 2), np.float32), 48_000, timestamp_ns=20_000_000)
    assert repr(frame) == "<AudioFrame 480x2 48000 Hz 0.020 s>"
