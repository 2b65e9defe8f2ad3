from __future__ import annotations

from typing import Any, get_args

import pytest

from streamlib import StreamRuntime
from streamlib.delegates.processor import DefaultProcessorDelegate, ProcessorDelegate
from streamlib.graph import ProcessorNode
from streamlib.ids import ProcessorId
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.processor import Processor
from streamlib.states import ProcessorState
from tests.graph.relays import Relay, relay
from tests.scenarios.stage import Pass, Record


class Diary:
    """Writes down what it is asked and told, with the state of the processor at that time."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.made: list[Processor] = []
        self.configs: list[ProcessorConfig] = []
        self.state_of: Any = None

    def _note(self, what: str, id_: ProcessorId) -> None:
        self.calls.append((what, self.state_of(id_)))

    def will_create(self, node: ProcessorNode) -> None:
        self._note("will_create", node.id)

    def did_create(self, node: ProcessorNode, processor: Processor) -> None:
        self._note("did_create", node.id)
        self.made.append(processor)

    def will_start(self, processor_id: ProcessorId) -> None:
        self._note("will_start", processor_id)

    def did_start(self, processor_id: ProcessorId) -> None:
        self._note("did_start", processor_id)

    def will_stop(self, processor_id: ProcessorId) -> None:
        self._note("will_stop", processor_id)

    def did_stop(self, processor_id: ProcessorId) -> None:
        self._note("did_stop", processor_id)

    def did_update_config(self, processor_id: ProcessorId, config: ProcessorConfig) -> None:
        self._note("did_update_config", processor_id)
        self.configs.append(config)


def kept(diary: Diary) -> StreamRuntime:
    runtime = StreamRuntime(processor_delegate=diary)
    diary.state_of = lambda id_: str(runtime.graph.get(id_, ProcessorState))
    return runtime


@pytest.mark.promise(
    "delegate.processor.did-create", "delegate.processor.did-start", "delegate.processor.will-stop",
    "delegate.processor.did-stop", "delegate.processor.did-update-config",
)  # fmt: skip
def test_each_step_in_a_processors_life_is_asked_for_before_and_told_after() -> None:
    diary = Diary()
    runtime = kept(diary)
    handle = runtime.add_processor(Pass, record=Record())
    assert diary.calls == []
    runtime.start()
    runtime.update_config(handle, gain=3)
    runtime.stop()
    assert diary.calls == [
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
    runtime = kept(diary)
    handle = runtime.add_processor(Pass, record=Record())
    runtime.start()
    diary.calls.clear()
    runtime.restart(handle)
    told = [what for what, _ in diary.calls]
    assert told == ["will_create", "did_create", "will_start", "will_stop", "did_stop", "did_start"]
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
