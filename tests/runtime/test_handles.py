"""Handles name processors, ports and links, and stay good over restarts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.errors import DeclarationError, UnknownLinkError, UnknownPortError, UnknownProcessorError
from streamlib.execution.metrics import ProcessorMetrics
from streamlib.graph.components import ReactiveMarker
from streamlib.runtime.group import Group
from streamlib.runtime.handles import LinkHandle
from tests.scenarios.stage import SECONDS, Collect, Numbers, Pass, Record


class Note(str):
    """A component of a user's own."""

    __slots__ = ()


@pytest.mark.promise("graph.component.metrics", "execution.metrics", "look.exact-counters", "look.sample-count")
def test_a_handle_tells_what_runs_and_what_it_has_done() -> None:
    record = Record()
    with StreamRuntime() as runtime:
        source = runtime.add_processor(Numbers, count=100)
        sink = runtime.add_processor(Collect, record=record)
        link = runtime.connect(source, sink)
        assert (sink.instance(), sink.metrics, link.statistics()) == (None, None, None)
        runtime.start()
        assert runtime.wait(SECONDS)
        assert sink.state == "ended"
        metrics, statistics = sink.components[ProcessorMetrics], link.statistics()
        assert metrics.calls == 100
        assert 0 < metrics.latency.stats().samples <= 100
        assert statistics is not None
        assert (statistics.written, statistics.taken, statistics.dropped) == (100, 100, 0)


def test_what_was_counted_can_be_asked_for_after_a_stop_until_it_runs_again() -> None:
    """A script asks behind its `with` block whether anything was dropped."""
    record = Record()
    with StreamRuntime() as runtime:
        source = runtime.add_processor(Numbers, count=100)
        sink = runtime.add_processor(Collect, record=record)
        sink.components[Note] = Note("left of the door")
        link = runtime.connect(source, sink)
        runtime.start()
        assert runtime.wait(SECONDS)
    metrics, statistics = sink.metrics, link.statistics()
    assert metrics is not None
    assert statistics is not None
    assert (metrics.calls, metrics.errors, metrics.latency.stats().samples > 0) == (100, 0, True)
    assert (statistics.written, statistics.taken, statistics.dropped) == (100, 100, 0)
    assert list(sink.components) == [Note]
    runtime.update_config(source, count=7)
    runtime.start()
    assert runtime.wait(SECONDS)
    again = sink.metrics
    assert again is not None
    assert again.calls == 7
    runtime.stop()
    runtime.remove(source)
    runtime.undo()
    assert runtime.processor(source.id).metrics is None
    assert sink.metrics is again


def test_a_link_tells_its_ends() -> None:
    runtime = StreamRuntime()
    source = runtime.add_processor(Numbers)
    sink = runtime.add_processor(Collect, record=Record())
    link = runtime.connect(source, sink)
    assert (link.source, link.target) == (source.output("out").ref, sink.input("into").ref)
    runtime.disconnect(link)
    with pytest.raises(UnknownLinkError):
        assert link.source is None


@pytest.mark.promise("graph.component.markers")
def test_components_of_ones_own_stay_when_the_runtime_stops_and_the_engine_s_go() -> None:
    with StreamRuntime() as runtime:
        sink = runtime.add_processor(Collect, record=Record())
        sink.components[Note] = Note("left of the door")
        runtime.start()
        assert ReactiveMarker in sink.components
        runtime.stop()
        assert ReactiveMarker not in sink.components
        assert sink.components[Note] == "left of the door"


def test_a_port_that_is_not_there_is_told_with_the_nearest() -> None:
    source = StreamRuntime().add_processor(Numbers)
    with pytest.raises(UnknownPortError, match="out"):
        source.output("ouput")


def test_two_handles_of_one_thing_are_equal() -> None:
    runtime, other = StreamRuntime(), StreamRuntime()
    source = runtime.add_processor(Numbers)
    sink = runtime.add_processor(Collect, record=Record())
    link = runtime.connect(source, sink)
    assert runtime.processor(source.id) == source
    assert len({source, runtime.processor(source.id), sink}) == 2
    assert source != sink
    assert other.add_processor(Numbers) != source
    assert source != source.id
    same = LinkHandle(runtime, link.id, link.commit)
    assert (same == link, len({same, link})) == (True, 1)
    assert LinkHandle(other, link.id, link.commit) != link
    assert link != link.id


