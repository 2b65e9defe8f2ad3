from __future__ import annotations

import threading

import pytest

from streamlib.execution.exits import ExitRaisedError, survived


def elsewhere(error: BaseException) -> Exception:
    """What comes of an error on a thread that is not the main one."""
    found: list[Exception] = []
    thread = threading.Thread(target=lambda: found.append(survived(error)))
    thread.start()
    thread.join()
    return found[0]


def test_an_error_is_what_it_is_on_every_thread() -> None:
    error = ValueError("no luck")
    assert survived(error) is error
    assert elsewhere(error) is error


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_an_exit_is_the_programs_on_the_main_thread_and_a_failure_elsewhere(error: BaseException) -> None:
    with pytest.raises(type(error)):
        survived(error)
    told = elsewhere(error)
    assert isinstance(told, ExitRaisedError)
    assert told.__cause__ is error
    assert type(error).__name__ in str(told)
