from __future__ import annotations

import pytest

from streamlib.errors import DeclarationError, StrategyError
from streamlib.execution.priority import ThreadPriority
from streamlib.execution.strategy import LEGAL_STRATEGIES, SchedulingStrategy, StrategyKind, check_strategy
from streamlib.processors.execution_mode import ExecutionMode

STRATEGIES = {
    StrategyKind.DEDICATED_THREAD: SchedulingStrategy.dedicated_thread(),
    StrategyKind.WORK_STEALING_POOL: SchedulingStrategy.work_stealing_pool(),
    StrategyKind.MAIN_THREAD: SchedulingStrategy.main_thread(),
    StrategyKind.LIGHTWEIGHT: SchedulingStrategy.lightweight(),
}


@pytest.mark.promise("execution.matrix", "execution.matrix-full")
@pytest.mark.parametrize("mode", list(ExecutionMode))
@pytest.mark.parametrize("kind", list(StrategyKind))
def test_what_is_not_in_the_matrix_is_refused_with_what_is(mode: ExecutionMode, kind: StrategyKind) -> None:
    if kind in LEGAL_STRATEGIES[mode]:
        check_strategy("blur_0", mode, STRATEGIES[kind])
        return
    with pytest.raises(StrategyError, match=f"blur_0 is {mode} and cannot run as {kind}") as caught:
        check_strategy("blur_0", mode, STRATEGIES[kind])
    assert all(str(legal) in str(caught.value) for legal in LEGAL_STRATEGIES[mode])


@pytest.mark.promise("execution.matrix-full")
@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        (ExecutionMode.CONTINUOUS, {StrategyKind.DEDICATED_THREAD, StrategyKind.MAIN_THREAD}),
        (
            ExecutionMode.REACTIVE,
            {StrategyKind.DEDICATED_THREAD, StrategyKind.WORK_STEALING_POOL, StrategyKind.LIGHTWEIGHT},
        ),
        (ExecutionMode.MANUAL, set(StrategyKind)),
    ],
)
def test_the_matrix_is_as_ordered(mode: ExecutionMode, kinds: set[StrategyKind]) -> None:
    assert set(LEGAL_STRATEGIES[mode]) == kinds


def test_every_mode_and_kind_is_in_the_matrix() -> None:
    assert set(LEGAL_STRATEGIES) == set(ExecutionMode)
    assert set(STRATEGIES) == set(StrategyKind)
    assert {kind for legal in LEGAL_STRATEGIES.values() for kind in legal} == set(StrategyKind)


def test_a_thread_may_have_a_name() -> None:
    named = SchedulingStrategy.dedicated_thread(name="camera")
    assert (named.name, str(named)) == ("camera", "dedicated_thread")
    assert SchedulingStrategy.lightweight().name is None


def test_a_thread_may_ask_for_a_priority_and_one_that_there_is_not_is_refused_with_the_nearest() -> None:
    urgent = SchedulingStrategy.dedicated_thread(priority="realtime")
    assert urgent.priority is ThreadPriority.REAL_TIME
    assert SchedulingStrategy.dedicated_thread().priority is ThreadPriority.NORMAL
    with pytest.raises(DeclarationError, match="no priority 'realtim'; did you mean 'realtime'"):
        SchedulingStrategy.dedicated_thread(priority="realtim")
