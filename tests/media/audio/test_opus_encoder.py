from __future__ import annotations

from pathlib import Path

import pytest

from streamlib.errors import ConfigError, MediaError
from streamlib.media import Mp4Writer, OpusEncoder
from streamlib.testing import run_processor
from tests.media.clips import SECOND, assert_plays, beep_times, flash_times, loudest_frequency, pictures, probe, sound
from tests.media.rig import Rig


def packets(**fields: object) -> Rig:
    return Rig(OpusEncoder.from_config(fields), inputs={"audio": sound(1)}, outputs=["packets"])


@pytest.mark.promise("media.opus")
def test_sound_goes_in_and_packets_come_out() -> None:
    made = run_processor(OpusEncoder, sound(1.0, rate=44_100), bitrate=96_000)["packets"]
    assert (made[0].stream.codec, made[0].stream.sample_rate, made[0].stream.channels) == ("opus", 48_000, 2)
    end_ns = made[-1].timestamp_ns + made[-1].duration_ns
    assert end_ns == pytest.approx(SECOND, abs=SECOND // 1000)


@pytest.mark.promise("media.opus")
@pytest.mark.parametrize("channels", [1, 2, 4, 6])
@pytest.mark.parametrize("fragmented", [False, True])
def test_another_program_plays_it_from_an_mp4_file(tmp_path: Path, channels: int, fragmented: bool) -> None:
    path = tmp_path / "out.mp4"
    heard = Rig(
        OpusEncoder.from_config(), inputs={"audio": sound(4, beeps=(0.4, 2.8), channels=channels)}, outputs=["packets"]
    ).run()
    inputs = {"audio": heard.out("packets"), "video": pictures(100, flashes=(0.4, 2.8))}
    Rig(Mp4Writer.from_config({"path": str(path), "fragmented": fragmented}), inputs=inputs).run()
    assert_plays(path)
    told = probe(path)["audio"]
    assert (told["codec_name"], told["sample_rate"], told["channels"]) == ("opus", "48000", channels)
    assert float(told["duration"]) == pytest.approx(4, abs=0.01)
    assert loudest_frequency(path) == pytest.approx(1000, abs=5)
    assert beep_times(path) == pytest.approx(flash_times(path), abs=0.02)


def test_without_a_frame_nothing_comes_out() -> None:
    done = Rig(OpusEncoder.from_config(), inputs={"audio": []}, outputs=["packets"]).run()
    assert done.out("packets") == []


@pytest.mark.parametrize(("field", "value"), [("bitrate", -1), ("application", "music"), ("packet_ms", 7)])
def test_a_value_that_opus_does_not_have_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=field):
        OpusEncoder.from_config({field: value})


def test_a_bitrate_that_the_channels_do_not_hold_is_refused_with_the_first_frame() -> None:
    with pytest.raises(MediaError, match="libopus does not open for 2 channels at 48000 Hz and 2048000 bits"):
        packets(bitrate=2_048_000).run()
