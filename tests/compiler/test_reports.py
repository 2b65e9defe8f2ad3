from __future__ import annotations

import logging
import threading
import weakref

import pytest

from streamlib.compiler.reports import GONE_LIMIT, RECENT
from streamlib.events import Event, ProcessorError
from streamlib.events.processor import ProcessorStateChanged
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import RecentErrors
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.states import ProcessorState
from tests.compiler.yard import Yard
from tests.scenarios.stage import SECONDS, Collect, Hand, Pass, Record


def instance(yard: Yard, id_: str = "a", *, policy: ErrorPolicy = ErrorPolicy.SKIP) -> ProcessorInstance:
    """One that is in the graph and does not run."""
    return yard.site.instance(yard.graph.node(yard.add(Pass, id_, policy=policy)))


def heard(yard: Yard) -> list[Event]:
    events: list[Event] = []
    yard.bus.subscribe("processor:*", events.append)
    return events


def test_each_error_is_published_and_the_log_counts_those_that_repeat(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    one, events = instance(yard), heard(yard)
    for number in range(120):
        yard.reports.errored(one, ValueError("no luck"), number * 500_000_000)
    yard.reports.ended(one)
    first, count, *_ = [record.getMessage() for record in caplog.records]
    assert first == "a: at 0.000 s: ValueError: no luck"
    assert count.startswith("a: ValueError: no luck: 119 times more in ")
    assert len(events) == 120


def test_a_failure_is_known_before_anything_is_said_of_it(yard: Yard) -> None:
    """Who waits may look as soon as a processor is over."""
    one, known = instance(yard, policy=ErrorPolicy.FAIL), []
    one.setup()

    class Look(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            known.append(dict(yard.reports.failures))

    look, log = Look(), logging.getLogger("streamlib.processor")
    error = ValueError("no luck")
    for _ in range(3):
        yard.reports.errored(one, error, None)
    log.addHandler(look)
    try:
        one.finish(error)
    finally:
        log.removeHandler(look)
    assert known == [{"a": error}]


def test_a_processor_none_of_whose_calls_succeeded_is_named_when_it_ends(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    in_vain, at_times = instance(yard, "in_vain"), instance(yard, "at_times")
    for one, failed in ((in_vain, 3), (at_times, 2)):
        for _ in range(3):
            one.metrics.count()
        for _ in range(failed):
            yard.reports.errored(one, ValueError("no luck"), None)
        yard.reports.ended(one)
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert said == ["in_vain: failed on all 3 frames; the last error: ValueError: no luck"]


def test_another_error_and_another_processors_are_logged_anew(yard: Yard, caplog: pytest.LogCaptureFixture) -> None:
    a, b = instance(yard, "a"), instance(yard, "b")
    for who, text in ((a, "x"), (a, "x"), (b, "x"), (a, "y")):
        yard.reports.errored(who, ValueError(text), None)
    assert [record.getMessage() for record in caplog.records] == [
        "a: ValueError: x", "b: ValueError: x", "a: ValueError: y",
    ]  # fmt: skip
    assert {record.levelno for record in caplog.records} == {logging.ERROR}


@pytest.mark.promise("error.counted")
def test_an_error_is_published_with_whose_it_is_and_of_which_frame(yard: Yard) -> None:
    one, events = instance(yard), heard(yard)
    yard.reports.errored(one, OSError("gone"), 40)
    (error,) = events
    assert isinstance(error, ProcessorError)
    assert (error.processor_id, error.error, error.frame_timestamp_ns) == ("a", "OSError: gone", 40)


def test_a_state_is_set_in_the_graph_and_published(yard: Yard) -> None:
    one, events = instance(yard), heard(yard)
    one.setup()
    assert yard.graph.get(one.id, ProcessorState) is ProcessorState.READY
    (event,) = events
    assert isinstance(event, ProcessorStateChanged)
    assert (event.processor_id, event.old, event.new) == ("a", "idle", "ready")


def test_one_that_goes_does_not_set_the_state_of_who_bears_its_id_by_now(yard: Yard) -> None:
    old = instance(yard)
    old.setup()
    yard.remove("a")
    old.become(ProcessorState.RUNNING)
    yard.add(Pass, "a")
    yard.commit()
    old.become(ProcessorState.ENDED)
    assert yard.graph.get(old.id, ProcessorState) is ProcessorState.RUNNING


@pytest.mark.parametrize(("policy", "stops"), [("skip", 0), ("fail", 0), ("stop", 1)])
def test_a_failure_is_kept_and_only_the_policy_stop_asks_for_a_stop(yard: Yard, policy: str, stops: int) -> None:
    asked: list[str] = []
    yard.reports.stop_wanted = lambda: asked.append("stop")
    one = instance(yard, policy=ErrorPolicy(policy))
    one.setup()
    error = ValueError("no luck")
    one.finish(error)
    assert yard.reports.failures == {"a": error}
    assert len(asked) == stops


def test_an_end_without_an_error_is_no_failure(yard: Yard) -> None:
    yard.reports.stop_wanted = lambda: pytest.fail("nobody failed")
    one = instance(yard, policy=ErrorPolicy.STOP)
    one.setup()
    one.finish()
    assert yard.reports.failures == {}


def test_who_waits_looks_again_when_a_processor_ends(yard: Yard) -> None:
    one = instance(yard)
    one.setup()
    looked = threading.Event()

    def over() -> bool:
        looked.set()
        return one.over

    answers: list[bool] = []
    waiter = threading.Thread(target=lambda: answers.append(yard.reports.wait_until(over, SECONDS)))
    waiter.start()
    assert looked.wait(SECONDS)
    one.finish()
    waiter.join(SECONDS)
    assert answers == [True]
    assert not yard.reports.wait_until(lambda: False, 0.0)


@pytest.mark.promise("link.counters")
def test_what_is_written_to_one_that_has_ended_is_counted(yard: Yard) -> None:
    """A reader that ended while frames were on their way: each frame of the link is still counted once."""
    yard.add(Hand, "hand")
    yard.add(Collect, "sink", record=Record())
    (link,) = yard.chain("hand", "sink")
    yard.commit()
    sink = yard.instance("sink")
    sink.end()
    assert yard.reports.wait_until(lambda: sink.over, SECONDS)
    yard.step("hand", 3)
    counted = yard.channel(link).statistics()
    assert (counted.written, counted.closed, counted.depth) == (3, 3, 0)


def test_of_those_who_failed_and_went_the_last_are_kept_for_who_waits(yard: Yard) -> None:
    gone: list[str] = []
    yard.reports.gone = gone.append
    names = [f"n{number}" for number in range(GONE_LIMIT + 3)]
    for name in names:
        one = instance(yard, name)
        one.setup()
        yard.reports.gave_up[name] = 3
        one.finish(ValueError("no luck"))
        entity = yard.graph.remove_processor(one.id)
        yard.reports.torn_down(one, entity)
    assert list(yard.reports.failures) == list(yard.reports.gave_up) == names[3:]
    assert gone == names


def test_one_who_failed_and_is_still_there_is_kept_whatever_becomes_of_others(yard: Yard) -> None:
    stays = instance(yard, "stays")
    stays.setup()
    stays.finish(ValueError("no luck"))
    yard.reports.torn_down(stays, yard.graph.entity("stays"))
    for number in range(GONE_LIMIT + 1):
        one = instance(yard, f"n{number}")
        one.setup()
        one.finish(ValueError("no luck"))
        yard.reports.torn_down(one, yard.graph.remove_processor(one.id))
    assert len(yard.reports.failures) == GONE_LIMIT + 1
    assert "stays" in yard.reports.failures


def test_one_who_was_stuck_and_fails_when_it_has_gone_is_kept_without_what_it_held(yard: Yard) -> None:
    one = instance(yard)
    one.setup()
    yard.graph.remove_processor(one.id)
    held = Record()
    error = raised_with(held)
    freed = weakref.ref(held)
    del held
    one.finish(error)
    assert yard.reports.failures == {"a": error}
    assert freed() is None


def raised_with(held: object) -> Exception:
    mine = held
    try:
        try:
            raise OSError(type(mine).__name__)
        except OSError as first:
            raise ValueError("no luck") from first
    except ValueError as caught:
        error = caught
    return error


def test_of_the_errors_of_late_it_is_known_how_many_calls_they_were_of(yard: Yard) -> None:
    one = instance(yard)
    assert yard.reports.recent_errors(one) == RecentErrors()

    def call(*, fails: bool) -> None:
        one.metrics.count()
        if fails:
            yard.reports.errored(one, ValueError("no luck"), None)

    for fails in (False, True, False, True, True, True):
        call(fails=fails)
    recent = yard.reports.recent_errors(one)
    assert (recent.errors, recent.calls, recent.row) == (4, 5, 3)
    for _ in range(2):
        call(fails=False)
    assert yard.reports.recent_errors(one)[:3] == (4, 7, 0)
    for _ in range(2 * RECENT):
        call(fails=True)
    assert yard.reports.recent_errors(one)[:3] == (RECENT, RECENT, 2 * RECENT)
