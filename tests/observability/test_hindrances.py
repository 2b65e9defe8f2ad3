from __future__ import annotations

import pytest

from streamlib import NoSample, ProcessContext, StreamRuntime
from streamlib.errors import ProcessorFailed
from streamlib.observability.catch import PictureCatch, SoundCatch
from streamlib.observability.hindrances import Hindrances
from streamlib.observability.viewpoint import PICTURES, SOUND, find_viewpoint
from streamlib.runtime.handles import ProcessorHandle
from tests.observability.views import Hear, Pictures, Sounds, packet
from tests.scenarios.stage import SECONDS


class Hapless(Pictures):
    """Fails at its third picture."""

    error_policy = "fail"

    def process(self, ctx: ProcessContext) -> None:
        if self.n == 2:
            raise ValueError("no luck")
        super().process(ctx)


def now(runtime: StreamRuntime, place: ProcessorHandle) -> tuple[str, str]:
    found = Hindrances(runtime.graph).now(find_viewpoint(runtime.graph, place, None, PICTURES))
    return ("", "") if found is None else (found.cause, found.reason)


def test_what_runs_is_not_hindered_and_what_does_not_says_so() -> None:
    runtime = StreamRuntime()
    source, sink = runtime.add_processor(Pictures), runtime.add_processor(Hear)
    assert now(runtime, source) == ("not_running", "the runtime does not run; start it, then sample again")
    with runtime:
        runtime.start()
        assert now(runtime, source) == ("", "")
        assert now(runtime, sink) == ("unconnected", "no link leads to hear_0.video; connect it, then sample again")
        runtime.connect(source, sink.input("video"))
        assert now(runtime, sink) == ("", "")
        runtime.pause(source)
        assert now(runtime, source) == ("paused", "pictures_0 is paused; resume it, then sample again")
        runtime.resume(source)
        runtime.pause()
        assert now(runtime, sink) == ("paused", "the runtime is paused; resume it, then sample again")


def test_who_ended_or_failed_says_so_with_the_error() -> None:
    runtime = StreamRuntime()
    short, hapless = runtime.add_processor(Pictures, count=1), runtime.add_processor(Hapless)
    runtime.start()
    with pytest.raises(ProcessorFailed, match="no luck"):
        runtime.wait(SECONDS)
    assert now(runtime, short)[0] == "ended"
    assert now(runtime, hapless) == (
        "failed",
        "hapless_0 was ended by an error (ValueError: no luck); mend it and restart it",
    )
    runtime.stop()


def test_one_to_whom_nothing_is_connected_says_that_and_not_that_nobody_reads_it() -> None:
    runtime = StreamRuntime()
    scaler = runtime.add_processor("VideoScaler")
    with runtime:
        runtime.start()
        view = find_viewpoint(runtime.graph, scaler, None, PICTURES)
        quiet = Hindrances(runtime.graph).nothing_came(SoundCatch(1_000), view, 3.0)
    assert quiet.reason == (
        "nothing passed video_scaler_0.video_out within 3 s; nothing is connected to its input video_in: connect that"
    )


def test_what_came_instead_is_told() -> None:
    runtime = StreamRuntime()
    sounds = runtime.add_processor(Sounds)
    view = find_viewpoint(runtime.graph, sounds, None, SOUND)
    catch = SoundCatch(1_000)
    quiet = Hindrances(runtime.graph).nothing_came(catch, view, 3.0)
    why = "runtime.inspector.explain('sounds_0') says why; or give a longer timeout"
    assert quiet.reason == f"nothing passed sounds_0.out within 3 s; {why}"
    catch.pushed(packet())
    stranger: NoSample = Hindrances(runtime.graph).nothing_came(catch, view, 3.0)
    assert (stranger.cause, stranger.processor_id) == ("other_media", sounds.id)
    assert "no sound but packets of video (h264); try sample_video" in stranger.reason


def test_packets_that_pass_are_counted() -> None:
    runtime = StreamRuntime()
    encoder = runtime.add_processor("H264Encoder", gop_seconds=1.5)
    view, catch = find_viewpoint(runtime.graph, encoder, None, PICTURES), PictureCatch()
    for _ in range(3):
        catch.pushed(packet())
    reason = Hindrances(runtime.graph).nothing_came(catch, view, 0.5).reason
    assert reason.startswith(
        "3 packets passed h264_encoder_0.packets within 0.5 s, none of them a key frame; one comes"
    )
    assert "1.5 s of pictures" in reason
    runtime.remove(encoder)
    assert "longer timeout" in Hindrances(runtime.graph).nothing_came(catch, view, 0.5).reason
    assert "removed meanwhile" in Hindrances(runtime.graph).nothing_came(PictureCatch(), view, 0.5).reason
