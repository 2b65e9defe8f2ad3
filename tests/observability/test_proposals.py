from __future__ import annotations

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    ProcessorHandle,
    StreamRuntime,
    VideoFrame,
    processor,
)
from streamlib.observability.explanation import Cause, Finding
from streamlib.observability.proposals import MOST_ADVISED, Proposals
from streamlib.testing import ManualClock
from tests.observability.views import Hear, Pictures
from tests.scenarios.stage import Both, Collect, Hand, Pass, Record


def finding(cause: Cause, handle: ProcessorHandle, port: str) -> Finding:
    evidence = {"inputs" if cause is Cause.UNCONNECTED_INPUT else "outputs": (port,)}
    return Finding(
        cause=cause, subjects=(handle.id,), root=handle.id, root_cause=cause, sentence="", advice="", evidence=evidence
    )


def proposed(runtime: StreamRuntime, cause: Cause, handle: ProcessorHandle, port: str) -> str:
    """What is proposed where types are known that the graph has not."""
    known = {one.__name__: one.declaration for one in (Pictures, Hear, Hand, Collect)}
    (told,) = Proposals(runtime.graph, lambda: known).advise((finding(cause, handle, port),))
    return told.advice


@pytest.mark.promise("look.explain")
def test_what_explain_proposes_for_ports_without_a_link_can_be_run_until_nothing_is_left() -> None:
    """A source that goes nowhere, a filter with nothing at either end, and a sink."""
    clock, record = ManualClock(), Record()
    runtime = StreamRuntime(clock=clock)
    hand, filter_ = runtime.add_processor(Hand), runtime.add_processor(Pass, id="filter")
    sink = runtime.add_processor(Collect, id="sink", record=record)
    with runtime:
        runtime.start()
        clock.advance(2_000_000_000)
        while missing := [
            one
            for one in runtime.inspector.explain().findings
            if one.cause in {Cause.UNCONNECTED_INPUT, Cause.GOES_NOWHERE}
        ]:
            exec(missing[0].advice, {"runtime": runtime})  # noqa: S102 it is to be run as it is written
        runtime.step(hand)
        record.wait_until(lambda: record.numbers == [0])
        joined = {(link.source.processor_id, link.target.processor_id) for link in runtime.graph.links()}
        assert joined == {(hand.id, filter_.id), (filter_.id, sink.id)}


def test_an_output_that_goes_nowhere_comes_before_one_that_has_a_link_and_others_are_named() -> None:
    runtime = StreamRuntime()
    busy, idle = runtime.add_processor(Hand), runtime.add_processor(Hand)
    runtime.connect(busy, runtime.add_processor(Collect, record=Record()))
    for _ in range(4):
        runtime.add_processor(Hand)
    sink = runtime.add_processor(Collect, record=Record())
    assert proposed(runtime, Cause.UNCONNECTED_INPUT, sink, "into") == (
        f"runtime.connect(runtime.processor({idle.id!r}).output('out'), runtime.processor({sink.id!r}).input('into'))"
        "  # hand_2.out, hand_3.out, hand_4.out and 2 more fit too"
    )


def test_nothing_is_proposed_that_would_close_a_circle() -> None:
    runtime = StreamRuntime()
    first, second = runtime.add_processor(Both), runtime.add_processor(Pass)
    runtime.connect(first, second)
    advice = proposed(runtime, Cause.UNCONNECTED_INPUT, first, "left")
    assert advice == "nothing in the graph gives a DataFrame for it; add a processor that gives one, as Hand"
    assert "both_0" not in proposed(runtime, Cause.GOES_NOWHERE, second, "out").partition("add")[0]


def test_where_nothing_fits_it_says_what_is_needed_and_which_types_are_that() -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Hand)
    hear, pictures = runtime.add_processor(Hear), runtime.add_processor(Pictures)
    assert proposed(runtime, Cause.UNCONNECTED_INPUT, hear, "video").startswith("runtime.connect(")
    runtime.remove(pictures)
    assert proposed(runtime, Cause.UNCONNECTED_INPUT, hear, "video") == (
        "nothing in the graph gives a VideoFrame or EncodedPacket for it; add a processor that gives one, as Pictures"
    )
    runtime.remove(hear)
    lonely = runtime.add_processor(Pictures)
    assert proposed(runtime, Cause.GOES_NOWHERE, lonely, "out") == (
        "nothing in the graph has an input free for a VideoFrame; add a processor that takes one, as Hear, "
        f"or runtime.remove({lonely.id!r})"
    )
    (told,) = Proposals(runtime.graph, dict).advise((finding(Cause.GOES_NOWHERE, lonely, "out"),))
    assert "takes one (`streamlib processors` shows all types)" in told.advice


def test_what_is_gone_keeps_its_advice_and_so_do_findings_of_other_causes_and_those_behind_the_first() -> None:
    runtime = StreamRuntime()
    sink, gone = runtime.add_processor(Collect, record=Record()), runtime.add_processor(Hand)
    runtime.remove(gone)
    others = (finding(Cause.PAUSED, sink, "into"), finding(Cause.GOES_NOWHERE, gone, "out"))
    assert Proposals(runtime.graph, dict).advise(others) == others
    many = (finding(Cause.UNCONNECTED_INPUT, sink, "into"),) * (MOST_ADVISED + 2)
    told = Proposals(runtime.graph, dict).advise(many)
    assert [bool(one.advice) for one in told] == [True] * MOST_ADVISED + [False] * 2


@processor
def bright(frame: VideoFrame) -> VideoFrame:
    return frame


class Two(Processor):
    """Takes pictures and data."""

    pictures = LinkInput(VideoFrame)
    data = LinkInput(DataFrame)
    out = LinkOutput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None: ...


def test_explain_names_types_that_the_program_has_used_before() -> None:
    runtime = StreamRuntime()
    runtime.remove(runtime.add_processor(bright))
    clock = ManualClock()
    with StreamRuntime(clock=clock) as other:
        two = other.add_processor(Two)
        other.remove(other.add_processor(bright))
        other.start()
        clock.advance(2_000_000_000)
        (told, *_) = other.inspector.explain(two).findings
        assert told.cause is Cause.UNCONNECTED_INPUT
        assert told.advice.startswith("nothing in the graph gives a VideoFrame for it; add a processor that gives one")
        assert "bright" in told.advice
