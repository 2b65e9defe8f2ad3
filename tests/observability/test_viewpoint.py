from __future__ import annotations

from queue import SimpleQueue

import pytest

from streamlib import PortRef, StreamRuntime
from streamlib.errors import ConfigError, UnknownPortError, UnknownProcessorError
from streamlib.observability.viewpoint import (
    PICTURES,
    SOUND,
    Kind,
    Viewpoint,
    find_viewpoint,
    link_to,
)
from tests.observability.views import Both, Given, Hear, Many, Pictures, See, Sounds
from tests.scenarios.stage import Collect, Numbers, Record


def seen(runtime: StreamRuntime, place: object, output: str | None = None, kind: Kind = PICTURES) -> Viewpoint:
    return find_viewpoint(runtime.graph, place, output, kind)


def test_the_only_output_that_carries_it_is_meant() -> None:
    runtime = StreamRuntime()
    source = runtime.add_processor(Pictures)
    expected = Viewpoint(PICTURES, PortRef(source.id, "out"), is_output=True)
    assert seen(runtime, source) == seen(runtime, source.id) == seen(runtime, source, "out") == expected
    both = runtime.add_processor(Both)
    assert seen(runtime, both, kind=SOUND).port.port == "sound"
    anything = runtime.add_processor(Given, frames=SimpleQueue())
    assert seen(runtime, anything).port.port == seen(runtime, anything, kind=SOUND).port.port == "out"


def test_a_port_may_be_given_for_the_processor() -> None:
    runtime = StreamRuntime()
    both = runtime.add_processor(Both)
    for spot in (both.output("right"), PortRef(both.id, "right")):
        assert seen(runtime, spot).port == PortRef(both.id, "right")
    assert seen(runtime, both.output("right"), "left").port.port == "left"
    with pytest.raises(UnknownProcessorError):
        seen(StreamRuntime(), both.output("right"))


def test_an_output_of_packets_is_meant_where_none_carries_frames() -> None:
    runtime = StreamRuntime()
    encoder = runtime.add_processor("H264Encoder")
    assert seen(runtime, encoder) == Viewpoint(PICTURES, PortRef(encoder.id, "packets"), is_output=True)


def test_several_outputs_are_listed() -> None:
    runtime = StreamRuntime()
    both = runtime.add_processor(Both)
    with pytest.raises(ConfigError, match="both_0 has several ports that carry pictures: left, right; .*output='left'"):
        seen(runtime, both)
    assert seen(runtime, both, "right").port.port == "right"


def test_of_a_sink_it_is_the_link_that_leads_there() -> None:
    runtime = StreamRuntime()
    source, sink = runtime.add_processor(Pictures), runtime.add_processor(Hear)
    assert seen(runtime, sink) == Viewpoint(PICTURES, PortRef(sink.id, "video"), is_output=False)
    assert link_to(runtime.graph, seen(runtime, sink)) is None
    link = runtime.connect(source, sink.input("video"))
    assert link_to(runtime.graph, seen(runtime, sink)) == link.id
    assert link_to(runtime.graph, seen(runtime, source)) is None
    assert seen(runtime, sink, kind=SOUND) == Viewpoint(SOUND, PortRef(sink.id, "audio"), is_output=False)


def test_an_input_is_meant_by_name_and_one_of_several_links_is_not() -> None:
    runtime = StreamRuntime()
    scaler, many = runtime.add_processor("VideoScaler"), runtime.add_processor(Many)
    sources = [runtime.add_processor(Pictures) for _ in range(2)]
    runtime.connect(sources[0], scaler)
    assert seen(runtime, scaler).port.port == "video_out"
    assert seen(runtime, scaler, "video_in") == Viewpoint(PICTURES, PortRef(scaler.id, "video_in"), is_output=False)
    for source in sources:
        runtime.connect(source, many)
    with pytest.raises(ConfigError, match="2 links lead to many_0.into; sample one of pictures_0.out, pictures_1.out"):
        seen(runtime, many)


def test_what_carries_none_of_it_is_refused_with_what_there_is() -> None:
    runtime = StreamRuntime()
    numbers, record = runtime.add_processor(Numbers), Record()
    with pytest.raises(ConfigError, match=r"numbers_0 sends no pictures: it has out \(DataFrame\)"):
        seen(runtime, numbers)
    with pytest.raises(ConfigError, match=r"numbers_0.out carries DataFrame, no sound"):
        seen(runtime, numbers, "out", SOUND)
    with pytest.raises(ConfigError, match=r"collect_0 sends no sound: it has into \(DataFrame\)"):
        seen(runtime, runtime.add_processor(Collect, record=record), kind=SOUND)
    with pytest.raises(ConfigError, match=r"sounds_0 sends no pictures"):
        seen(runtime, runtime.add_processor(Sounds))
    with pytest.raises(UnknownPortError, match="did you mean 'into'"):
        seen(runtime, runtime.add_processor(See, record=record), "intro")
