from __future__ import annotations

from streamlib.events import DataPushed, Event, EventBus, QueueEmpty, QueueFull
from streamlib.ids import LinkId
from streamlib.testing import ManualClock

LINK = LinkId("a.out->b.in")


def test_the_events_of_a_link_are_on_its_own_topic() -> None:
    events = [
        DataPushed(link_id=LINK, frame_timestamp_ns=40, size=1024),
        QueueFull(link_id=LINK, dropped=True),
        QueueEmpty(link_id=LINK),
    ]
    assert {event.topic for event in events} == {"link:a.out->b.in"}


def test_who_listens_to_a_link_hears_that_link_alone() -> None:
    bus, heard, all_links = EventBus(ManualClock()), list[Event](), list[Event]()
    bus.subscribe("link:a.out->b.in", heard.append)
    bus.subscribe("link:*", all_links.append)
    for link in (LINK, LinkId("a.out->c.in")):
        bus.publish(QueueEmpty(link_id=link))
    assert [event.topic for event in heard] == ["link:a.out->b.in"]
    assert [event.topic for event in all_links] == ["link:a.out->b.in", "link:a.out->c.in"]
