from __future__ import annotations

import threading

import pytest

from streamlib.compiler.site import LOG
from streamlib.errors import StateError
from streamlib.events import Event
from streamlib.events.runtime import DelegateFailed
from streamlib.ids import ProcessorId
from streamlib.processors.execution_mode import ErrorPolicy
from tests.compiler.conftest import Open
from tests.compiler.yard import Yard
from tests.scenarios.stage import SECONDS, Numbers, Pass, Record, Stuck

COMMON = "streamlib:lightweight"


def threads(name: str) -> int:
    return sum(thread.name == name for thread in threading.enumerate())


def test_the_common_loop_starts_with_the_first_who_asks_and_is_one(yard: Yard) -> None:
    assert threads(COMMON) == 0
    loop = yard.site.threads.common_loop()
    assert yard.site.threads.common_loop() is loop
    assert threads(COMMON) == 1
    yard.commit()
    assert threads(COMMON) == 1, "nothing was committed"
    yard.add(Pass, "own")
    yard.commit()
    assert threads(COMMON) == 0, "nobody is in it"


def test_the_common_loop_ends_with_the_last_in_it(yard: Yard) -> None:
    for id_ in "ab":
        yard.add(Pass, id_, inlined=True)
    yard.commit()
    assert threads(COMMON) == 1
    assert yard.loop("a") is yard.loop("b") is yard.site.threads.common_loop()
    yard.remove("a")
    yard.commit()
    assert threads(COMMON) == 1
    yard.remove("b")
    yard.commit()
    assert threads(COMMON) == 0
    yard.add(Pass, "c", inlined=True)
    yard.commit()
    assert threads(COMMON) == 1


def test_who_is_started_while_all_is_paused_is_not_called_before_all_goes_on(yard: Yard) -> None:
    record, release = Record(), threading.Event()
    release.set()
    yard.site.pause()
    yard.add(Stuck, "own", record=record, release=release)
    yard.add(Stuck, "common", inlined=True, record=record, release=release)
    yard.commit()
    for id_ in ("own", "common"):
        yard.instance(id_).wake()
        for _ in range(3):
            yard.loop(id_).apply(_nothing, SECONDS)
    assert record.calls == []
    yard.site.resume()
    for loop in yard.site.running_loops():
        loop.apply(loop.resume, SECONDS)
    record.wait_until(lambda: record.calls == ["stuck", "stuck"])


def test_every_loop_that_runs_somebody_is_named_once(yard: Yard) -> None:
    yard.add(Pass, "a")
    for id_ in "bcd":
        yard.add(Pass, id_, inlined=True)
    yard.chain("a", "b", "c")
    yard.commit()
    assert yard.site.running_loops() == [yard.loop("a"), yard.loop("d")]
    assert yard.loop("b") is yard.loop("c") is yard.loop("a")


def test_an_instance_goes_by_the_nodes_error_policy_before_its_classs(yard: Yard) -> None:
    plain = yard.graph.node(yard.add(Pass, "plain"))
    strict = yard.graph.node(yard.add(Pass, "strict", policy=ErrorPolicy.STOP))
    assert yard.site.instance(plain).policy is ErrorPolicy.SKIP
    assert yard.site.instance(strict).policy is ErrorPolicy.STOP


def test_an_instance_lives_by_the_clock_that_a_pause_stops(yard: Yard) -> None:
    context = yard.site.instance(yard.graph.node(yard.add(Numbers, "a"))).context
    yard.site.media_clock.pause()
    assert context.now_ns() == context.now_ns() == yard.site.media_clock.now_ns()
    assert context.shared(Record) is yard.site.shared.get(Record)


@pytest.mark.promise("delegate.did-raises", "error.delegate-named")
def test_what_a_delegate_raises_when_it_is_told_is_published_with_its_name(
    opens: Open, caplog: pytest.LogCaptureFixture
) -> None:
    class Clumsy:
        def did_stop(self, processor_id: ProcessorId) -> None:
            raise StateError("not now")

    yard = opens(delegate=Clumsy())
    published: list[Event] = []
    yard.bus.subscribe("runtime:global", published.append)
    context = yard.site.instance(yard.graph.node(yard.add(Numbers, "a"))).context.runtime
    yard.site.tell("did_stop", context)
    yard.site.tell("did_start", context)
    (failed,) = published
    assert isinstance(failed, DelegateFailed)
    assert (failed.delegate, failed.subject, failed.error) == ("Clumsy.did_stop", "a", "StateError: not now")
    assert [(record.name, record.message) for record in caplog.records] == [(LOG.name, "a: Clumsy.did_stop raised")]


def _nothing() -> None:
    """Only to be answered."""
