from __future__ import annotations

import threading

import pytest

from streamlib.execution.changes import Change, inside_loop, on_this_thread
from tests.execution.rig import SECONDS


def fail() -> None:
    raise KeyError("no")


def test_a_change_that_was_not_made_is_not_done() -> None:
    assert not Change(lambda: None).wait(0)


def test_who_waits_for_a_change_learns_that_it_was_made() -> None:
    done: list[int] = []
    change = Change(lambda: done.append(1))
    thread = threading.Thread(target=change.run)
    thread.start()
    assert change.wait(SECONDS)
    thread.join(SECONDS)
    assert done == [1]


@pytest.mark.parametrize("error", [ValueError("no"), SystemExit(1)])
def test_what_a_change_raises_belongs_to_who_asked_and_not_to_who_makes_it(error: BaseException) -> None:
    def action() -> None:
        raise error

    change = Change(action)
    change.run()
    for _ in range(2):
        with pytest.raises(type(error)):
            change.wait(0)


def test_a_thread_knows_whether_it_is_inside_a_loop() -> None:
    elsewhere: list[bool] = []
    assert not inside_loop()
    with on_this_thread():
        with on_this_thread():
            assert inside_loop()
        assert inside_loop()
        thread = threading.Thread(target=lambda: elsewhere.append(inside_loop()))
        thread.start()
        thread.join(SECONDS)
    assert not inside_loop()
    assert elsewhere == [False]


def test_a_loop_is_left_with_an_error_too() -> None:
    with pytest.raises(KeyError), on_this_thread():
        fail()
    assert not inside_loop()
