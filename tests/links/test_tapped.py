from __future__ import annotations

import pytest

from streamlib.errors import LinkOverflowError
from streamlib.links.channel import Channel
from streamlib.links.delivery import Delivery
from streamlib.links.fanout import writer_to
from streamlib.links.reader import OVERFLOW_LIMIT
from streamlib.links.tap import OutputTap, Tap
from streamlib.links.tapped import TapOutput, TapReader, TapWriter, bare
from tests.links.ends import Look, as_ring, as_slot, channel, nobody_fails, read_all

FORMS = {"slot": as_slot, "ring": as_ring}


def looked_at(link: Channel) -> tuple[Look, TapWriter, TapReader]:
    """A link with its form, an observer, and what its ports hold."""
    look = Look()
    link.tap = Tap(nobody_fails)
    link.tap.add(look)
    writer, reader = link.outlet(), link.inlet()
    assert isinstance(writer, TapWriter)
    assert isinstance(reader, TapReader)
    return look, writer, reader


@pytest.mark.parametrize("form", FORMS)
def test_a_frame_is_shown_after_it_went_on_its_way(form: str) -> None:
    link = FORMS[form](channel())
    look, writer, reader = looked_at(link)
    depths: list[int] = []
    look.pushed = lambda frame: depths.append(reader.depth())  # type: ignore[method-assign]
    writer.write(1)
    writer.write(2)
    assert depths == [1, 2]
    assert (read_all(reader), writer.free(), writer.connected) == ([1, 2], True, True)
    writer.end()
    assert (writer.ended, reader.ended) == (True, True)


@pytest.mark.parametrize("form", FORMS)
def test_the_read_that_leaves_nothing_is_told(form: str) -> None:
    look, writer, reader = looked_at(FORMS[form](channel()))
    writer.write(1)
    writer.write(2)
    assert (reader.read(), look.told) == (1, [])
    assert (reader.read(), look.told) == (2, ["empty"])
    assert (reader.read(), look.told) == (None, ["empty"])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("delivery", "told", "shown", "arrives"),
    [
        (Delivery.EVERY, ["full"], [0, 1, 2], [0, 1, 2]),
        (Delivery.DROP_OLDEST, ["dropped"], [0, 1, 2], [1, 2]),
        (Delivery.DROP_NEWEST, ["dropped"], [0, 1], [0, 1]),
        (Delivery.LATEST, ["dropped", "dropped"], [0, 1, 2], [2]),
    ],
)
def test_a_frame_that_meets_a_full_link_is_told_and_one_that_did_not_go_in_is_not_shown(
    form: str, delivery: Delivery, told: list[str], shown: list[int], arrives: list[int]
) -> None:
    link = FORMS[form](channel(2, delivery=delivery))
    look, writer, reader = looked_at(link)
    for number in range(3):
        writer.write(number)
    assert (look.told, look.shown) == (told, shown)
    link.send_off()
    assert read_all(reader) == arrives


def test_full_is_told_before_the_write_that_waits() -> None:
    seen: list[list[str]] = []
    link = as_ring(channel(1), wait=lambda ring: seen.append([*look.told]))
    look, writer, _ = looked_at(link)
    writer.write(1)
    writer.write(2)
    assert seen == [["full"]]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_to_a_closed_link_is_not_shown(form: str) -> None:
    link = FORMS[form](channel())
    look, writer, _ = looked_at(link)
    link.close()
    writer.write(1)
    assert (look.shown, look.told) == ([], [])


def test_a_tap_holds_nobody_back_beyond_its_link() -> None:
    _, writer, _ = looked_at(as_ring(channel(1)))
    assert (writer.free(), writer.room()) == (True, 1)
    writer.write(1)
    assert (writer.free(), writer.room()) == (False, 0)


def test_a_write_kept_from_a_tapped_port_is_shown_once() -> None:
    """The port was bound anew while somebody listens: the old port leads to the new one, which shows the frame."""
    link = as_slot(channel())
    look, old, reader = looked_at(link)
    kept = old.write
    new = link.outlet()
    old.retire(new)
    kept(1)
    assert look.shown == [1]
    assert read_all(reader) == [1]
    old.end()
    assert reader.ended
    assert new.successor is None


def test_a_read_kept_from_a_tapped_port_goes_on_where_the_link_does() -> None:
    link = as_ring(channel())
    _, _, reader = looked_at(link)
    kept = reader.read
    as_slot(link)
    link.outlet().write(1)
    assert kept() == 1
    assert reader.successor is link.reader


def test_a_tapped_reader_is_the_links_in_all_else() -> None:
    link = as_ring(channel())
    _, writer, reader = looked_at(link)
    writer.write(2)
    reader.preload([1])
    assert (reader.depth(), reader.muted, reader.ended, reader.connected) == (2, False, False, True)
    assert (reader.read(), reader.count()) == (1, 1)
    assert reader.unread() == [2]
    assert bare(reader) is bare(reader.link) is link.reader
    other = as_ring(channel())
    assert other.reader is not None
    reader.retire(other.reader)
    assert reader.successor is other.reader


# -------------------------------------------------------------------------------------------------------- whole outputs


class Shown:
    """Is shown frames, and nothing else."""

    def __init__(self) -> None:
        self.frames: list[int] = []

    def pushed(self, frame: int) -> None:
        self.frames.append(frame)


def output_of(*links: Channel) -> tuple[Shown, TapOutput]:
    """An output of these links, at which somebody looks."""
    tap, shown = OutputTap(nobody_fails), Shown()
    tap.add(shown)
    return shown, TapOutput(writer_to([link.outlet() for link in links]), tap)


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("form", FORMS)
def test_a_frame_is_shown_once_at_an_output_of_any_number_of_links(form: str, count: int) -> None:
    links = [FORMS[form](channel(name=f"a.out->b{n}.in")) for n in range(count)]
    shown, output = output_of(*links)
    output.write(1)
    output.write(2)
    assert shown.frames == [1, 2]
    assert [read_all(link.reader) for link in links if link.reader] == [[1, 2]] * count
    assert output.connected is bool(count)
    assert (output.free(), output.room() > 0) == (True, True)
    output.end()
    assert output.ended
    assert all(link.reader.ended for link in links if link.reader)


def test_an_output_without_room_is_as_its_links_say() -> None:
    shown, output = output_of(as_ring(channel(1)))
    output.write(1)
    assert (output.free(), output.room()) == (False, 0)
    assert shown.frames == [1]


def test_a_frame_that_a_link_refuses_is_not_shown() -> None:
    shown, output = output_of(as_ring(channel(1)))
    with pytest.raises(LinkOverflowError):
        for number in range(OVERFLOW_LIMIT + 9):
            output.write(number)
    assert shown.frames == list(range(OVERFLOW_LIMIT + 1))


def test_an_output_that_was_replaced_leads_to_the_one_after_which_shows_the_frame() -> None:
    link = as_slot(channel())
    before, old = output_of(link)
    after, new = output_of(link)
    old.retire(new)
    old.write(1)
    old.end()
    assert (before.frames, after.frames) == ([], [1])
    assert new.ended
