from __future__ import annotations

from streamlib.links.fanout import FanoutWriter, joined
from streamlib.links.writer import PlugWriter, RingWriter, SlotWriter
from tests.links.ends import read_all, ring, slot


def test_each_link_gets_each_frame_and_the_end() -> None:
    readers = [slot(), slot(), slot()]
    writer = joined([SlotWriter(reader) for reader in readers])
    assert isinstance(writer, FanoutWriter)
    writer.write(1)
    writer.write(2)
    writer.end()
    assert [read_all(reader) for reader in readers] == [[1, 2]] * 3
    assert all(reader.ended for reader in readers)
    assert writer.ended


def test_a_fanout_is_free_when_all_its_links_are_and_asks_each() -> None:
    rings = [ring(1), ring(1)]
    writer = joined([RingWriter(made) for made in rings])
    assert writer.free()
    writer.write(1)
    assert not writer.free()
    assert all(made.stalled for made in rings), "each without room has to call"
    rings[0].open().clear()
    assert not writer.free()
    rings[1].open().clear()
    assert writer.free()


def test_a_port_is_as_small_as_its_links_allow() -> None:
    one = SlotWriter(slot())
    assert isinstance(joined([]), PlugWriter)
    assert joined([one]) is one
