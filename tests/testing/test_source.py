from __future__ import annotations

import pytest

from streamlib.errors import DeadlineError
from streamlib.frames.data import DataFrame
from streamlib.runtime.runtime import StreamRuntime
from streamlib.testing.clock import ManualClock
from streamlib.testing.run import run_processor
from streamlib.testing.sink import Collected, ListSink
from streamlib.testing.source import At, Gate, ListSource


def numbers(*given: int) -> list[DataFrame]:
    return [DataFrame({"n": n}) for n in given]


def values(frames: list[DataFrame]) -> list[object]:
    return [frame.data["n"] for frame in frames]


@pytest.mark.promise("testing.doubles")
def test_a_list_source_follows_its_script() -> None:
    clock, gate, collected = ManualClock(start_ns=1_000), Gate(), Collected()
    first, second, third = numbers(1, 2, 3)
    script = [first, gate, second, ValueError("broken"), At(5_000), third]
    with StreamRuntime(clock=clock) as runtime:
        source = runtime.add_processor(ListSource, items=script)
        runtime.connect(source, runtime.add_processor(ListSink, into=collected))
        runtime.start()
        gate.wait_until_reached()
        assert values(collected.wait_for(1)) == [1]
        gate.open()
        assert values(collected.wait_for(2)) == [1, 2]
        clock.wait_for_sleepers(1)
        assert not collected.ended
        clock.advance(4_000)
        assert runtime.wait(5)
        assert source.metrics is not None
        assert source.metrics.errors == 1
    assert values(collected.frames) == [1, 2, 3]
    assert collected.ended


def test_a_gate_that_is_open_holds_nobody() -> None:
    gate = Gate()
    gate.open()
    assert values(run_processor(ListSource, items=[gate, *numbers(1)])["output"]) == [1]
    gate.wait_until_reached(timeout=0)


def test_a_list_source_declares_the_classes_that_it_holds() -> None:
    kinds = [ListSource.declaration_for(ListSource.Config(items=items)).outputs["output"].frame_types for items in
             ((), (Gate(), *numbers(1, 2)), (1, "two"))]  # fmt: skip
    assert kinds == [(object,), (DataFrame,), (int, str)]
    named = ListSource.declaration_for(ListSource.Config(type=DataFrame))
    assert named.outputs["output"].frame_types == (DataFrame,)


def test_a_gate_that_nobody_reaches_is_not_waited_for_without_end() -> None:
    with pytest.raises(DeadlineError, match="gate"):
        Gate().wait_until_reached(timeout=0)
