"""One object per type and runtime: made once, closed in reverse."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from streamlib.errors import StateError
from streamlib.processors.shared_objects import SharedObjects

SECONDS = 10.0


def closing(name: str, closed: list[str], error: Exception | None = None) -> type[Any]:
    """A type whose objects note their closing in `closed`, and raise `error` then."""

    def close(self: object) -> None:
        closed.append(name)
        if error is not None:
            raise error

    return type(name, (), {"close": close})


def made_by(make: Callable[[], object], name: str = "Made") -> type[Any]:
    """A type whose construction runs `make`."""

    def construct(self: object) -> None:
        make()

    return type(name, (), {"__init__": construct})


@pytest.mark.promise("processor.shared")
def test_one_object_of_a_type_is_made_and_given_to_all() -> None:
    shared = SharedObjects()
    assert shared.get(threading.Event) is shared.get(threading.Event)
    assert SharedObjects().get(threading.Event) is not shared.get(threading.Event)


@pytest.mark.promise("processor.shared")
def test_objects_are_closed_in_reverse() -> None:
    closed: list[str] = []
    shared = SharedObjects()
    for name in ("first", "second", "third"):
        shared.get(closing(name, closed))
    shared.close()
    assert closed == ["third", "second", "first"]


def test_what_another_needs_is_closed_after_it() -> None:
    closed: list[str] = []
    shared = SharedObjects()
    below = closing("below", closed)
    above = type("above", (closing("above", closed),), {"__init__": lambda self: shared.get(below) and None})
    shared.get(above)
    shared.close()
    assert closed == ["above", "below"]


def test_closing_twice_closes_once() -> None:
    closed: list[str] = []
    shared = SharedObjects()
    shared.get(closing("one", closed))
    shared.close()
    shared.close()
    assert closed == ["one"]


def test_an_object_without_close_is_let_go() -> None:
    class Plain:
        """Has nothing to close."""

    shared = SharedObjects()
    held = weakref.ref(shared.get(Plain))
    assert held() is not None
    shared.close()
    assert held() is None


def test_all_are_closed_even_where_some_raise() -> None:
    closed: list[str] = []
    shared = SharedObjects()
    shared.get(closing("a", closed, ValueError("a is stuck")))
    shared.get(closing("b", closed))
    shared.get(closing("c", closed, OSError("c is stuck")))
    with pytest.raises(ExceptionGroup, match="could not be closed") as caught:
        shared.close()
    assert closed == ["c", "b", "a"]
    assert [str(error) for error in caught.value.exceptions] == ["c is stuck", "a is stuck"]


def test_one_that_outlives_a_stop_is_kept_for_the_next_start_and_not_closed() -> None:
    closed: list[str] = []
    lasting, passing = closing("lasting", closed), closing("passing", closed)
    lasting.outlives_stop = True
    first = SharedObjects()
    kept, let_go = first.get(lasting), first.get(passing)
    second = first.successor()
    first.close()
    assert closed == ["passing"]
    assert second.get(lasting) is kept
    assert second.get(passing) is not let_go


def test_nothing_is_made_after_close() -> None:
    shared = SharedObjects()
    shared.close()
    with pytest.raises(StateError, match="Event cannot be made any more"):
        shared.get(threading.Event)


def test_a_failed_construction_leaves_nothing_and_may_be_tried_again() -> None:
    shared = SharedObjects()
    attempts: list[int] = []

    def fail_once() -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise OSError("no device")

    device = made_by(fail_once)
    with pytest.raises(OSError, match="no device"):
        shared.get(device)
    assert shared.get(device) is shared.get(device)
    assert len(attempts) == 2


def test_an_object_that_needs_itself_is_an_error() -> None:
    shared = SharedObjects()
    first: type[Any] = made_by(lambda: shared.get(second), "First")
    second: type[Any] = made_by(lambda: shared.get(first), "Second")
    with pytest.raises(StateError, match="needs itself to be made"):
        shared.get(first)


def test_many_threads_get_the_one_object() -> None:
    shared = SharedObjects()
    made: list[int] = []
    counted = made_by(lambda: made.append(1))
    start = threading.Barrier(8)

    def ask() -> object:
        start.wait(SECONDS)
        return shared.get(counted)

    with ThreadPoolExecutor(8) as pool:
        found = {id(answer.result(SECONDS)) for answer in [pool.submit(ask) for _ in range(8)]}
    assert len(found) == 1
    assert len(made) == 1


def test_a_slow_construction_holds_up_no_other_type() -> None:
    shared = SharedObjects()
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        assert go_on.wait(SECONDS)

    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(shared.get, made_by(slow))
        assert begun.wait(SECONDS)
        assert isinstance(shared.get(threading.Event), threading.Event)
        go_on.set()
        assert pending.result(SECONDS) is not None


def test_a_circle_across_threads_is_an_error_and_no_deadlock() -> None:
    shared = SharedObjects()
    both = threading.Barrier(2)

    def needing(other: Callable[[], type[Any]]) -> Callable[[], None]:
        def make() -> None:
            if not failed.is_set():
                both.wait(SECONDS)
                failed.set()
            shared.get(other())

        return make

    failed = threading.Event()
    left: type[Any] = made_by(needing(lambda: right), "Left")
    right: type[Any] = made_by(needing(lambda: left), "Right")
    with ThreadPoolExecutor(2) as pool:
        errors = [
            pending.exception(SECONDS) for pending in [pool.submit(shared.get, left), pool.submit(shared.get, right)]
        ]
    assert any(isinstance(error, StateError) for error in errors)


def test_an_object_finished_after_close_is_closed_at_once() -> None:
    closed: list[str] = []
    shared = SharedObjects()
    begun, go_on = threading.Event(), threading.Event()

    def construct(self: object) -> None:
        begun.set()
        assert go_on.wait(SECONDS)

    late: type[Any] = type("late", (closing("late", closed),), {"__init__": construct})
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(shared.get, late)
        assert begun.wait(SECONDS)
        shared.close()
        go_on.set()
        assert isinstance(pending.exception(SECONDS), StateError)
    assert closed == ["late"]
