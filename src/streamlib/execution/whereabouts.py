"""Who is inside a call of a processor just now, and at which line: read off the stacks of all threads.

Nothing is noted while processors run, so it costs nothing until somebody looks. A look goes through the stack of each
thread once; the calls of an `async def process` that wait in the event loop are on no stack, and are asked of their
tasks. What it finds is of one moment, and may be over by the time it is read.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.ids import ProcessorId
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.function import FunctionProcessor
from streamlib.processors.processor import Processor

METHODS = frozenset(
    {"process", "setup", "flush", "teardown", "config_changed", "hand_over", "export_state", "import_state"}
)
"""The methods of a processor that are the user's."""

UNDISTURBED_S = 1.0
"""The switch interval during a look, in seconds; a look takes a ten thousandth of it."""

_OURS = str(Path(__file__).parents[1])
_WAITS = Loop.wait_for_room.__code__
_RUNS = Loop._run.__code__


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a processor that is under way.

    Attributes:
        processor: Whose.
        ids: Ids that it may have: those that the frames around the call speak of.
        method: Its name, `process` for one.
        place: The line of the processor's own code, as `file:line`; of a function, that of the function.
        deepest: The line that is really executed, with the name of its function; empty where it is the same.
        thread: The name of the thread.
        waits_for_room: Whether it is inside `write`, which waits for room in a link.
        awaits: Whether it waits in the event loop, and holds up nobody else there.
    """

    processor: Processor
    method: str
    place: str
    deepest: str
    thread: str
    ids: tuple[ProcessorId, ...] = ()
    waits_for_room: bool = False
    awaits: bool = False


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What all threads are doing at one moment.

    Attributes:
        calls: The calls under way; of two on one thread the outer one waits for room, and the inner one is served.
        loops: The loops that have a thread of their own.
    """

    calls: tuple[Call, ...]
    loops: tuple[Loop, ...]


def whereabouts(events: asyncio.AbstractEventLoop | None = None) -> Whereabouts:
    """Look at all threads, and at what waits in an event loop of a runtime."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    calls: list[Call] = []
    loops: list[Loop] = []
    with _undisturbed():
        for ident, frame in sys._current_frames().items():
            _look_at(frame, names.get(ident, ""), calls, loops)
    if events is not None:
        calls += _awaiting(events)
    return Whereabouts(tuple(calls), tuple(loops))


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Have the interpreter run nobody else for a moment: the stack of a thread that goes on is not to be walked."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(UNDISTURBED_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _look_at(innermost: FrameType, thread: str, calls: list[Call], loops: list[Loop]) -> None:
    """Go from the line that is executed outwards."""
    deepest: FrameType | None = None  # of the lines that are not ours, the innermost so far, and the outermost
    theirs: FrameType | None = None
    found: Call | None = None
    waits = False
    frame: FrameType | None = innermost
    while frame is not None:
        code = frame.f_code
        if code is _WAITS:
            waits = True
        elif code is _RUNS:
            loops.append(frame.f_locals["self"])
        processor = _processor_of(frame, code)
        if processor is not None and found is not None and found.processor is not processor:
            calls.append(found)
            found = deepest = theirs = None
        if not code.co_filename.startswith(_OURS):
            theirs = frame
            deepest = deepest or frame
        if processor is not None:  # the outermost of its frames counts: a method may call the one that it overrides
            waits = waits or (found is not None and found.waits_for_room)
            place = theirs if theirs is not None and isinstance(processor, FunctionProcessor) else frame
            found = _call(processor, frame, place, deepest or frame, thread, waits=waits)
            waits = False
        frame = frame.f_back
    if found is not None:
        calls.append(found)


def _processor_of(frame: FrameType, code: CodeType) -> Processor | None:
    if code.co_name not in METHODS or not code.co_argcount:
        return None
    first = frame.f_locals.get(code.co_varnames[0])
    return first if isinstance(first, Processor) else None


def _call(
    processor: Processor, method: FrameType, theirs: FrameType, deepest: FrameType, thread: str, *, waits: bool
) -> Call:
    place = _line(theirs)
    below = "" if deepest is theirs else f"{_line(deepest)} in {deepest.f_code.co_name}"
    return Call(processor, method.f_code.co_name, place, below, thread, _ids(method), waits_for_room=waits)


def _ids(method: FrameType) -> tuple[ProcessorId, ...]:
    """The ids in the frame of a call, and of who calls: it may be handed on, deleted, or one of two."""
    ids: dict[ProcessorId, None] = {}
    for frame in (method, method.f_back):
        for value in () if frame is None else list(frame.f_locals.values()):
            if isinstance(value, (ProcessContext, RuntimeContext)):
                ids[value.processor_id] = None
            elif isinstance(value, ProcessorInstance):
                ids[value.id] = None
    return tuple(ids)


def _line(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


def _awaiting(events: asyncio.AbstractEventLoop) -> Iterator[Call]:
    """The calls that wait in an event loop, which goes on meanwhile."""
    tasks: set[asyncio.Task[Any]] = set()
    with contextlib.suppress(RuntimeError):  # too many come and go to be listed
        tasks = asyncio.all_tasks(events)
    for task in tasks:
        frames = list(_suspended(task.get_coro()))
        for frame in frames:
            processor = _processor_of(frame, frame.f_code)
            if processor is not None:
                deepest = frames[-1]
                below = "" if deepest is frame else f"{_line(deepest)} in {deepest.f_code.co_name}"
                yield Call(
                    processor, frame.f_code.co_name, _line(frame), below, "streamlib:asyncio", _ids(frame), awaits=True
                )
                break


def _suspended(coroutine: Any) -> Iterator[FrameType]:
    """The frames of a coroutine that waits, outermost first; none of one that is running."""
    while coroutine is not None and not getattr(coroutine, "cr_running", False):
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        if frame is None:
            return
        yield frame
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
