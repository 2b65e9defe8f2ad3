"""What a commit tells of itself, seen from the bus."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streamlib.compiler.progress import Progress
from streamlib.errors import CommitError, DeadlineError, ResourceBusyError
from streamlib.events import (
    CompileFailed,
    CompilerEvent,
    CompileRolledBack,
    CompileStarted,
    CompileStepDone,
    CompileStepStarted,
    CompileSucceeded,
    Event,
    EventBus,
)
from streamlib.testing import ManualClock
from tests.compiler.conftest import Open
from tests.compiler.yard import Yard
from tests.scenarios.stage import Collect, Faulty, Holder, Numbers, Pass, Record


def listened(yard: Yard) -> list[Any]:
    """What is told on the compiler's topic from now on."""
    heard: list[Event] = []
    yard.bus.subscribe("runtime:compiler", heard.append)
    return heard


def steps(heard: list[Any]) -> list[str]:
    """Each step in the order in which it was done; each that was done had begun."""
    begun = [f"{event.step} {event.subject}".strip() for event in heard if isinstance(event, CompileStepStarted)]
    done = [f"{event.step} {event.subject}".strip() for event in heard if isinstance(event, CompileStepDone)]
    assert sorted(begun) == sorted(done)
    return done


@pytest.mark.promise("event.compiler")
def test_a_commit_is_told_from_its_beginning_to_its_end_step_by_step(yard: Yard) -> None:
    heard = listened(yard)
    yard.add(Numbers, "a")
    yard.add(Collect, "b", record=Record())
    yard.join("a", "b")
    yard.commit()
    assert heard[0] == CompileStarted(commit=1, processors_added=2, links_added=1, timestamp_ns=heard[0].timestamp_ns)
    assert isinstance(heard[-1], CompileSucceeded)
    assert heard[-1].duration_ns > 0
    assert heard[-1].late == ()
    told = steps(heard)
    for id_ in ("a", "b"):
        own = [step for step in told if step.endswith(f" {id_}")]
        assert own == [f"{step} {id_}" for step in ("will_create", "create", "setup", "will_start", "start")]
    assert told.index("wire a.out->b.into") < told.index("setup a") < told.index("switch") < told.index("start a")
    assert {event.commit for event in heard} == {1}


@pytest.mark.promise("event.compiler")
def test_what_goes_is_told_as_drained_and_torn_down(yard: Yard) -> None:
    yard.add(Numbers, "a")
    yard.add(Collect, "b", record=Record())
    yard.join("a", "b")
    yard.commit()
    heard = listened(yard)
    yard.remove("b")
    yard.commit()
    assert (heard[0].commit, heard[0].processors_removed, heard[0].links_removed) == (2, 1, 1)
    assert steps(heard) == ["will_stop b", "switch", "drain b", "teardown b"]


def test_a_change_of_config_and_a_restart_are_told(yard: Yard) -> None:
    yard.add(Pass, "a")
    yard.add(Pass, "b")
    yard.commit()
    heard = listened(yard)
    yard.configure("a", gain=3)
    yard.commit("b")
    assert (heard[0].processors_configured, heard[0].processors_restarted) == (1, 1)
    assert {"configure a", "stop b", "create b", "setup b", "replace b"} <= set(steps(heard))


@pytest.mark.promise("event.compiler")
def test_a_stop_is_a_commit_that_removes_everything(yard: Yard) -> None:
    yard.add(Numbers, "a")
    yard.add(Collect, "b", record=Record())
    yard.join("a", "b")
    yard.commit()
    heard = listened(yard)
    yard.compiler.stop_all(drain_s=None)
    assert (heard[0].commit, heard[0].processors_removed, heard[0].links_removed) == (2, 2, 1)
    assert sorted(steps(heard)) == ["drain a", "drain b", "teardown a", "teardown b"]
    assert isinstance(heard[-1], CompileSucceeded)


def test_a_stop_of_nobody_is_no_commit(yard: Yard) -> None:
    heard = listened(yard)
    yard.compiler.stop_all(drain_s=None)
    assert heard == []


@pytest.mark.promise("event.compiler")
def test_a_step_that_fails_is_told_with_its_cause_and_then_that_all_is_as_before(yard: Yard) -> None:
    heard = listened(yard)
    yard.add(Numbers, "a")
    yard.add(Faulty, "b", where="setup", record=Record())
    with pytest.raises(CommitError):
        yard.commit()
    failed, back = heard[-2:]
    assert isinstance(failed, CompileFailed)
    assert isinstance(back, CompileRolledBack)
    for event in (failed, back):
        assert (event.step, event.subject, event.error) == ("setup", "b", "ValueError: no luck in setup")
    begun, done = (
        [(event.step, event.subject) for event in heard if isinstance(event, kind)]
        for kind in (CompileStepStarted, CompileStepDone)
    )
    assert set(begun) - set(done) == {("setup", "b")}


