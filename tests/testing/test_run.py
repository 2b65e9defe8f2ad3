from __future__ import annotations

import pytest

from streamlib.errors import ConfigError, DeadlineError, ProcessorFailed, UnknownPortError
from streamlib.frames.data import DataFrame
from streamlib.processors.context import ProcessContext
from streamlib.processors.execution_mode import ProcessExecution
from streamlib.processors.function import processor
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.testing.run import run_processor


def numbers(*given: int) -> list[DataFrame]:
    return [DataFrame({"n": n}) for n in given]


def values(frames: list[DataFrame]) -> list[object]:
    return [frame.data["n"] for frame in frames]


@processor
def doubled(frame: DataFrame, factor: int = 2) -> DataFrame:
    number = frame.data["n"]
    assert isinstance(number, int)
    return DataFrame({"n": number * factor})


class Newest(Processor):
    """Shows that a frame is not overtaken in a test."""

    shown = LinkInput(DataFrame, delivery="latest")
    even = LinkOutput(DataFrame)
    odd = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.shown.read()
        if frame is not None:
            (self.odd if frame.sequence % 2 else self.even).write(frame)


class Endless(Processor):
    out = LinkOutput(DataFrame)
    execution = ProcessExecution.continuous(interval_ms=0)

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(DataFrame({"n": 7}))


class Joined(Processor):
    left = LinkInput(DataFrame)
    right = LinkInput(DataFrame)
    both = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        for port in (self.left, self.right):
            frame = port.read()
            if frame is not None:
                self.both.write(frame)


@pytest.mark.promise("testing.doubles")
def test_a_processor_runs_between_a_list_and_a_list() -> None:
    assert values(run_processor(doubled, numbers(1, 2, 3))["output"]) == [2, 4, 6]
    assert values(run_processor(doubled, numbers(1, 2), {"factor": 5})["output"]) == [5, 10]
    assert values(run_processor(doubled, {"frame": numbers(1)}, factor=3)["output"]) == [3]


def test_every_frame_reaches_it_whatever_its_input_declares() -> None:
    written = run_processor(Newest, numbers(*range(50)))
    assert values(written["even"]) == list(range(0, 50, 2))
    assert values(written["odd"]) == list(range(1, 50, 2))


def test_each_of_several_inputs_keeps_its_order() -> None:
    both = values(run_processor(Joined, {"left": numbers(1, 2, 3), "right": numbers(10, 20)})["both"])
    assert [n for n in both if n in {1, 2, 3}] == [1, 2, 3]
    assert [n for n in both if n in {10, 20}] == [10, 20]
    assert values(run_processor(Joined, {"left": numbers(1)})["both"]) == [1]


def test_a_plain_list_for_several_inputs_is_refused() -> None:
    with pytest.raises(ConfigError, match="2 inputs"):
        run_processor(Joined, numbers(1))
    with pytest.raises(UnknownPortError, match="left"):
        run_processor(Joined, {"lefd": numbers(1)})


def test_a_processor_that_does_not_end_is_stopped_after_so_many_frames() -> None:
    assert values(run_processor(Endless, limit=3)["out"]) == [7, 7, 7]
    assert values(run_processor(doubled, numbers(1, 2), limit=5)["output"]) == [2, 4]
    with pytest.raises(DeadlineError, match="endless_0"):
        run_processor(Endless, timeout=0.05)


def test_what_it_raises_reaches_the_test() -> None:
    with pytest.raises(ProcessorFailed) as failed:
        run_processor(doubled, [DataFrame({"x": 1}), *numbers(2)])
    assert isinstance(failed.value.failures["doubled_0"], KeyError)
    assert values(run_processor(doubled, [DataFrame({"x": 1}), *numbers(2)], on_error="skip")["output"]) == [4]
