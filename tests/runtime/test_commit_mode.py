"""The two ways in which changes take effect."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from streamlib import CommitMode, StreamRuntime
from streamlib.errors import StateError
from streamlib.runtime.group import Group
from tests.scenarios.stage import SECONDS, Collect, Numbers, Record


def test_a_mode_may_be_named_by_its_word() -> None:
    assert StreamRuntime(commit_mode="manual").commit_mode is CommitMode.MANUAL
    assert StreamRuntime().commit_mode is CommitMode.AUTO


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="sometimes"):
        StreamRuntime(commit_mode="sometimes")


def test_how_a_collected_removal_goes_is_said_to_the_commit() -> None:
    """`remove(drain=False)` was ignored without a word."""
    record = Record()
    with StreamRuntime(commit_mode="manual") as runtime:
        source = runtime.add_processor(Numbers)
        sink = runtime.add_processor(Collect, record=record)
        runtime.connect(source, sink)
        runtime.start()
        record.wait_for(5)
        for given in ({"drain": False}, {"timeout": 1.0}, {"wait": False}):
            choice: Any = given
            with pytest.raises(StateError, match=r"runtime.commit\(timeout=…, drain=…\)"):
                runtime.remove(sink, **choice)
        runtime.pause(sink)
        runtime.remove(sink)
        seen = len(record.numbers)
        runtime.commit(drain=False)
        assert record.count("teardown") == 1
        assert len(record.numbers) == seen


def test_a_commit_waits_for_what_another_thread_is_just_asking_for() -> None:
    runtime = StreamRuntime(commit_mode="manual")
    committed = threading.Thread(target=runtime.commit)

    def pair(group: Group) -> None:
        group.add_processor(Numbers)
        committed.start()
        committed.join(0.05)  # it cannot come in between
        group.add_processor(Numbers)

    runtime.add_group(pair, id="pair")
    committed.join(SECONDS)
    runtime.commit()
    assert runtime.graph.processor_ids() == ["pair/numbers_0", "pair/numbers_1"]
