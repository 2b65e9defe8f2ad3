from __future__ import annotations

import pytest
from msgspec.structs import replace

from streamlib import StreamRuntime
from streamlib.errors import ConfigError, ConnectError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.media import AacEncoder, InputSelector, TestPatternGenerator, ToneGenerator, VideoScaler
from streamlib.testing import Collected, Gate, ListSink, ListSource
from tests.media.clips import SECOND, pictures, sound
from tests.media.mp4.streams import h264
from tests.media.rig import Rig

STEP = SECOND // 25
Frames = list[VideoFrame] | list[AudioFrame] | list[EncodedPacket]


def rig(inputs: dict[str, Frames], **fields: object) -> Rig:
    return Rig(InputSelector.from_config(fields), inputs={"inputs": inputs}, outputs=["output"])


def named(count: int, name: str, *, start_ns: int = 0, entered_ns: int = SECOND, width: int = 64) -> list[VideoFrame]:
    """Pictures that enter as far apart as their times are."""
    return [
        replace(frame, metadata={"of": name}, entered_ns=entered_ns + n * STEP)
        for n, frame in enumerate(pictures(count, start_ns=start_ns, width=width))
    ]


def seen(run: Rig) -> list[tuple[str, int]]:
    return [(frame.metadata["of"], frame.timestamp_ns // STEP) for frame in run.out("output")]


@pytest.mark.promise("media.input-selector")
def test_the_active_link_is_changed_while_a_graph_runs() -> None:
    collected, gates = Collected(), [Gate(), Gate()]
    with StreamRuntime() as runtime:
        selector = runtime.add_processor(InputSelector, active=0)
        for gate in gates:
            items = (*pictures(5), gate, *pictures(5, start_ns=5 * STEP))
            runtime.connect(runtime.add_processor(ListSource, items=items), selector)
        runtime.connect(selector, runtime.add_processor(ListSink, into=collected).input("input"))
        runtime.start()
        collected.wait_for(5)
        runtime.update_config(selector, active="list_source_1")
        gates[1].open()
        collected.wait_for(10)
        gates[0].open()
        assert runtime.wait(10)
    assert [frame.timestamp_ns for frame in collected.frames] == [n * STEP for n in range(10)]


@pytest.mark.promise("media.input-selector")
def test_at_a_cut_no_frame_is_missing_or_shown_twice() -> None:
    run = rig({"a_0.video": named(10, "a"), "b_0.video": named(10, "b")}).setup()
    for _ in range(4):
        run.step()
    run.reconfigure(active="b_0")
    while run.many["inputs"].frames:
        run.step()
    assert seen(run) == [("a", n) for n in range(5)] + [("b", n) for n in range(5, 10)]
    run.reconfigure(active=0)


@pytest.mark.parametrize("active", [1, "b_0", "b_0.video"])
def test_a_link_is_named_by_its_place_or_by_where_it_comes_from(active: int | str) -> None:
    run = rig({"a_0.video": named(3, "a"), "b_0.video": named(3, "b")}, active=active).run()
    assert seen(run) == [("b", n) for n in range(3)]


def test_the_old_link_goes_on_until_the_new_one_has_a_frame(caplog: pytest.LogCaptureFixture) -> None:
    run = rig({"a_0.video": named(6, "a"), "b_0.video": []}).setup()
    run.step()
    for active in (1, "c_0", 7):
        run.reconfigure(active=active)
        run.step()
        run.step()
    assert seen(run) == [("a", n) for n in range(6)]
    assert "waits for the link 'c_0' to cut to; did you mean 'b_0'? known: a_0, b_0" in caplog.text
    assert "waits for the link 7 to cut to; there are: 0 (a_0.video), 1 (b_0.video)" in caplog.text


@pytest.mark.parametrize(
    ("active", "waits", "never"),
    [
        ("camera9", "; did you mean 'camera_0'? known: camera_0, other_0", "nothing was sent"),
        ("camera_0.vide", "; did you mean 'camera_0.video'? known: camera_0.video, other_0.video", "nothing was sent"),
        (7, "; there are: 0 (camera_0.video), 1 (other_0.video)", "nothing was sent"),
    ],
)
def test_a_link_that_never_comes_is_named_with_the_nearest_and_again_at_the_end(
    caplog: pytest.LogCaptureFixture, active: int | str, waits: str, never: str
) -> None:
    run = rig({"camera_0.video": named(6, "a"), "other_0.video": []}, active=active).run()
    assert seen(run) == []
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        f"waits for the link {active!r} to cut to{waits}",
        f"never cut to {active!r}: no such link came, and {never}",
    ]


def test_what_was_sent_instead_of_a_link_that_never_came_is_said_at_the_end(caplog: pytest.LogCaptureFixture) -> None:
    run = rig({"a_0.video": named(6, "a"), "b_0.video": []}).setup()
    run.step()
    run.reconfigure(active="zz")
    run.step()
    run.processor.flush(run.context)
    assert "waits for the link 'zz' to cut to; known: a_0, b_0" in caplog.text
    assert "never cut to 'zz': no such link came, and a_0.video was sent to the end" in caplog.text
    run.reconfigure(active=0)
    run.step()
    caplog.clear()
    run.processor.flush(run.context)
    assert not caplog.records


def test_packets_are_cut_at_a_key_frame() -> None:
    first, second = h264(pictures(60)), h264(pictures(60, width=32, height=32))
    run = rig({"a_0.packets": first, "b_0.packets": second}, carries="packets").setup()
    for _ in range(5):
        run.step()
    run.reconfigure(active=1)
    while run.many["inputs"].frames:
        run.step()
    made: list[EncodedPacket] = run.out("output")
    cut = [n for n, packet in enumerate(second) if packet.keyframe][1]
    widths = [packet.stream.width for packet in made]
    assert widths == [64] * (cut + 1) + [32] * (60 - cut)
    assert [packet.decode_ns for packet in made] == sorted({packet.decode_ns for packet in made})
    late = made[cut + 1]
    assert late.keyframe
    assert late.timestamp_ns - second[cut].timestamp_ns < SECOND // 100
    assert [packet.timestamp_ns for packet in made[cut + 2 :]] == [packet.timestamp_ns for packet in second[cut + 1 :]]


def test_times_that_begin_elsewhere_are_moved_so_that_time_goes_on_as_the_clock_did() -> None:
    old = named(5, "a", start_ns=100 * SECOND)
    new = named(10, "b", start_ns=3 * SECOND)
    run = rig({"a_0.video": old, "b_0.video": new}).setup()
    for _ in range(5):
        run.step()
    run.reconfigure(active=1)
    while run.many["inputs"].frames:
        run.step()
    times = [frame.timestamp_ns for frame in run.out("output")]
    assert times == [100 * SECOND + n * STEP for n in range(10)]


def test_the_decoding_times_of_packets_are_moved_along() -> None:
    stamped = [
        [replace(p, entered_ns=SECOND + n) for n, p in enumerate(h264(pictures(3, start_ns=at)))]
        for at in (90 * SECOND, 0)
    ]
    run = rig({"a_0.packets": stamped[0], "b_0.packets": []}, carries="packets").setup()
    for _ in range(3):
        run.step()
    run.many["inputs"].links[1].frames.extend(stamped[1])
    run.reconfigure(active=1)
    for _ in range(3):
        run.step()
    made: list[EncodedPacket] = run.out("output")
    assert [packet.timestamp_ns for packet in made] == [90 * SECOND + n * STEP for n in range(6)]
    assert [packet.decode_ns for packet in made] == [packet.timestamp_ns for packet in made]


def test_a_pause_on_one_clock_stays_a_pause() -> None:
    old, new = named(5, "a"), named(5, "b", start_ns=8 * SECOND, entered_ns=9 * SECOND)
    run = rig({"a_0.video": old, "b_0.video": []}).setup()
    for _ in range(5):
        run.step()
    run.many["inputs"].links[1].frames.extend(new)
    run.reconfigure(active=1)
    for _ in range(5):
        run.step()
    assert [frame.timestamp_ns for frame in run.out("output")[5:]] == [8 * SECOND + n * STEP for n in range(5)]
    run.processor.teardown()


def test_sound_is_selected_too() -> None:
    run = rig({"a_0.audio": sound(0.1), "b_0.audio": sound(0.1, channels=1)}, carries="audio", active=1).run()
    assert {frame.channels for frame in run.out("output")} == {1}


def test_its_ports_carry_what_the_config_says() -> None:
    runtime = StreamRuntime()
    selector = runtime.add_processor(InputSelector, carries="audio")
    runtime.connect(runtime.add_processor(ToneGenerator), selector)
    runtime.connect(runtime.add_processor(ToneGenerator), selector)
    runtime.connect(selector, runtime.add_processor(AacEncoder))
    with pytest.raises(ConnectError, match="VideoFrame"):
        runtime.connect(runtime.add_processor(TestPatternGenerator), selector)
    with pytest.raises(ConnectError, match="AudioFrame"):
        runtime.connect(selector, runtime.add_processor(VideoScaler))


@pytest.mark.parametrize(("field", "value"), [("active", -1), ("active", ""), ("carries", "pictures")])
def test_a_choice_that_is_none_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=field):
        InputSelector.from_config({field: value})
