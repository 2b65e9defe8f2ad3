from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from streamlib.errors import MediaError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.media import AacEncoder, AudioDecoder, OpusEncoder
from streamlib.testing import run_processor
from tests.media.clips import SECOND, read_packets, sound, write_clip
from tests.media.mp4.streams import aac
from tests.media.rig import Rig

MOMENTS = (0.3, 0.7)


def packets(encoder: type[AacEncoder | OpusEncoder], frames: list[AudioFrame]) -> list[EncodedPacket]:
    return Rig(encoder.from_config(), inputs={"audio": frames}, outputs=["packets"]).run().out("packets")


def decoded(given: list[EncodedPacket]) -> list[AudioFrame]:
    return Rig(AudioDecoder.from_config(), inputs={"packets": given}, outputs=["audio"]).run().out("audio")


@pytest.mark.promise("media.decoders")
@pytest.mark.parametrize("encoder", [AacEncoder, OpusEncoder])
@pytest.mark.parametrize("channels", [1, 2, 6, 8])
def test_sound_comes_out_where_it_went_in(encoder: type[AacEncoder | OpusEncoder], channels: int) -> None:
    given = sound(1, beeps=MOMENTS, start_ns=5 * SECOND, channels=channels)
    made = decoded(packets(encoder, given))
    assert made[0].timestamp_ns == pytest.approx(5 * SECOND, abs=1)
    assert {frame.channels for frame in made} == {channels}
    assert sum(frame.num_samples for frame in made) == 48_000
    ends = [frame.timestamp_ns + frame.duration_ns for frame in made]
    assert [frame.timestamp_ns for frame in made[1:]] == pytest.approx(ends[:-1], abs=30_000)
    loud = np.abs(np.concatenate([frame.samples for frame in made])[:, 0]) > 0.3
    rises = [n for n in np.flatnonzero(loud) if not loud[max(0, n - 2000) : n].any()]
    assert np.array(rises) / 48_000 == pytest.approx(MOMENTS, abs=0.003)


@pytest.mark.promise("media.decoders")
@pytest.mark.parametrize("encoder", [AacEncoder, OpusEncoder])
def test_who_joins_in_mid_stream_hears_it_at_its_time(encoder: type[AacEncoder | OpusEncoder]) -> None:
    given = packets(encoder, sound(1))
    made = decoded(given[10:])
    last = given[-1]
    assert made[-1].timestamp_ns + made[-1].duration_ns == pytest.approx(
        last.timestamp_ns + last.duration_ns, abs=30_000
    )
    assert made[0].timestamp_ns - given[10].timestamp_ns == pytest.approx(0, abs=SECOND // 100)


@pytest.mark.promise("media.decoders")
@pytest.mark.parametrize(("audio", "codec"), [("flac", "flac"), ("libmp3lame", "mp3"), ("pcm_s16le", "pcm_s16le")])
def test_what_another_encoder_made_is_decoded(tmp_path: Path, audio: str, codec: str) -> None:
    given = read_packets(write_clip(tmp_path / "clip.mkv", video=None, audio=audio), "audio")
    assert given[0].stream.codec == codec
    made = decoded(given)
    assert sum(frame.num_samples for frame in made) == pytest.approx(48_000, abs=3000)
    assert made[len(made) // 2].samples.max() == pytest.approx(0.1, abs=0.02)


def test_a_runtime_decodes_and_what_packets_carry_goes_on() -> None:
    given = aac([replace(frame, metadata={"n": 1}) for frame in sound(0.2)])
    made: list[AudioFrame] = run_processor(AudioDecoder, given)["audio"]
    assert made
    assert all(frame.metadata == {"n": 1} for frame in made)


def test_another_rate_in_mid_stream_is_followed() -> None:
    given = [*aac(sound(0.5)), *aac(sound(0.5, rate=16_000, channels=1, start_ns=SECOND))]
    made = decoded(given)
    assert {(frame.sample_rate, frame.channels) for frame in made} == {(48_000, 2), (16_000, 1)}
    assert next(frame for frame in made if frame.channels == 1).timestamp_ns == pytest.approx(SECOND, abs=100_000)


@pytest.mark.promise("media.damage-is-said")
def test_a_damaged_packet_is_an_error_and_the_next_one_is_heard(caplog: pytest.LogCaptureFixture) -> None:
    given = aac(sound(0.5))
    run = Rig(AudioDecoder.from_config(), inputs={"packets": given}, outputs=["audio"]).setup()
    run.inputs["packets"].frames[4] = replace(given[4], data=b"nonsense" * 10)
    errors = 0
    while run.inputs["packets"].frames:
        try:
            run.step()
        except MediaError:
            errors += 1
    assert (errors, len(run.out("audio"))) == (1, len(given) - 2)  # the first is priming alone
    run.processor.flush(run.context)
    run.processor.teardown()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert f"1 of {len(given)} packets of audio could not be decoded (" in said[0]
