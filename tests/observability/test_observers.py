from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ConfigError, UnknownLinkError, UnknownProcessorError
from streamlib.observability.observer import Observer
from tests.scenarios.stage import Collect, Hand, Line, Pass


def test_a_processor_is_named_by_its_id_or_its_handle_and_a_link_too() -> None:
    runtime = StreamRuntime()
    line = Line(runtime)
    link = runtime.connect(line.source, runtime.add_processor(Collect, record=line.record))
    observers: list[Observer[Any]] = [
        runtime.inspector.observe_processor(line.filter),
        runtime.inspector.observe_processor("pass_0"),
        runtime.inspector.observe_link(link),
        runtime.inspector.observe_link(link.id),
        runtime.inspector.observe_graph(),
    ]
    assert [repr(observer).split(":")[0] for observer in observers] == [
        *["<Observer of pass_0"] * 2,
        *["<Observer of numbers_0.out->collect_1.into"] * 2,
        "<Observer of the graph",
    ]
    for observer in observers:
        observer.close()


@pytest.mark.parametrize("name", ["pas_0", 7, None, object()])
def test_an_unknown_processor_is_refused_with_the_nearest(name: Any) -> None:
    runtime = StreamRuntime()
    Line(runtime)
    with pytest.raises(UnknownProcessorError, match="pass_0"):
        runtime.inspector.observe_processor(name)
    assert not runtime.events._subscriptions


@pytest.mark.parametrize("name", ["numbers_0.out->pass_0.int", 7, None])
def test_an_unknown_link_is_refused_with_the_nearest(name: Any) -> None:
    runtime = StreamRuntime()
    Line(runtime)
    with pytest.raises(UnknownLinkError, match="numbers_0.out->pass_0.into"):
        runtime.inspector.observe_link(name)


def test_a_processor_is_no_link_and_a_link_no_processor() -> None:
    runtime = StreamRuntime()
    line = Line(runtime)
    link: Any = runtime.connect(line.source, runtime.add_processor(Collect, record=line.record))
    with pytest.raises(UnknownProcessorError):
        runtime.inspector.observe_processor(link)
    processor: Any = line.filter
    with pytest.raises(UnknownLinkError):
        runtime.inspector.observe_link(processor)


def test_a_handle_of_another_runtime_is_refused() -> None:
    runtime, other = StreamRuntime(), StreamRuntime()
    Line(runtime)
    foreign = Line(other)
    link = other.connect(foreign.source, other.add_processor(Collect, record=foreign.record))
    with pytest.raises(UnknownProcessorError, match="another runtime"):
        runtime.inspector.observe_processor(foreign.filter)
    with pytest.raises(UnknownLinkError, match="another runtime"):
        runtime.inspector.observe_link(link)


def test_a_handle_whose_processor_or_link_was_removed_says_so_wherever_one_looks() -> None:
    runtime = StreamRuntime()
    line = Line(runtime)
    tone, link = runtime.add_processor("ToneGenerator"), runtime.connect(line.source, runtime.add_processor(Pass))
    pictures = runtime.add_processor("TestPatternGenerator")
    for handle in (line.filter, tone, pictures):
        runtime.remove(handle)
    runtime.disconnect(link)
    looks: list[tuple[Callable[[], object], str]] = [
        (lambda: runtime.inspector.observe_processor(line.filter), line.filter.id),
        (lambda: runtime.inspector.explain(line.filter), line.filter.id),
        (lambda: runtime.perception.processor_status(line.filter), line.filter.id),
        (lambda: runtime.perception.sample_audio(tone), tone.id),
        (lambda: runtime.perception.sample_video(pictures), pictures.id),
        (lambda: runtime.perception.sample_video(pictures.output("video")), pictures.id),
        (lambda: runtime.perception.watch_video(pictures), pictures.id),
    ]
    for look, id_ in looks:
        with pytest.raises(UnknownProcessorError, match=f"{id_} was removed; add another, or take the removal back"):
            look()
    for look in (
        lambda: runtime.inspector.observe_link(link),
        lambda: runtime.inspector.explain(link),
        lambda: runtime.perception.link_status(link),
    ):
        with pytest.raises(UnknownLinkError, match=f"{link.id} was removed; connect its ports again"):
            look()
    assert runtime.inspector.processor(line.filter) is None
    edit = runtime.edit()
    coming = edit.add_processor(Hand)
    with pytest.raises(UnknownProcessorError, match="is not in the graph yet; commit the edit"):
        runtime.inspector.observe_processor(coming)


def test_a_bound_that_is_none_is_refused_and_nothing_is_attached() -> None:
    runtime = StreamRuntime()
    hand = runtime.add_processor(Hand)
    with pytest.raises(ConfigError, match="capacity"):
        runtime.inspector.observe_processor(hand, capacity=0)
    with pytest.raises(ConfigError, match="max_rate"):
        runtime.inspector.observe_processor(hand, max_rate=-1)
    with pytest.raises(ConfigError, match="capacity"):
        runtime.inspector.observe_graph(capacity=0)
    link = runtime.connect(hand, runtime.add_processor(Pass))
    with pytest.raises(ConfigError, match="frames is 'all'; give True"):
        runtime.inspector.observe_link(link, frames="all")  # type: ignore[arg-type]
    assert not runtime.events._subscriptions
