from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator

import pytest

from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.pool_runner import Worker, usable_cores
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkInput
from streamlib.states import ProcessorState
from tests.execution.plain_processors import Gate, Hand, Life, Note, Relay, Sink, numbers
from tests.execution.rig import SECONDS, loop_of, own, stand_in
from tests.execution.turns import CountingClock, PoolRig

Make = Callable[..., PoolRig]


@pytest.fixture
def pool() -> Iterator[Make]:
    """Makes rigs with a pool, which are closed at the end."""
    made: list[PoolRig] = []

    def one(workers: int, clock: CountingClock | None = None) -> PoolRig:
        made.append(PoolRig(workers, clock))
        return made[-1]

    yield one
    for rig in made:
        rig.close()


class Calls:
    """Who was called, in order, by which threads, with a way to wait for them."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.threads: set[int] = set()
        self._changed = threading.Condition()

    def add(self, name: str) -> None:
        with self._changed:
            self.names.append(name)
            self.threads.add(threading.get_ident())
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.names) >= count, SECONDS), self.names


class Told(Life):
    """Reads a frame and says so."""

    inp = LinkInput(Note)

    def __init__(self, calls: Calls, name: str = "") -> None:
        super().__init__()
        self.calls = calls
        self.name = name

    def process(self, ctx: ProcessContext) -> None:
        if self.inp.read() is not None:
            self.calls.add(self.name)


class Fan(Relay):
    """Passes a frame on to all, then stays inside the call until its gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        self.gate.pass_through()


def fan(rig: PoolRig, count: int) -> tuple[ProcessorInstance, ProcessorInstance, Calls]:
    """A manual source, a fan behind it, and so many sinks behind that: a, b, c …"""
    calls = Calls()
    hand, middle = rig.add(Hand()), rig.add(Fan())
    sinks = [rig.add(Told(calls, chr(ord("a") + number))) for number in range(count)]
    rig.loop(hand)
    rig.on_pool(middle, *sinks)
    rig.link(hand, middle)
    for sink in sinks:
        rig.link(middle, sink)
    rig.begin()
    return hand, middle, calls


def pooled(rig: PoolRig, *sinks: Sink | Told) -> list[ProcessorInstance]:
    """For each sink a manual source that feeds it; all sinks on the pool."""
    hands = []
    for sink in sinks:
        hand, end = rig.add(Hand()), rig.add(sink)
        rig.loop(hand)
        rig.on_pool(end)
        rig.link(hand, end, capacity=64)
        hands.append(hand)
    rig.begin()
    return hands


