"""How a record looks as a line: for people, or as one JSON object. structlog renders it.

A record comes in with its fields, a line without its end goes out, whatever the fields hold. Loaded with a program's
first line, not with the engine.
"""

from __future__ import annotations

import itertools
import json
import logging
import math
from collections.abc import Iterator, Mapping, MutableMapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from structlog.dev import ConsoleRenderer
    from structlog.processors import ExceptionRenderer

LONGEST = 10_000
"""Characters of a text in JSON, and of what stands for an object."""

DEEPEST = 6
"""How deep a field may be nested in JSON; what is deeper is told in words."""

MOST = 1_000
"""Entries of lists and mappings in one field of JSON."""

_OF_RECORDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class HumanLines:
    """Time, level, processor and message, and behind them the other fields as key=value; then a traceback.

    Args:
        colors: Whether they have colours; None decides by the stream.
    """

    def __init__(self, colors: bool | None = None) -> None:
        self._colors = colors

    def of(self, record: logging.LogRecord, stream: TextIO) -> str:
        """The line."""
        colored = stream.isatty() if self._colors is None and hasattr(stream, "isatty") else bool(self._colors)
        fields = _fields(record)
        who = fields.pop("processor_id", None)
        for name in ("processor_type", "generation", "error_type", "during", "repeats", "seconds"):
            fields.pop(name, None)  # in the message, or known by the id
        words = message_of(record)
        if "frame_timestamp_ns" in fields:
            at_ns = fields.pop("frame_timestamp_ns")
            if isinstance(at_ns, int) and " s: " not in words:
                fields["frame"] = f"{at_ns / 1e9:.3f}s"
        event: MutableMapping[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S.%f")[:-3],
            "level": record.levelname.lower(),
            "who": record.name if who is None else str(who),
            "event": _without_head(words, who),
            **fields,
        }
        if record.exc_info and record.exc_info[0] is not None:
            event["exc_info"] = record.exc_info
        if record.stack_info:
            event["stack"] = record.stack_info
        return self._colored(None, record.levelname, event) if colored else self._plain(None, record.levelname, event)

    @cached_property
    def _colored(self) -> ConsoleRenderer:
        return _renderer(colored=True)

    @cached_property
    def _plain(self) -> ConsoleRenderer:
        return _renderer(colored=False)


class JsonLines:
    """One object in a line, ASCII: `time`, `level`, `logger`, `message`, the fields, and `exception`."""

    def of(self, record: logging.LogRecord, stream: TextIO) -> str:
        """The line."""
        del stream
        fields = _fields(record)
        event: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _without_head(message_of(record), fields.get("processor_id")),
            "thread": record.threadName,
        }
        event.update(
            (f"field_{name}" if name in event or name == "exception" else name, fields[name]) for name in fields
        )
        if record.exc_info and record.exc_info[0] is not None:
            event = dict(self._with_exception(None, "", {**event, "exc_info": record.exc_info}))
        if record.stack_info:
            event["stack"] = record.stack_info
        return json.dumps({str(name): to_json(value) for name, value in event.items()}, allow_nan=False)

    @cached_property
    def _with_exception(self) -> ExceptionRenderer:
        from structlog.processors import ExceptionRenderer
        from structlog.tracebacks import ExceptionDictTransformer

        return ExceptionRenderer(ExceptionDictTransformer(show_locals=False, max_frames=50))


def to_json(value: object) -> object:
    """A value that JSON holds: as it is, or in words where JSON has nothing for it."""
    try:
        return _plain(value, 0, itertools.count())
    except Exception:
        return _words(value)


def _plain(value: object, depth: int, entries: Iterator[int]) -> object:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _writable(str.__str__(value))
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if depth < DEEPEST and isinstance(value, Mapping):
        return {_words(key): _plain(one, depth + 1, entries) for key, one in value.items() if next(entries) < MOST}
    if depth < DEEPEST and isinstance(value, list | tuple | set | frozenset):
        return [_plain(one, depth + 1, entries) for one in value if next(entries) < MOST]
    return _words(value)


def _words(value: object) -> str:
    try:
        return _writable(value if isinstance(value, str) else repr(value))
    except Exception as error:
        return f"<{type(value).__name__} whose repr raised {type(error).__name__}>"


def _writable(text: str) -> str:
    """Without lone surrogates, which readers of JSON refuse, and not too long."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}… ({len(text):,} characters)"
    return text.encode("utf-8", "backslashreplace").decode()


def message_of(record: logging.LogRecord) -> str:
    """The message; where it does not fit its arguments, both as they are, so that a slip loses no line."""
    try:
        return record.getMessage()
    except Exception:
        return f"{_words(record.msg)} % {_words(record.args)}"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What was added to a record beside what each has; names that begin with an underscore are somebody's own."""
    return {
        name: value
        for name, value in vars(record).items()
        if name not in _OF_RECORDS and not name.startswith("_") and value is not None
    }


def _without_head(words: str, who: object) -> str:
    """A message without the id at its head, which stands beside it."""
    return words.removeprefix(f"{who}: ") if who is not None else words


def _renderer(*, colored: bool) -> ConsoleRenderer:
    from structlog.dev import Column, ConsoleRenderer, KeyValueColumnFormatter, LogLevelColumnFormatter, plain_traceback

    styles = ConsoleRenderer.get_default_column_styles(colors=colored)
    levels = ConsoleRenderer.get_default_level_styles(colors=colored)

    def words(style: str, width: int = 0) -> KeyValueColumnFormatter:
        return KeyValueColumnFormatter(None, style, styles.reset, value_repr=str, width=width)

    return ConsoleRenderer(
        columns=[
            Column("", KeyValueColumnFormatter(styles.kv_key, styles.kv_value, styles.reset, value_repr=_field)),
            Column("timestamp", words(styles.timestamp)),
            Column("level", LogLevelColumnFormatter(levels, reset_style=styles.reset, width=None)),
            Column("who", words(styles.logger_name)),
            Column("event", words(styles.bright)),
        ],
        exception_formatter=plain_traceback,
    )


def _field(value: object) -> str:
    text = value if isinstance(value, str) and value and not set(value) & set(" =\"'\n") else _words(value)
    return text if text is value or not isinstance(value, str) else repr(value)
