from __future__ import annotations

import pytest
from msgspec.structs import replace

from streamlib.frames import DataFrame
from streamlib.observability import catch
from streamlib.observability.catch import Catch, PictureCatch, SoundCatch
from tests.observability.views import AUDIO, RATE, STEP_NS, block, packet, picture

NS = 1_000_000_000


def show(taken: Catch, *frames: object) -> bool:
    for frame in frames:
        taken.pushed(frame)
        taken.full(dropped=True)
        taken.emptied()
    return taken.enough.is_set()


def test_the_first_picture_is_kept_by_reference_and_no_other() -> None:
    first, taken = picture(1), PictureCatch()
    assert show(taken, first, picture(2))
    assert taken.frame is first


def test_who_waits_is_woken_once() -> None:
    woken: list[bool] = []
    show(PictureCatch(lambda: woken.append(True)), picture(1), picture(2), picture(3))
    assert woken == [True]


def test_of_packets_the_first_key_frame_is_kept() -> None:
    key, taken = packet(keyframe=True), PictureCatch()
    assert not show(taken, packet(), packet())
    assert show(taken, key, packet(keyframe=True))
    assert taken.frame is key
    assert (taken.passed, taken.stranger) == (2, "")


def test_packets_of_another_medium_are_told_at_once_and_other_frames_let_pass() -> None:
    taken = PictureCatch()
    assert not show(taken, DataFrame({}), block(0))
    assert taken.stranger == "DataFrame"
    assert show(taken, picture(0))
    video, audio = PictureCatch(), SoundCatch(NS)
    assert show(video, packet(AUDIO, keyframe=True))
    assert (video.frame, video.stranger) == (None, "packets of audio (opus)")
    assert show(audio, packet(keyframe=True))
    assert (audio.frames, audio.stranger) == ([], "packets of video (h264)")


def test_sound_is_enough_when_its_durations_add_up() -> None:
    taken = SoundCatch(NS // 20)
    blocks = [block(number) for number in range(9)]
    assert not show(taken, *blocks[:4])
    assert show(taken, *blocks[4:])
    assert taken.frames == blocks[:5]


def test_sound_that_goes_on_otherwise_ends_it() -> None:
    for other in (block(1, rate=RATE // 2), block(1, channels=1), packet(AUDIO)):
        taken = SoundCatch(NS)
        assert show(taken, block(0), other)
        assert len(taken.frames) == 1


def test_of_packets_it_takes_what_the_decoder_needs_besides() -> None:
    taken = SoundCatch(STEP_NS)  # of 40 ms, as each packet
    packets = [replace(packet(AUDIO), timestamp_ns=number * STEP_NS) for number in range(1, 6)]
    assert not show(taken, *packets[:2])
    assert show(taken, *packets[2:])
    assert taken.frames == packets[:3]
    assert taken.begins_ns == packets[2].timestamp_ns


def test_it_never_keeps_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catch, "MOST_FRAMES", 10)
    taken = SoundCatch(60 * NS)
    assert show(taken, *(block(number, 1) for number in range(20)))
    assert len(taken.frames) == 10
