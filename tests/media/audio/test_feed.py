from __future__ import annotations

import logging

import numpy as np
import pytest

from streamlib.frames.audio import AudioFrame
from streamlib.media.audio.feed import Block, SampleFeed
from streamlib.media.notices import Notices
from tests.media.clips import SECOND, sound

NOTICES = logging.getLogger("streamlib.test")


def fed(frames: list[AudioFrame], rate: int = 48_000) -> list[Block]:
    feed = SampleFeed(frames[0], sample_rate=rate, block=1024, notices=Notices(NOTICES))
    blocks = [block for frame in frames for block in feed.push(frame)]
    return blocks + feed.flush()


def joined(blocks: list[Block]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.concatenate([block.samples for block in blocks])


def test_blocks_are_numbered_by_their_samples_since_time_zero() -> None:
    blocks = fed(sound(0.1, start_ns=2 * SECOND))
    assert [block.position for block in blocks] == [96_000 + n * 1024 for n in range(5)]
    assert [len(block.samples) for block in blocks] == [1024] * 4 + [4800 - 4096]


def test_samples_pass_unchanged() -> None:
    frames = sound(0.1)
    assert np.array_equal(joined(fed(frames)), np.concatenate([frame.samples for frame in frames]))


def test_a_gap_becomes_silence(caplog: pytest.LogCaptureFixture) -> None:
    frames = sound(1.0, beeps=[0, 0.5])
    with_gap = frames[:30] + frames[50:]
    whole = joined(fed(with_gap))
    assert len(whole) == 48_000
    assert not whole[30 * 480 : 50 * 480].any()
    assert np.array_equal(whole[50 * 480 :], np.concatenate([frame.samples for frame in frames[50:]]))
    assert "gaps" in caplog.text


def test_a_long_gap_is_left_as_one() -> None:
    blocks = fed([*sound(0.1), *sound(0.1, start_ns=60 * SECOND)])
    positions = [block.position for block in blocks]
    assert 60 * 48_000 in positions
    assert len(blocks) == 10


@pytest.mark.parametrize(("given", "wanted"), [(44_100, 48_000), (192_000, 96_000), (48_000, 44_100)])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_rate_is_resampled_without_moving_the_sound(given: int, wanted: int, channels: int) -> None:
    samples = joined(fed(sound(1.0, rate=given, channels=channels, beeps=[0.5]), wanted))
    assert samples.shape[1] == channels
    assert len(samples) == pytest.approx(wanted, abs=2)
    loud = int(np.argmax(np.abs(samples[:, 0]) > 0.3))
    assert loud / wanted == pytest.approx(0.5, abs=0.001)


def test_a_change_of_rate_in_mid_stream_goes_on_in_time(caplog: pytest.LogCaptureFixture) -> None:
    frames = [*sound(0.5), *sound(0.5, rate=44_100, start_ns=SECOND // 2), *sound(0.5, start_ns=SECOND, beeps=[0.25])]
    samples = joined(fed(frames))
    assert len(samples) == pytest.approx(72_000, abs=4)
    loud = int(np.argmax(np.abs(samples[:, 0]) > 0.3))
    assert loud / 48_000 == pytest.approx(1.25, abs=0.001)
    assert caplog.text.count("44100 Hz is resampled") == 1


def test_a_change_of_channels_is_mixed_and_said_once(caplog: pytest.LogCaptureFixture) -> None:
    frames = [*sound(0.1, channels=2), *sound(0.1, channels=6, start_ns=SECOND // 10)]
    assert joined(fed(frames)).shape == (9600, 2)
    assert caplog.text.count("6 are mixed") == 1
