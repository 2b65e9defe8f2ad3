from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from streamlib import PullSink, PushSource, StreamRuntime, VideoFrame
from streamlib.errors import ConfigError
from streamlib.frames.packet import EncodedPacket
from streamlib.media import H264Encoder, Mp4Writer
from tests.media.clips import assert_plays, frame_count, pictures
from tests.media.rig import Rig
from tests.media.video.test_h264 import noise
from tests.scenarios.stage import SECONDS, STRATEGIES


@pytest.fixture(params=sorted(STRATEGIES))
def runtime(request: pytest.FixtureRequest) -> Iterator[StreamRuntime]:
    with StreamRuntime(scheduler=STRATEGIES[request.param]()) as made:
        yield made
        made.stop(drain=False)


def test_pictures_go_in_and_packets_come_out() -> None:
    done = Rig(H264Encoder.from_config(), inputs={"video": pictures(10)}, outputs=["packets"]).run()
    packets = done.out("packets")
    assert len(packets) == 10
    assert packets[0].keyframe
    assert (packets[0].stream.codec, packets[0].stream.width, packets[0].stream.height) == ("h264", 64, 48)


def test_what_the_codec_holds_is_sent_at_the_end() -> None:
    encoder = H264Encoder.from_config({"latency": "normal"})
    run = Rig(encoder, inputs={"video": pictures(30)}, outputs=["packets"]).setup()
    while run.inputs["video"].frames:
        run.step()
    held = 30 - len(run.out("packets"))
    assert held > 0
    encoder.flush(run.context)
    assert len(run.out("packets")) == 30
    encoder.teardown()


@pytest.mark.promise("media.h264-bitrate")
def test_a_bitrate_is_applied_live() -> None:
    encoder = H264Encoder.from_config({"bitrate": 2_000_000, "preset": "ultrafast"})
    run = Rig(encoder, inputs={"video": noise(150)}, outputs=["packets"]).setup()
    while len(run.out("packets")) < 75:
        run.step()
    run.reconfigure(bitrate=300_000)
    while run.inputs["video"].frames:
        run.step()
    sizes = [packet.nbytes for packet in run.out("packets")]
    assert sum(sizes[75:]) < sum(sizes[:75]) / 2
    encoder.teardown()


@pytest.mark.parametrize(
    ("field", "value"), [("bitrate", 3), ("preset", "quick"), ("gop_seconds", 0), ("latency", "none"), ("threads", -1)]
)
def test_a_wrong_value_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=field):
        H264Encoder.from_config({field: value})


def test_a_link_that_is_joined_gets_a_key_frame_next() -> None:
    encoder = H264Encoder.from_config({"gop_seconds": 60})
    run = Rig(encoder, inputs={"video": pictures(20)}, outputs=["packets"]).setup()
    while run.inputs["video"].frames:
        if len(run.out("packets")) in {7, 12}:
            run.context.count_joined("packets")
        run.step()
    assert [packet.sequence for packet in run.out("packets") if packet.keyframe] == [0, 7, 12]
    encoder.teardown()


def test_who_is_connected_to_a_running_encoder_begins_at_a_key_frame(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(PushSource, type=VideoFrame)
    encoder = runtime.add_processor(H264Encoder, gop_seconds=3600, preset="ultrafast")
    first = runtime.add_processor(PullSink, type=EncodedPacket)
    runtime.connect(source, encoder)
    runtime.connect(encoder, first)
    runtime.start()
    frames = iter(pictures(40))
    keys = []
    for _ in range(3):
        sink = runtime.add_processor(PullSink, type=EncodedPacket)
        runtime.connect(encoder, sink)
        for _ in range(5):
            source.push(next(frames))
            keys.append(first.pull(timeout=SECONDS).keyframe)
            assert sink.pull(timeout=SECONDS).keyframe is keys[-1]
        runtime.remove(sink)
    assert keys == [True, False, False, False, False] * 3


@pytest.mark.promise("media.interrupted")
def test_a_short_recording_of_a_running_encoder_holds_each_of_its_pictures(
    runtime: StreamRuntime, tmp_path: Path
) -> None:
    path = tmp_path / "out.mp4"
    source = runtime.add_processor(PushSource, type=VideoFrame)
    encoder = runtime.add_processor(H264Encoder, gop_seconds=3600, preset="ultrafast")
    watched = runtime.add_processor(PullSink, type=EncodedPacket)
    runtime.connect(source, encoder)
    runtime.connect(encoder, watched)
    runtime.start()
    for n, frame in enumerate(pictures(12)):
        if n == 5:
            writer = runtime.add_processor(Mp4Writer, path=str(path))
            runtime.connect(encoder.output("packets"), writer.input("video"))
        source.push(frame)
        watched.pull(timeout=SECONDS)
    runtime.remove(writer)
    assert_plays(path)
    assert frame_count(path, "v:0") == 7
