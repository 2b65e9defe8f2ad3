"""Who is inside a call of a processor just now, and at which line: read off the stacks of all threads.

Nothing is noted while processors run, so it costs nothing until somebody looks. A look goes through the stack of each
thread once; the calls of an `async def process` that wait in the event loop are on no stack, and are asked of their
tasks. What it finds is of one moment, and may be over by the time it is read.

The frames are of threads that go on as soon as the interpreter lets them, so each stack is gone through by C code
alone, with the collector off (`_at_once`). Before CPython 3.12 making a frame object may start the collector, whose
callbacks and finalizers let the other thread return out of that very frame: what `f_back` gives then is freed memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import dis
import gc
import inspect
import operator
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import accumulate, chain, compress, repeat, takewhile
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, TypeVar

from streamlib.execution.cascade import Cascade
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

_ASKS = frozenset({"locals", "vars", "dir", "eval", "exec"})
"""What a function asks for its own variables with: it may hold the dict that a look fills, and empties."""

_OURS = str(Path(__file__).parents[1])
_WAITS = Loop.wait_for_room.__code__
_CALLS = Cascade.__call__.__code__
_RUNS = Loop._run.__code__
_RESUME = dis.opmap["RESUME"]

_T = TypeVar("_T")


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
    frames, own = _at_once(sys._current_frames), threading.get_ident()
    del frames[own]  # that frame has this dict among its variables: in a circle all stacks would stay
    for ident, innermost in frames.items():
        _look_at(_stack(innermost), names.get(ident, ""), calls, loops)
    _look_at(_stack(sys._getframe()), names.get(own, ""), calls, loops)
    if events is not None:
        calls += _awaiting(events)
    return Whereabouts(tuple(calls), tuple(loops))


def _at_once(read: Callable[[], _T]) -> _T:
    """Call a function that is written in C, with the collector off, and with no bytecode in between.

    A thread gives the interpreter away only between two bytecodes, or where a finalizer or the collector runs some. So
    no other thread goes on meanwhile, and none turns the collector on or off.
    """
    was_on: list[bool] = []
    note = partial(was_on.extend, map(operator.call, (gc.isenabled,)))
    restore = partial(next, map(operator.call, compress((gc.enable,), was_on)), None)
    calls: tuple[Callable[[], Any], ...] = (note, gc.disable, read, restore)
    try:
        _, _, found, _ = map(operator.call, calls)
    except BaseException:
        restore()
        raise
    return found  # type: ignore[no-any-return]


def _stack(innermost: FrameType) -> list[FrameType]:
    """A frame and those that called it, as they are at one moment."""
    outwards = accumulate(chain((innermost,), repeat("f_back")), getattr)  # type: ignore[arg-type]
    return _at_once(partial(list, takewhile(partial(operator.is_not, None), outwards)))


def _locals(frame: FrameType) -> dict[str, Any]:
    """The local variables of a function that is running; none where they cannot be had without harm.

    Before Python 3.13 a frame keeps the dict that it gives. It is emptied here: it would hold what the variables had
    held, and the next look would let go of that in the midst of reading, where no finalizer is to run. While a debugger
    is at a frame it is not, because what is in the dict becomes the variables again.
    """
    at_start = frame.f_code.co_code[frame.f_lasti] == _RESUME  # a debugger may be at it without having said so
    if at_start or threading.getprofile() is not None or not _can_be_read(frame.f_code):
        return {}
    given = _at_once(partial(getattr, frame, "f_locals"))
    found = dict(given)
    if isinstance(given, dict) and frame.f_trace is None:
        given.clear()
    return found


@lru_cache(maxsize=1024)
def _can_be_read(code: CodeType) -> bool:
    """Whether its variables are not in a dict of its own anyway, nor asked for by itself."""
    if not code.co_flags & inspect.CO_OPTIMIZED:
        return False
    return _ASKS.isdisjoint(code.co_names) or not any(
        step.argval in _ASKS for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"
    )


def _look_at(stack: list[FrameType], thread: str, calls: list[Call], loops: list[Loop]) -> None:
    """Go from the line that is executed outwards."""
    deepest: FrameType | None = None  # of the lines that are not ours, the innermost so far, and the outermost
    theirs: FrameType | None = None
    found: Call | None = None
    waits = False
    for frame, caller in zip(stack, (*stack[1:], None), strict=True):
        code = frame.f_code
        if code is _WAITS:
            waits = True
        elif code is _RUNS:
            loops += [one for one in _locals(frame).values() if isinstance(one, Loop)]
        values = _locals(frame) if code is _CALLS or (code.co_name in METHODS and code.co_argcount) else {}
        processor = _processor_of(values, code)
        if processor is not None and found is not None and found.processor is not processor:
            calls.append(found)
            found = deepest = theirs = None
        if not code.co_filename.startswith(_OURS):
            theirs = frame
            deepest = deepest or frame
        if processor is not None:  # the outermost of its frames counts: a method may call the one that it overrides
            waits = waits or (found is not None and found.waits_for_room)
            place = theirs if theirs is not None and isinstance(processor, FunctionProcessor) else frame
            around = _members(values) if code is _CALLS else {} if caller is None else _locals(caller)
            method = "process" if code is _CALLS else code.co_name
            ids = _ids(values, around, {"settled": processor._streamlib_context})
            found = _call(processor, method, place, deepest or frame, thread, ids, waits=waits)
            waits = False
    if found is not None:
        calls.append(found)


def _processor_of(values: dict[str, Any], code: CodeType) -> Processor | None:
    called = "processor" if code is _CALLS else code.co_varnames[0] if values else ""
    first = values.get(called)
    return first if isinstance(first, Processor) else None


def _members(values: dict[str, Any]) -> dict[str, Any]:
    """Whose call it is, of the variables of a cascade."""
    cascade, processor = values.get("self"), values.get("processor")
    members = cascade.members if isinstance(cascade, Cascade) else ()
    return {member.id: member for member in members if member.processor is processor}


def _call(
    processor: Processor,
    method: str,
    theirs: FrameType,
    deepest: FrameType,
    thread: str,
    ids: tuple[ProcessorId, ...],
    *,
    waits: bool = False,
    awaits: bool = False,
) -> Call:
    below = "" if deepest is theirs else f"{_line(deepest)} in {deepest.f_code.co_name}"
    return Call(processor, method, _line(theirs), below, thread, ids, waits_for_room=waits, awaits=awaits)


def _ids(*around: dict[str, Any]) -> tuple[ProcessorId, ...]:
    """The ids in the variables of a call, and of who calls: it may be handed on, deleted, or one of two.

    Who calls has no variables to be seen where it is compiled; the processor itself tells then.
    """
    ids: dict[ProcessorId, None] = {}
    for value in chain.from_iterable(values.values() for values in around):
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
            code = frame.f_code
            values = _locals(frame) if code.co_name in METHODS and code.co_argcount else {}
            processor = _processor_of(values, code)
            if processor is not None:
                yield _call(processor, code.co_name, frame, frames[-1], "streamlib:asyncio", _ids(values), awaits=True)
                break


def _suspended(coroutine: Any) -> Iterator[FrameType]:
    """The frames of a coroutine that waits, outermost first; none of one that is running."""
    while coroutine is not None and not getattr(coroutine, "cr_running", False):
        frame = _at_once(partial(getattr, coroutine, "cr_frame", None)) or _at_once(
            partial(getattr, coroutine, "gi_frame", None)
        )
        if frame is None:
            return
        yield frame
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