def test_what_belongs_to_another_runtime_is_refused_by_every_verb() -> None:
    """Both have processors and links of the same ids, which would be taken for these."""
    mine, other = StreamRuntime(), StreamRuntime()
    for runtime in (mine, other):
        runtime.connect(runtime.add_processor(Numbers, id="a"), runtime.add_processor(Pass, id="b"))
        runtime.add_processor(Collect, id="c", record=Record())
        runtime.add_group(lambda group: group.output("out", group.add_processor(Numbers).output("out")), id="g")
    a, b, c = (other.processor(id_) for id_ in "abc")
    group = other.group("g")
    link, here = other.graph.link_ids()[0], mine.processor("a")
    foreign_link = LinkHandle(other, link, a.commit)
    before = mine.graph.processor_ids(), mine.graph.link_ids()
    calls: list[Callable[[], object]] = [
        lambda: mine.connect(b, c),
        lambda: mine.connect(here, c),
        lambda: mine.connect(b.output("out"), mine.processor("c").input("into")),
        lambda: mine.connect(here, c.input("into")),
        lambda: mine.connect(group, mine.processor("c")),
        lambda: mine.remove(b),
        lambda: mine.remove(group),
        lambda: mine.restart(b),
        lambda: mine.replace(b, Pass),
        lambda: mine.update_config(b, gain=2),
        lambda: mine.pause(b),
        lambda: mine.resume(b),
        lambda: mine.step(b),
    ]
    for call in calls:
        with pytest.raises(UnknownProcessorError, match="is of another runtime; give a handle that this one made"):
            call()
    calls = [lambda: mine.disconnect(foreign_link), lambda: mine.update_link(foreign_link, capacity=3)]
    for call in calls:
        with pytest.raises(UnknownLinkError, match="is of another runtime; give a handle that this one made"):
            call()
    assert (mine.graph.processor_ids(), mine.graph.link_ids()) == before
    mine.disconnect(LinkHandle(mine, link, a.commit))


def test_what_was_removed_says_so_to_whoever_asks_by_its_handle() -> None:
    runtime = StreamRuntime()
    source, sink = runtime.add_processor(Numbers), runtime.add_processor(Pass)
    link = runtime.connect(source, sink)
    runtime.remove(source)
    calls: list[Callable[[], object]] = [
        lambda: source.state,
        lambda: source.config,
        lambda: source.metrics,
        lambda: runtime.remove(source),
        lambda: runtime.connect(source, sink),
        lambda: runtime.update_config(source, first=3),
        lambda: runtime.pause(source),
    ]
    for call in calls:
        with pytest.raises(UnknownProcessorError, match=r"numbers_0 was removed; add another, or .*undo\(\)"):
            call()
    calls = [lambda: link.source, link.statistics, lambda: runtime.disconnect(link)]
    for call in calls:
        with pytest.raises(UnknownLinkError, match=f"{link.id} was removed; connect its ports again, or take"):
            call()
    runtime.undo()
    assert (source.state, link.target.processor_id) == ("idle", sink.id)


def test_what_never_was_there_says_so_to_whoever_asks_by_its_handle() -> None:
    runtime = StreamRuntime()
    with pytest.raises(OSError, match="no"), runtime.edit() as edit:
        thrown_away = edit.add_processor(Numbers)
        with pytest.raises(UnknownProcessorError, match="numbers_0 is not in the graph yet; commit the edit"):
            assert thrown_away.state
        raise OSError("no")
    with pytest.raises(UnknownProcessorError, match=r"never came into the graph: .* \(OSError: no\)"):
        assert thrown_away.state
    with pytest.raises(UnknownProcessorError, match="numbers_0 never came into the graph"):
        runtime.remove(thrown_away)


def test_what_is_looked_for_at_the_handle_of_a_link_is_told_where_it_is() -> None:
    runtime = StreamRuntime()
    link: Any = runtime.connect(runtime.add_processor(Numbers), runtime.add_processor(Pass))
    for name, words in {
        "dropped": r"; write link.statistics\(\).dropped",
        "capacity": r"; write runtime.graph.link\(link.id\).capacity",
        "disconnect": r"; write runtime.disconnect\(handle, …\)",
        "nonsense": "no attribute 'nonsense'$",
    }.items():
        with pytest.raises(AttributeError, match=words):
            getattr(link, name)


def test_a_group_offers_the_ports_of_its_own_members_alone() -> None:
    mine, other = StreamRuntime(), StreamRuntime()
    foreign = other.add_processor(Numbers, id="n")

    def build(group: Group) -> None:
        group.add_processor(Pass, id="n")
        group.output("out", foreign.output("out"))

    with pytest.raises(DeclarationError, match="no port of a processor in the group"):
        mine.add_group(build, id="g")
