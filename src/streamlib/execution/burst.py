"""What each frame pays for in a chain: the calls of a head and of the steps behind it, in a row.

The loops here are the hottest place of the library: each line is paid for by every frame, in `through` and `once` for
each inlined processor again. What a pass is, and who says when it is made, stands in `chain`. This module is small so
that it can be compiled (decision 20): then it has no frames on the stack, so nobody may look for its variables there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from streamlib.execution.inlining import Step
from streamlib.execution.metrics import Passes

COMPILED = not __file__.endswith(".py")
"""Whether this is the compiled build."""

Broken = tuple[Any, Any, BaseException]
"""Who raised (the gate of the step, or the head), with which frame, and what."""


class Called(Protocol):
    """A head, as far as it is called here."""

    @property
    def call(self) -> Callable[[Any], object]: ...
    @property
    def context(self) -> Any: ...


class Passing(Protocol):
    """The chain, as far as a burst asks it."""

    attention: bool
    passes: Passes
    steps: list[Step]

    def left_over(self, gate: Any) -> None: ...


def alone(chain: Passing, head: Called, feed: Sequence[Any], stop: int) -> Broken | None:
    """Call a head with nobody behind it for what is in its feed, up to so many passes. Returns what broke it off."""
    call, context, passes = head.call, head.context, chain.passes
    done = passes.done
    frame = None
    try:
        while True:
            frame = feed[0]
            passes.done = done = done + 1
            call(context)
            if chain.attention or done >= stop or not feed:
                return None
    except BaseException as error:
        return head, frame, error


def through(chain: Passing, head: Called, feed: Sequence[Any], stop: int) -> Broken | None:
    """As `alone`, with everyone behind it who has a frame."""
    call, context, passes = head.call, head.context, chain.passes
    gate: Any = head
    frame = None
    try:
        for _ in range(stop - passes.done):
            if chain.attention or not feed:
                return None
            gate = head
            frame = feed[0]
            passes.done += 1
            call(context)
            for gate, step_call, step_context in chain.steps:
                frame = gate.frame
                if frame is None:
                    gate.steady.skipped += 1
                    continue
                step_call(step_context)
                if gate.frame is not None:
                    chain.left_over(gate)
    except BaseException as error:
        return gate, frame, error
    return None


def once(steps: Sequence[Step], left_over: Callable[[Any], None]) -> Broken | None:
    """Call each of these who has a frame, once. Returns what broke it off."""
    gate: Any = None
    frame = None
    try:
        for gate, call, context in steps:
            frame = gate.frame
            if frame is None:
                gate.steady.skipped += 1
                continue
            call(context)
            if gate.frame is not None:
                left_over(gate)
    except BaseException as error:
        return gate, frame, error
    return None
