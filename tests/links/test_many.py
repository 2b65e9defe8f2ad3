from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.links.many import IncomingLink, ManyReader
from streamlib.links.reader import PlugReader, SlotReader
from tests.links.ends import as_ring, channel, read_all, ring_ends, slot


def links(count: int, *, depth: int = 0) -> tuple[list[SlotReader], ManyReader]:
    """So many links, and frames `0.0`, `0.1` … that wait in the first, `1.0` … in the second."""
    slots = [slot(64) for _ in range(count)]
    for number, reader in enumerate(slots):
        reader.preload([f"{number}.{index}" for index in range(depth)])
    return slots, ManyReader([IncomingLink(f"source_{number}.out", reader) for number, reader in enumerate(slots)])


@pytest.mark.promise("link.many")
def test_links_stand_in_the_order_in_which_they_were_joined_and_say_where_they_come_from() -> None:
    _, many = links(3)
    assert [link.source for link in many.links] == ["source_0.out", "source_1.out", "source_2.out"]
    assert repr(many.links[1]) == "<IncomingLink from source_1.out>"


@pytest.mark.promise("link.many")
def test_read_as_a_whole_each_link_has_its_turn() -> None:
    _, many = links(3, depth=2)
    assert read_all(many) == ["0.0", "1.0", "2.0", "0.1", "1.1", "2.1"]


def test_a_link_without_frames_is_passed_over_and_keeps_its_place() -> None:
    slots, many = links(3, depth=2)
    slots[1].unread()
    assert [many.read(), many.read()] == ["0.0", "2.0"]
    slots[1].preload(["late"])
    assert read_all(many) == ["0.1", "late", "2.1"]


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 4))
def test_whoever_writes_when_nothing_is_lost_and_each_link_keeps_its_order(writes: list[int], count: int) -> None:
    slots, many = links(count)
    got: list[tuple[int, int]] = []
    sent = [0] * count
    for write in writes:
        if write < count:
            slots[write].preload([*slots[write].unread(), (write, sent[write])])
            sent[write] += 1
        else:
            frame = many.read()
            got += [] if frame is None else [frame]
    got += read_all(many)
    assert [[n for link, n in got if link == one] for one in range(count)] == [list(range(n)) for n in sent]


def test_one_link_may_be_read_by_itself() -> None:
    _, many = links(2, depth=2)
    first, second = many.links
    assert [second.read(), second.read(), second.read()] == ["1.0", "1.1", None]
    assert first.read() == "0.0"


@pytest.mark.promise("link.many")
def test_it_has_ended_when_all_of_its_links_have() -> None:
    slots, many = links(2, depth=1)
    seen = [many.ended]
    for reader in slots:
        reader.end()
    seen.append(many.ended)
    read_all(many)
    seen.append(many.ended)
    assert seen == [False, False, True]
    assert all(link.ended for link in many.links)


def test_without_links_it_has_not_ended_and_is_not_connected() -> None:
    _, many = links(0)
    assert (many.read(), many.connected, many.ended, many.links) == (None, False, False, ())


def test_a_link_that_was_cut_is_there_until_it_has_been_read() -> None:
    slots, many = links(2, depth=1)
    slots[0].muted = True
    assert len(many.links) == 2
    assert read_all(many) == ["0.0", "1.0"]
    assert [link.source for link in many.links] == ["source_1.out"]
    assert many.connected
    slots[1].muted = True
    assert not many.connected


def test_a_ring_is_a_link_like_any_other() -> None:
    made = as_ring(channel())
    writer, reader = ring_ends(made)
    many = ManyReader([IncomingLink("far_0.out", reader)])
    writer.write(1)
    writer.end()
    assert not many.ended
    assert read_all(many) == [1]
    assert many.ended


def test_frames_are_counted_by_the_links_and_wait_in_them() -> None:
    _, many = links(2, depth=3)
    many.preload([])
    assert (many.count(), many.depth(), many.unread()) == (0, 0, [])


def test_a_read_that_was_kept_from_before_leads_to_what_has_taken_its_place() -> None:
    _, before = links(1, depth=1)
    _, after = links(2, depth=1)
    kept = before.read
    before.retire(after)
    assert [kept(), kept(), kept()] == ["0.0", "1.0", None]
    assert before.links == ()
    after.retire(PlugReader())
    assert kept() is None
