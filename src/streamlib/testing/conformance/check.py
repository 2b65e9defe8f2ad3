"""check_processor: all checks of one type of processor, under each strategy that its execution mode allows."""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from streamlib.errors import ConfigError, StreamError
from streamlib.execution.main_thread_runner import on_main_thread
from streamlib.execution.strategy import LEGAL_STRATEGIES, StrategyKind
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.processors.processor import Processor
from streamlib.processors.registry import ProcessorRegistry
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
from streamlib.testing.conformance.report import CheckResult, ConformanceError, ConformanceReport, Nonconformity
from streamlib.testing.conformance.rig import Drive, Subject
from streamlib.testing.conformance.supply import Supply, made_frames

FIRST = "runs to its end"
"""The check that the others build on."""

CHANGES = "config changes apply"
NO_RUN = "not checked, since it does not run to its end"
NO_RETURN = "not checked, since a call of it does not come back: each would leave a thread behind"

EXITS = SystemExit, CancelledError, GeneratorExit

RUNNING: Mapping[str, Check] = {
    "setup may fail": setup_may_fail,
    "pauses": pause_is_kept,
    "restarts": restarts,
    "keeps nothing over 1,000 frames": keeps_nothing,
}


def check_processor(
    processor: type[Processor] | str,
    config: ProcessorConfig | Mapping[str, object] | None = None,
    frames: Iterable[Any] | Mapping[str, Iterable[Any]] | None = None,
    *,
    changes: Mapping[str, object] | None = None,
    drive: Drive | None = None,
    timeout: float = 10.0,
    **fields: Any,
) -> ConformanceReport:
    """See that a processor keeps what every processor owes its graph; one call is a test.

        def test_vignette_conforms() -> None:
            check_processor(Vignette, strength=0.5)

    Under each strategy that its execution mode allows (a manual one is stepped), it is run to the end of its stream,
    its setup is made to fail, it is paused, made anew, and run for 1,000 frames while memory, threads and files are
    counted. Where it has several inputs, one ends before the others. What comes out has to be of the declared classes,
    read-only and, where what goes in is, in order of time.
    Its config is written to a graph file and back, and each field is changed while it runs.

    The runtime's clock jumps from tick to tick, if these are less than 5 s apart. The main thread is among the
    strategies where the call is made there.

    Args:
        processor: Its class, or the name of a registered type.
        config: As `add_processor` takes it; fields by keyword go on top.
        frames: What its only input is given, or a mapping from input to that; again and again, with later times. For
            inputs that are not in it, frames are made: pictures of 160x120, sound of 20 ms, data as the schema says.
        changes: By field, the value that it is changed to. Numbers, enums and booleans need none.
        drive: Called with its handle on another thread while it runs, until the runtime stops: who pushes frames, or
            takes them, from outside. Its StateError and DeadlineError mean that the run is over.
        timeout: Seconds that it may take until a frame gets on, or anything else is done.

    Returns:
        What each check came to.

    Raises:
        ConformanceError: Some failed. It is an AssertionError; its message lists them with what to do.
        ConfigError: The config or `frames` is wrong, or frames of an input have to be given.
        UnknownTypeError: There is no type of that name.
    """
    subject = subject_of(processor, config, frames, drive, timeout, fields)
    results: list[CheckResult] = []
    for kind in _kinds(subject.declaration):
        results += _under(subject, kind, results)
    results.append(_result("config comes back from a file", "", partial(config_comes_back, subject, None)))
    if results[0].passed:
        change = partial(config_changes_apply, subject, _first(subject), changes or {})
        results.append(_result(CHANGES, "", change))
    else:
        results.append(CheckResult(CHANGES, note=NO_RUN))
    report = ConformanceReport(subject.declaration.type_name, tuple(results))
    if report.failures:
        raise ConformanceError(report)
    return report


def _under(subject: Subject, kind: StrategyKind | None, before: Iterable[CheckResult]) -> Iterator[CheckResult]:
    """All that is checked under a strategy; when it does not come to its end, the rest says nothing new."""
    strategy = "by step" if kind is None else str(kind)
    if any(result.left_behind for result in before):
        yield CheckResult(FIRST, strategy, note=NO_RETURN)
        return
    first = _result(FIRST, strategy, partial(runs_to_its_end, subject, kind))
    yield first
    several = {"one input ends first": an_input_may_end_first} if len(subject.supplies) > 1 else {}
    for name, check in {**RUNNING, **several}.items():
        if first.passed:
            yield _result(name, strategy, partial(check, subject, kind))
        else:
            yield CheckResult(name, strategy, note=NO_RUN)


def _result(name: str, strategy: str, check: Callable[[], str]) -> CheckResult:
    try:
        return CheckResult(name, strategy, note=check())
    except Nonconformity as found:
        stuck = "; a call of it has not come back, and its thread is left behind" if found.left_behind else ""
        return CheckResult(name, strategy, found.problem + stuck, found.remedy, left_behind=found.left_behind)
    except StreamError as error:
        return CheckResult(name, strategy, f"{type(error).__name__}: {error}", "see what the error says")
    except EXITS as raised:  # on the main thread they are the caller's
        remedy = "raise an error of your own; who uses a processor decides whether the program ends"
        return CheckResult(name, strategy, f"it raised {raised!r}, which ends a program or a thread", remedy)


def _kinds(declaration: Declaration) -> list[StrategyKind | None]:
    """The strategies to check; None is a manual processor's, which runs on whichever thread steps it."""
    mode = declaration.execution.mode
    if mode is ExecutionMode.MANUAL:
        return [None]
    legal = LEGAL_STRATEGIES[mode]
    return [kind for kind in legal if kind is not StrategyKind.MAIN_THREAD or on_main_thread()]


def _first(subject: Subject) -> StrategyKind | None:
    return _kinds(subject.declaration)[0]


def subject_of(
    processor: type[Processor] | str,
    config: ProcessorConfig | Mapping[str, object] | None,
    frames: Iterable[Any] | Mapping[str, Iterable[Any]] | None,
    drive: Drive | None,
    timeout: float,
    fields: Mapping[str, object],
) -> Subject:
    """What is checked, by what `check_processor` is given.

    Raises:
        ConfigError: The config or `frames` is wrong, or frames of an input have to be given.
        UnknownTypeError: There is no type of that name.
    """
    registry = ProcessorRegistry()
    if not isinstance(processor, str):
        registry.register(processor)  # which refuses what is no processor class
    checked = registry.resolve(processor) if isinstance(processor, str) else processor
    built = checked.declaration.config.build(config, **fields)
    declaration = checked.declaration_for(built)
    given = _by_port(declaration, frames)
    supplies = {
        name: Supply(name, given[name] if name in given else made_frames(f"{declaration.type_name}.{name}", port))
        for name, port in declaration.inputs.items()
    }
    return Subject(checked, built, declaration, supplies, drive, timeout)


def _by_port(
    declaration: Declaration, frames: Iterable[Any] | Mapping[str, Iterable[Any]] | None
) -> Mapping[str, Iterable[Any]]:
    if frames is None:
        return {}
    if isinstance(frames, Mapping):
        for port in frames:
            declaration.input(port)
        return frames
    ports = list(declaration.inputs)
    if len(ports) != 1:
        message = f"{declaration.type_name} has {len(ports)} inputs; give a mapping from input to frames"
        raise ConfigError(message, processor_type=declaration.type_name, field="frames")
    return {ports[0]: frames}
