from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from streamlib import StreamRuntime
from streamlib.errors import ConfigError, MediaError, ProcessorFailed
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.media import H264Encoder, TestPatternGenerator, VideoDecoder
from streamlib.testing import Collected, ListSink, ListSource, run_processor
from tests.media.clips import SECOND, pictures, read_packets, write_clip
from tests.media.mp4.streams import HELD, h264
from tests.media.rig import Rig


def rig(packets: list[EncodedPacket], **fields: object) -> Rig:
    return Rig(VideoDecoder.from_config(fields), inputs={"packets": packets}, outputs=["video"])


@pytest.mark.promise("media.decoders")
def test_pictures_come_out_as_they_went_in() -> None:
    given = pictures(30, start_ns=3 * SECOND)
    made: list[VideoFrame] = rig(h264(given, HELD)).run().out("video")
    for one, other in zip(given, made, strict=True):
        for name in ("timestamp_ns", "duration_ns", "entered_ns", "sequence", "metadata", "color_matrix"):
            assert getattr(one, name) == getattr(other, name)
        assert np.abs(one.to_ndarray("rgb24").astype(int) - other.to_ndarray("rgb24")).mean() < 6


@pytest.mark.promise("media.decoders")
def test_an_encoder_and_a_decoder_run_in_one_graph() -> None:
    collected = Collected()
    with StreamRuntime() as runtime:
        source = runtime.add_processor(TestPatternGenerator, width=64, height=48, frames=40, pace="fast")
        encoder, decoder = runtime.add_processor(H264Encoder), runtime.add_processor(VideoDecoder)
        runtime.connect(source, encoder)
        runtime.connect(encoder, decoder)
        runtime.connect(decoder, runtime.add_processor(ListSink, into=collected).input("input"))
        runtime.start()
        assert runtime.wait(20)
    assert [frame.sequence for frame in collected.frames] == list(range(40))


@pytest.mark.promise("media.decoders")
@pytest.mark.parametrize(
    ("video", "codec", "pix_fmt"),
    [
        ("libx264", "h264", "yuv420p"),
        ("libx265", "hevc", "yuv420p10le"),
        ("libvpx-vp9", "vp9", "yuv420p"),
        ("ffv1", "ffv1", "gray"),
    ],
)
def test_what_another_encoder_made_is_decoded(tmp_path: Path, video: str, codec: str, pix_fmt: str) -> None:
    clip = write_clip(tmp_path / "clip.mkv", video=video, audio=None, pix_fmt=pix_fmt)
    packets = read_packets(clip, "video")
    assert packets[0].stream.codec == codec
    made = rig(packets, latency="normal").run().out("video")
    assert [frame.timestamp_ns for frame in made] == pytest.approx(
        [n * SECOND // 25 for n in range(25)], abs=SECOND // 1000
    )
    assert made[0].to_ndarray("rgb24").shape == (48, 64, 3)


@pytest.mark.promise("media.decoders")
def test_who_joins_in_mid_stream_waits_for_a_key_frame_and_says_what_it_missed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    packets = h264(pictures(60))
    second = [n for n, packet in enumerate(packets) if packet.keyframe][1]
    made = rig(packets[7:]).run().out("video")
    assert made[0].timestamp_ns == packets[second].timestamp_ns
    assert f"left out {second - 7} packets before a key frame" in caplog.text


def test_a_stream_without_any_key_frame_is_said_at_its_end(caplog: pytest.LogCaptureFixture) -> None:
    assert rig(h264(pictures(10))[1:]).run().out("video") == []
    assert "left out 9 packets before a key frame" in caplog.text


@pytest.mark.promise("media.decoders")
def test_a_change_of_size_in_mid_stream_is_followed() -> None:
    packets = [*h264(pictures(20), HELD), *h264(pictures(20, width=32, height=32, start_ns=SECOND), HELD)]
    made: list[VideoFrame] = rig(packets).run().out("video")
    assert [frame.width for frame in made] == [64] * 20 + [32] * 20
    assert [frame.timestamp_ns for frame in made] == sorted(frame.timestamp_ns for frame in made)


@pytest.mark.promise("media.decoders")
def test_damaged_packets_are_errors_that_the_policy_counts() -> None:
    packets = h264(pictures(40))
    broken = [replace(p, data=b"nonsense" * 10) if n in {5, 9} else p for n, p in enumerate(packets)]
    collected = Collected()
    with StreamRuntime() as runtime:
        decoder = runtime.add_processor(VideoDecoder)
        runtime.connect(runtime.add_processor(ListSource, items=tuple(broken)), decoder)
        runtime.connect(decoder, runtime.add_processor(ListSink, into=collected).input("input"))
        runtime.start()
        assert runtime.wait(20)
        assert decoder.metrics is not None
        assert decoder.metrics.errors == 2
    assert len(collected.frames) == 38
    with pytest.raises(ProcessorFailed, match="is empty"):
        run_processor(VideoDecoder, [replace(packets[0], data=b"")])


def stepped(run: Rig) -> Rig:
    """From setup to teardown, over packets that raise."""
    run.setup()
    while run.inputs["packets"].frames:
        with suppress(MediaError):
            run.step()
    run.processor.flush(run.context)
    run.processor.teardown()
    return run


@pytest.mark.promise("media.damage-is-said")
def test_how_many_packets_could_not_be_decoded_is_said_once_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    packets = h264(pictures(40))
    stepped(rig([replace(p, data=b"nonsense" * 10) if n in {5, 9} else p for n, p in enumerate(packets)]))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "2 of 40 packets of video could not be decoded (Invalid data found" in caplog.text


@pytest.mark.promise("media.damage-is-said")
def test_a_stream_of_which_nothing_can_be_decoded_is_said_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    run = stepped(rig([replace(packet, data=b"nonsense" * 10) for packet in h264(pictures(10))]))
    assert run.out("video") == []
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "none of 10 packets of video could be decoded" in caplog.text


def test_settings_that_are_none_are_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="latency"):
        VideoDecoder.from_config({"latency": "none"})
