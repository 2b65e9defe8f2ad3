"""An edit of any shape is broken off at each of its steps in turn: everything is as it was, and no frame is lost."""

from __future__ import annotations

import contextlib
import gc
import itertools
import random
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from streamlib.observability.explanation import Cause
from streamlib.states import GraphState
from tests.scenarios.conftest import Make
from tests.scenarios.stage import STRATEGIES, Line
from tests.scenarios.world import KINDS, world

CHANGES = ("add", "branch", "connect", "disconnect", "reconnect", "remove", "remove_and_add", "insert", "take_out",
           "replace", "update_live", "update_anew", "restart", "update_capacity", "update_delivery")  # fmt: skip
EDITS = st.lists(st.sampled_from(CHANGES), min_size=1, max_size=5, unique=True)
MOST = 300


@pytest.mark.promise("edit.rollback-any-step")
@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_an_edit_that_fails_at_any_step_leaves_everything_as_it_was(strategy: str) -> None:
    """Each edit is tried with a fault at its first point, at its second and so on, until it comes through."""
    taken: dict[str, int] = dict.fromkeys(KINDS, 0)

    @settings(max_examples=60, phases=[Phase.generate])
    @given(before=st.lists(EDITS, max_size=3), edit=EDITS, seed=st.integers(0, 1 << 16), paused=st.booleans())
    def breaks_off(before: list[list[str]], edit: list[str], seed: int, paused: bool) -> None:
        with world(STRATEGIES[strategy]()) as here:
            draw = random.Random(seed)
            for names in before:
                here.attempt(names, draw.choice)
            here.check()
            if paused:
                here.runtime.pause()
            for nth in range(MOST):
                if here.attempt(edit, random.Random(seed).choice, nth=nth) or not here.faults.struck:
                    break  # in a paused runtime a source that waits inside a call is held up, and cannot be replaced
            else:
                pytest.fail(f"{edit} has no end")
            if paused:
                here.runtime.resume()
            here.check()
            for kind, times in here.faults.taken.items():
                taken[kind] += times

    breaks_off()
    assert min(taken.values()) > 0, taken


def test_a_start_for_which_the_system_has_no_thread_left_leaves_nothing_behind(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first, the second, and so on, of all threads that it starts; tried again, it runs."""
    begin = threading.Thread.start
    for number in itertools.count():
        others, before = set(threading.enumerate()), (sys.getswitchinterval(), gc.get_threshold(), len(gc.callbacks))
        line, left = Line(make()), iter(range(number))

        def start(thread: threading.Thread, left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise RuntimeError("can't start new thread")
            begin(thread)

        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", start)
            with contextlib.suppress(RuntimeError):
                line.runtime.start()
                break
        assert line.runtime.graph.state is GraphState.IDLE
        (told,) = line.runtime.inspector.explain().findings
        assert told.cause is Cause.START_FAILED
        assert "can't start new thread" in told.sentence
        assert (sys.getswitchinterval(), gc.get_threshold(), len(gc.callbacks)) == before
        assert set(threading.enumerate()) == others
        line.run().runtime.stop(drain=False)
    assert number >= 3
