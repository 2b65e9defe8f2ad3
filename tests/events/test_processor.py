from __future__ import annotations

from streamlib.events import ConfigUpdated, FrameProcessed, ProcessorError, ProcessorStateChanged
from streamlib.ids import ProcessorId
from streamlib.states import ProcessorState

CAMERA = ProcessorId("camera_0")


def test_the_events_of_a_processor_are_on_its_own_topic() -> None:
    events = [
        ProcessorStateChanged(processor_id=CAMERA, old=ProcessorState.IDLE, new=ProcessorState.READY),
        ConfigUpdated(processor_id=CAMERA, config={"width": 640}),
        FrameProcessed(processor_id=CAMERA, frame_timestamp_ns=40, latency_ns=7),
        ProcessorError(processor_id=CAMERA, error="ValueError: dark"),
    ]
    assert {event.topic for event in events} == {"processor:camera_0"}


def test_an_error_says_where_it_was_raised_and_about_which_frame() -> None:
    plain = ProcessorError(processor_id=CAMERA, error="ValueError: dark")
    assert (plain.during, plain.frame_timestamp_ns) == ("process", None)
    full = ProcessorError(processor_id=CAMERA, error="ValueError: dark", during="flush", frame_timestamp_ns=40)
    assert (full.during, full.frame_timestamp_ns) == ("flush", 40)
