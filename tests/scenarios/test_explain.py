"""Why is nothing coming out? In graphs drawn at random, with a trouble or two, the first sentence says who is to blame.

That one node freezes everything without a hint is what users of others suffer: luxonis/depthai-core#1972 and #109,
pipecat-ai/pipecat#3524 and #2645, nvidia-holoscan/holoscan-sdk#44.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import msgspec
import pytest

from streamlib import (
    DataFrame,
    ProcessContext,
    ProcessorConfig,
    PullSink,
    RuntimeContext,
    SchedulingStrategy,
    StreamRuntime,
)
from streamlib.errors import CommitError, ProcessorFailed, StrategyError, UnknownProcessorError
from streamlib.graph import ProcessorNode
from streamlib.graph.components import LightweightMarker
from streamlib.observability.explanation import Cause, Explanation
from streamlib.runtime.handles import ProcessorHandle
from streamlib.testing import ManualClock
from tests.scenarios.conftest import Make
from tests.scenarios.stage import (
    SECONDS,
    STRATEGIES,
    Collect,
    Faulty,
    Hand,
    Line,
    Numbers,
    Pass,
    Record,
    Stuck,
    let_others_run,
)
from tests.scenarios.trouble import TROUBLES, Blame, Branch, NeedsBoth

S = 1_000_000_000
NAMES = [trouble.__name__ for trouble in TROUBLES]


def explained(
    runtime: StreamRuntime, clock: ManualClock, right: Callable[[Explanation], bool], subject: str = ""
) -> Explanation:
    """What `explain` says once it is right: what is injected takes its moment until it has come about everywhere."""
    until, between = monotonic() + SECONDS, threading.Event()
    while True:
        found = runtime.inspector.explain(subject)
        if right(found) or monotonic() > until:
            return found
        between.wait(0.002)
        clock.advance(S // 20)


def blamed(found: Explanation) -> set[Blame]:
    return {(one.root, one.cause) for one in found.roots}


class Scene:
    """A runtime with a branch for each trouble, and one without any."""

    def __init__(self, make: Make, seed: str, troubles: list[Callable[[Branch], Blame]], release: Any) -> None:
        self.clock = ManualClock()
        self.runtime = make(clock=self.clock, workers=8)
        dice = random.Random(seed)
        branches = [Branch(self.runtime, dice, release) for _ in range(len(troubles) + 1)]
        dice.shuffle(branches)
        self.blame = {trouble(branch) for trouble, branch in zip(troubles, branches, strict=False)}
        branches[-1].finish(branches[-1].source())
        self.runtime.start()
        for branch in branches:
            for action in branch.after:
                action()
        self.clock.advance(2 * S)

    def check(self) -> Explanation:
        found = explained(self.runtime, self.clock, lambda found: blamed(found) == self.blame)
        assert blamed(found) == self.blame, str(found)
        assert (found.findings[0].root, found.findings[0].cause) in self.blame
        assert found.findings[0].sentence.startswith(found.findings[0].root)
        for one in found.findings:
            assert (one.root, one.root_cause) in self.blame
            assert one.root in one.sentence
            assert one.is_root == bool(one.advice)
        return found


@pytest.mark.promise("look.explain", "look.explain-root", "look.explain-diamond")
@pytest.mark.parametrize("trouble", TROUBLES, ids=NAMES)
def test_the_first_sentence_names_who_is_to_blame(
    make: Make, release: threading.Event, trouble: Callable[[Branch], Blame]
) -> None:
    scene = Scene(make, trouble.__name__, [trouble], release)
    found = scene.check()
    assert bool(found) is ({cause for _, cause in scene.blame} != {Cause.ENDED})
    assert msgspec.json.decode(msgspec.json.encode(found))["findings"][0]["root"] == found.findings[0].root
    ((root, cause),) = scene.blame
    of_root = explained(
        scene.runtime, scene.clock, lambda found: [one.cause for one in found.findings[:1]] == [cause], root
    )
    assert of_root.findings[0].cause == cause
    release.set()


@pytest.mark.promise("look.explain-root")
@pytest.mark.parametrize("number", range(len(TROUBLES)), ids=NAMES)
def test_of_two_troubles_both_are_named_before_what_comes_of_them(
    request: pytest.FixtureRequest, number: int, strategy: Any
) -> None:
    """Each pair is played under one of the strategies, and all pairs are."""
    mine = sorted(STRATEGIES).index(request.node.callspec.params["strategy"])
    for other in range(number + 1, len(TROUBLES)):
        if (number + other) % len(STRATEGIES) == mine:
            with stage(strategy) as (make, release):
                Scene(make, f"{number} {other}", [TROUBLES[number], TROUBLES[other]], release).check()


@contextmanager
def stage(strategy: Any) -> Iterator[tuple[Make, threading.Event]]:
    """What the fixtures give, for one of several that a test plays."""
    release = threading.Event()
    made: list[StreamRuntime] = []

    def make(**choices: Any) -> StreamRuntime:
        made.append(StreamRuntime(scheduler=strategy, **choices))
        return made[-1]

    try:
        yield make, release
    finally:
        release.set()
        for runtime in made:
            runtime.stop(drain=False)


def test_nothing_is_told_of_a_graph_that_flows(make: Make, release: threading.Event) -> None:
    scene = Scene(make, "healthy", [], release)
    assert str(explained(scene.runtime, scene.clock, lambda found: not found)) == "everything flows"


@pytest.mark.promise("look.explain")
def test_it_explains_at_any_time_of_a_life(make: Make) -> None:
    clock = ManualClock()
    runtime = make(clock=clock)
    assert str(runtime.inspector.explain()).startswith("the runtime has not been started")
    line = Line(runtime).run()
    runtime.pause()
    clock.advance(3 * S)
    paused = runtime.inspector.explain(line.filter)
    assert (paused.findings[0].cause, paused.findings[0].since_ns) == (Cause.RUNTIME_PAUSED, clock.now_ns() - 3 * S)
    assert str(paused).startswith("the runtime has been paused for 3.0 s\n  try: runtime.resume()")
    runtime.resume()
    runtime.stop(drain=False)
    assert str(runtime.inspector.explain()).startswith("the runtime has stopped")


@pytest.mark.promise("look.explain")
@pytest.mark.parametrize("ran", [False, True])
def test_a_start_that_failed_is_told_with_who_and_why_until_a_commit_succeeds(make: Make, ran: bool) -> None:
    clock = ManualClock()
    runtime = make(clock=clock)
    if ran:
        Line(runtime).run()
        runtime.stop(drain=False)
    faulty = runtime.add_processor(Faulty, where="setup", record=Record())
    for _ in range(2):
        with pytest.raises(CommitError):
            runtime.start()
        clock.advance(3 * S)
    found = runtime.inspector.explain()
    assert str(found) == (
        f"{faulty.id} kept the runtime from starting 3.0 s ago: setup failed: ValueError: no luck in setup\n"
        "  try: put its error right, then: runtime.start()"
    )
    (told,) = found.findings
    assert (told.cause, told.root, told.subjects) == (Cause.START_FAILED, faulty.id, (faulty.id,))
    assert told.evidence == {"step": "setup", "error": "ValueError: no luck in setup"}
    assert (told.since_ns, told.lasted_s) == (clock.now_ns() - 3 * S, 3.0)
    assert runtime.inspector.explain(faulty).findings == found.findings
    with pytest.raises(UnknownProcessorError):
        runtime.remove("nobody")
    assert runtime.inspector.explain().findings[0].cause is Cause.START_FAILED  # no commit came of that
    runtime.remove(faulty)
    left = Cause.STOPPED if ran else Cause.NOT_STARTED
    assert [one.cause for one in runtime.inspector.explain().findings] == [left]


def test_a_start_that_was_refused_names_who_cannot_run(make: Make) -> None:
    class Wrong:
        def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
            return SchedulingStrategy.main_thread()

    runtime = make(scheduler=Wrong())
    filter_ = runtime.add_processor(Pass)
    with pytest.raises(StrategyError):
        runtime.start()
    (told,) = runtime.inspector.explain().findings
    assert (told.cause, told.root) == (Cause.START_FAILED, filter_.id)
    assert told.sentence.startswith(f"{filter_.id} kept the runtime from starting 0.0 s ago: StrategyError: ")


def test_after_a_failure_that_stopped_the_runtime_the_failure_is_told_first(make: Make) -> None:
    runtime, record = make(), Record()
    broken = runtime.add_processor(Faulty, where="process", record=record, on_error="stop")
    runtime.connect(runtime.add_processor(Numbers), broken)
    runtime.start()
    with pytest.raises(ProcessorFailed):
        runtime.wait(SECONDS)
    runtime.stop()
    first, second = runtime.inspector.explain().findings
    assert first.sentence == f"{broken.id} failed: ValueError: no luck in process"
    assert second.cause is Cause.STOPPED


def test_a_live_source_that_finds_no_room_is_told_with_who_is_too_slow(make: Make, release: threading.Event) -> None:
    clock, record = ManualClock(), Record()
    runtime = make(clock=clock)

    class Camera(Hand):
        """Is not slowed."""

        live = True

    camera = runtime.add_processor(Camera)
    stuck = runtime.add_processor(Stuck, record=record, release=release)
    link = runtime.connect(camera, stuck)
    runtime.connect(stuck, runtime.add_processor(Collect, record=Record()))
    runtime.start()
    if runtime.graph.has(stuck.id, LightweightMarker):
        return  # then nobody writes while it is inside its call
    runtime.step(camera)
    record.wait_for_call("stuck")
    for _ in range(20):
        runtime.step(camera)
    found = runtime.inspector.explain(stuck)
    assert found.findings[0].cause is Cause.SLOW
    assert "is too slow for what camera_0 sends" in found.findings[0].sentence
    assert runtime.inspector.explain(link).findings[0].root == stuck.id
    clock.advance(10 * S)
    (pace,) = runtime.inspector.health().bottlenecks
    assert (pace.processor_id, pace.link_id, pace.busy, pace.slow) == (stuck.id, link.id, 1.0, True)


def test_who_runs_on_a_main_thread_that_is_elsewhere_is_told(make: Make) -> None:
    class Main:
        def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
            sink = bool(node.declaration.inputs)
            return SchedulingStrategy.dedicated_thread() if sink else SchedulingStrategy.main_thread()

    runtime = make(scheduler=Main(), clock=ManualClock())
    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Collect, record=Record()))
    runtime.start()
    found = runtime.inspector.explain()
    assert {one.cause for one in found.roots} == {Cause.UNATTENDED}
    assert "runs on the main thread" in found.findings[0].sentence
    with pytest.raises(UnknownProcessorError, match="numbers_0"):
        runtime.inspector.explain("numbers")


class Telling(Exception):
    """Says what is to be done when its text is read the next time."""

    def __init__(self) -> None:
        self.meanwhile: list[Callable[[], object]] = []

    def __str__(self) -> str:
        if self.meanwhile:
            self.meanwhile.pop()()
        return "told"


def test_another_processor_may_fail_while_failures_are_told(make: Make) -> None:
    runtime, error = make(), Telling()

    class Fails(Hand):
        """Ends with its first call."""

        def process(self, ctx: ProcessContext) -> None:
            raise error

    one, other = (runtime.add_processor(Fails, on_error="fail") for _ in range(2))
    runtime.start()
    runtime.step(one)
    error.meanwhile.append(lambda: runtime.step(other))
    assert {found.root for found in runtime.inspector.explain().roots} == {one.id, other.id}
    assert not error.meanwhile


class FailsLater(Pass):
    """Passes ten frames on, and fails at each one from there."""

    def setup(self, ctx: RuntimeContext) -> None:
        self.passed = 0

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None and self.passed == 10:
            raise OSError("disk full")
        if frame is not None:
            self.passed += 1
            self.out.write(frame)


@pytest.mark.promise("look.explain")
def test_who_fails_at_each_frame_after_some_that_went_well_is_named(make: Make) -> None:
    clock = ManualClock()
    runtime, record = make(clock=clock), Record()
    source, broken, sink = (
        runtime.add_processor(Numbers),
        runtime.add_processor(FailsLater),
        runtime.add_processor(Collect, record=record),
    )
    runtime.connect(source, broken)
    runtime.connect(broken, sink)
    runtime.start()
    record.wait_until(lambda: len(record.numbers) == 10)
    wanted = {(broken.id, Cause.FAILING)}
    found = explained(runtime, clock, lambda found: blamed(found) == wanted and found.roots[0].since_ns is not None)
    assert blamed(found) == wanted, str(found)
    assert "in each call" in found.findings[0].sentence
    assert "calls so far): OSError: disk full" in found.findings[0].sentence


@pytest.mark.promise("look.explain")
@pytest.mark.parametrize("removes", [False, True])
def test_who_is_cut_off_while_all_runs_is_named_before_those_behind_it(make: Make, removes: bool) -> None:
    clock = ManualClock()
    runtime = make(clock=clock)
    line = Line(runtime).run()
    if removes:
        runtime.remove(line.source)
    else:
        runtime.disconnect(f"{line.source.id}.out->{line.filter.id}.into")
    wanted = (line.filter.id, Cause.UNCONNECTED_INPUT)
    told = {line.filter.id, line.sink.id}
    found = explained(runtime, clock, lambda found: told <= {id_ for one in found.findings for id_ in one.subjects})
    assert wanted in blamed(found), str(found)
    assert "waits for input into: nothing is connected, and the last frame came" in str(found)
    assert f"{line.sink.id} waits for input into because of {line.filter.id}" in str(found)


def calls_of(handle: ProcessorHandle) -> int:
    return handle.metrics.calls if handle.metrics else 0


def lacks_one_that_ended(runtime: StreamRuntime) -> ProcessorHandle:
    mixer = runtime.add_processor(NeedsBoth)
    runtime.connect(runtime.add_processor(Numbers, count=1), mixer.input("music"))
    return mixer


def lacks_one_that_never_was(runtime: StreamRuntime) -> ProcessorHandle:
    return runtime.add_processor(NeedsBoth)


def lacks_a_taker(runtime: StreamRuntime) -> ProcessorHandle:
    return runtime.add_processor(PullSink, type=DataFrame, capacity=1)


@pytest.mark.promise("look.explain")
@pytest.mark.parametrize("delivery", ["every", "latest"])
@pytest.mark.parametrize(
    ("lacking", "cause"),
    [
        (lacks_one_that_ended, Cause.INPUT_ENDED),
        (lacks_one_that_never_was, Cause.UNCONNECTED_INPUT),
        (lacks_a_taker, Cause.OUTSIDE),
    ],
)
def test_who_waits_goes_on_waiting_also_where_a_frame_calls_it_in_vain(
    make: Make, lacking: Callable[[StreamRuntime], ProcessorHandle], cause: Cause, delivery: str
) -> None:
    clock = ManualClock()
    runtime = make(clock=clock)
    hand, waits = runtime.add_processor(Hand), lacking(runtime)
    into = waits.input("input" if cause is Cause.OUTSIDE else "picture")
    runtime.connect(hand, into, delivery=delivery)
    if cause is not Cause.OUTSIDE:
        runtime.connect(waits, runtime.add_processor(Collect, record=Record()))
    runtime.start()
    clock.advance(S)
    for _ in range(2):  # what has ended before, and who reads it
        let_others_run(runtime)
    for _ in range(3):
        runtime.step(hand)
        let_others_run(runtime)
    found = explained(runtime, clock, lambda found: blamed(found) == {(waits.id, cause)}, waits.id)
    assert blamed(found) == {(waits.id, cause)}, str(found)
    since_ns = found.findings[0].since_ns
    for _ in range(3):
        calls = calls_of(waits)
        runtime.step(hand)
        let_others_run(runtime)
        assert calls_of(waits) > calls
        (told,) = runtime.inspector.explain(waits).findings
        assert (told.cause, told.since_ns) == (cause, since_ns)


class Doorbell(Pass):
    """Reads nothing until somebody rings; each call goes through a gate."""

    class Config(ProcessorConfig):
        record: Any
        gate: Any
        tag: str = ""

    def process(self, ctx: ProcessContext) -> None:
        self.config.record.called("in")
        assert self.config.gate.wait(SECONDS)

    def waits_for(self) -> str:
        return "waits for somebody who rings"


@pytest.mark.promise("look.explain")
def test_who_waits_goes_on_waiting_also_inside_a_call_that_has_read_nothing_so_far(make: Make) -> None:
    clock, record, gate = ManualClock(), Record(), threading.Event()
    runtime = make(clock=clock)
    hand, bell = runtime.add_processor(Hand), runtime.add_processor(Doorbell, record=record, gate=gate)
    runtime.connect(hand, bell)
    runtime.start()
    gate.set()
    runtime.step(hand)
    let_others_run(runtime)
    wanted = {(bell.id, Cause.OUTSIDE)}
    assert blamed(explained(runtime, clock, lambda found: blamed(found) == wanted, bell.id)) == wanted
    gate.clear()
    before = record.count("in")
    steps = threading.Thread(target=runtime.step, args=(hand,))
    steps.start()
    record.wait_until(lambda: record.count("in") > before)
    assert blamed(runtime.inspector.explain(bell)) == wanted
    gate.set()
    steps.join(SECONDS)


def test_what_it_says_to_do_after_a_failure_brings_all_of_them_back(make: Make) -> None:
    runtime, record, out = make(), Record(), Record()
    broken = runtime.add_processor(Faulty, where="process", record=record, at=3, on_error="fail")
    sink = runtime.add_processor(Collect, record=out)
    runtime.connect(runtime.add_processor(Numbers), broken)
    runtime.connect(broken, sink)
    runtime.start()
    again = f"edit.restart({sink.id!r})"
    found = explained(runtime, ManualClock(), lambda found: again in "".join(one.advice for one in found.findings))
    code = found.findings[0].advice.partition("then: ")[2]
    assert again in code
    exec(code, {"runtime": runtime})  # noqa: S102 it is to be run as it is written
    out.wait_for(20)
    assert not [one for one in runtime.inspector.explain().findings if one.cause in {Cause.FAILED, Cause.ENDED}]
