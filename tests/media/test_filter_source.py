from __future__ import annotations

import pytest

from streamlib.errors import ConfigError
from streamlib.media.filter_source import FilterSource
from tests.media.clips import SECOND
from tests.media.rig import Rig

PICTURES = "testsrc2=size=64x48:rate=10:duration=1"
SOUND = "sine=frequency=440:sample_rate=48000:duration=1"


def rig(**fields: object) -> Rig:
    return Rig(FilterSource.from_config({"pace": "fast", **fields}), outputs=("video", "audio"))


def test_it_sends_what_its_chains_make_and_ends_with_them() -> None:
    done = rig(video=f"{PICTURES},hue=s=0", audio=f"{SOUND},aformat=channel_layouts=stereo").run()
    pictures, sound = done.out("video"), done.out("audio")
    assert [frame.timestamp_ns for frame in pictures] == [n * SECOND // 10 for n in range(10)]
    assert {(frame.width, frame.height, frame.duration_ns) for frame in pictures} == {(64, 48, SECOND // 10)}
    assert sum(frame.num_samples for frame in sound) == 48_000
    assert {(frame.channels, frame.sample_rate) for frame in sound} == {(2, 48_000)}
    assert [frame.timestamp_ns for frame in sound[:2]] == [0, sound[0].num_samples * SECOND // 48_000]
    assert done.has_ended


def test_pictures_and_sound_come_in_the_order_of_time() -> None:
    done = rig(video=PICTURES, audio=SOUND)
    done.setup()
    seen: list[tuple[int, int]] = []
    while not done.has_ended:
        done.step()
        seen.append((len(done.out("video")), len(done.out("audio"))))
    done.processor.teardown()
    pictures, blocks = seen[len(seen) // 2]
    assert abs(pictures - 5) <= 1
    assert abs(blocks - 24) <= 2


@pytest.mark.parametrize("name", ["video", "audio"])
def test_either_may_be_left_out(name: str) -> None:
    done = rig(**{name: {"video": PICTURES, "audio": SOUND}[name]}).run()
    other = {"video": "audio", "audio": "video"}[name]
    assert done.out(name)
    assert not done.out(other)


def test_in_real_time_it_asks_to_be_called_when_a_frame_is_due() -> None:
    paced = rig(video=PICTURES, pace="realtime").setup()
    start_ns = paced.clock.time_ns
    while len(paced.out("video")) < 3:
        paced.step()
    assert paced.clock.time_ns - start_ns == 2 * SECOND // 10
    paced.reconfigure(pace="fast")
    while not paced.has_ended:
        paced.step()
    assert paced.clock.time_ns - start_ns == 2 * SECOND // 10
    assert len(paced.out("video")) == 10
    paced.processor.teardown()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "both empty"),
        ({"video": "testsrc3"}, "Filter not found"),
        ({"video": "testsrc2=sizze=64x48"}, "Option not found"),
        ({"video": SOUND}, "makes audio where video was asked for"),
        ({"video": PICTURES, "audio": PICTURES}, "makes video and video where video and audio"),
    ],
)
def test_a_chain_that_cannot_be_made_is_refused_in_words(fields: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        rig(**fields).run()
