from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from streamlib.errors import ConfigError
from streamlib.frames.audio import AudioFrame
from streamlib.media import AacEncoder, Mp4Writer, ToneGenerator
from streamlib.testing import run_processor
from tests.media.clips import SECOND, assert_plays, loudest_frequency, probe
from tests.media.rig import Rig


def rig(**fields: object) -> Rig:
    return Rig(ToneGenerator.from_config({"pace": "fast", **fields}), outputs=["audio"])


def blocks(**fields: object) -> list[AudioFrame]:
    return rig(**fields).run().out("audio")


def wave(**fields: object) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.concatenate([block.samples[:, 0] for block in blocks(channels=1, **fields)])


@pytest.mark.promise("media.sources")
def test_a_runtime_hears_a_tone_of_the_length_that_was_asked_for() -> None:
    sound: list[AudioFrame] = run_processor(ToneGenerator, duration=1.005, pace="fast")["audio"]
    assert {(block.channels, block.sample_rate) for block in sound} == {(2, 48_000)}
    assert [block.num_samples for block in sound] == [480] * 100 + [240]
    assert [block.timestamp_ns for block in sound] == [n * SECOND // 100 for n in range(101)]


@pytest.mark.promise("media.sources")
def test_another_program_hears_the_frequency(tmp_path: Path) -> None:
    path = tmp_path / "tone.mp4"
    sound = blocks(frequency=1000, duration=2, sample_rate=44_100, channels=1)
    packets = Rig(AacEncoder.from_config(), inputs={"audio": sound}, outputs=["packets"]).run().out("packets")
    Rig(Mp4Writer.from_config({"path": str(path)}), inputs={"audio": packets}).run()
    assert_plays(path)
    assert probe(path)["audio"]["sample_rate"] == "44100"
    assert loudest_frequency(path) == pytest.approx(1000, abs=5)


@pytest.mark.parametrize("form", ["sine", "square", "triangle", "sawtooth"])
def test_each_wave_has_its_frequency_and_fills_its_volume(form: str) -> None:
    heard = wave(wave=form, frequency=100, volume=0.5, duration=1)
    assert np.abs(heard).max() == pytest.approx(0.5, abs=0.01)
    assert np.count_nonzero(np.diff(np.signbit(heard).astype(int)) == -1) == pytest.approx(100, abs=1)
    assert heard[120] > 0.2  # a quarter of a period after the beginning it is above zero


def test_noise_is_the_same_in_each_run_and_has_no_frequency() -> None:
    heard = wave(wave="noise", volume=1, duration=1)
    assert np.array_equal(heard, wave(wave="noise", volume=1, duration=1))
    assert np.abs(np.corrcoef(heard[:-1], heard[1:])[0, 1]) < 0.05


def test_all_channels_have_the_same_samples() -> None:
    block = blocks(channels=6, duration=0.01)[0]
    assert block.samples.shape == (480, 6)
    assert np.ptp(block.samples, axis=1).max() == 0


def test_frequency_and_volume_change_live_and_without_a_click() -> None:
    run = rig(frequency=440, volume=0.5, channels=1, duration=0.05)
    run.setup()
    for change in ({}, {"frequency": 660.0}, {"volume": 0.1}, {}, {"wave": "sine"}):
        run.reconfigure(**change)
        run.step()
    heard = np.concatenate([block.samples[:, 0] for block in run.out("audio")])
    steepest = 2 * np.pi * 660 / 48_000 * 0.5
    assert np.abs(np.diff(heard)).max() < 1.1 * steepest
    assert np.abs(heard[-900:]).max() == pytest.approx(0.1, abs=0.01)


def test_in_real_time_it_asks_to_be_called_when_a_block_is_due() -> None:
    run = rig(pace="realtime").setup()
    start_ns = run.clock.time_ns
    while len(run.out("audio")) < 11:
        run.step()
    assert run.clock.time_ns - start_ns == SECOND // 10
    run.reconfigure(pace="fast", volume=0.1)
    run.step()
    assert run.clock.time_ns - start_ns == SECOND // 10


def test_a_frequency_that_the_rate_cannot_hold_is_refused() -> None:
    with pytest.raises(ConfigError, match="not below half of the sample rate of 8000 Hz"):
        rig(frequency=4000, sample_rate=8000).setup()
    run = rig(sample_rate=8000).setup()
    with pytest.raises(ConfigError, match="frequency: 5000 Hz"):
        run.reconfigure(frequency=5000)
    assert len(wave(frequency=4000, sample_rate=8000, wave="noise", duration=0.01)) == 80


@pytest.mark.parametrize(("field", "value"), [("frequency", 0), ("volume", 1.5), ("channels", 9), ("wave", "sin")])
def test_a_value_that_makes_no_sound_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=field):
        ToneGenerator.from_config({field: value})
