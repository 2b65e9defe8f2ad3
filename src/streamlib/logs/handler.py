"""The handler: a record from whatever logger comes in, gets its processor, and is written or counted.

StreamLib logs by the standard library, and so do its users; only a program that calls `configure` has its logging set
up here. What processors warn of again and again is written once and then counted (`streamlib.execution.repeats`), and
the counts are written by an alarm, whose thread begins with the first repeat. Next: `rendering.py`.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from threading import Lock
from types import TracebackType
from typing import Any, Self, TextIO

from streamlib.clock import Clock, MonotonicClock
from streamlib.errors import ConfigError
from streamlib.execution.repeats import Repeated, TimedRepeats, pattern
from streamlib.logs.rendering import HumanLines, JsonLines, message_of
from streamlib.processors.origin import origin_of

OWNERS = 4_096
"""How many processors are remembered, of those that warn."""

WHOSE = ("processor_id", "processor_type", "generation")
"""The fields of a line that its count has too."""


class ProcessorFields(logging.Filter):
    """Adds to each record whose code it comes from; for handlers of your own.

    Fields are `processor_id`, `processor_type`, `generation` and, where a frame is at hand, `frame_timestamp_ns`. A
    record that has a `processor_id` already keeps it. It lets everything through, and has to be at a handler that is
    called on the thread that logs: at a `QueueHandler`, not behind it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the fields."""
        origin = origin_of(sys._getframe(1))
        fields = vars(record)
        if origin is None or fields.get("processor_id", origin.processor_id) != origin.processor_id:
            return True
        fields.setdefault("processor_id", origin.processor_id)
        fields.setdefault("processor_type", origin.processor_type)
        fields.setdefault("generation", origin.generation)
        if origin.frame_timestamp_ns is not None:
            fields.setdefault("frame_timestamp_ns", origin.frame_timestamp_ns)
        return True


class LogHandler(logging.Handler):
    """Writes lines that name the processor they come from.

    What a processor logs as a warning or worse is the same where line of code, type of exception and words but for
    numbers are. The same again is counted, and told after 1 s, after 10 s, then each minute, and when the handler is
    closed. Lines that come from no processor, and those below a warning, are all written.

    Args:
        stream: Where to; None is `sys.stderr`, as it is at each line.
        json: Whether a line is a JSON object, in ASCII; otherwise it is for people.
        colors: Whether lines for people have colours; None decides by whether the stream is a terminal.
        clock: What repeats go by.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        json: bool = False,
        colors: bool | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self._stream = stream
        self._lines = JsonLines() if json else HumanLines(colors)
        self._repeats: TimedRepeats[Mapping[str, Any]] = TimedRepeats(
            clock or MonotonicClock(), self._write_counts, OWNERS
        )
        self._closing = Lock()
        self._closed = False
        self._level_before: int | None = None  # of the root logger, where `configure` has set it
        self.addFilter(ProcessorFields())

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or count it."""
        try:
            if not self._is_counted(record):
                self._write(record)
        except RecursionError:  # as the handlers of the standard library do it
            raise
        except Exception:
            self.handleError(record)

    def _is_counted(self, record: logging.LogRecord) -> bool:
        """Whether it says again what its processor has said; a count is none of those."""
        id_ = getattr(record, "processor_id", None)
        if id_ is None or record.levelno < logging.WARNING or hasattr(record, "repeats") or self._closed:
            return False
        message = message_of(record)
        raised = record.exc_info[0] if record.exc_info else None
        kind = (record.name, record.levelno, record.pathname, record.lineno, raised, pattern(message))
        said: dict[str, Any] = {
            "name": record.name,
            "levelno": record.levelno,
            "levelname": record.levelname,
            "msg": message,
        }
        said |= {name: value for name in WHOSE if (value := getattr(record, name, None)) is not None}
        return not self._repeats.is_first(str(id_), kind, said)

    def _write_counts(self, told: list[Repeated[Mapping[str, Any]]]) -> None:
        for one in told:
            fields = {"repeats": one.times, "seconds": round(one.seconds, 3)}
            self.handle(logging.makeLogRecord({**one.said, **fields, "msg": f"{one.said['msg']}: {one}"}))

    def _write(self, record: logging.LogRecord) -> None:
        stream = self._stream or sys.stderr
        if stream is None:  # a program without a console
            return
        line = self._lines.of(record, stream)
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(line.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()

    def close(self) -> None:
        """Write the counts that are left, and write counts no more. Called at the end of the program at the latest."""
        with self._closing:
            was_closed, self._closed = self._closed, True
        if not was_closed:
            self._repeats.rest()
            self._repeats.close()
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.withdraw()

    def install(self, level: int) -> None:
        """Have the root logger write through this one, from a level on; one that was installed before makes way."""
        root = logging.getLogger()
        for former in [one for one in root.handlers if isinstance(one, LogHandler)]:
            former.withdraw()
        self._level_before = root.level
        root.addHandler(self)
        root.setLevel(level)

    def withdraw(self) -> None:
        """Leave the root logger as it was, and close."""
        root = logging.getLogger()
        if self in root.handlers:
            root.removeHandler(self)
            if self._level_before is not None:
                root.setLevel(self._level_before)
        self.close()


def configure(
    *,
    json: bool = False,
    level: int | str = logging.WARNING,
    stream: TextIO | None = None,
    colors: bool | None = None,
) -> LogHandler:
    """Have all logging of the program written by a `LogHandler`; for programs, as `logging.basicConfig` is.

    It stands beside the handlers that the root logger has already; one that an earlier call made is replaced. As a
    context manager, what it returns is removed again at the end of the block.

    Args:
        json: Whether a line is a JSON object.
        level: From which level on lines are written, by number or name.
        stream: Where to; None is `sys.stderr`.
        colors: Whether lines have colours; None decides by whether the stream is a terminal.

    Raises:
        ConfigError: There is no such level, or an argument is none.
    """
    number = _level(level)
    if stream is not None and not callable(getattr(stream, "write", None)):
        raise ConfigError(f"stream is {stream!r}; give what has a write, as sys.stdout, or None", field="stream")
    _check_choice("json", json)
    if colors is not None:
        _check_choice("colors", colors)
    handler = LogHandler(stream, json=json, colors=colors)
    handler.install(number)
    return handler


def _level(level: int | str) -> int:
    known = logging.getLevelNamesMapping()
    number = known.get(level.upper()) if isinstance(level, str) else level
    if type(number) is not int or number < 0:
        names = ", ".join(name.lower() for name, value in known.items() if value)
        raise ConfigError(
            f"there is no level {level!r} of logging; there are {names}, and numbers from 0 on", field="level"
        )
    return number


def _check_choice(name: str, given: object) -> None:
    if not isinstance(given, bool):
        raise ConfigError(f"{name} is {given!r}; give True or False", field=name)
