from __future__ import annotations

import pytest

from streamlib.errors import ConfigError
from streamlib.media import AacEncoder
from tests.media.clips import SECOND, sound
from tests.media.rig import Rig


@pytest.mark.promise("media.aac")
def test_sound_goes_in_and_packets_come_out() -> None:
    done = Rig(AacEncoder.from_config(), inputs={"audio": sound(1.0)}, outputs=["packets"]).run()
    packets = done.out("packets")
    assert packets[0].stream.codec == "aac"
    end_ns = packets[-1].timestamp_ns + packets[-1].duration_ns
    assert end_ns == pytest.approx(SECOND, abs=10)


def test_without_a_frame_nothing_comes_out() -> None:
    done = Rig(AacEncoder.from_config(), inputs={"audio": []}, outputs=["packets"]).run()
    assert done.out("packets") == []


def test_a_bitrate_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="bitrate"):
        AacEncoder.from_config({"bitrate": -1})
