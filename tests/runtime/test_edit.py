"""An edit collects, checks what it can at once, and leaves no trace when it is discarded."""

from __future__ import annotations

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ConfigError, ConnectError, DuplicateIdError, UnknownLinkError, UnknownProcessorError
from tests.scenarios.stage import Collect, Numbers, Pass, Record


@pytest.mark.promise("runtime.own-ids")
def test_a_caller_may_give_an_id_and_a_taken_one_is_refused() -> None:
    runtime = StreamRuntime()
    assert runtime.add_processor(Numbers, id="cam").id == "cam"
    with pytest.raises(DuplicateIdError, match="cam"):
        runtime.add_processor(Numbers, id="cam")
    assert runtime.graph.processor_ids() == ["cam"]


def test_a_failing_operation_takes_the_others_of_its_edit_back() -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Numbers, id="cam")
    with pytest.raises(DuplicateIdError), runtime.edit() as edit:
        edit.add_processor(Pass, id="new")
        edit.add_processor(Pass, id="cam")
    assert runtime.graph.processor_ids() == ["cam"]


def test_what_can_be_told_from_the_classes_is_refused_when_it_is_asked_for() -> None:
    runtime = StreamRuntime()
    source = runtime.add_processor(Numbers)
    with pytest.raises(ConfigError, match="cuont"):
        runtime.edit().add_processor(Numbers, cuont=1)
    with pytest.raises(ConnectError, match="has no input"):
        runtime.edit().connect(runtime.add_processor(Pass), source)
    with pytest.raises(UnknownLinkError, match="nowhere"):
        runtime.edit().disconnect("nowhere->there")
    with pytest.raises(UnknownProcessorError, match="numbers_9"):
        runtime.edit().remove("numbers_9")


def test_what_an_edit_adds_can_be_connected_in_it() -> None:
    runtime = StreamRuntime()
    with runtime.edit() as edit:
        source = edit.add_processor(Numbers)
        link = edit.connect(source, edit.add_processor(Collect, record=Record()))
    assert link.id in runtime.graph
