from __future__ import annotations

from streamlib.execution.entry import EntryWriter
from streamlib.links.fanout import FanoutWriter
from streamlib.links.tap import OutputTap, Tap
from streamlib.links.tapped import TapOutput
from streamlib.links.writer import PlugWriter
from tests.execution.plain_processors import (
    Hand,
    Note,
    Numbers,
    Pair,
    Relay,
    Sink,
    numbers,
    wired,
)
from tests.execution.rig import Rig, own
from tests.links.ends import Look, nobody_fails

# ----------------------------------------------------------------------------------------------------------- what waits


def test_it_is_exhausted_when_all_that_feeds_it_has_ended_and_was_read() -> None:
    rig = Rig()
    first, second, end = rig.add(Hand()), rig.add(Hand()), rig.add(Pair())
    for member in (first, second, end):
        rig.loop(member)
    links = [rig.link(first, end, into="a"), rig.link(second, end, into="b")]
    assert not rig.add(Sink()).exhausted()
    first.call(first.context)
    links[0].end()
    assert not end.exhausted()
    links[1].end()
    assert not end.exhausted()
    end.call(end.context)
    assert end.exhausted()


def test_a_link_that_was_cut_only_has_to_be_empty() -> None:
    rig = Rig()
    first, second, end = rig.add(Hand()), rig.add(Hand()), rig.add(Pair())
    for member in (first, second, end):
        rig.loop(member)
    links = [rig.link(first, end, into="a"), rig.link(second, end, into="b")]
    first.call(first.context)
    links[0].mute()
    links[1].end()
    assert not end.exhausted()
    end.call(end.context)
    assert end.exhausted()
    links[1].mute()
    assert not end.exhausted(), "nothing feeds it any more, and nobody has said that it is to end"
    links[0].end()
    end.unmute()
    assert end.exhausted()


def test_the_oldest_frame_is_that_of_the_first_input_that_has_one() -> None:
    rig = Rig()
    source, end = rig.add(Hand()), rig.add(Pair())
    rig.loop(source)
    rig.loop(end)
    rig.link(source, end, into="b")
    assert end.oldest() is None
    source.call(source.context)
    assert end.oldest() == Note(0)
    end.skip()
    end.skip()
    assert (end.oldest(), end.taken()) == (None, 1)


def test_a_link_that_is_given_another_form_just_when_its_end_is_to_be_heard_again_is_heard() -> None:
    """The reader holds the old form until it is bound."""
    rig = Rig()
    source, end = rig.add(Hand()), rig.add(Sink())
    loop = rig.loop(source, end)
    link = rig.link(source, end)
    loop.arrange([source])
    rig.loop(end)
    link.mute()
    rig.form(link, source, end)
    end.unmute()
    end.bind_input("inp", link)
    link.end()
    assert end.exhausted()


def test_ends_of_a_slot_know_each_other_until_the_link_is_cut() -> None:
    rig = Rig()
    source, first, second = rig.add(Hand()), rig.add(Sink()), rig.add(Sink())
    rig.loop(source, first, second)
    links = [rig.link(source, first), rig.link(source, second)]
    assert source.fed() == [first, second]
    assert first.feeders() == second.feeders() == [source]
    source.switch_output("out", links[:1], [])
    assert source.fed() == [second]
    assert first.feeders() == []
    second.part()
    assert source.fed() == []


# ------------------------------------------------------------------------------------------------------- bound to links


def test_ports_kept_from_before_lead_to_the_present_ones() -> None:
    rig = Rig()
    source, ends = rig.add(Hand()), [rig.add(Sink()) for _ in range(3)]
    rig.loop(source)
    kept = [own(source).out.write]
    for end in ends:
        rig.loop(end)
        rig.link(source, end)
        kept.append(own(source).out.write)
    for number, write in enumerate(kept):
        write(Note(number))
    for end in ends:
        for _ in kept:
            end.call(end.context)
        assert numbers(own(end).got) == [0, 1, 2, 3]


