from __future__ import annotations

import threading
from typing import Any

import pytest

from streamlib.compiler.phases import Commit
from streamlib.compiler.plan import make_plan
from streamlib.errors import CommitError
from streamlib.events import ConfigUpdated, Event
from streamlib.frames import DataFrame
from streamlib.graph.components import WiredChannel
from streamlib.ids import ProcessorId
from streamlib.links.channel import Channel
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.states import ProcessorState
from tests.compiler.conftest import Open
from tests.compiler.yard import Yard
from tests.scenarios.stage import SECONDS, Collect, Diary, Hand, Record


class Careful(Processor):
    """Writes down all that is done to it, and refuses what its config says."""

    class Config(ProcessorConfig):
        diary: Any
        refuses: tuple[str, ...] = ()
        look: Any = bool  # called in setup
        gain: Live[int] = 0
        mode: int = 0

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.id = ctx.processor_id
        self.config.look()
        self._note("setup")

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.out.write(frame)

    def flush(self, ctx: ProcessContext) -> None:
        self._note("flush")

    def config_changed(self, previous: Any) -> None:
        self._note(f"gain {previous.gain} to {self.config.gain}")

    def teardown(self) -> None:
        self._note("teardown")

    def _note(self, what: str) -> None:
        self.config.diary.append(f"{what} {self.id}")
        if what in self.config.refuses:
            raise ValueError(f"not {what}")


def watched(opens: Open) -> tuple[Yard, Diary, list[str]]:
    """A yard, its delegate, and what both the delegate and its processors write into."""
    watches = Diary()
    return opens(delegate=watches), watches, watches.calls


@pytest.mark.promise("compiler.phases")
def test_all_are_created_then_wired_then_set_up_then_asked_for_then_started(opens: Open) -> None:
    yard, _, diary = watched(opens)

    def look() -> None:
        diary.append(f"{len(yard.graph.query(WiredChannel))} wired")

    yard.add(Careful, "b", diary=diary)
    yard.add(Careful, "a", diary=diary, look=look)
    yard.chain("a", "b")
    yard.commit()
    created = ["will_create a", "did_create a", "will_create b", "did_create b"]
    assert diary[:7] == [*created, "1 wired", "setup a", "setup b"]
    assert diary[7:] == ["will_start a", "will_start b", "did_start a", "did_start b"]


@pytest.mark.promise("edit.make-before-break")
def test_until_everybody_has_agreed_nothing_that_runs_is_touched(opens: Open) -> None:
    yard, watches, diary = watched(opens)
    record = Record()
    yard.add(Hand, "hand")
    yard.add(Careful, "old", inlined=True, diary=[])
    yard.add(Collect, "sink", inlined=True, record=record)
    links = yard.chain("hand", "old", "sink")
    yard.commit()
    old, before = yard.instance("old"), {id_: yard.channel(id_) for id_ in links}
    numbers: dict[str, list[int]] = {}

    def look(what: str, id_: str) -> None:
        if what.startswith("will"):
            assert old.state is ProcessorState.RUNNING
            assert yard.instance("hand").outgoing() == [before[links[0]]]
            assert yard.instance("sink").inputs["into"] == [before[links[1]]]
            yard.step("hand")
            numbers[what] = list(record.numbers)

    watches.look = look
    yard.remove("old")
    yard.add(Careful, "new", inlined=True, diary=[])
    yard.chain("hand", "new", "sink")
    yard.commit()
    assert numbers == {"will_create": [0], "will_start": [0, 1], "will_stop": [0, 1, 2]}
    watches.look = lambda what, id_: None
    yard.step("hand")
    assert record.numbers == [0, 1, 2, 3]
    assert diary[-1] == "did_stop old"


def test_a_restart_is_told_as_the_end_of_one_and_the_start_of_another(opens: Open) -> None:
    yard, _, diary = watched(opens)
    yard.add(Careful, "a", diary=diary)
    yard.add(Careful, "b", diary=diary)
    yard.chain("a", "b")
    yard.commit()
    diary.clear()
    metrics, links = yard.instance("a").metrics, yard.instance("a").outputs
    yard.configure("a", mode=1)
    yard.commit()
    assert diary[-5:] == ["flush a", "teardown a", "did_stop a", "did_start a", "did_update_config a"]
    assert diary[:5] == ["will_create a", "did_create a", "setup a", "will_start a", "will_stop a"]
    assert yard.instance("a").metrics is metrics
    assert yard.instance("a").outputs == links


