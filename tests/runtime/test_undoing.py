"""The verbs that take commits back; what they do while frames flow is played in `tests/scenarios/test_undo.py`."""

from __future__ import annotations

import pytest

from streamlib import CommitRecord, StreamRuntime
from streamlib.errors import ConfigError
from tests.scenarios.stage import Pass


@pytest.mark.promise("edit.undo")
def test_what_was_undone_and_done_again_is_returned() -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Pass, id="a")
    runtime.add_processor(Pass, id="b")
    undone = runtime.undo()
    assert isinstance(undone, CommitRecord)
    assert str(undone) == "2 (undone): add b (Pass)"
    assert undone == runtime.history[-1]
    again = runtime.redo()
    assert str(again) == "2: add b (Pass)"
    assert again == runtime.history[-1]


def test_what_is_done_in_line_returns_nothing() -> None:
    returned: list[object] = []
    runtime = StreamRuntime()
    runtime.add_processor(Pass, id="a")
    heard = runtime.events.subscribe("runtime:global", lambda event: returned.append(runtime.undo()))
    runtime.add_processor(Pass, id="b")
    heard.close()
    assert returned
    assert set(returned) == {None}
    runtime.stop()


def test_a_timeout_is_checked_before_anything_is_done() -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Pass, id="a")
    with pytest.raises(ConfigError, match="timeout is 'long'"):
        runtime.undo(timeout="long")  # type: ignore[arg-type]
    assert runtime.graph.processor_ids() == ["a"]
