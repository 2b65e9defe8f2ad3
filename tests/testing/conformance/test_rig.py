from __future__ import annotations

from typing import Any

import pytest

from streamlib.execution.strategy import StrategyKind
from streamlib.processors.processor import Processor
from streamlib.testing.conformance.check import subject_of
from streamlib.testing.conformance.report import Nonconformity
from streamlib.testing.conformance.rig import Rig
from tests.testing.conformance import misfits

POOL = StrategyKind.WORK_STEALING_POOL


def rig(type_: type[Processor], kind: StrategyKind | None = POOL, timeout: float = 5.0, **fields: Any) -> Rig:
    return Rig(subject_of(type_, None, None, None, timeout, fields), kind)


def test_frames_go_through_until_it_is_told_to_end() -> None:
    with rig(misfits.Dimmer) as run:
        run.start()
        run.settle(7)
        run.pause()
        run.until(run.is_drained, lambda: Nonconformity("it is not", "let it"))
        assert (run.life.calls >= 7, run.seen, run.waiting(), run.has_ended()) == (True, 7, 0, False)
        run.runtime.resume(run.handle)
        run.settle(9)
        run.end()
        assert run.seen == 9
        assert all(one.is_ended for one in run.evidence.values())
    run.check_lives()
    run.check_errors()


def test_a_source_is_waited_for_and_stopped() -> None:
    with rig(misfits.Ticker, StrategyKind.MAIN_THREAD) as run:
        run.start()
        run.settle(100)  # ticks of a second each, none of which is waited for
        run.end()
    assert run.seen >= 100


def test_one_that_cannot_be_started_says_why() -> None:
    misfits.CannotBeMadeAnew.held = ("somebody",)
    with rig(misfits.CannotBeMadeAnew) as run, pytest.raises(Nonconformity, match="the device is in use"):
        run.start()
    misfits.CannotBeMadeAnew.held = ()


def test_one_that_does_not_come_back_is_told_with_what_it_waits_for() -> None:
    with rig(misfits.Silent, StrategyKind.DEDICATED_THREAD, timeout=0.1) as run:
        run.start()
        with pytest.raises(Nonconformity, match="0 frames came out in 0.1 s, and 3 were waited for"):
            run.settle(3)


def test_whether_it_has_refused_is_known_by_the_error() -> None:
    with rig(misfits.Dimmer, format="rgb25") as run:
        run.start()
        with pytest.raises(Nonconformity, match="process raised FormatError"):
            run.settle(1)
        assert run.has_refused()
    with rig(misfits.Raises) as run:
        run.start()
        with pytest.raises(Nonconformity, match="process raised KeyError"):
            run.settle(1)
        assert not run.has_refused()