class Shut(Pass):
    """Does not let its `process` be looked at while it is shut."""

    shut = False

    def __getattribute__(self, name: str) -> Any:
        if name == "process" and Shut.shut:
            raise ValueError("no look at it")
        return super().__getattribute__(name)


@pytest.mark.promise("event.compiler")
@pytest.mark.parametrize("anew", [False, True])
def test_a_processor_that_cannot_be_bound_is_named_as_one_that_cannot_be_created(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, *, anew: bool
) -> None:
    yard.add(Pass, "a")
    yard.add(Shut, "b")
    if anew:
        yard.commit()
    heard = listened(yard)
    monkeypatch.setattr(Shut, "shut", True)
    with pytest.raises(CommitError, match="create of b failed: no look at it") as caught:
        yard.commit(*(["b"] if anew else []))
    assert (caught.value.step, caught.value.subject) == ("create", "b")
    failed, back = heard[-2:]
    assert (failed.step, failed.subject) == (back.step, back.subject) == ("create", "b")


@pytest.mark.promise("event.compiler")
def test_a_plan_that_is_refused_is_told_as_failed_at_the_plan(yard: Yard) -> None:
    held: dict[str, Any] = {"what": "x", "held": {}, "record": Record()}
    heard = listened(yard)
    yard.add(Holder, "a", **held)
    yard.add(Holder, "b", **held)
    with pytest.raises(ResourceBusyError):
        yard.commit()
    assert [type(event) for event in heard] == [CompileStarted, CompileFailed, CompileRolledBack]
    assert heard[1].step == "plan"
    assert heard[1].error.startswith("ResourceBusyError: b needs")


def test_bringing_back_who_made_way_is_a_commit_between_the_failure_and_the_end_of_the_roll_back(yard: Yard) -> None:
    held: dict[str, Any] = {"what": "x", "held": {}, "record": Record()}
    yard.add(Holder, "a", **held)
    yard.commit()
    heard = listened(yard)
    yard.remove("a")
    yard.add(Holder, "b", **held)
    yard.add(Faulty, "c", where="setup", record=Record())
    with pytest.raises(CommitError):
        yard.commit()
    ends = [event for event in heard if not isinstance(event, CompileStepStarted | CompileStepDone)]
    assert [(type(event).__name__, event.commit) for event in ends] == [
        ("CompileStarted", 2),
        ("CompileFailed", 2),
        ("CompileStarted", 3),
        ("CompileSucceeded", 3),
        ("CompileRolledBack", 2),
    ]


@pytest.mark.promise("event.compiler")
def test_a_commit_that_nobody_listens_to_makes_no_record(opens: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    for kind in CompilerEvent.__subclasses__():
        monkeypatch.setattr(f"streamlib.compiler.progress.{kind.__name__}", made.append)
    yard = opens()
    yard.bus.subscribe("runtime:global", print)
    yard.bus.subscribe("processor:*", lambda event: None)
    asked: list[str] = []

    def listens(topic: str) -> bool:
        asked.append(topic)
        return False

    monkeypatch.setattr(yard.bus, "listens", listens)
    for number in range(50):
        yard.add(Pass, f"p{number}", inlined=True)
    yard.commit()
    assert made == []
    assert asked == ["runtime:compiler"]  # once, whatever the size of the edit


def test_what_is_told_follows_the_edit_not_the_graph(yard: Yard) -> None:
    for number in range(30):
        yard.add(Pass, f"p{number}", inlined=True)
    yard.commit()
    heard = listened(yard)
    yard.add(Pass, "one_more", inlined=True)
    yard.commit()
    subjects = {event.subject for event in heard if isinstance(event, CompileStepStarted)}
    assert subjects == {"one_more", ""}


def test_who_is_late_is_named_by_what_was_carried_out_all_the_same() -> None:
    bus, heard = EventBus(ManualClock()), list[Any]()
    bus.subscribe("runtime:*", heard.append)
    progress = Progress(bus, ManualClock(), 4)
    with pytest.raises(DeadlineError), progress:
        raise DeadlineError("draining", 1.0, ["slow"])
    assert heard == [CompileSucceeded(commit=4, duration_ns=0, late=("slow",), timestamp_ns=heard[0].timestamp_ns)]


def test_what_breaks_off_behind_the_switch_is_told_as_failed_at_the_step_that_had_begun() -> None:
    bus, heard = EventBus(ManualClock()), list[Any]()
    bus.subscribe("runtime:*", heard.append)
    progress = Progress(bus, ManualClock(), 4)
    with pytest.raises(KeyboardInterrupt), progress:
        progress.begun("drain", "slow")
        raise KeyboardInterrupt
    failed = msgspec.structs.asdict(heard[-1])
    assert (failed["step"], failed["subject"], failed["error"]) == ("drain", "slow", "KeyboardInterrupt: ")
