"""How a processor says when it is called."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from streamlib.errors import DeclarationError
from streamlib.processors.execution_mode import ErrorPolicy, ExecutionMode, Placement, ProcessExecution, Wake


def test_a_continuous_processor_has_an_interval_in_nanoseconds() -> None:
    execution = ProcessExecution.continuous(interval_ms=10)
    assert (execution.mode, execution.interval_ns) == (ExecutionMode.CONTINUOUS, 10_000_000)


def test_an_interval_may_be_a_fraction_of_a_millisecond() -> None:
    assert ProcessExecution.continuous(interval_ms=0.25).interval_ns == 250_000


def test_a_continuous_processor_without_interval_is_called_again_at_once() -> None:
    assert ProcessExecution.continuous().interval_ns == 0


def test_a_negative_interval_is_refused() -> None:
    with pytest.raises(DeclarationError, match="interval_ms is -1"):
        ProcessExecution.continuous(interval_ms=-1)


@pytest.mark.parametrize("interval", [math.nan, math.inf, "5", None])
def test_an_interval_that_is_no_number_of_milliseconds_is_refused(interval: Any) -> None:
    with pytest.raises(DeclarationError, match="interval_ms is .* or more milliseconds"):
        ProcessExecution.continuous(interval_ms=interval)


def test_reactive_and_manual_have_no_interval() -> None:
    assert ProcessExecution.reactive() == ProcessExecution(ExecutionMode.REACTIVE)
    assert ProcessExecution.manual() == ProcessExecution(ExecutionMode.MANUAL)


def test_an_execution_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ProcessExecution.manual().interval_ns = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("execution", "text"),
    [
        (ProcessExecution.manual(), "manual"),
        (ProcessExecution.continuous(), "continuous"),
        (ProcessExecution.continuous(2.5), "continuous every 2.5 ms"),
    ],
)
def test_an_execution_reads_as_words(execution: ProcessExecution, text: str) -> None:
    assert str(execution) == text


def test_the_choices_are_their_words() -> None:
    assert list(Placement) == ["realtime", "main", "any"]
    assert list(ErrorPolicy) == ["skip", "restart", "fail", "stop"]
    assert list(Wake) == ["any", "all"]
