from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from streamlib.compiler import teardown
from streamlib.compiler.teardown import Departure
from streamlib.errors import DeadlineError
from streamlib.ids import PortRef, ProcessorId
from streamlib.states import ProcessorState
from tests.compiler.conftest import Open
from tests.compiler.yard import Yard
from tests.scenarios.stage import Collect, Faulty, Hand, Numbers, Pass, Record, Stuck

MOMENT_S = 0.01
"""Long enough for those who are not waited for."""


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """What the stuck wait for; while they are stuck nobody is patient with them."""
    monkeypatch.setattr(teardown, "LAST_WORDS_S", MOMENT_S)
    event = threading.Event()
    yield event
    event.set()


def stuck(yard: Yard, id_: str, release: threading.Event) -> Record:
    """A processor that does not come back from its call."""
    record = Record()
    yard.add(Stuck, id_, record=record, release=release)
    yard.commit()
    yard.instance(id_).wake()
    record.wait_for_call("stuck")
    return record


@pytest.mark.promise("graph.nothing-lingers")
@pytest.mark.parametrize("inlined", [False, True], ids=["threads", "inlined"])
def test_nothing_lingers_of_those_who_have_gone_and_nothing_is_taken_from_the_others(
    opens: Open, inlined: bool
) -> None:
    class Told:
        def __init__(self) -> None:
            self.ids: list[str] = []

        def did_stop(self, processor_id: ProcessorId) -> None:
            self.ids.append(processor_id)

    told = Told()
    yard = opens(delegate=told)
    yard.add(Hand, "hand")
    for id_ in ("stays", "goes"):
        yard.add(Pass, id_, inlined=inlined)
    yard.chain("hand", "stays", "goes")
    yard.commit()
    before = [what for what in yard.attached() if not what.startswith(("goes", "stays.out"))]
    entity = yard.remove("goes")
    instance = yard.graph.get(entity, type(yard.instance("hand")))
    assert instance is not None
    yard.commit()
    assert yard.attached_to(entity) == []
    assert yard.attached() == before
    assert instance.state is ProcessorState.ENDED
    assert yard.graph.get(entity, ProcessorState) is ProcessorState.IDLE
    assert instance not in yard.loop("stays").members
    assert told.ids == ["goes"]
    assert not [thread for thread in threading.enumerate() if thread.name == "streamlib:goes"]


@pytest.mark.promise("lifecycle.end-of-stream")
def test_those_who_go_together_end_one_behind_the_other_and_lose_nothing(yard: Yard) -> None:
    record = Record()
    yard.add(Numbers, "source", record=record)
    yard.add(Pass, "filter", record=record, tag="filter ")
    yard.add(Collect, "sink", record=record)
    yard.chain("source", "filter", "sink")
    yard.commit()
    record.wait_for(10)
    for id_ in ("sink", "source", "filter"):
        yard.remove(id_)
    yard.commit()
    ends = ["teardown", "filter flush", "filter teardown", "flush", "teardown"]
    assert [call for call in record.calls if "setup" not in call] == ends
    assert record.numbers == list(range(len(record.numbers)))


@pytest.mark.promise("error.teardown")
def test_a_teardown_that_raises_keeps_nobody_from_going(yard: Yard) -> None:
    record = Record()
    yard.add(Faulty, "bad", where="teardown", record=record)
    yard.add(Pass, "good", record=record, tag="good ")
    yard.chain("bad", "good")
    yard.commit()
    gone = [yard.remove("bad"), yard.remove("good")]
    yard.commit()
    assert [yard.attached_to(entity) for entity in gone] == [[], []]
    assert record.count("teardown") == record.count("good teardown") == 1


# ------------------------------------------------------------------------------------------------------ who was late


@pytest.mark.promise("lifecycle.deadlines")
def test_a_deadline_names_who_did_not_come_to_their_end_and_nobody_else(yard: Yard, release: threading.Event) -> None:
    yard.add(Pass, "quick")
    record = stuck(yard, "slow", release)
    gone = [yard.remove("quick"), yard.remove("slow")]
    with pytest.raises(DeadlineError, match=r"draining took longer than 0.01 s; still waiting for slow$") as late:
        yard.commit(drain_s=MOMENT_S)
    assert late.value.waiting_for == ("slow",)
    assert [yard.attached_to(entity) for entity in gone] == [[], []]
    release.set()
    record.wait_for_call("teardown")


