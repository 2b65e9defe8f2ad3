"""What happens in one link, each on `link:<id>`.

Names are the order's; DataPushed's timestamp is `frame_timestamp_ns`, because every event has a `timestamp_ns`
of its own. They are published while somebody subscribes to the topic, or to `link:*`: to subscribe is to look into
the link (`streamlib.observability.link_events`), and costs nothing while nobody does.
"""

from __future__ import annotations

from streamlib.events.event import Event
from streamlib.events.topics import link_topic
from streamlib.ids import LinkId


class LinkEvent(Event, frozen=True, gc=False, kw_only=True, tag=True):
    """Any event of a link."""

    link_id: LinkId

    @property
    def topic(self) -> str:
        """The link's own topic."""
        return link_topic(self.link_id)


class DataPushed(LinkEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A frame went into the link.

    Attributes:
        frame_timestamp_ns: The frame's media time.
        size: Its size in bytes.
    """

    frame_timestamp_ns: int
    size: int


class QueueFull(LinkEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A frame met a full link: it or another was dropped, or its writer waits."""

    dropped: bool


class QueueEmpty(LinkEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The last frame was read and none follows yet."""
