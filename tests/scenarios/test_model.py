"""Random edits of a running graph, with faults in any of their steps, against a model of what it is to be.

Every strategy has its own walk; each step is one edit, or one verb, and is checked. The suite takes the same steps on
each run; `scripts/test --soak` takes others, from a seed that it prints. What was taken is printed as one table behind
the tests (`tests/conftest.py`).
"""

from __future__ import annotations

import copy
import os
import sys
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from streamlib.errors import StateError, StreamError
from streamlib.states import GraphState
from tests.scenarios.stage import STRATEGIES
from tests.scenarios.world import KINDS, Sink, World, link_of

STEPS, WALKS = 40, 50
WANTED = 500
"""Steps under each strategy: with four of them 2,000."""

LOTS = st.integers(0, (1 << 32) - 1)
"""All that a step leaves to chance comes from one number: what can be chosen then depends on threads, too."""

LIKELY: dict[str, tuple[str, ...]] = {
    "add": ("start",),
    "replace": ("export_state", "import_state"),
    "update_anew": ("export_state", "import_state"),
    "update_live": ("configure",),
    "remove": ("will_stop",),
}
"""Faults that few changes meet."""

SEED = os.environ.get("STREAMLIB_SEED", "0")
"""Where the walks begin: always there in the suite, elsewhere each time in a soak."""


MIXED = ("branch", "connect", "reconnect", "remove", "insert", "take_out", "replace", "update_live", "update_anew",
         "restart", "update_capacity", "update_delivery")  # fmt: skip
"""What several changes in one edit are made of."""


def fault(draw: Random, name: str, taken: Counter[str]) -> tuple[str, int]:
    """No fault, one of a kind, one of the kind that was met least, or one at the nth point of any kind."""
    rare = min(LIKELY.get(name, KINDS), key=lambda kind: taken[kind])
    return draw.choice([("", -1), (draw.choice(KINDS), draw.randrange(2)), (rare, 0), ("", draw.randrange(30))])


