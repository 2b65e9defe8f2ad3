from __future__ import annotations

from streamlib.events import DataPushed, QueueEmpty, QueueFull
from streamlib.ids import LinkId

LINK = LinkId("a.out->b.in")


def test_the_events_of_a_link_are_on_its_own_topic() -> None:
    events = [
        DataPushed(link_id=LINK, frame_timestamp_ns=40, size=1024),
        QueueFull(link_id=LINK, dropped=True),
        QueueEmpty(link_id=LINK),
    ]
    assert {event.topic for event in events} == {"link:a.out->b.in"}
