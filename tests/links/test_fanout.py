from __future__ import annotations

from streamlib.links.fanout import FanoutWriter, TapWriter, joined
from streamlib.links.tap import Tap
from streamlib.links.writer import PlugWriter, RingWriter, SlotWriter
from tests.links.ends import nobody_fails, read_all, ring, slot

# ---------------------------------------------------------------------------------------------------------- several


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
    rings[0].items.clear()
    assert not writer.free()
    rings[1].items.clear()
    assert writer.free()


def test_a_port_is_as_small_as_its_links_allow() -> None:
    one = SlotWriter(slot())
    assert isinstance(joined([]), PlugWriter)
    assert joined([one]) is one


# -------------------------------------------------------------------------------------------------------------- tap


def test_a_tapped_link_shows_a_frame_after_it_went_on_its_way() -> None:
    reader, place = slot(), Tap(nobody_fails)
    depths: list[int] = []
    place.add(lambda frame: depths.append(reader.depth()))
    writer = TapWriter(SlotWriter(reader), place)
    writer.write(1)
    writer.write(2)
    assert depths == [1, 2]
    assert (read_all(reader), writer.free(), writer.connected) == ([1, 2], True, True)
    writer.end()
    assert (writer.ended, reader.ended) == (True, True)


def test_a_tap_holds_nobody_back_beyond_its_link() -> None:
    writer = TapWriter(RingWriter(ring(1)), Tap(nobody_fails))
    writer.write(1)
    assert not writer.free()


def test_a_write_kept_from_a_tapped_port_is_shown_once() -> None:
    """The port was bound anew while somebody listens: the old port leads to the new one, which shows the frame."""
    reader, place, shown = slot(), Tap(nobody_fails), list[int]()
    place.add(shown.append)
    link = SlotWriter(reader)
    old = TapWriter(link, place)
    kept = old.write
    new = TapWriter(link.renewed(), place)
    old.retire(new)
    kept(1)
    assert shown == [1]
    assert read_all(reader) == [1]
    old.end()
    assert (reader.ended, new.ended) == (True, True)
