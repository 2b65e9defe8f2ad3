"""The calls of a head and of the steps behind it, in a row; the same in Python and compiled."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from streamlib.execution import burst
from streamlib.execution.inlining import Step
from streamlib.execution.metrics import Passes, SteadyCount
from streamlib.links.delivery import Delivery
from streamlib.links.reader import Gate, SlotReader
from streamlib.links.writer import SlotWriter


class Head(Gate):
    """Does with its context what it is told to."""

    def __init__(self, call: Callable[[Any], object], context: object = "context") -> None:
        self.call = call
        self.context = context


@dataclass
class Chain:
    """What a burst asks a chain for."""

    attention: bool = False
    passes: Passes = field(default_factory=Passes)
    steps: list[Step] = field(default_factory=list)
    unread: list[Any] = field(default_factory=list)

    def left_over(self, gate: Any) -> None:
        self.unread.append(gate)


def slot_counted_by(passes: Passes) -> SlotReader:
    slot = SlotReader(Delivery.EVERY, lambda target: None)
    slot.steady = SteadyCount(passes)
    return slot


def fail(context: Any) -> None:
    raise ValueError(context)


def test_a_head_alone_is_called_up_to_the_pass_that_is_said() -> None:
    chain, calls = Chain(), list[Any]()
    assert burst.alone(chain, Head(calls.append), (None,), 3) is None
    assert (calls, chain.passes.done) == (["context"] * 3, 3)


def test_a_head_alone_is_called_while_there_is_something_in_its_feed() -> None:
    chain, feed = Chain(), ["one", "two"]
    assert burst.alone(chain, Head(lambda _: feed.pop(0)), feed, 100) is None
    assert (feed, chain.passes.done) == ([], 2)


@pytest.mark.parametrize("way", [burst.alone, burst.through])
def test_attention_ends_a_burst_behind_the_call(way: Callable[..., Any]) -> None:
    chain = Chain()

    def call(context: Any) -> None:
        chain.attention = True

    assert way(chain, Head(call), (None,), 100) is None
    assert chain.passes.done == 1


@pytest.mark.parametrize("way", [burst.alone, burst.through])
def test_what_a_head_raises_comes_back_with_the_frame_that_waited(way: Callable[..., Any]) -> None:
    chain, head = Chain(), Head(fail)
    who, frame, error = way(chain, head, ["frame"], 100)
    assert (who, frame, error.args, chain.passes.done) == (head, "frame", ("context",), 1)


def test_steps_are_called_by_their_slots_and_skipped_where_there_is_no_frame() -> None:
    chain, taken = Chain(), list[Any]()
    first, second = slot_counted_by(chain.passes), slot_counted_by(chain.passes)
    out = SlotWriter(first)
    chain.steps = [(first, lambda _: taken.append(first.read()), None), (second, taken.append, "never")]
    assert burst.through(chain, Head(out.write, "frame"), (None,), 2) is None
    assert isinstance(second.steady, SteadyCount)
    assert (taken, second.steady.skipped) == (["frame", "frame"], 2)


@pytest.mark.parametrize("passes", ["through", "once"])
def test_what_is_left_in_a_slot_is_told(passes: str) -> None:
    chain = Chain()
    slot = slot_counted_by(chain.passes)
    chain.steps = [(slot, lambda _: None, None)]
    if passes == "once":
        slot.frame = "frame"
        assert burst.once(chain.steps, chain.left_over) is None
    else:
        assert burst.through(chain, Head(SlotWriter(slot).write, "frame"), (None,), 1) is None
    assert chain.unread == [slot]


@pytest.mark.parametrize("passes", ["through", "once"])
def test_what_a_step_raises_comes_back_with_its_slot_and_frame(passes: str) -> None:
    chain = Chain()
    slot = slot_counted_by(chain.passes)
    chain.steps = [(slot, fail, "step")]
    if passes == "once":
        slot.frame = "frame"
        broken = burst.once(chain.steps, chain.left_over)
    else:
        broken = burst.through(chain, Head(SlotWriter(slot).write, "frame"), (None,), 1)
    assert broken is not None
    assert (broken[0], broken[1], broken[2].args) == (slot, "frame", ("step",))


def test_the_build_says_whether_it_is_compiled() -> None:
    assert inspect.isfunction(burst.alone) is not burst.COMPILED
    assert inspect.isfunction(SlotReader.read) is inspect.isfunction(SlotWriter.write) is not burst.COMPILED
