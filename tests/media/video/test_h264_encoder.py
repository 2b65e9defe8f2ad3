from __future__ import annotations

import pytest

from streamlib.errors import ConfigError
from streamlib.media import H264Encoder
from tests.media.clips import pictures
from tests.media.rig import Rig
from tests.media.video.test_h264 import noise


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
