"""Which joined link takes the place of which cut one."""

from __future__ import annotations

from typing import Any

import pytest

from streamlib.compiler.joints import Joint, heirs
from streamlib.graph import Link
from streamlib.ids import PortRef, ProcessorId, link_id
from streamlib.links.channel import Channel
from streamlib.links.delivery import Delivery
from streamlib.links.fanout import Heirs


class Stands:
    """In the place of an instance: only who it is counts here."""

    def __init__(self, name: str) -> None:
        self.name = name


class Edit:
    """Joints between named processors; `fan.out` and such."""

    def __init__(self) -> None:
        self.who: dict[str, Any] = {}
        self.names: dict[Channel, str] = {}

    def one(self, name: str) -> Any:
        return self.who.setdefault(name, Stands(name))

    def joint(self, source: str, target: str, *, output: str = "out") -> Joint:
        ends = PortRef(ProcessorId(source), output), PortRef(ProcessorId(target), "into")
        link = Link(link_id(*ends), *ends)
        channel = Channel(link.id, Delivery.EVERY, 8)
        self.names[channel] = f"{source}>{target}"
        return Joint(link, channel, self.one(source), self.one(target))

    def heirs(self, cut: list[Joint], joined: list[Joint], *passing: str) -> dict[str, list[str]]:
        found = self.found(cut, joined, *passing)
        return {self.names[old]: [self.names[one] for one in new.links] for old, new in found.items() if new.links}

    def past(self, cut: list[Joint], joined: list[Joint], *passing: str) -> dict[str, tuple[str, str]]:
        found = self.found(cut, joined, *passing)
        return {
            self.names[old]: (self.names[new.past.link], self.names[new.past.unless])
            for old, new in found.items()
            if new.past is not None
        }

    def found(self, cut: list[Joint], joined: list[Joint], *passing: str) -> dict[Channel, Heirs]:
        return heirs(cut, joined, {self.one(name) for name in passing})


def test_a_filter_that_comes_between_takes_the_place_of_the_link_it_is_put_in() -> None:
    edit = Edit()
    cut = [edit.joint("source", "gone"), edit.joint("source", "sink")]
    joined = [edit.joint("source", "new"), edit.joint("new", "sink"), edit.joint("new", "branch")]
    assert edit.heirs(cut, joined, "gone", "new", "branch") == {"source>sink": ["source>new"]}


def test_a_filter_that_is_taken_out_is_followed_by_the_link_past_it() -> None:
    edit = Edit()
    cut = [edit.joint("source", "other"), edit.joint("source", "old"), edit.joint("old", "sink")]
    joined = [edit.joint("source", "sink")]
    assert edit.heirs(cut, joined, "old", "other") == {"source>old": ["source>sink"]}


def test_one_end_takes_the_place_of_another() -> None:
    edit = Edit()
    cut, joined = [edit.joint("source", "old")], [edit.joint("source", "new")]
    assert edit.heirs(cut, joined, "old", "new") == {"source>old": ["source>new"]}


def test_a_chain_of_those_who_go_is_followed_to_its_end() -> None:
    edit = Edit()
    cut = [edit.joint("source", "a"), edit.joint("a", "b"), edit.joint("a", "c"), edit.joint("b", "d"),
           edit.joint("c", "d"), edit.joint("d", "sink")]  # fmt: skip
    joined = [edit.joint("source", "x"), edit.joint("x", "y"), edit.joint("y", "sink")]
    assert edit.heirs(cut, joined, "a", "b", "c", "d", "x", "y")["source>a"] == ["source>x"]


def test_nobody_takes_the_place_of_a_link_that_only_goes() -> None:
    edit = Edit()
    assert edit.heirs([edit.joint("source", "sink")], []) == {}
    assert edit.heirs([edit.joint("source", "sink")], [edit.joint("source", "branch")], "branch") == {}
    assert edit.heirs([edit.joint("source", "old")], [edit.joint("source", "stays")], "old") == {}


def test_those_who_share_what_a_link_led_to_take_its_place_together() -> None:
    edit = Edit()
    cut = [edit.joint("source", "old"), *(edit.joint("old", end) for end in ("sink", "branch", "left"))]
    joined = [edit.joint("source", "branch"), edit.joint("source", "new"), edit.joint("new", "sink"),
              edit.joint("source", "another"), edit.joint("another", "sink")]  # fmt: skip
    assert edit.heirs(cut, joined, "old", "new", "another") == {"source>old": ["source>branch", "source>new"]}


def test_nobody_takes_the_place_of_two() -> None:
    edit = Edit()
    cut = [edit.joint("source", "one"), edit.joint("source", "two"), edit.joint("one", "sink"),
           edit.joint("two", "sink")]  # fmt: skip
    joined = [edit.joint("source", "sink")]
    assert edit.heirs(cut, joined, "one", "two") == {"source>one": ["source>sink"]}


def test_another_output_is_another_way() -> None:
    edit = Edit()
    cut, joined = [edit.joint("source", "sink")], [edit.joint("source", "sink", output="other")]
    assert edit.heirs(cut, joined) == {}


def test_of_links_that_are_put_behind_one_the_first_has_it_for_its_heir_and_the_others_go_past_it() -> None:
    edit = Edit()
    cut = [edit.joint("source", end) for end in ("left", "sink", "branch")]
    for place, joint in enumerate(reversed(cut)):
        joint.channel.place = place
    joined = [edit.joint("source", "new"), *(edit.joint("new", end) for end in ("sink", "branch", "left"))]
    assert edit.heirs(cut, joined, "new") == {"source>branch": ["source>new"]}
    assert edit.past(cut, joined, "new") == {
        "source>sink": ("new>sink", "source>branch"),
        "source>left": ("new>left", "source>branch"),
    }


@pytest.mark.parametrize(
    ("home", "is_at_hand"), [("of the source", True), ("of the new one", False), ("its own", True)]
)
def test_nobody_writes_into_a_place_where_others_run(home: str, is_at_hand: bool) -> None:
    edit = Edit()
    cut = [edit.joint("source", "sink"), edit.joint("source", "branch")]
    joined = [edit.joint("source", "new"), edit.joint("new", "sink"), edit.joint("new", "branch")]
    homes = {edit.one("source"): "of the source", edit.one("sink"): "another", edit.one("branch"): home}
    homes[edit.one("new")] = "of the new one" if home != "of the source" else home
    found = heirs(cut, joined, {edit.one("new")}, homes.__getitem__)
    assert (cut[1].channel in found) is is_at_hand