class Holding(Sink):
    """Comes to a gate with each frame."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    def process(self, ctx: ProcessContext) -> None:
        self.gate.pass_through()
        super().process(ctx)


# ----------------------------------------------------------------------------------------------- in which order


@pytest.mark.promise("execution.pool")
def test_who_is_on_one_workers_deque_is_stolen_by_the_others(pool: Make) -> None:
    """The worker is inside the call that has filled its deque, so that nobody but others can have taken them."""
    rig = pool(3)
    hand, middle, calls = fan(rig, 12)
    rig.step(hand)
    own(middle).gate.wait_until_reached()
    calls.wait_for(12)
    assert sorted(calls.names) == list("abcdefghijkl")
    (busy,) = [worker for worker in rig.pool.workers if worker.serves is not None and _serves(worker, middle)]
    assert busy.thread.ident not in calls.threads
    assert sum(worker.stolen for worker in rig.pool.workers) == 12
    assert not any(worker.tasks for worker in rig.pool.workers)
    own(middle).gate.open()


def test_a_worker_takes_the_newest_of_its_own_first(pool: Make) -> None:
    rig = pool(1)
    hand, middle, calls = fan(rig, 4)
    own(middle).gate.open()
    rig.step(hand)
    calls.wait_for(4)
    assert calls.names == ["d", "c", "b", "a"]


def test_a_thief_takes_the_oldest_of_the_others(pool: Make) -> None:
    rig = pool(2)
    hand, middle, calls = fan(rig, 4)
    rig.step(hand)
    own(middle).gate.wait_until_reached()
    calls.wait_for(4)
    assert calls.names == ["a", "b", "c", "d"]
    own(middle).gate.open()


def test_those_woken_from_outside_are_called_in_the_order_in_which_they_came(pool: Make) -> None:
    rig, calls, held = pool(1), Calls(), Fan()
    first, *hands = pooled(rig, Holding(held.gate), *(Told(calls, name) for name in "abc"))
    rig.step(first)
    held.gate.wait_until_reached()
    for hand in (hands[1], hands[0], hands[2]):
        rig.step(hand)
    held.gate.open()
    calls.wait_for(3)
    assert calls.names == ["b", "a", "c"]


@pytest.mark.promise("execution.pool", "link.nothing-unbounded")
def test_a_deque_holds_each_task_once_however_often_it_is_woken(pool: Make) -> None:
    rig, calls, held = pool(1), Calls(), Fan()
    first, *hands = pooled(rig, Holding(held.gate), *(Told(calls, name) for name in "abc"))
    rig.step(first)
    held.gate.wait_until_reached()
    for hand in hands:
        rig.step(hand, 20)
    for task in list(rig.pool.inbox):
        task.wake()
    assert len(rig.pool.inbox) == 3
    held.gate.open()
    calls.wait_for(60)


# -------------------------------------------------------------------------------------------------- nobody is starved


class Restless(Sink):
    """Wants to be called again after each call."""

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        ctx.wake()


def test_those_who_always_want_to_be_called_leave_room_for_the_others(pool: Make) -> None:
    rig, calls = pool(2), Calls()
    *restless, hand = pooled(rig, Restless(), Restless(), Restless(), Told(calls))
    for busy in restless:
        rig.step(busy)
    rig.step(hand, 50)
    calls.wait_for(50)


def test_two_who_wake_each_other_leave_room_for_those_beneath_them_and_outside(pool: Make) -> None:
    """They never leave their worker without work of its own: one makes room for the other, who fills it."""
    rig, calls, gate, frames = pool(1), Calls(), Gate(), 3_000
    hands = [rig.add(Hand()) for _ in range(3)]
    held, pouring = rig.add(Holding(gate)), rig.add(Relay())
    beneath, catching, beyond = (rig.add(Told(calls, name)) for name in ("beneath", "catching", "beyond"))
    for hand in hands:
        rig.loop(hand)
    rig.on_pool(held, pouring, beneath, catching, beyond)
    for hand, end in zip(hands, (held, pouring, beyond), strict=True):
        rig.link(hand, end, capacity=frames)
    rig.link(pouring, beneath, capacity=frames)
    rig.link(pouring, catching, capacity=4)
    rig.begin()
    rig.step(hands[0])
    gate.wait_until_reached()
    rig.step(hands[1], frames)
    rig.step(hands[2])
    gate.open()
    calls.wait_for(2 * frames + 1)
    assert calls.names.index("beyond") < frames
    assert calls.names.index("beneath") < frames


# --------------------------------------------------------------------------------------------- all at the same time


class Exclusive(Sink):
    """Notes whether anybody is inside its call already."""

    def __init__(self) -> None:
        super().__init__()
        self._inside = threading.Lock()
        self.clashes = 0

    def process(self, ctx: ProcessContext) -> None:
        free = self._inside.acquire(blocking=False)
        self.clashes += not free
        os.sched_yield()
        super().process(ctx)
        if free:
            self._inside.release()


@pytest.mark.promise("execution.pool", "execution.never-twice")
def test_a_processor_is_never_called_by_two_workers_at_once(pool: Make) -> None:
    rig, sink = pool(4), Exclusive()
    (hand,) = pooled(rig, sink)
    end = next(member for member in rig.added if member.processor is sink)
    done = threading.Barrier(4)

    def wake() -> None:
        for _ in range(2_000):
            end.wake()
        done.wait(SECONDS)

    threads = [threading.Thread(target=wake) for _ in range(3)]
    for thread in threads:
        thread.start()
    rig.step(hand, 500)
    done.wait(SECONDS)
    for thread in threads:
        thread.join(SECONDS)
    loop_of(end).apply(lambda: None, SECONDS)
    assert sink.clashes == 0
    assert numbers(sink.got) == list(range(len(sink.got)))


class Meeting(Told):
    """Passes only where as many as the barrier wants are inside their calls at once."""

    def __init__(self, calls: Calls, barrier: threading.Barrier) -> None:
        super().__init__(calls)
        self.barrier = barrier

    def process(self, ctx: ProcessContext) -> None:
        self.barrier.wait(SECONDS)
        super().process(ctx)


@pytest.mark.promise("execution.pool")
@pytest.mark.parametrize("workers", [2, 5])
def test_calls_that_let_go_of_the_interpreter_are_made_by_all_workers_at_once(pool: Make, workers: int) -> None:
    rig, calls, barrier = pool(workers), Calls(), threading.Barrier(workers)
    for hand in pooled(rig, *(Meeting(calls, barrier) for _ in range(workers))):
        rig.step(hand, 20)
    calls.wait_for(20 * workers)
    assert len(calls.threads) == workers


def test_a_worker_that_is_called_while_it_lies_down_and_finds_nothing_is_called_again(pool: Make) -> None:
    """Another has taken the work for which it was called; it sleeps, and must be among those who can be called."""
    clock = CountingClock()
    rig, calls = pool(2, clock), Calls()
    gates = [Gate(), Gate()]
    first, second, quick, last = pooled(
        rig, Holding(gates[0]), Holding(gates[1]), Told(calls, "quick"), Told(calls, "last")
    )
    rig.step(first)
    gates[0].wait_until_reached()  # one worker is busy from here on, the other lies down below
    lying_down = Gate()

    class Idle(set[Worker]):
        def add(self, worker: Worker) -> None:
            super().add(worker)
            if calls.names and not lying_down.reached.is_set():
                lying_down.pass_through()

    rig.pool.idle = Idle(rig.pool.idle)
    rig.step(quick)
    lying_down.wait_until_reached()
    rig.step(second)  # calls the one who lies down
    gates[0].open()  # and the other takes it
    gates[1].wait_until_reached()
    lying_down.open()
    clock.wait_for_sleepers(1, SECONDS)
    rig.step(last)
    calls.wait_for(2)
    assert len(calls.threads) == 1, "the other is held"
    gates[1].open()


# ------------------------------------------------------------------------------------------------------ idle and ends


@pytest.mark.promise("execution.idle")
def test_workers_without_work_sleep_and_nobody_looks_at_anything(pool: Make) -> None:
    clock = CountingClock()
    rig, calls = pool(3, clock), Calls()
    hands = pooled(rig, *(Told(calls) for _ in range(50)))
    for hand in hands:
        rig.step(hand)
    calls.wait_for(50)
    clock.wait_for_sleepers(3, SECONDS)
    lain_down = clock.waits
    clock.advance(3_600 * 1_000_000_000)
    clock.wait_for_sleepers(3, SECONDS)
    assert (clock.waits, len(calls.names)) == (lain_down, 50)


def test_a_fault_in_a_loop_ends_its_processors_and_the_worker_goes_on(
    pool: Make, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, calls = pool(1), Calls()
    first, hand = pooled(rig, Told(calls), Told(calls))
    broken = next(member for member in rig.added if member.id == "told_1")
    stand_in(monkeypatch, loop_of(broken), "calm_down_early", _fail)
    with caplog.at_level(logging.CRITICAL, "streamlib.execution"):
        rig.step(first)
        rig.step(hand)
        calls.wait_for(1)
        monkeypatch.undo()
    assert (broken.state, str(broken.failure)) == (ProcessorState.FAILED, "no thought")
    assert "the loop of told_1 broke" in caplog.text


def test_a_pool_whose_worker_is_held_up_has_not_closed_in_time() -> None:
    rig, held = PoolRig(1), Gate()
    (hand,) = pooled(rig, Holding(held))
    rig.step(hand)
    held.wait_until_reached()
    assert not rig.pool.close(0)
    held.open()
    assert rig.pool.close(SECONDS)
    assert rig.alarm.close(SECONDS)


def test_the_threads_say_what_they_are(pool: Make) -> None:
    names = [worker.thread.name for worker in pool(3).pool.workers]
    assert names == ["streamlib:pool-0", "streamlib:pool-1", "streamlib:pool-2"]


def test_there_is_at_least_one_core() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


def test_where_the_system_does_not_say_which_cores_a_process_may_use_all_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert usable_cores() == 7


def _fail() -> bool:
    raise ArithmeticError("no thought")


def _serves(worker: Worker, instance: ProcessorInstance) -> bool:
    return worker.serves is not None and worker.serves.loop is instance.loop
