from __future__ import annotations

import pytest

from streamlib.events.topics import EVERYTHING, RUNTIME_GLOBAL, link_topic, prefix_of, processor_topic
from streamlib.ids import LinkId, ProcessorId


@pytest.mark.promise("event.topics")
def test_topics_are_named_as_ordered() -> None:
    assert RUNTIME_GLOBAL == "runtime:global"
    assert processor_topic(ProcessorId("camera_0")) == "processor:camera_0"
    assert link_topic(LinkId("a.out->b.in")) == "link:a.out->b.in"


def test_a_pattern_ends_with_a_star() -> None:
    assert prefix_of("processor:*") == "processor:"
    assert prefix_of(EVERYTHING) == ""
    assert prefix_of("processor:camera_0") is None
