from __future__ import annotations

from streamlib.events import (
    RUNTIME_GLOBAL,
    GraphDidAddProcessor,
    GraphDidCreateLink,
    GraphDidRemoveLink,
    GraphDidRemoveProcessor,
    GraphStateChanged,
    GraphWillAddProcessor,
    GraphWillCreateLink,
    GraphWillRemoveLink,
    GraphWillRemoveProcessor,
)
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.states import GraphState

CAMERA = ProcessorId("camera_0")
SOURCE, TARGET = PortRef(CAMERA, "video"), PortRef(ProcessorId("encoder_0"), "video")
LINK = LinkId("camera_0.video->encoder_0.video")


def test_coming_and_going_is_told_as_will_and_did() -> None:
    events = [
        GraphWillAddProcessor(processor_id=CAMERA, processor_type="Camera"),
        GraphDidAddProcessor(processor_id=CAMERA, processor_type="Camera"),
        GraphWillRemoveProcessor(processor_id=CAMERA),
        GraphDidRemoveProcessor(processor_id=CAMERA),
        GraphWillCreateLink(link_id=LINK, source=SOURCE, target=TARGET),
        GraphDidCreateLink(link_id=LINK, source=SOURCE, target=TARGET),
        GraphWillRemoveLink(link_id=LINK),
        GraphDidRemoveLink(link_id=LINK),
    ]
    assert {event.topic for event in events} == {RUNTIME_GLOBAL}


def test_a_change_of_state_names_both_states() -> None:
    event = GraphStateChanged(old=GraphState.IDLE, new=GraphState.RUNNING)
    assert (event.old, event.new, event.topic) == (GraphState.IDLE, GraphState.RUNNING, RUNTIME_GLOBAL)
