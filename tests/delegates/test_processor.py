from __future__ import annotations

from typing import get_args

import pytest

from streamlib import StreamRuntime
from streamlib.delegates.processor import DefaultProcessorDelegate, ProcessorDelegate
from tests.graph.relays import Relay, relay
from tests.scenarios.stage import Diary, Pass, Record


@pytest.mark.promise(
    "delegate.processor.did-create", "delegate.processor.did-start", "delegate.processor.will-stop",
    "delegate.processor.did-stop", "delegate.processor.did-update-config",
)  # fmt: skip
def test_each_step_in_a_processors_life_is_asked_for_before_and_told_after() -> None:
    diary, seen = Diary(), list[tuple[str, str]]()
    runtime = StreamRuntime(processor_delegate=diary)
    handle = runtime.add_processor(Pass, record=Record())
    diary.look = lambda what, id_: seen.append((what, str(handle.state)))
    assert diary.calls == []
    runtime.start()
    runtime.update_config(handle, gain=3)
    runtime.stop()
    assert seen == [
        ("will_create", "idle"),
        ("did_create", "idle"),
        ("will_start", "ready"),
        ("did_start", "running"),
        ("did_update_config", "running"),
        ("will_stop", "running"),
        ("did_stop", "idle"),
    ]
    assert [type(made) for made in diary.made] == [Pass]
    assert diary.configs == [handle.config]


def test_a_restart_is_the_end_of_one_and_the_start_of_another() -> None:
    diary = Diary()
    runtime = StreamRuntime(processor_delegate=diary)
    handle = runtime.add_processor(Pass, record=Record())
    runtime.start()
    diary.calls.clear()
    runtime.restart(handle)
    told = ["will_create", "did_create", "will_start", "will_stop", "did_stop", "did_start"]
    assert diary.calls == [f"{what} {handle.id}" for what in told]
    assert diary.made[0] is not diary.made[1]
    runtime.stop()


@pytest.mark.promise("delegate.processor.default")
def test_the_default_agrees_to_everything() -> None:
    default, node = DefaultProcessorDelegate(), relay("a")
    default.will_create(node)
    default.did_create(node, Relay())
    for told in (default.will_start, default.did_start, default.will_stop, default.did_stop):
        told(node.id)
    default.did_update_config(node.id, node.config)
    assert vars(default) == {}


def test_the_default_has_every_method() -> None:
    protocols = get_args(ProcessorDelegate)
    assert len(protocols) == 7
    assert all(isinstance(DefaultProcessorDelegate(), protocol) for protocol in protocols)