def test_a_port_that_was_ended_says_so_to_a_link_that_comes_later() -> None:
    rig = Rig()
    source, end = rig.add(Hand()), rig.add(Sink())
    rig.loop(source)
    rig.loop(end)
    own(source).out.end()
    rig.link(source, end)
    assert end.exhausted()


def test_outputs_are_switched_from_one_frame_to_the_next() -> None:
    rig = Rig()
    source, old, new = rig.add(Hand()), rig.add(Sink()), rig.add(Sink())
    for member in (source, old, new):
        rig.loop(member)
    cut = rig.link(source, old)
    source.call(source.context)
    joined = rig.link(source, new)
    source.outputs["out"].remove(joined)
    source.bind_output("out")
    source.switch_output("out", [cut], [joined])
    source.call(source.context)
    source.loop.apply(lambda: None, 0)  # type: ignore[union-attr]
    for end in (old, new):
        end.call(end.context)
        end.call(end.context)
    assert (numbers(own(old).got), numbers(own(new).got)) == ([0], [1])
    assert old.exhausted()
    assert not new.exhausted()


def test_outputs_of_one_that_no_loop_runs_yet_are_switched_at_once() -> None:
    _rig, source, end, link = wired()
    source.loop = None
    source.switch_output("out", [link], [])
    assert end.exhausted()
    assert not own(source).out.connected


def test_a_source_of_frames_that_carry_stamps_stamps_them() -> None:
    rig = Rig()
    source = rig.add(Numbers())
    assert isinstance(own(source).out, EntryWriter)
    assert not isinstance(own(rig.add(Hand())).out, EntryWriter)
    assert not isinstance(own(rig.add(Relay())).out, EntryWriter)


def test_a_tapped_port_shows_each_frame_once_however_it_is_bound() -> None:
    rig, source, _end, link = wired(capacity=64)
    look = Look()
    kept = [own(source).out.write]
    link.tap = Tap(nobody_fails)
    link.tap.add(look)
    source.rebind([link])
    kept.append(own(source).out.write)
    other = rig.add(Sink())
    rig.loop(other)
    rig.link(source, other, capacity=64)
    kept.append(own(source).out.write)
    for number, write in enumerate(kept):
        write(Note(number))
    assert numbers(look.shown) == [0, 1, 2]


def test_an_output_shows_each_frame_once_however_it_is_bound_and_is_bare_when_nobody_looks() -> None:
    rig = Rig()
    source, ends = rig.add(Hand()), [rig.add(Sink()) for _ in range(2)]
    rig.loop(source)
    tap, look = OutputTap(nobody_fails), Look()
    tap.add(look)
    before = type(own(source).out)
    kept = [own(source).out.write]
    source.tap_output("out", tap)
    kept.append(own(source).out.write)
    for end in ends:
        rig.loop(end)
        rig.link(source, end, capacity=64)
        kept.append(own(source).out.write)
    assert isinstance(own(source).out, TapOutput)
    for number, write in enumerate(kept):
        write(Note(number))
    assert numbers(look.shown) == [0, 1, 2, 3]
    source.tap_output("out", None)
    kept.append(own(source).out.write)
    for number, write in enumerate(kept):
        write(Note(number))
    assert numbers(look.shown) == [0, 1, 2, 3]
    assert isinstance(own(source).out, FanoutWriter)
    assert before is PlugWriter
    source.tap_output("side", tap)  # it has no such output: another of its id had
    assert not source.taps


def test_the_output_of_a_source_is_shown_with_its_stamps() -> None:
    rig = Rig()
    source = rig.add(Numbers())
    rig.loop(source)
    tap, look = OutputTap(nobody_fails), Look()
    tap.add(look)
    source.tap_output("out", tap)
    source.call(source.context)
    assert isinstance(own(source).out, EntryWriter)
    assert [(frame.sequence, frame.entered_ns > 0) for frame in look.shown] == [(0, True)]
