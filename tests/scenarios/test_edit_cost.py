"""What an edit of one processor does is the same in a running graph of any size; how long it takes is benchmarked."""

from __future__ import annotations

import statistics
import sys
from types import FrameType
from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.runtime.edit import Edit
from streamlib.runtime.handles import ProcessorHandle
from tests.scenarios.stage import Hand, Lightweight, Pass, Pooled

ROW = 10


def row(edit: Edit, length: int) -> ProcessorHandle:
    """A source and what stands behind it; returns the last."""
    last = edit.add_processor(Hand)
    for _ in range(length - 1):
        added = edit.add_processor(Pass)
        edit.connect(last, added)
        last = added
    return last


def fan(edit: Edit, readers: int) -> ProcessorHandle:
    """A source whose output so many read; returns it."""
    source = edit.add_processor(Hand)
    for _ in range(readers):
        edit.connect(source, edit.add_processor(Pass))
    return source


def calls_of_an_edit(scheduler: Any, rows: int, length: int = ROW, *, wide: bool = False) -> dict[str, float]:
    """How many calls the thread that edits makes, as medians: to add and connect one, and to remove it.

    It is added behind the last of a row, or to those that read one output.
    """
    counted: dict[str, list[int]] = {"add": [], "remove": []}
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    with StreamRuntime(scheduler=scheduler) as runtime:
        with runtime.edit() as edit:
            lasts = [(fan if wide else row)(edit, length) for _ in range(rows)]
        runtime.start()
        for _ in range(9):
            calls = 0
            sys.setprofile(count)
            with runtime.edit() as edit:
                one_more = edit.add_processor(Pass)
                edit.connect(lasts[0], one_more)
            sys.setprofile(None)
            counted["add"].append(calls)
            calls = 0
            sys.setprofile(count)
            runtime.remove(one_more)
            sys.setprofile(None)
            counted["remove"].append(calls)
    return {what: statistics.median(numbers) for what, numbers in counted.items()}


@pytest.mark.promise("edit.cost")
@pytest.mark.parametrize("scheduler", [Lightweight, Pooled])
def test_one_more_is_as_much_work_in_a_graph_of_a_thousand_as_in_one_of_ten(scheduler: Any) -> None:
    small, large = calls_of_an_edit(scheduler(), 1), calls_of_an_edit(scheduler(), 100)
    for what, calls in small.items():
        assert large[what] <= 1.25 * calls, (small, large)


@pytest.mark.promise("edit.cost")
def test_one_more_is_as_much_work_in_a_loop_of_a_thousand_as_in_one_of_ten() -> None:
    small, large = calls_of_an_edit(Lightweight(), 1), calls_of_an_edit(Lightweight(), 1, 1_000)
    for what, calls in small.items():
        assert large[what] <= 1.25 * calls, (small, large)


@pytest.mark.promise("edit.cost")
@pytest.mark.parametrize("scheduler", [Lightweight, Pooled])
def test_one_more_link_is_as_much_work_at_an_output_that_has_two_thousand_as_at_one_that_has_ten(
    scheduler: Any,
) -> None:
    small, large = (calls_of_an_edit(scheduler(), 1, readers, wide=True) for readers in (ROW, 2_000))
    for what, calls in small.items():
        assert large[what] <= 1.25 * calls, (small, large)