@pytest.mark.promise("lifecycle.deadlines")
def test_a_deadline_of_a_change_says_how_long_it_was_waited_for_and_not_how_long_draining_may_take(
    yard: Yard, release: threading.Event
) -> None:
    stuck(yard, "slow", release)
    yard.add(Pass, "behind")
    yard.join("slow", "behind")
    yard.site.answer_s = MOMENT_S
    with pytest.raises(DeadlineError, match=r"a change took longer than 0.01 s; still waiting for slow$"):
        yard.commit()


def test_one_who_is_stuck_is_named_also_where_nothing_was_to_be_drained(yard: Yard, release: threading.Event) -> None:
    record = stuck(yard, "slow", release)
    yard.remove("slow")
    yard.site.answer_s = MOMENT_S
    with pytest.raises(DeadlineError) as late:
        yard.commit(drain_s=None)
    assert late.value.waiting_for == ("slow",)
    release.set()
    record.wait_for_call("teardown")


def test_a_thread_that_is_left_behind_tears_its_processor_down_when_it_comes_back(
    yard: Yard, release: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    record = stuck(yard, "slow", release)
    yard.remove("slow")
    with pytest.raises(DeadlineError):
        yard.commit(drain_s=MOMENT_S)
    assert "slow did not come back from a call and is left behind" in caplog.messages
    assert record.count("teardown") == 0
    release.set()
    record.wait_for_call("teardown")
    assert record.count("teardown") == 1


def test_everyone_who_was_late_is_named_once() -> None:
    yard = Yard()
    departure = Departure(yard.site, {}, drain_s=2.0)
    departure.check()
    departure.late |= {"b": "it sleeps", "a": ""}
    with pytest.raises(DeadlineError, match=r"longer than 2 s; still waiting for a, c, b \(it sleeps\)$"):
        departure.check(["a", "c"])


# ------------------------------------------------------------------------------------------------------- who is who


def test_the_end_of_a_link_is_who_goes_and_not_who_bears_its_id_by_now(yard: Yard) -> None:
    for id_ in "ab":
        yard.add(Pass, id_)
    yard.commit()
    old, other = yard.instance("a"), yard.instance("b")
    entity = yard.remove("a")
    yard.add(Pass, "a")
    departure = Departure(yard.site, {entity: old}, drain_s=None)
    assert departure.end_of(PortRef(ProcessorId("a"), "out")) is old
    assert departure.end_of(PortRef(ProcessorId("b"), "out")) is other
    assert departure.present() == [old]
    yard.commit()
    assert yard.instance("a") is not old


def test_those_who_went_first_are_not_torn_down_again(yard: Yard) -> None:
    record = Record()
    for id_ in "ab":
        yard.add(Collect, id_, record=record)
    yard.commit()
    one, other = yard.instance("a"), yard.instance("b")
    departure = Departure(yard.site, {yard.remove("a"): one, yard.remove("b"): other}, drain_s=1.0)
    departure.complete([one])
    assert (one.over, other.over) == (True, False)
    assert departure.present() == [other]
    assert departure.leaving == {one, other}
    departure.complete()
    departure.check()
    assert record.count("teardown") == 2
    yard.delta()


@pytest.mark.parametrize("which", ["itself", "everything"])
def test_one_who_is_paused_processes_what_waits_before_it_goes(yard: Yard, which: str) -> None:
    record = Record()
    yard.add(Hand, "hand")
    yard.add(Collect, "sink", record=record)
    yard.chain("hand", "sink")
    yard.commit()
    loop, sink = yard.loop("sink"), yard.instance("sink")
    if which == "everything":
        yard.site.pause()
        loop.apply(loop.pause, 1.0)
    else:
        loop.apply(lambda: loop.pause_one(sink), 1.0)
    yard.step("hand", 3)
    assert record.numbers == []
    yard.remove("sink")
    yard.commit()
    assert record.numbers == [0, 1, 2]
    assert record.calls == ["setup", "flush", "teardown"]