class Walk(RuleBasedStateMachine):
    """One world, and a step at a time."""

    strategy: ClassVar[str]
    taken: ClassVar[Counter[str]]
    faults: ClassVar[Counter[str]]
    begun: ClassVar[Counter[str]]
    world: World

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []

    @initialize(burst=st.sampled_from([1, 4, 60]))
    def begin(self, burst: int) -> None:
        self.world = World(STRATEGIES[self.strategy](), burst)
        self.world.faults.taken = self.faults
        for number, names in enumerate((["branch"], ["insert", "branch"], ["branch", "update_live"])):
            assert self.world.attempt(names, Random(number).choice)
        assert self.world.undo()
        rare = min(KINDS, key=lambda kind: self.faults[kind])
        for name in [name for name, kinds in LIKELY.items() if rare in kinds] or ["branch"]:
            self.world.attempt([name], Random(burst + self.begun["walks"]).choice, kind=rare, nth=0)
        self.begun["walks"] += 1
        self._take_what_is_missing(self.begun["walks"])

    def _take_what_is_missing(self, lot: int) -> None:
        """A step that no walk has come to yet, so that none is left to chance alone."""
        missing = [name for name in RULES if not self.taken[name]]
        for name in missing[:1]:
            RULES[name](self, lot)

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.end()

    @invariant()
    def is_as_the_model_says(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            self.world.check()
        except AssertionError as error:
            error.add_note(f"after {', '.join(self.log)}; paused are {sorted(self.world.paused)}")
            raise

    def _took(self, what: str, done: bool) -> None:
        self.log.append(what if done else f"{what}, in vain")
        self.taken[self.log[-1]] += 1

    def _edit(self, lot: int, *names: str) -> None:
        draw = Random(lot)
        kind, nth = fault(draw, names[0], self.world.faults.taken)
        done = self.world.attempt(names, draw.choice, kind=kind, nth=nth)
        self._took(names[0] if len(names) == 1 else "several in one", done)

    @rule(lot=LOTS)
    def add(self, lot: int) -> None:
        self._edit(lot, "add")

    @rule(lot=LOTS)
    def branch(self, lot: int) -> None:
        self._edit(lot, "branch")

    @rule(lot=LOTS)
    def connect(self, lot: int) -> None:
        self._edit(lot, "connect")

    @rule(lot=LOTS)
    def disconnect(self, lot: int) -> None:
        self._edit(lot, "disconnect")

    @rule(lot=LOTS)
    def reconnect(self, lot: int) -> None:
        self._edit(lot, "reconnect")

    @rule(lot=LOTS)
    def remove(self, lot: int) -> None:
        self._edit(lot, "remove")

    @rule(lot=LOTS)
    def remove_and_add(self, lot: int) -> None:
        self._edit(lot, "remove_and_add")

    @rule(lot=LOTS)
    def insert(self, lot: int) -> None:
        self._edit(lot, "insert")

    @rule(lot=LOTS)
    def take_out(self, lot: int) -> None:
        self._edit(lot, "take_out")

    @rule(lot=LOTS)
    def replace(self, lot: int) -> None:
        self._edit(lot, "replace")

    @rule(lot=LOTS)
    def update_live(self, lot: int) -> None:
        self._edit(lot, "update_live")

    @rule(lot=LOTS)
    def update_anew(self, lot: int) -> None:
        self._edit(lot, "update_anew")

    @rule(lot=LOTS)
    def restart(self, lot: int) -> None:
        self._edit(lot, "restart")

    @rule(lot=LOTS)
    def update_capacity(self, lot: int) -> None:
        self._edit(lot, "update_capacity")

    @rule(lot=LOTS)
    def update_delivery(self, lot: int) -> None:
        self._edit(lot, "update_delivery")

    @rule(lot=LOTS)
    def several(self, lot: int) -> None:
        self._edit(lot, *Random(lot).choices(MIXED, k=lot % 4 + 2))

    @rule(lot=LOTS)
    def undo(self, lot: int) -> None:
        kind, nth = fault(Random(lot), "undo", self.world.faults.taken)
        self._took("undo", self.world.undo(kind=kind, nth=nth))

    def resume(self) -> None:
        if self.world.runtime.graph.state is not GraphState.PAUSED:
            self.pause_or_resume()
        self.pause_or_resume()

    @rule(lot=LOTS)
    def redo(self, lot: int) -> None:
        kind, nth = fault(Random(lot), "redo", self.world.faults.taken)
        if not self.world.undone:
            self._took("undo", self.world.undo())
        self._took("redo", self.world.redo(kind=kind, nth=nth))

    @rule(lot=LOTS)
    def pause_one(self, lot: int) -> None:
        id_ = Random(lot).choice([id_ for id_ in self.world.plan.nodes if not self.world.has_ended(id_)])
        self.world.runtime.pause(id_)
        self.world.paused.add(id_)
        self._took("pause one", True)

    @rule()
    def resume_all(self) -> None:
        for id_ in sorted(self.world.paused):
            self.world.runtime.resume(id_)
        self.world.paused.clear()
        self._took("resume one", True)

    @rule()
    def pause_or_resume(self) -> None:
        runtime = self.world.runtime
        paused = runtime.graph.state is GraphState.PAUSED
        if paused:
            runtime.resume()
        else:
            runtime.pause()
        self._took("resume" if paused else "pause", True)

    @rule(lot=LOTS)
    def plan(self, lot: int) -> None:
        """Shown, and not done."""
        world, edit = self.world, self.world.runtime.edit()
        before, model, draw = world.picture(), copy.deepcopy(world.plan), Random(lot)
        for name in draw.choices(MIXED, k=lot % 4):
            world.change(name)(edit, model, draw.choice)
        shown = edit.plan()
        assert shown.errors == ()
        edit.close()
        assert world.picture() == before
        self._took("plan", True)

    @rule(which=st.integers(0, 4))
    def refused(self, which: int) -> None:
        """What the graph or a check refuses, behind something that could be done."""
        world, runtime = self.world, self.world.runtime
        main = world.plan.main
        before = world.picture()

        def nonsense() -> None:
            with runtime.edit() as edit:
                edit.update_config("filter" if "filter" in main else main[0], gain=-1)
                edit.add_processor(Sink, world.config(Sink, world.main), id="never")
                if which == 0:
                    edit.add_processor(Sink, world.config(Sink, world.main), id="sink")
                elif which == 1:
                    edit.update_config(main[0], gain="much")
                elif which == 2:
                    edit.update_link(link_of(*main[:2]), capacity=0)
                elif which == 3:
                    edit.connect(
                        edit._prospect.handle(main[0]).output("out"), edit._prospect.handle(main[-1]).input("into")
                    )
                else:
                    raise StateError("the block itself raises")

        with pytest.raises(StreamError):
            nonsense()
        assert world.picture() == before
        self._took("refused", True)


@pytest.mark.timeout(300)
@pytest.mark.promise("edit.rollback-any-step", "edit.idle-running-paused")
@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_any_walk_through_edits_and_faults_keeps_to_the_model(
    strategy: str, record_property: Callable[[str, object], None]
) -> None:
    taken: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    walk = type("Walk", (Walk,), {"strategy": strategy, "taken": taken, "faults": faults, "begun": Counter()})
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)  # each step waits for other threads
    chosen = settings(
        max_examples=WALKS,
        stateful_step_count=STEPS,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(seed(int(SEED) + sum(strategy.encode()))(walk), settings=chosen)
    finally:
        sys.setswitchinterval(interval)
        rows = {**taken, **{f"fault: {kind}": times for kind, times in faults.items()}, "steps": sum(taken.values())}
        record_property("model", (strategy, rows))
    assert {name for name in RULES if name not in taken} == set()
    assert {kind for kind in KINDS if kind not in faults} == set()
    assert sum(taken.values()) >= WANTED


RULES: dict[str, Callable[[Walk, int], None]] = {
    "add": Walk.add,
    "branch": Walk.branch,
    "connect": Walk.connect,
    "disconnect": Walk.disconnect,
    "reconnect": Walk.reconnect,
    "remove": Walk.remove,
    "remove_and_add": Walk.remove_and_add,
    "insert": Walk.insert,
    "take_out": Walk.take_out,
    "replace": Walk.replace,
    "update_live": Walk.update_live,
    "update_anew": Walk.update_anew,
    "restart": Walk.restart,
    "update_capacity": Walk.update_capacity,
    "update_delivery": Walk.update_delivery,
    "several in one": Walk.several,
    "undo": Walk.undo,
    "redo": Walk.redo,
    "pause one": Walk.pause_one,
    "resume one": lambda walk, lot: walk.resume_all(),
    "pause": lambda walk, lot: walk.pause_or_resume(),
    "resume": lambda walk, lot: walk.resume(),
    "plan": Walk.plan,
    "refused": lambda walk, lot: walk.refused(lot % 5),
}
"""All that a walk may do, and how it is done."""