def test_a_new_config_is_told_when_everything_was_done(opens: Open) -> None:
    yard, _, diary = watched(opens)
    yard.add(Careful, "a", diary=diary)
    yard.commit()
    diary.clear()
    published: list[Event] = []
    yard.bus.subscribe("processor:a", published.append)
    yard.add(Careful, "b", diary=diary)
    yard.configure("a", gain=2)
    yard.commit()
    assert diary[-4:] == ["gain 0 to 2 a", "will_start b", "did_start b", "did_update_config a"]
    (told,) = published
    assert isinstance(told, ConfigUpdated)
    assert told.config == {"diary": diary, "refuses": (), "look": bool, "gain": 2, "mode": 0}


# ---------------------------------------------------------------------------------------------------------- roll back


@pytest.mark.promise("lifecycle.symmetric")
def test_one_whose_setup_raised_is_torn_down_once_and_one_that_was_not_set_up_is_not(yard: Yard) -> None:
    diary: list[str] = []
    yard.add(Careful, "a", diary=diary)
    yard.add(Careful, "b", diary=diary, refuses=("setup",))
    yard.add(Careful, "c", diary=diary)
    yard.chain("a", "b", "c")
    with pytest.raises(CommitError, match="setup of b failed: not setup. Nothing was changed"):
        yard.commit()
    assert diary == ["setup a", "setup b", "teardown a", "teardown b"]


def test_live_changes_are_taken_back_last_first(yard: Yard) -> None:
    diary: list[str] = []
    for id_ in "ab":
        yard.add(Careful, id_, diary=diary)
    yard.add(Careful, "c", diary=diary, refuses=("gain 0 to 1",))
    yard.commit()
    diary.clear()
    for id_ in "abc":
        yard.configure(id_, gain=1)
    with pytest.raises(CommitError, match="configure of c failed: not gain 0 to 1"):
        yard.commit()
    changed = ["gain 0 to 1 a", "gain 0 to 1 b", "gain 0 to 1 c"]
    assert diary == [*changed, "gain 0 to 0 c", "gain 1 to 0 b", "gain 1 to 0 a"]
    assert [yard.instance(id_).processor.config.gain for id_ in "abc"] == [0, 0, 0]


def test_a_step_of_the_way_back_that_fails_is_logged_and_the_others_are_taken(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    diary: list[str] = []
    yard.add(Careful, "a", diary=diary)
    yard.add(Careful, "b", diary=diary, refuses=("gain 1 to 0",))
    yard.commit()
    diary.clear()
    yard.configure("a", gain=1)
    yard.configure("b", gain=1)
    yard.add(Careful, "c", diary=diary, refuses=("setup", "teardown"))
    yard.add(Careful, "d", diary=diary, refuses=("teardown",))
    yard.configure("c", refuses=("teardown",))
    plan = make_plan(yard.site, yard.delta())
    commit = Commit(yard.site, plan, drain_s=SECONDS)
    commit.prepare()
    assert yard.graph.get(ProcessorId("c"), ProcessorState) is ProcessorState.READY
    commit.roll_back()
    assert diary[-4:] == ["gain 1 to 0 b", "gain 1 to 0 a", "teardown c", "teardown d"]
    assert yard.instance("a").processor.config.gain == 0
    assert [yard.graph.get(ProcessorId(id_), ProcessorState) for id_ in "cd"] == ["idle", "idle"]
    assert not [what for what in yard.attached() if what.startswith(("c:", "d:"))]
    assert "rolling back a commit: one step failed, the others go on" in caplog.messages
    yard.undo()


def test_rolling_back_keeps_no_thread_and_no_link(yard: Yard) -> None:
    """Threads are there before anything is switched, because the system may refuse them; they have called nobody."""
    before = set(threading.enumerate())
    for id_ in "ab":
        yard.add(Careful, id_, diary=[])
    yard.chain("a", "b")
    commit = Commit(yard.site, make_plan(yard.site, yard.delta()), drain_s=None)
    commit.prepare()
    assert {thread.name for thread in set(threading.enumerate()) - before} == {"streamlib:a", "streamlib:b"}
    commit.roll_back()
    assert yard.attached() == []
    assert set(threading.enumerate()) == before
    yard.undo()


def test_the_error_names_the_link_that_could_not_be_wired(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    for id_ in "abc":
        yard.add(Careful, id_, diary=[])
    _, second = yard.chain("a", "b", "c")
    give = Channel.__init__

    def refuse(self: Channel, name: str, *args: Any, **options: Any) -> None:
        if name == second:
            raise MemoryError("no room")
        give(self, name, *args, **options)

    monkeypatch.setattr(Channel, "__init__", refuse)
    with pytest.raises(CommitError) as failed:
        yard.commit()
    assert (failed.value.step, failed.value.subject) == ("wire", second)
    assert yard.attached() == []
