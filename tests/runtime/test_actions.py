from __future__ import annotations

from typing import Any

import pytest

from streamlib import CommitMode, ConfigOutcome, PortRef, ProcessorId, StreamRuntime
from streamlib.errors import (
    ConfigError,
    ConnectError,
    CycleError,
    DuplicateIdError,
    UnknownLinkError,
    UnknownPortError,
    UnknownProcessorError,
    UnknownTypeError,
)
from tests.scenarios.stage import Collect, Numbers, Pass, Record


def runtime_with(*types: type) -> StreamRuntime:
    runtime = StreamRuntime()
    for kind in types:
        runtime.registry.register(kind)
    return runtime


def port(processor: str, name: str) -> PortRef:
    return PortRef(ProcessorId(processor), name)


@pytest.mark.promise("agent.actions")
def test_a_graph_is_built_changed_and_taken_down_by_ids_while_it_runs() -> None:
    runtime, record = runtime_with(Numbers, Pass, Collect), Record()
    actions = runtime.actions
    with runtime:
        runtime.start()
        sink = actions.add_processor("Collect", {"record": record}, id="sink")
        between = actions.add_processor("Pass")
        second = actions.connect(port(between, "out"), port(sink, "into"))
        source = actions.add_processor("Numbers", {"first": 5})
        first = actions.connect(port(source, "out"), port(between, "into"))
        assert (source, between, sink) == ("numbers_0", "pass_0", "sink")
        assert (first, second) == ("numbers_0.out->pass_0.into", "pass_0.out->sink.into")
        record.wait_for(10)
        assert actions.update_config(between, {"gain": 3}) is ConfigOutcome.APPLIED_LIVE
        assert actions.update_config(between, {"tag": "new"}) is ConfigOutcome.RESTARTED
        record.wait_for(10)
        actions.disconnect(first)
        actions.remove_processor(source)
        assert runtime.graph.processor_ids() == ["sink", "pass_0"]
        assert record.numbers[0] >= 5  # it ran before it was connected
        assert record.is_gapless()
    runtime.undo()
    assert source in runtime.graph


def test_each_call_is_committed_also_where_edits_are_collected() -> None:
    runtime = runtime_with(Numbers)
    runtime.commit_mode = CommitMode.MANUAL
    source = runtime.actions.add_processor("Numbers")
    assert source in runtime.graph
    runtime.actions.remove_processor(source)
    assert source not in runtime.graph


def test_what_is_asked_for_wrongly_is_refused_with_what_to_do() -> None:
    runtime = runtime_with(Numbers, Pass, Collect)
    actions = runtime.actions
    source, between = actions.add_processor("Numbers"), actions.add_processor("Pass")
    wrong: Any
    with pytest.raises(UnknownTypeError, match="did you mean 'Numbers'"):
        actions.add_processor("Number")
    with pytest.raises(ConfigError, match="did you mean 'first'"):
        actions.add_processor("Numbers", {"frist": 1})
    with pytest.raises(DuplicateIdError):
        actions.add_processor("Numbers", id=source)
    for wrong in ("bitrate=5", 5, [("first", 1)]):
        with pytest.raises(ConfigError, match="config is .*; give fields by name"):
            actions.add_processor("Numbers", wrong)
        with pytest.raises(ConfigError, match="config is .*; give fields by name"):
            actions.update_config(source, wrong)
    with pytest.raises(UnknownProcessorError, match="did you mean 'numbers_0'"):
        actions.update_config("number_0", {})
    with pytest.raises(UnknownProcessorError):
        actions.remove_processor("nobody")
    with pytest.raises(UnknownProcessorError):
        actions.connect(port("nobody", "out"), port(between, "into"))
    with pytest.raises(UnknownPortError, match="has no output port 'into'"):
        actions.connect(port(between, "into"), port(between, "into"))
    for wrong in ("numbers_0.out", (source, "out"), None):
        with pytest.raises(ConfigError, match="source is .*; give PortRef"):
            actions.connect(wrong, port(between, "into"))
        with pytest.raises(ConfigError, match="target is .*; give PortRef"):
            actions.connect(port(source, "out"), wrong)
    with pytest.raises(CycleError):
        actions.connect(port(between, "out"), port(between, "into"))
    actions.connect(port(source, "out"), port(between, "into"))
    with pytest.raises(ConnectError):
        actions.connect(port(source, "out"), port(between, "into"))
    with pytest.raises(UnknownLinkError):
        actions.disconnect("nothing")
    assert actions.update_config(source, {}) is ConfigOutcome.UNCHANGED
