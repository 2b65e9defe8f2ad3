"""The checks: each runs the subject in a rig and raises a `Nonconformity` where it does not keep what it owes.

What a check returns is a note on what of it could not be checked. `check.py` says which are made under which strategy.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from streamlib.errors import CommitError, ConfigError, GraphFileError, StreamError
from streamlib.execution.strategy import StrategyKind
from streamlib.graph.graph_file import GraphFile
from streamlib.processors.processor import Processor
from streamlib.runtime.edit import ConfigOutcome
from streamlib.runtime.runtime import StreamRuntime
from streamlib.testing.conformance.footprint import Footprint, most_grown, traced
from streamlib.testing.conformance.hoard import most_hoarded
from streamlib.testing.conformance.report import Nonconformity
from streamlib.testing.conformance.rig import Rig, Subject
from streamlib.testing.conformance.watch import Fault, InjectedError

Check = Callable[[Subject, StrategyKind | None], str]

FEW = 20  # frames until something is done to the processor
SOME = 100  # frames of a whole run
WARM = 250  # frames until nothing more is made ready
LEAK_FRAMES = 1000
PYTHON_LEAK = 64  # bytes a frame; an object is not smaller
RESIDENT_LEAK = 8192  # bytes a frame; below that the allocator's own ways show
FILES_LEAK = 8
GLANCES = 10


def runs_to_its_end(subject: Subject, kind: StrategyKind | None) -> str:
    """It takes what it is given, sends what it declares, ends when its inputs do, and leaves nothing behind."""
    return _leaving_nothing(subject, lambda: _run(subject, kind))


def setup_may_fail(subject: Subject, kind: StrategyKind | None) -> str:
    """When setup raises, at its end or where it asks for a shared object, teardown closes what was opened."""
    for fault in (Fault.AT_THE_END, Fault.SHARED):
        _leaving_nothing(subject, lambda fault=fault: _fail(subject, kind, fault))  # type: ignore[misc]
    return ""


def pause_is_kept(subject: Subject, kind: StrategyKind | None) -> str:
    """While it is paused, process is not called and nothing comes out; afterwards no frame is missing."""
    with Rig(subject, kind) as rig:
        rig.start()
        rig.settle(FEW)
        if rig.has_ended():
            return f"it ended before it could be paused, after {rig.seen} frames"
        rig.pause()
        rig.until(rig.is_drained, lambda: Nonconformity("its links do not drain while it is paused", _OWN_THREADS))
        calls, seen = rig.life.calls, rig.seen
        for feed in rig.feeds.values():
            feed.allow(2 * FEW)
        for _ in range(GLANCES):
            rig.go_on()
        if rig.feeds:
            rig.until(lambda: rig.waiting() > 0, lambda: Nonconformity("it reads while it is paused", _OWN_THREADS))
        if (rig.life.calls, rig.seen) != (calls, seen):
            raise Nonconformity("frames came out while it was paused", _OWN_THREADS)
        rig.runtime.resume(rig.handle)
        rig.settle(2 * FEW)
        rig.end()
    return ""


def restarts(subject: Subject, kind: StrategyKind | None) -> str:
    """Another instance takes its place in the middle of a stream, and no frame is missing."""
    return _leaving_nothing(subject, lambda: _restart(subject, kind))


def keeps_nothing(subject: Subject, kind: StrategyKind | None) -> str:
    """Over 1,000 frames it takes no more threads, files or memory; what grows once and no more is no leak."""
    with traced(), Rig(subject, kind) as rig:
        rig.start()
        first = _footprint(rig, WARM)
        second = _footprint(rig, WARM + LEAK_FRAMES)
        if rig.has_ended() and not rig.feeds:
            return f"it ended after {rig.seen} frames; memory is judged over {WARM + LEAK_FRAMES}"
        if _grown(first, second):
            before, held = tracemalloc.take_snapshot(), rig.hoards()
            second = Footprint.now()
            third = _footprint(rig, WARM + 2 * LEAK_FRAMES)
            grown = _grown(second, third)
            if grown:
                made = most_grown(before, tracemalloc.take_snapshot())
                where = most_hoarded(held, rig.hoards(), LEAK_FRAMES // 2) or made
                raise Nonconformity(
                    f"over {LEAK_FRAMES} frames it takes {grown} more, and again over the next; most {where}",
                    "bound what is kept from frame to frame: deque(maxlen=...), or forget it when it has been used",
                )
        rig.end()
    return ""


def an_input_may_end_first(subject: Subject, kind: StrategyKind | None) -> str:
    """When one input has ended, it goes on with the others, or ends; under wake "all" `read` gives None there."""
    with Rig(subject, kind) as rig:
        rig.start()
        rig.settle(FEW)
        if rig.has_ended():
            return f"it ended before one of its inputs did, after {rig.seen} frames"
        try:
            rig.end_first(2 * FEW)
            rig.end()
        except Nonconformity as found:
            remedy = "an input that has ended gives None: go on without it, or call ctx.end() when self.<input>.ended"
            raise Nonconformity(f"after its first input had ended, {found.problem}", remedy) from found
    return ""


def config_comes_back(subject: Subject, kind: StrategyKind | None) -> str:
    """Its config, written into a graph file and loaded again, is the same."""
    del kind
    runtime, again = StreamRuntime(), StreamRuntime()
    handle = runtime.add_processor(subject.processor, subject.config)
    try:
        text = GraphFile.from_graph(runtime.graph).to_json()
        loaded = again.load(GraphFile.parse(text), classes=[subject.processor])[handle.id]
    except StreamError as error:
        if isinstance(error, GraphFileError) and "JSON has no infinity" in str(error):
            return "it has an infinite number, which JSON cannot say"
        raise Nonconformity(
            f"its config does not come back from a graph file: {error}",
            "let fields be numbers, texts, enums, paths, lists, mappings or structs of these",
        ) from error
    live, restart = subject.declaration.config.changes(handle.config, loaded.config)
    if live or restart:
        raise Nonconformity(
            f"{', '.join((*live, *restart))} of its config come back from a graph file as something else",
            "give the fields types that JSON has words for, or compare as equal what says the same",
        )
    return ""


def config_changes_apply(subject: Subject, kind: StrategyKind | None, changes: Mapping[str, object]) -> str:
    """A change of a live field is heard while it runs, one of another field makes it anew, and it goes on."""
    untried = []
    for name in subject.declaration.config.fields:
        if name in changes:
            _change(subject, kind, name, changes[name], guessed=False)
        elif not any(_change(subject, kind, name, value) for value in _other_values(getattr(subject.config, name))):
            untried.append(name)
    return f"no other value was found for {', '.join(untried)}; give changes={{...}}" if untried else ""


# ------------------------------------------------------------------------------------------------------------- pieces

_OWN_THREADS = "write in process() alone; a thread of its own hands over what it has and calls ctx.wake()"


def _leaving_nothing(subject: Subject, run: Callable[[], str]) -> str:
    """Run, and see that no thread and no file is left; what is opened once for the whole process is no leftover."""
    for attempt in (1, 2):
        before = Footprint.now()
        note = run()
        left = Footprint.now().left_over(before, subject.timeout)
        if not left:
            break
        if attempt == 2:
            raise Nonconformity(
                f"after teardown it leaves {' and '.join(left)}",
                "end in teardown() what setup() and process() began, also when setup() raised halfway",
            )
    return note


def _run(subject: Subject, kind: StrategyKind | None) -> str:
    with Rig(subject, kind) as rig:
        rig.start()
        rig.settle(max([SOME, *(len(supply.frames) for supply in subject.supplies.values())]))
        rig.end()
    for evidence in rig.evidence.values():
        for problem, remedy in evidence.problems.items():
            raise Nonconformity(problem, remedy)
        if not evidence.is_ended:
            raise Nonconformity("the end of the stream did not come out", "do not catch what write() and end() raise")
    rig.check_lives()
    for port, supply in subject.supplies.items():
        if supply.is_changed():
            remedy = "copy before you change: dict(frame.data), array.copy(); others read the same frame"
            raise Nonconformity(f"it wrote into a frame that came in at {port!r}", remedy)
    return "nothing came out" if rig.evidence and not rig.seen else ""


def _fail(subject: Subject, kind: StrategyKind | None, fault: Fault) -> str:
    with Rig(subject, kind, fault=fault) as rig:
        try:
            rig.runtime.start()
        except CommitError as error:
            if not isinstance(error.__cause__, InjectedError) and fault is Fault.AT_THE_END:
                raise Nonconformity(f"it could not be started: {error}", "give it a config to set up with") from error
    rig.check_lives()
    return ""


def _restart(subject: Subject, kind: StrategyKind | None) -> str:
    with Rig(subject, kind) as rig:
        rig.start()
        rig.settle(FEW)
        if rig.has_ended():
            return f"it ended before it could be made anew, after {rig.seen} frames"
        for evidence in rig.evidence.values():
            evidence.begin_anew()
        try:
            rig.runtime.restart(rig.handle)
        except StreamError as error:
            remedy = "name in exclusive() what only one can hold, so that the old one lets go before the new one opens"
            raise Nonconformity(f"it could not be made anew: {error}", remedy) from error
        rig.settle(2 * FEW if rig.feeds else rig.seen + FEW)
        rig.end()
    rig.check_lives()
    return ""


def _footprint(rig: Rig, count: int) -> Footprint:
    """What is held after so many frames, when all is quiet."""
    rig.settle(count)
    if not rig.has_ended():
        rig.pause()
    rig.until(rig.is_drained, lambda: Nonconformity("its links do not drain while it is paused", _OWN_THREADS))
    footprint = Footprint.now()
    if not rig.has_ended():
        rig.runtime.resume(rig.handle)
    return footprint


def _grown(before: Footprint, after: Footprint) -> str:
    """What has grown by more than it may, in words."""
    threads, files = len(after.threads) - len(before.threads), len(after.files) - len(before.files)
    python, resident = after.python - before.python, after.resident - before.resident
    grown = [
        f"{threads} threads" if threads > 0 else "",
        f"{files} open files" if files > FILES_LEAK else "",
        f"{python / 1e6:.2f} MB of Python's objects" if python > PYTHON_LEAK * LEAK_FRAMES else "",
        f"{resident / 1e6:.1f} MB of memory" if resident > RESIDENT_LEAK * LEAK_FRAMES else "",
    ]
    return " and ".join(filter(None, grown))


def _change(subject: Subject, kind: StrategyKind | None, name: str, value: object, *, guessed: bool = True) -> bool:
    """Change one field while it runs; False where a guessed value is refused, with an error of StreamLib's."""
    with Rig(subject, kind) as rig:
        rig.start()
        rig.settle(FEW)
        if rig.has_ended():
            return True
        for evidence in rig.evidence.values():
            evidence.begin_anew()
        try:
            outcome = rig.runtime.update_config(rig.handle, {name: value})
            rig.settle(2 * FEW if rig.feeds else rig.seen + FEW)
        except (ConfigError, CommitError, Nonconformity) as error:
            if guessed and (isinstance(error, ConfigError) or rig.has_refused() or _is_refusal(error)):
                return False
            if isinstance(error, Nonconformity):
                raise Nonconformity(f"after a change of {name} to {value!r}, {error.problem}", error.remedy) from error
            remedy = "refuse a value with a ConfigError, in the Config's __post_init__ or in config_changed"
            raise Nonconformity(f"a change of {name} to {value!r} raised: {error}", remedy) from error
        is_heard = rig.has_ended() or outcome is not ConfigOutcome.APPLIED_LIVE or _is_heard(rig, name)
        rig.end()
    if not is_heard:
        raise Nonconformity(
            f"{name} is Live, and nothing read it after it had been changed",
            f"read self.config.{name} in process(), or write config_changed(self, previous), or leave out Live",
        )
    rig.check_lives()
    return True


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, CommitError) and isinstance(error.__cause__, StreamError)


def _is_heard(rig: Rig, name: str) -> bool:
    """Whether the processor takes notice of a live change, which is not made anew for it."""
    return rig.subject.processor.config_changed is not Processor.config_changed or name in rig.life.read


def _other_values(value: Any) -> list[object]:
    """Values of the same type that a field may take as well, the likeliest first."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, Enum):
        return [other for other in type(value) if other is not value]
    if isinstance(value, int):
        return [value * 2, value + 1, value - 1] if value else [2, 64, 1]
    if isinstance(value, float):
        return [value / 2, value + 1.0, value * 2] if value else [1.0, 0.5]
    return []
