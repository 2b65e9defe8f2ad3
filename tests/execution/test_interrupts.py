from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType

import pytest

from streamlib.execution.interrupts import interrupts_heard, interrupts_put_off


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_is_raised_at_the_end_of_what_puts_it_off() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts_put_off():
        ctrl_c()
        done.append("all")
    assert done == ["all"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_is_raised_where_it_is_heard() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts_put_off():
        with interrupts_heard():
            ctrl_c()
            done.append("waited in vain")
        done.append("went on")
    assert done == []


def test_what_came_before_is_raised_where_it_is_heard_next() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts_put_off():
        ctrl_c()
        done.append("first")
        with interrupts_heard():
            done.append("waited in vain")
    assert done == ["first"]


def test_what_is_put_off_inside_what_is_heard_is_raised_behind_it() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts_put_off(), interrupts_heard():
        with interrupts_put_off():
            ctrl_c()
            done.append("whole")
        done.append("went on")
    assert done == ["whole"]


def test_one_that_was_heard_and_caught_is_over() -> None:
    done: list[str] = []
    with interrupts_put_off():
        with pytest.raises(KeyboardInterrupt), interrupts_heard():
            ctrl_c()
        done.append("went on")
    assert done == ["went on"]


def test_a_second_one_is_raised_at_once() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), interrupts_put_off():
        ctrl_c()
        done.append("first")
        ctrl_c()
        done.append("second")
    assert done == ["first"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_it_takes_the_place_of_an_error_at_the_end() -> None:
    with pytest.raises(KeyboardInterrupt) as raised, interrupts_put_off():
        ctrl_c()
        raise TimeoutError
    assert isinstance(raised.value.__context__, TimeoutError)


def test_what_a_program_has_installed_is_left_alone() -> None:
    heard: list[int] = []

    def mine(number: int, frame: FrameType | None) -> None:
        heard.append(number)

    before = signal.signal(signal.SIGINT, mine)
    try:
        with interrupts_put_off(), interrupts_heard():
            ctrl_c()
            assert heard == [signal.SIGINT]
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_handler_that_is_installed_inside_stays() -> None:
    before = signal.getsignal(signal.SIGINT)
    try:
        with interrupts_put_off():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("block", [interrupts_put_off, interrupts_heard])
def test_other_threads_have_none_to_put_off(block: Callable[[], object]) -> None:
    found: list[object] = []

    def look() -> None:
        with block():  # type: ignore[attr-defined]
            found.append(signal.getsignal(signal.SIGINT))

    with interrupts_put_off():
        before = signal.getsignal(signal.SIGINT)
        other = threading.Thread(target=look)
        other.start()
        other.join()
    assert found == [before]
