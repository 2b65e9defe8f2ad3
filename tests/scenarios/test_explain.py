"""Why is nothing coming out? In graphs drawn at random, with one trouble or two: the first sentence names who is to blame."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

import msgspec
import pytest

from streamlib import StreamRuntime
from streamlib.observability.explanation import Explanation
from streamlib.testing import ManualClock
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, STRATEGIES
from tests.scenarios.trouble import TROUBLES, Blame, Branch

S = 1_000_000_000
NAMES = [trouble.__name__ for trouble in TROUBLES]


def explained(runtime: StreamRuntime, clock: ManualClock, right: Callable[[Explanation], bool]) -> Explanation:
    """What `explain` says once it is right: what is injected takes its moment until it has come about everywhere."""
    until, between = monotonic() + SECONDS, threading.Event()
    while True:
        found = runtime.inspector.explain()
        if right(found) or monotonic() > until:
            return found
        between.wait(0.002)
        clock.advance(S // 20)


def blamed(found: Explanation) -> set[Blame]:
    return {(one.root, one.cause) for one in found.roots}


class Scene:
    """A runtime with a branch for each trouble, and one without any."""

    def __init__(self, make: Make, seed: str, troubles: list[Callable[[Branch], Blame]], release: Any) -> None:
        self.clock = ManualClock()
        self.runtime = make(clock=self.clock, workers=8)
        dice = random.Random(seed)
        branches = [Branch(self.runtime, dice, release) for _ in range(len(troubles) + 1)]
        dice.shuffle(branches)
        self.blame = {trouble(branch) for trouble, branch in zip(troubles, branches, strict=False)}
        branches[-1].finish(branches[-1].source())
        self.runtime.start()
        for branch in branches:
            for action in branch.after:
                action()
        self.clock.advance(2 * S)

    def check(self) -> Explanation:
        found = explained(self.runtime, self.clock, lambda found: blamed(found) == self.blame)
        assert blamed(found) == self.blame, str(found)
        assert (found.findings[0].root, found.findings[0].cause) in self.blame
        assert found.findings[0].sentence.startswith(found.findings[0].root)
        for one in found.findings:
            assert (one.root, one.root_cause) in self.blame
            assert one.root in one.sentence
            assert one.is_root == bool(one.advice)
        return found


@pytest.mark.promise("look.explain", "look.explain-root")
@pytest.mark.parametrize("trouble", TROUBLES, ids=NAMES)
def test_the_first_sentence_names_who_is_to_blame(
    make: Make, release: threading.Event, trouble: Callable[[Branch], Blame]
) -> None:
    scene = Scene(make, trouble.__name__, [trouble], release)
    found = scene.check()
    assert found
    assert msgspec.json.decode(msgspec.json.encode(found))["findings"][0]["root"] == found.findings[0].root
    ((root, cause),) = scene.blame
    alone = explained(scene.runtime, scene.clock, lambda _: True)
    own = scene.runtime.inspector.explain(root)
    assert own.findings[0].cause == cause, (str(own), str(alone))
    release.set()


@pytest.mark.promise("look.explain-root")
@pytest.mark.parametrize("number", range(len(TROUBLES)), ids=NAMES)
def test_of_two_troubles_both_are_named_before_what_comes_of_them(
    request: pytest.FixtureRequest, number: int, strategy: Any
) -> None:
    """Each pair is played under one of the strategies, and all pairs are."""
    mine = sorted(STRATEGIES).index(request.node.callspec.params["strategy"])
    for other in range(number + 1, len(TROUBLES)):
        if (number + other) % len(STRATEGIES) == mine:
            release = threading.Event()
            made: list[StreamRuntime] = []

            def make(**choices: Any) -> StreamRuntime:
                made.append(StreamRuntime(scheduler=strategy, **choices))
                return made[-1]

            try:
                Scene(make, f"{number} {other}", [TROUBLES[number], TROUBLES[other]], release).check()
            finally:
                release.set()
                for runtime in made:
                    runtime.stop(drain=False)
