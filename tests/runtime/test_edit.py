"""An edit collects, checks what it can at once, and leaves no trace when it is discarded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.errors import (
    ConfigError,
    ConnectError,
    DuplicateIdError,
    StateError,
    UnknownLinkError,
    UnknownProcessorError,
)
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
    with pytest.raises(ConfigError, match="on_error is 'skpi'; did you mean 'skip'"):
        runtime.edit().add_processor(Numbers, on_error="skpi")
    with pytest.raises(ConfigError, match="delivery is 'lates'; did you mean 'latest'"):
        runtime.edit().connect(source, runtime.add_processor(Pass), delivery="lates")
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


def test_an_edit_that_is_over_keeps_nothing_of_what_it_asked_for() -> None:
    runtime = StreamRuntime()
    with runtime.edit() as edit:
        edit.connect(edit.add_processor(Numbers), edit.add_processor(Pass))
        assert len(edit.operations) == 3
    assert edit.operations == []
    assert (edit._prospect.added, edit._prospect.links, edit._prospect.configs) == ({}, {}, {})
    assert len(runtime.history[0].changes) == 3


def test_an_edit_that_is_over_takes_no_more() -> None:
    """What was asked for behind the block was dropped without a word."""
    runtime = StreamRuntime()
    with runtime.edit() as edit:
        source = edit.add_processor(Numbers)
        link = edit.connect(source, edit.add_processor(Collect, record=Record()))
    late: list[Callable[[], object]] = [
        lambda: edit.add_processor(Numbers),
        lambda: edit.add_group(lambda group: None),
        lambda: edit.remove(source),
        lambda: edit.connect(source, source),
        lambda: edit.disconnect(link),
        lambda: edit.update_config(source, count=1),
        lambda: edit.restart(source),
        lambda: edit.attach(source.id, "note"),
        edit.__enter__,
        lambda: runtime.commit_edit(edit),
    ]
    for call in late:
        with pytest.raises(StateError, match=r"this edit is over; begin another with runtime.edit\(\)"):
            call()
    assert runtime.graph.processor_ids() == ["numbers_0", "collect_0"]


def test_an_edit_that_was_discarded_or_failed_is_over_too() -> None:
    runtime = StreamRuntime()
    with pytest.raises(ZeroDivisionError), runtime.edit() as discarded:
        raise ZeroDivisionError
    with pytest.raises(DuplicateIdError), runtime.edit() as failed:
        failed.add_processor(Numbers, id="cam")
        failed.add_processor(Numbers, id="cam")
    for edit in (discarded, failed):
        with pytest.raises(StateError, match="over"):
            edit.add_processor(Numbers)


def test_an_edit_has_one_with_block() -> None:
    with StreamRuntime().edit() as edit, pytest.raises(StateError, match="a `with` block already"):
        edit.__enter__()


def test_what_names_no_processor_or_link_is_refused_in_words() -> None:
    runtime = StreamRuntime()
    source = runtime.add_processor(Numbers)
    link = runtime.connect(source, runtime.add_processor(Collect, record=Record()))
    wrong: Any
    for wrong in (None, 5, [], link):
        for call in (runtime.remove, runtime.update_config, runtime.restart, runtime.step, runtime.processor):
            with pytest.raises(
                UnknownProcessorError, match=r"names no processor; give its handle or its id;.* known: col"
            ):
                call(wrong)
    for wrong in (None, 5, source):
        with pytest.raises(UnknownLinkError, match=r"known: numbers_0.out->collect_0.into"):
            runtime.disconnect(wrong)
    for wrong in ("8", 0, 1.5, True, 1_000_001, 10**20):
        with pytest.raises(ConnectError, match="a link holds 1 frame or more, and 1,000,000 at most"):
            runtime.connect(source, runtime.add_processor(Pass), capacity=wrong)
        with pytest.raises(ConnectError, match="a link holds 1 frame or more, and 1,000,000 at most"):
            runtime.update_link(link, capacity=wrong)


def test_an_id_has_no_characters_that_mean_something_else() -> None:
    runtime = StreamRuntime()
    for given in ("", 5, "a.b", "a->b", "a\nb", "processor:*", "a b", "/a", "a//b"):
        wrong: Any = given
        with pytest.raises(ConfigError, match="it is a text of letters, digits, '_' and '-'"):
            runtime.add_processor(Numbers, id=wrong)
        with pytest.raises(ConfigError, match="it is a text of letters, digits, '_' and '-'"):
            runtime.add_group(lambda group: None, id=wrong)
    assert runtime.graph.processor_ids() == []
