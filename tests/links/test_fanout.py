from __future__ import annotations

import sys
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.links import fanout
from streamlib.links.channel import Channel
from streamlib.links.fanout import BUNDLE, Fan, FanoutWriter, writer_to
from streamlib.links.ring import Ring
from streamlib.links.writer import PlugWriter, RingWriter, SlotWriter, Writer
from tests.links.ends import as_ring, as_slot, channel, read_all, ring, slot


def test_each_link_gets_each_frame_and_the_end() -> None:
    readers = [slot(), slot(), slot()]
    writer = writer_to([SlotWriter(reader) for reader in readers])
    assert isinstance(writer, FanoutWriter)
    writer.write(1)
    writer.write(2)
    writer.end()
    assert [read_all(reader) for reader in readers] == [[1, 2]] * 3
    assert all(reader.ended for reader in readers)
    assert writer.ended


def test_a_fanout_is_free_when_all_its_links_are_and_asks_each() -> None:
    rings = [ring(1), ring(1)]
    writer = writer_to([RingWriter(made) for made in rings])
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
    assert isinstance(writer_to([]), PlugWriter)
    assert writer_to([one]) is one


# --------------------------------------------------------------------------------------------------------- very many


class Port:
    """An output in the hands of a test: its links, and what stands there. All that ever stood there is kept."""

    def __init__(self, links: int = 0) -> None:
        self.fan = Fan()
        self.now: Writer = PlugWriter()
        self.kept: list[Writer] = [self.now]
        self.join(*[as_slot(channel(1 << 20)) for _ in range(links)])

    def join(self, *links: Channel) -> None:
        self.fan.add(links)
        self.bind(*links)

    def cut(self, link: Channel) -> None:
        spent = link.part()
        self.fan.remove(link)
        self.bind()
        if spent is not None:
            spent.retire(PlugWriter())

    def bind(self, *renewed: Channel) -> None:
        held = self.now
        for link in renewed:
            self.fan.renew(link, held)
        self.now = self.fan.writer(held)
        held.retire(self.now)
        self.kept.append(self.now)


def got(link: Channel) -> list[int]:
    assert link.reader is not None
    return link.reader.waiting()


@given(
    st.lists(st.tuples(st.sampled_from(["join", "cut", "renew", "bind", "write"]), st.integers(0, 10**6)), max_size=80),
    st.integers(1, 4),
)
def test_each_link_gets_what_is_written_while_it_is_there_whatever_comes_and_goes(
    steps: list[tuple[str, int]], bundle: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fanout, "BUNDLE", bundle)
        port, sent = Port(), 0
        links: list[Channel] = []
        expected: dict[Channel, list[int]] = {}
        for step, which in steps:
            if step == "join":
                new = [as_slot(channel(1 << 20)) for _ in range(which % 4 + 1)]
                expected |= {link: [] for link in new}
                links += new
                port.join(*new)
            elif step == "write":
                port.kept[which % len(port.kept)].write(sent)
                for link in links:
                    expected[link].append(sent)
                sent += 1
            elif step == "bind":
                port.bind()
            elif links and step == "renew":
                port.bind(links[which % len(links)])
            elif links:
                port.cut(links.pop(which % len(links)))
            assert list(port.fan) == links
            assert (len(port.fan), bool(port.fan)) == (len(links), bool(links))
            assert all((link in port.fan) is (link in links) for link in expected)
            held = len(port.now.links) if isinstance(port.now, FanoutWriter) else min(len(links), 1)
            assert held <= (len(links) if len(links) <= bundle else 2 * len(links) / bundle + 1)
        assert [got(link) for link in expected] == list(expected.values())


@pytest.mark.parametrize("links", [2, BUNDLE, 10 * BUNDLE])
def test_a_frame_costs_a_call_for_each_link_and_very_few_more(links: int) -> None:
    port, calls = Port(links), 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call" or (event == "c_call" and argument.__name__ == "write")  # type: ignore[attr-defined]

    sys.setprofile(count)
    port.now.write(1)
    sys.setprofile(None)
    assert calls == 1 + links + (links // BUNDLE if links > BUNDLE else 0)


def test_links_that_an_edit_does_not_touch_keep_their_writers() -> None:
    port = Port(3 * BUNDLE)
    links = list(port.fan)
    before = [link.writer for link in links]
    port.cut(links.pop(BUNDLE))
    port.join(as_slot(channel()))
    del before[BUNDLE]
    assert [link.writer for link in links] == before


@pytest.mark.parametrize("others", [1, 2, BUNDLE, 3 * BUNDLE])
@pytest.mark.parametrize("what", ["join", "cut", "cut to one", "renew", "bind"])
def test_a_write_that_waits_for_room_while_links_come_and_go_comes_to_each_that_stays_once(
    others: int, what: str
) -> None:
    first, port = channel(1), Port()
    stay = [as_slot(channel()) for _ in range(others)]
    goes, comes = as_slot(channel()), as_slot(channel())

    def edit(ring: Ring) -> None:
        ring.take_all()
        if what == "join":
            port.join(comes)
        elif what == "cut":
            port.cut(goes)
        elif what == "cut to one":
            for link in (*stay[1:], goes, first):
                port.cut(link)
        elif what == "renew":
            port.bind(*stay)
        else:
            port.bind()

    as_ring(first, wait=edit)
    port.join(first, goes, *stay)
    port.now.write(1)
    port.now.write(2)  # the first link has no room
    port.now.write(3)
    kept = stay[:1] if what == "cut to one" else stay
    assert [got(link) for link in kept] == [[1, 2, 3]] * len(kept)
    assert got(goes) == ([1] if "cut" in what else [1, 2, 3])
    assert got(comes) == ([3] if what == "join" else [])
