"""Each check finds what it is for, in a processor that is right in all else."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest

from streamlib.execution.strategy import StrategyKind
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.processor import Processor
from streamlib.testing.conformance import checks
from streamlib.testing.conformance.check import subject_of
from streamlib.testing.conformance.checks import (
    Check,
    an_input_may_end_first,
    config_changes_apply,
    config_comes_back,
    keeps_nothing,
    pause_is_kept,
    restarts,
    runs_to_its_end,
    setup_may_fail,
)
from streamlib.testing.conformance.report import Nonconformity
from streamlib.testing.conformance.rig import Subject
from tests.testing.conformance import misfits

pytestmark = pytest.mark.usefixtures("light_heap")  # each check collects garbage several times


def subject(type_: type[Processor], timeout: float = 5.0, **fields: object) -> Subject:
    return subject_of(type_, None, None, None, timeout, fields)


def changed(subject: Subject, kind: StrategyKind | None, changes: Mapping[str, object] | None = None) -> str:
    return config_changes_apply(subject, kind, changes or {})


FOUND: list[tuple[Check, type[Processor], str]] = [
    (runs_to_its_end, misfits.Raises, "process raised KeyError: 'label' at the frame of 0 ns"),
    (runs_to_its_end, misfits.WrongClass, "declared to carry DataFrame and sent AudioFrame"),
    (runs_to_its_end, misfits.BackInTime, "a frame of 'out' at -20000000 ns follows one at 0 ns"),
    (runs_to_its_end, misfits.WritesIntoInput, "it wrote into a frame that came in at 'inp'"),
    (runs_to_its_end, misfits.ReusesItsMapping, "a frame of 'out' was changed after it had been sent"),
    (runs_to_its_end, misfits.ReusesItsArray, "a frame of 'video_out' was changed after it had been sent"),
    (runs_to_its_end, misfits.LacksAField, "a frame of 'out' lacks of, which its schema Count 1.0.0 requires"),
    (runs_to_its_end, misfits.WrongSound, "sent sound of 1 channel and is declared for 2 channels"),
    (setup_may_fail, misfits.OpensFiles, "after teardown it leaves the open file"),
    (setup_may_fail, misfits.TearsDownWhatIsNotThere, "teardown raised AttributeError"),
    (restarts, misfits.CannotBeMadeAnew, "it could not be made anew"),
    (keeps_nothing, misfits.Hoards, "MB of Python's objects more, and again over the next; most in self.kept, which"),
    (keeps_nothing, misfits.HoardsInItsClass, "and again over the next; most in HoardsInItsClass.seen, which holds"),
    (runs_to_its_end, misfits.UnlocksItsInput, "it wrote into a frame that came in at 'video_in'"),
    (runs_to_its_end, misfits.ForgetsTheTime, "each frame of 'video_out' is at 0 ns, and those that came in were not"),
    (an_input_may_end_first, misfits.Zips, "after its first input had ended, process raised AttributeError"),
    (keeps_nothing, misfits.StartsThreads, "threads more"),
    (pause_is_kept, misfits.WritesFromItsThread, "paused"),
    (changed, misfits.DeafToItsConfig, "every is Live, and nothing read it after it had been changed"),
    (changed, misfits.BreaksWhenChanged, "a change of every to 4 raised: "),
]


@pytest.mark.promise("processor.conformance")
@pytest.mark.parametrize(("check", "type_", "problem"), FOUND, ids=lambda one: getattr(one, "__name__", ""))
def test_a_check_finds_what_it_is_for(check: Check, type_: type[Processor], problem: str) -> None:
    with pytest.raises(Nonconformity) as found:
        check(subject(type_), StrategyKind.DEDICATED_THREAD)
    assert problem in found.value.problem
    assert found.value.remedy
    for file in misfits.FORGOTTEN:
        file.close()


@pytest.mark.parametrize(
    ("type_", "problem"),
    [
        (misfits.NeverReads, "frames wait unread at inp after 0.3 s"),
        (misfits.Silent, "0 frames came out in 0.3 s, and 100 were waited for"),
    ],
)
def test_one_that_does_nothing_is_not_waited_for_without_end(type_: type[Processor], problem: str) -> None:
    with pytest.raises(Nonconformity) as found:
        runs_to_its_end(subject(type_, timeout=0.3), StrategyKind.DEDICATED_THREAD)
    assert problem in found.value.problem


def test_the_place_of_a_leak_is_named() -> None:
    """Where it is held; or where it was made, where that is not found."""
    with pytest.raises(Nonconformity, match=r"most in self\.kept, which holds \d+ by now"):
        keeps_nothing(subject(misfits.Hoards), StrategyKind.LIGHTWEIGHT)


def test_of_a_leak_in_a_corner_the_place_where_it_was_made_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "most_hoarded", lambda *args: "")
    with pytest.raises(Nonconformity, match=r"most at .*misfits\.py:\d+"):
        keeps_nothing(subject(misfits.Hoards), StrategyKind.LIGHTWEIGHT)


def test_one_that_goes_on_or_ends_with_its_first_input_is_right() -> None:
    for type_ in (misfits.Joins, misfits.ZipsWithCare):
        assert an_input_may_end_first(subject(type_), StrategyKind.DEDICATED_THREAD) == ""


def test_memory_that_is_taken_once_is_no_leak() -> None:
    assert keeps_nothing(subject(misfits.FillsATable), StrategyKind.DEDICATED_THREAD) == ""


def test_one_that_ends_early_is_checked_as_far_as_it_goes() -> None:
    finite, kind = subject(misfits.Finite), StrategyKind.DEDICATED_THREAD
    assert runs_to_its_end(finite, kind) == ""
    assert "it ended before it could be paused" in pause_is_kept(finite, kind)
    assert "it ended before it could be made anew" in restarts(finite, kind)
    assert "memory is judged over 1250" in keeps_nothing(finite, kind)
    assert changed(finite, kind) == ""


def test_that_nothing_comes_out_is_a_note() -> None:
    assert runs_to_its_end(subject(misfits.Mute), StrategyKind.WORK_STEALING_POOL) == "nothing came out"


def test_a_change_that_a_test_gives_is_tried_and_one_that_cannot_be_guessed_is_noted() -> None:
    kind = StrategyKind.DEDICATED_THREAD
    assert "no other value was found for format" in changed(subject(misfits.Dimmer), kind)
    assert changed(subject(misfits.Dimmer), kind, {"format": "bgr24"}) == ""
    with pytest.raises(Nonconformity, match="after a change of format to 'rgb25', process raised FormatError"):
        changed(subject(misfits.Dimmer), kind, {"format": "rgb25"})


def test_a_config_that_is_not_the_same_when_it_comes_back_is_found() -> None:
    assert config_comes_back(subject(misfits.ChangesOnItsWay), None) == ""
    with pytest.raises(Nonconformity, match="way of its config come back from a graph file as something else"):
        config_comes_back(subject(misfits.ChangesOnItsWay, way=misfits.OneWay(2)), None)


def test_a_config_without_words_in_a_file_is_found_and_infinity_is_noted() -> None:
    with pytest.raises(Nonconformity, match="does not come back from a graph file"):
        config_comes_back(subject(misfits.HasNoWords, hook=print), None)

    class Limited(misfits.Passing):
        class Config(ProcessorConfig):
            limit: Live[float] = 1.0

    assert "infinite" in config_comes_back(subject(Limited, limit=math.inf), None)
