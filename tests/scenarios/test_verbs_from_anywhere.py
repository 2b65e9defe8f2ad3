"""Replace, update_link, undo, redo, apply and plan, asked for wherever somebody may be: each is done, or refused."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from streamlib import DataFrame, GraphFile, LinkInput, Live, ProcessContext, Processor, ProcessorConfig, StreamRuntime
from streamlib.errors import StateError
from streamlib.ids import LinkId
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Diary, Numbers, Pass, Record

LINK = LinkId("numbers.out->asks.into")
HOOKS: dict[str, Callable[[], object]] = {}
RECORDS: dict[str, Record] = {}


def hook(where: str) -> None:
    """Do what the test wants done here, once."""
    HOOKS.pop(where, lambda: None)()


class Asks(Pass):
    """Hands frames on; in the middle of the tenth call, its setup or its teardown it asks for an edit of itself."""

    class Config(ProcessorConfig):
        gain: Live[int] = 0

    seen = 0

    def setup(self, ctx: object) -> None:
        hook("setup")

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.seen += 1
            if self.seen == 10:
                hook("process")
            self.out.write(frame)

    def flush(self, ctx: ProcessContext) -> None:
        hook("flush")

    def teardown(self) -> None:
        hook("teardown")


class Other(Asks):
    """Takes its place."""


class Ends(Processor):
    """Writes what comes into the record of its name, so that its config can stand in a file."""

    class Config(ProcessorConfig):
        name: str = "line"

    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            RECORDS[self.config.name].add(int(str(frame.data["n"])))


class Awaits(Processor):
    """Asks in the middle of an awaitable call."""

    into = LinkInput(DataFrame)

    async def process(self, ctx: ProcessContext) -> None:
        self.into.read()
        await asyncio.sleep(0)
        hook("await")


class Spare(Pass):
    """Joined to nobody: when its commit was done, so were those before it."""


def build(runtime: StreamRuntime) -> None:
    with runtime.edit() as edit:
        source, asks = edit.add_processor(Numbers, id="numbers"), edit.add_processor(Asks, id="asks")
        edit.connect(source, asks)
        edit.connect(asks, edit.add_processor(Ends, id="ends"))


def gain(runtime: StreamRuntime) -> object:
    config: Any = runtime.processor("asks").config
    return config.gain


def with_gain_9() -> GraphFile:
    other = StreamRuntime()
    build(other)
    other.update_config("asks", gain=9)
    return GraphFile.from_graph(other.graph)


FILE = with_gain_9()


@dataclass(frozen=True)
class Verb:
    """What is asked for, and how one sees that it was done."""

    ask: Callable[[StreamRuntime], object]
    is_done: Callable[[StreamRuntime], bool]
    is_undone_before: bool = False


VERBS = {
    "replace": Verb(
        lambda runtime: runtime.replace("asks", Other),
        lambda runtime: runtime.processor("asks").processor_type == "Other",
    ),
    "update_link": Verb(
        lambda runtime: runtime.update_link(LINK, capacity=3),
        lambda runtime: runtime.graph.link(LINK).capacity == 3,
    ),
    "undo": Verb(StreamRuntime.undo, lambda runtime: gain(runtime) == 0),
    "redo": Verb(StreamRuntime.redo, lambda runtime: gain(runtime) == 4, is_undone_before=True),
    "apply": Verb(
        lambda runtime: runtime.apply(FILE, classes=[Asks, Ends, Numbers]),
        lambda runtime: gain(runtime) == 9,
    ),
    "plan": Verb(lambda runtime: runtime.edit().plan(), lambda runtime: gain(runtime) == 4),
}


class Asking:
    """One verb, asked for in the middle of something, and a commit behind it to see when it was done."""

    def __init__(self, runtime: StreamRuntime, name: str) -> None:
        self.runtime, self.name, self.verb = runtime, name, VERBS[name]
        self.asked = False
        self.done = threading.Event()
        self.error: Exception | None = None
        self.behind: Any = None
        build(runtime)
        runtime.update_config("asks", gain=4)
        if self.verb.is_undone_before:
            runtime.undo()

    def __call__(self) -> None:
        """Ask."""
        if self.asked:
            return
        self.asked = True
        try:
            self.verb.ask(self.runtime)
        except Exception as error:
            self.error = error
        self.behind = self.runtime.add_processor(Spare)
        self.done.set()

    def check(self) -> None:
        """It was done in line; a plan was refused. Frames flow as before."""
        assert self.done.wait(SECONDS)
        runtime = self.runtime
        within(lambda: self.behind.commit.wait(SECONDS))
        if self.name == "plan":
            assert isinstance(self.error, StateError)
            assert "ask for it outside processors and callbacks" in str(self.error)
        else:
            assert self.error is None
        assert self.verb.is_done(runtime)
        if runtime.state == "idle":
            RECORDS["line"] = Record()
            runtime.start()
        elif runtime.state == "paused":
            runtime.resume()
        RECORDS["line"].wait_for(20)
        within(runtime.stop)
        assert RECORDS["line"].numbers[0] == 0
        assert RECORDS["line"].is_gapless(), RECORDS["line"].gaps()


def within(*calls: Callable[[], object]) -> None:
    """Make calls at once, on a thread each that has to come back; what they raise is raised."""
    errors: list[BaseException] = []

    def made(call: Callable[[], object]) -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=made, args=(call,), daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(3 * SECONDS)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


@pytest.fixture(autouse=True)
def a_record() -> Iterator[None]:
    RECORDS["line"] = Record()
    yield
    HOOKS.clear()
    RECORDS.clear()


every_verb = pytest.mark.parametrize("verb", VERBS)


@every_verb
@pytest.mark.promise("edit.inside-process")
@pytest.mark.parametrize("where", ["setup", "process"])
def test_asked_for_inside_a_start_and_inside_process(runtime: StreamRuntime, verb: str, where: str) -> None:
    HOOKS[where] = asking = Asking(runtime, verb)
    within(runtime.start)
    asking.check()


@every_verb
@pytest.mark.parametrize("where", ["flush", "teardown"])
def test_asked_for_inside_a_stop_it_is_done_behind_it(runtime: StreamRuntime, verb: str, where: str) -> None:
    asking = Asking(runtime, verb)
    runtime.start()
    RECORDS["line"].wait_for(20)
    HOOKS[where] = asking
    within(runtime.stop)
    asking.check()


@every_verb
@pytest.mark.promise("edit.inside-process")
def test_asked_for_inside_an_awaitable_process(runtime: StreamRuntime, verb: str) -> None:
    """An apply takes away the one who asks for it."""
    runtime.add_processor(Numbers, id="other")
    runtime.connect(runtime.processor("other"), runtime.add_processor(Awaits, id="awaits"))
    HOOKS["await"] = asking = Asking(runtime, verb)
    within(runtime.start)
    asking.check()
    assert ("awaits" in runtime.graph) == (verb != "apply")


@every_verb
@pytest.mark.parametrize("notice", ["will_create", "did_create", "will_start", "did_start", "will_stop", "did_stop"])
def test_asked_for_by_a_delegate(make: Make, verb: str, notice: str) -> None:
    """Of a restart, which is no commit that is undone."""
    diary = Diary()
    runtime = make(processor_delegate=diary)
    asking = Asking(runtime, verb)
    within(runtime.start)
    RECORDS["line"].wait_for(20)
    diary.look = lambda what, id_: asking() if what == notice else None
    within(lambda: runtime.restart("asks"))
    asking.check()


@every_verb
@pytest.mark.parametrize("event", ["RuntimeStarting", "RuntimeStarted"])
def test_asked_for_by_a_subscriber_of_a_start(runtime: StreamRuntime, verb: str, event: str) -> None:
    asking = Asking(runtime, verb)
    with heard(runtime, event, asking):
        within(runtime.start)
        asking.check()


@every_verb
@pytest.mark.parametrize("event", ["RuntimeStopping", "RuntimeStopped", "RuntimePausing", "RuntimePaused"])
def test_asked_for_by_a_subscriber_of_a_stop_or_a_pause(runtime: StreamRuntime, verb: str, event: str) -> None:
    asking = Asking(runtime, verb)
    runtime.start()
    RECORDS["line"].wait_for(20)
    with heard(runtime, event, asking):
        within(runtime.stop if "Stop" in event else runtime.pause)
        asking.check()


@every_verb
@pytest.mark.parametrize("event", ["GraphStateChanged", "ProcessorStateChanged"])
def test_asked_for_by_a_subscriber_of_what_changes(runtime: StreamRuntime, verb: str, event: str) -> None:
    asking = Asking(runtime, verb)
    runtime.start()
    RECORDS["line"].wait_for(20)
    with heard(runtime, event, asking, "runtime:global" if "Graph" in event else "processor:asks"):
        within(runtime.pause if "Graph" in event else lambda: runtime.pause("asks"))
        if "Processor" in event:
            within(lambda: runtime.resume("asks"))
        asking.check()


def heard(runtime: StreamRuntime, event: str, ask: Callable[[], None], topic: str = "runtime:global") -> Any:
    return runtime.events.subscribe(topic, lambda one: ask() if type(one).__name__ == event else None)


@pytest.mark.promise("edit.idle-running-paused")
@every_verb
def test_asked_for_while_paused_by_plain_code_it_is_done_at_once(runtime: StreamRuntime, verb: str) -> None:
    asking = Asking(runtime, verb)
    runtime.start()
    RECORDS["line"].wait_for(20)
    runtime.pause()
    within(lambda: asking.verb.ask(runtime))
    assert asking.verb.is_done(runtime)
    runtime.resume()
    RECORDS["line"].wait_for(20)
    assert RECORDS["line"].is_gapless()


@pytest.mark.promise("edit.any-thread")
def test_two_threads_ask_for_all_of_them_at_once_and_no_frame_is_lost(runtime: StreamRuntime) -> None:
    build(runtime)
    runtime.start()
    kinds = itertools.cycle((Other, Asks))

    def forth() -> None:
        for number in range(20):
            runtime.replace("asks", next(kinds))
            runtime.update_link(LINK, capacity=1 + number % 9)
            runtime.apply(FILE, classes=[Asks, Ends, Numbers])
            runtime.update_config("asks", gain=number)

    def back() -> None:
        for _ in range(20):
            assert runtime.edit().plan().errors == ()
            for verb in (runtime.undo, runtime.redo):
                with contextlib.suppress(StateError):  # there may be nothing to do again
                    verb()

    def bounded_undo() -> None:  # never behind what was there at first: the line itself is not taken back
        while len([one for one in runtime.history if not one.undone]) < 3:
            RECORDS["line"].wait_for(1)
        back()

    within(forth, bounded_undo)
    RECORDS["line"].wait_for(50)
    within(runtime.stop)
    assert RECORDS["line"].numbers[0] == 0
    assert RECORDS["line"].is_gapless(), RECORDS["line"].gaps()


def test_asked_for_in_an_event_loop_and_on_its_threads_at_once(runtime: StreamRuntime) -> None:
    build(runtime)

    async def main() -> None:
        async with runtime:
            runtime.start()
            runtime.replace("asks", Other)
            asked = [
                asyncio.to_thread(runtime.update_link, LINK, capacity=3),
                asyncio.to_thread(runtime.apply, FILE, classes=[Asks, Ends, Numbers]),
                asyncio.to_thread(runtime.replace, "asks", Other),
            ]
            await asyncio.wait_for(asyncio.gather(*asked), SECONDS)
            runtime.undo()
            runtime.redo()
            assert runtime.edit().plan().errors == ()
            await asyncio.to_thread(RECORDS["line"].wait_for, 20)

    within(lambda: asyncio.run(main()))
    assert RECORDS["line"].is_gapless(), RECORDS["line"].gaps()


# ---------------------------------------------------------------------------------------- how one hears what it came to


def failures(runtime: StreamRuntime) -> tuple[list[str], threading.Event]:
    """What `CommitFailed` says, and when it has said something."""
    said, heard_one = [], threading.Event()

    def hear(event: Any) -> None:
        if type(event).__name__ == "CommitFailed":
            said.append(event.error)
            heard_one.set()

    runtime.events.subscribe("runtime:global", hear)
    return said, heard_one


@pytest.mark.promise("edit.undo")
def test_a_processor_undoes_all_that_was_done_itself_included_and_then_one_too_many(runtime: StreamRuntime) -> None:
    build(runtime)
    runtime.update_config("asks", gain=4)
    said, failed = failures(runtime)
    results: list[object] = []
    asks: list[Callable[[], object]] = [runtime.undo] * 3

    def undo_all() -> None:
        results.extend([ask() for ask in asks])

    HOOKS["process"] = undo_all
    runtime.start()
    assert failed.wait(SECONDS)
    assert results == [None] * 3  # each returned before it was done
    assert runtime.graph.processor_ids() == []
    assert len(said) == 1
    assert "there is nothing to undo" in said[0]
    runtime.redo()
    runtime.redo()
    assert gain(runtime) == 4


def test_a_redo_inside_a_processor_with_nothing_to_do_again_is_told_as_a_failed_commit(runtime: StreamRuntime) -> None:
    build(runtime)
    said, failed = failures(runtime)
    HOOKS["process"] = runtime.redo
    runtime.start()
    assert failed.wait(SECONDS)
    assert "there is nothing to do again" in said[0]
    RECORDS["line"].wait_for(20)


def test_a_subscriber_takes_back_the_commit_that_it_hears_of(runtime: StreamRuntime) -> None:
    build(runtime)
    runtime.start()
    behind: list[Any] = []

    def refuse(event: Any) -> None:
        if type(event).__name__ == "GraphDidAddProcessor" and event.processor_id == "unwanted":
            runtime.undo()
            behind.append(runtime.add_processor(Spare))

    with runtime.events.subscribe("runtime:global", refuse):
        runtime.add_processor(Spare, id="unwanted")
    behind[0].commit.wait(SECONDS)
    assert "unwanted" not in runtime.graph
    assert behind[0].id in runtime.graph


def test_by_hand_a_plan_and_a_subscriber_who_collects_do_not_wait_for_each_other(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    runtime = make(commit_mode="manual")
    inside, planned = threading.Event(), runtime._committer.plan

    def plan(operations: Any) -> Any:
        inside.set()
        return planned(operations)

    monkeypatch.setattr(runtime._committer, "plan", plan)
    threads: list[threading.Thread] = []

    def collect(event: Any) -> None:
        if type(event).__name__ == "GraphDidAddProcessor" and not threads:
            threads.append(threading.Thread(target=runtime.plan, daemon=True))
            threads[0].start()
            assert inside.wait(SECONDS)
            runtime.add_processor(Spare, id="collected")

    runtime.add_processor(Spare)
    with runtime.events.subscribe("runtime:global", collect):
        within(runtime.commit)
    threads[0].join(SECONDS)
    assert not threads[0].is_alive()
    runtime.commit()
    assert "collected" in runtime.graph
