"""check_processor as its users see it: what passes, what is refused, and what the error says."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from streamlib.errors import ConfigError, DeclarationError, StreamError, UnknownPortError, UnknownTypeError
from streamlib.frames.data import DataFrame
from streamlib.frames.stamped import Stamped
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkInput
from streamlib.processors.processor import Processor
from streamlib.testing import ConformanceError, ConformanceReport, check_processor
from tests.testing.conformance import misfits

pytestmark = pytest.mark.usefixtures("light_heap")  # each check collects garbage several times


def failed(check: Callable[[], object]) -> ConformanceReport:
    with pytest.raises(ConformanceError) as error:
        check()
    return error.value.report


@pytest.mark.promise("processor.conformance")
@pytest.mark.parametrize(
    "type_",
    [
        misfits.Dimmer,
        misfits.Ticker,
        misfits.Stepped,
        misfits.SteppedSource,
        misfits.Awaits,
        misfits.Joins,
        misfits.ZipsWithCare,
        misfits.FillsATable,
    ],
    ids=lambda type_: type_.__name__,
)
def test_a_processor_that_keeps_all_it_owes_conforms(type_: type[Processor]) -> None:
    report = check_processor(type_)
    assert not report.failures
    assert str(report).startswith(f"{type_.__name__} conforms: ")


@pytest.mark.promise("processor.conformance")
def test_it_is_checked_under_each_strategy_that_its_execution_mode_allows() -> None:
    def strategies(type_: type[Processor]) -> list[str]:
        return list(dict.fromkeys(result.strategy for result in check_processor(type_).results if result.strategy))

    assert strategies(misfits.Dimmer) == ["dedicated_thread", "work_stealing_pool", "lightweight"]
    assert strategies(misfits.Ticker) == ["dedicated_thread", "main_thread"]
    assert strategies(misfits.Stepped) == ["by step"]


def test_away_from_the_main_thread_the_rest_is_checked() -> None:
    reports: list[ConformanceReport] = []
    thread = threading.Thread(target=lambda: reports.append(check_processor(misfits.Ticker)))
    thread.start()
    thread.join(30)
    assert {result.strategy for result in reports[0].results} == {"dedicated_thread", ""}


@pytest.mark.promise("processor.conformance")
def test_all_that_is_wrong_is_told_at_once_with_what_to_do() -> None:
    with pytest.raises(AssertionError) as error:
        check_processor(misfits.DeafToItsConfig)
    assert isinstance(error.value, StreamError)
    assert "DeafToItsConfig does not conform: 1 of 17 checks failed" in str(error.value)
    assert "every is Live, and nothing read it after it had been changed" in str(error.value)
    assert "-> read self.config.every in process()" in str(error.value)


def test_what_is_wrong_under_each_strategy_is_told_once() -> None:
    with pytest.raises(ConformanceError) as error:
        check_processor(misfits.Raises)
    told = str(error.value).splitlines()
    assert told[0] == "Raises does not conform: 3 of 17 checks failed"
    strategies = "dedicated_thread, work_stealing_pool, lightweight"
    assert told[1].startswith(f"FAILED runs to its end ({strategies}): process raised KeyError: 'label'")
    assert len(told) == 3


def test_an_exit_in_setup_is_a_failed_check() -> None:
    report = failed(lambda: check_processor(misfits.ExitsInSetup))
    assert {result.check for result in report.failures} == {"runs to its end"}
    assert "it raised SystemExit(3), which ends a program" in str(report)


def test_one_that_never_returns_is_waited_for_once() -> None:
    misfits.StaysInACall.held.clear()
    try:
        report = failed(lambda: check_processor(misfits.StaysInACall, timeout=0.1))
    finally:
        misfits.StaysInACall.held.set()
    assert [result.strategy for result in report.failures] == ["dedicated_thread"]
    assert "a call of it has not come back, and its thread is left behind" in report.failures[0].problem
    assert misfits.StaysInACall.entered == 1
    assert "not checked, since a call of it does not come back" in str(report)


def test_what_builds_on_a_run_is_not_checked_when_there_is_none() -> None:
    report = failed(lambda: check_processor(misfits.Raises))
    assert {result.check for result in report.failures} == {"runs to its end"}
    assert "KeyError: 'label'" in report.failures[0].problem
    assert sum("does not run to its end" in result.note for result in report.results) == 13


def test_frames_of_a_test_s_own_are_sent_to_the_inputs_that_it_names() -> None:
    numbers = [DataFrame({"label": n}, timestamp_ns=n) for n in range(3)]
    for frames in (numbers, {"inp": numbers}):
        assert not check_processor(misfits.Stepped, frames=frames).failures
    with pytest.raises(UnknownPortError, match="did you mean 'inp'"):
        check_processor(misfits.Stepped, frames={"imp": numbers})
    with pytest.raises(ConfigError, match="3 inputs; give a mapping"):
        check_processor(misfits.Joins, frames=numbers)
    with pytest.raises(ConfigError, match="one or more"):
        check_processor(misfits.Stepped, frames=[])


def test_frames_that_cannot_be_made_are_asked_for() -> None:
    class Own(Stamped, frozen=True, gc=False, eq=False):
        pass

    class TakesOwn(Processor):
        inp = LinkInput(Own)

        def process(self, ctx: ProcessContext) -> None:
            self.inp.read()

    with pytest.raises(ConfigError, match=r"no Own can be made for TakesOwn.inp; give frames=\{'inp': \[...\]\}"):
        check_processor(TakesOwn)
    assert not check_processor(TakesOwn, frames=[Own(timestamp_ns=n) for n in range(4)]).failures


def test_what_is_no_processor_or_no_config_of_it_is_refused() -> None:
    with pytest.raises(UnknownTypeError, match="H264Encoder"):
        check_processor("H264Encodr")
    with pytest.raises(DeclarationError):
        check_processor(int)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="did you mean 'by'"):
        check_processor(misfits.Dimmer, bye=1.0)


def test_who_drives_it_from_outside_is_called_with_its_handle() -> None:
    ids: set[str] = set()
    assert not check_processor(misfits.Ticker, drive=lambda handle: ids.add(handle.id)).failures
    assert ids == {"ticker_0"}


def test_what_the_driver_raises_is_told() -> None:
    def drive(handle: object) -> None:
        raise LookupError("no frames left")

    report = failed(lambda: check_processor(misfits.Stepped, drive=drive))
    assert "drive raised LookupError('no frames left')" in report.failures[0].problem
