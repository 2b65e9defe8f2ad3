from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamlib import DataFrame, LinkInput, ProcessContext, Processor, StreamRuntime
from streamlib.errors import DeclarationError
from streamlib.events import ProcessorRestarting
from streamlib.execution.instance import ProcessorInstance
from streamlib.ids import ProcessorId
from streamlib.processors.execution_mode import RestartLimits
from streamlib.runtime.restarts import Restarts
from streamlib.runtime.ticket import Ticket
from streamlib.testing import ManualClock


class Sink(Processor):
    error_policy = "restart"
    restart_limits = RestartLimits(attempts=2, first_s=0.5, longest_s=1.0, reset_s=10.0)
    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None: ...


class Case:
    """One processor that fails when the test says so, on a clock in the test's hands."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.runtime = StreamRuntime(clock=self.clock)
        self.told: list[ProcessorRestarting] = []
        self.runtime.events.subscribe("processor:sink_0", self._note)
        self.handle = self.runtime.add_processor(Sink)
        self.runtime.start()
        self.asked: list[ProcessorId] = []
        self.restarts = Restarts(self.runtime._site, self._restart)

    def _restart(self, id_: ProcessorId, wanted: Callable[[], bool], ticket: Ticket) -> None:
        self.asked.append(id_)

    def _note(self, event: Any) -> None:
        if isinstance(event, ProcessorRestarting):
            self.told.append(event)

    @property
    def instance(self) -> ProcessorInstance:
        found = self.handle.instance()
        assert found is not None
        return found


def test_each_attempt_waits_twice_as_long_up_to_the_longest_and_the_limit() -> None:
    case = Case()
    with case.runtime:
        assert [case.restarts.wanted(case.instance) for _ in range(3)] == [True, True, False]
        assert [(event.attempt, event.delay_ns) for event in case.told] == [(1, 500_000_000), (2, 1_000_000_000)]


def test_a_while_without_an_error_begins_a_new_row() -> None:
    case = Case()
    with case.runtime:
        assert case.restarts.wanted(case.instance)
        case.clock.advance(10_000_000_000)
        assert case.restarts.wanted(case.instance)
        assert [event.attempt for event in case.told] == [1, 1]
        case.restarts.forget()
        assert case.restarts.wanted(case.instance)
        assert case.told[-1].attempt == 1


@pytest.mark.parametrize("wrong", [{"attempts": -1}, {"first_s": -0.1}, {"first_s": 20.0}, {"reset_s": -1.0}])
def test_limits_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(DeclarationError, match="0 or more"):
        RestartLimits(**wrong)


def test_delays_double_from_the_first_to_the_longest() -> None:
    limits = RestartLimits(first_s=0.1, longest_s=1.0)
    assert [limits.delay_s(attempt) for attempt in range(1, 6)] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.0])


def test_one_that_is_removed_is_forgotten_and_another_of_its_id_begins_a_new_row() -> None:
    case = Case()
    with case.runtime:
        restarts = case.restarts
        assert [restarts.wanted(case.instance) for _ in range(2)] == [True, True]
        case.runtime.replace(case.handle, Sink)
        assert [restarts.wanted(case.instance) for _ in range(2)] == [True, True]
        case.runtime.remove(case.handle, drain=False)
        assert restarts._rows == {}
