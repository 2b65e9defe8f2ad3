"""Every error that StreamLib raises on its own account, as one tree.

A leaf carries the ids it is about as fields, inherits the builtin that fits, so
callers may catch either, and its message ends with what to do next.

    StreamError
    ├── DeclarationError (TypeError)       a processor class is written wrongly
    ├── ConfigError (ValueError)           a config field is unknown or has a wrong value
    ├── UnknownTypeError (LookupError)     no processor type of that name
    ├── UnknownProcessorError (LookupError)
    ├── UnknownPortError (LookupError)
    ├── UnknownLinkError (LookupError)
    ├── DuplicateIdError (ValueError)      the id is taken
    ├── ConnectError (ValueError)          these ports cannot be joined
    │   └── CycleError                     the link would close a circle
    ├── ReplaceError (TypeError)           one processor cannot take the place of another
    ├── StrategyError (ValueError)         execution mode and strategy do not go together
    ├── ResourceBusyError (RuntimeError)   an exclusive resource has another holder
    ├── StateError (RuntimeError)          not possible in this state
    ├── CommitError (RuntimeError)         an edit failed and was rolled back
    ├── ProcessorFailed (RuntimeError)     processors ended by an error
    ├── DeadlineError (TimeoutError)       somebody did not answer in time
    ├── LinkOverflowError (BufferError)    one call wrote more than its links may hold
    ├── GraphFileError (ValueError)        a graph file says something wrong, or cannot say it
    ├── FormatError (ValueError)           a pixel or sample format is not supported
    ├── MediaError (OSError)               a file, device or codec refused
    └── MissingExtraError (ImportError)    an optional part is not installed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_SHOWN = 24  # names of one message: a graph may hold 50,000


def nearest(name: str, known: Iterable[str]) -> str:
    """Words for an error about an unknown name: the nearest known one, then all of them, or the first of many."""
    names = sorted(known)
    if not names:
        return "there are none"
    close = difflib.get_close_matches(str(name), names, n=1, cutoff=0.5)  # whatever was given for one
    hint = f"did you mean {close[0]!r}? " if close else ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{hint}known: {', '.join(names[:_SHOWN])}{more}"


def nearest_file(path: Path) -> str:
    """Words for an error about a file that does not exist: the one beside it whose name is nearest, if there is one."""
    try:
        beside = [other.name for other in path.parent.iterdir()]
    except OSError:
        beside = []
    near = _nearest_of_its_kind(path, beside)
    if near:
        return f"did you mean {near!r}?"
    return "check the path" if path.is_absolute() else f"check the path: it leads to {path.absolute()}"


def _nearest_of_its_kind(path: Path, beside: Sequence[str]) -> str:
    """The nearest name with the same suffix; one with another suffix only where it is nearly the same."""
    alike = [name for name in beside if Path(name).suffix.lower() == path.suffix.lower()]
    same_stem = [name for name in beside if Path(name).stem == path.stem]
    close = (
        difflib.get_close_matches(path.name, alike, n=1, cutoff=0.5)
        or same_stem
        or difflib.get_close_matches(path.name, beside, n=1, cutoff=0.8)
    )
    return close[0] if close else ""


def _foreign(handle: object) -> str:
    return f"{handle!r} is of another runtime; give a handle that this one made, or an id"


class StreamError(Exception):
    """The root: catches everything StreamLib raises on its own account."""


class DeclarationError(StreamError, TypeError):
    """A processor class, its ports or its config are declared wrongly."""


class ConfigError(StreamError, ValueError):
    """A config field is unknown, missing, or has a wrong value."""

    def __init__(self, message: str, *, processor_type: str = "", field: str = "") -> None:
        super().__init__(message)
        self.processor_type = processor_type
        self.field = field


class UnknownTypeError(StreamError, LookupError):
    """No processor type of that name is registered."""

    def __init__(self, processor_type: str, known: Iterable[str]) -> None:
        super().__init__(f"no processor type {processor_type!r}; {nearest(processor_type, known)}")
        self.processor_type = processor_type


class UnknownProcessorError(StreamError, LookupError):
    """No processor of that id is in the graph, any more or yet; or a handle is one of another runtime."""

    def __init__(self, processor_id: object, known: Iterable[str], *, foreign: bool = False, why: str = "") -> None:
        what = f"no processor {processor_id!r} in the graph"
        if not isinstance(processor_id, str):
            what = f"{processor_id!r} names no processor; give its handle or its id"
        message = f"{what}; {nearest(str(processor_id), known)}"
        super().__init__(_foreign(processor_id) if foreign else why or message)
        self.processor_id = processor_id


class UnknownPortError(StreamError, LookupError):
    """The processor has no such port."""

    def __init__(self, processor: str, port: str, direction: str, known: Iterable[str]) -> None:
        super().__init__(f"{processor} has no {direction} port {port!r}; {nearest(port, known)}")
        self.processor = processor
        self.port = port


class UnknownLinkError(StreamError, LookupError):
    """No link of that id is in the graph, any more or yet; or a handle is one of another runtime."""

    def __init__(self, link_id: object, known: Iterable[str], *, foreign: bool = False, why: str = "") -> None:
        what = f"no link {link_id!r} in the graph"
        if not isinstance(link_id, str):
            what = f"{link_id!r} names no link; give its handle or its id"
        message = f"{what}; {nearest(str(link_id), known)}"
        super().__init__(_foreign(link_id) if foreign else why or message)
        self.link_id = link_id


class DuplicateIdError(StreamError, ValueError):
    """The id is taken by another processor or link of the graph."""

    def __init__(self, id_: str) -> None:
        super().__init__(f"the id {id_!r} is taken; choose another, or remove its holder first")
        self.id = id_


class ConnectError(StreamError, ValueError):
    """Two ports cannot be joined by a link."""

    def __init__(self, message: str, *, source: str = "", target: str = "") -> None:
        super().__init__(message)
        self.source = source
        self.target = target


class CycleError(ConnectError):
    """The link would close a circle; `path` is the way back that exists already."""

    def __init__(self, source: str, target: str, path: Sequence[str]) -> None:
        shown = path if len(path) <= _SHOWN else (*path[:4], f"{len(path) - 8} more", *path[-4:])
        way = " -> ".join((source, *shown))
        super().__init__(
            f"a link {source} -> {target} closes the circle {way}; a graph has none", source=source, target=target
        )
        self.path = tuple(path)


class ReplaceError(StreamError, TypeError):
    """One processor cannot take the place of another."""

    def __init__(self, processor_id: str, processor_type: str, why: str) -> None:
        super().__init__(f"{processor_type} cannot take the place of {processor_id}: {why}")
        self.processor_id = processor_id
        self.processor_type = processor_type


class StrategyError(StreamError, ValueError):
    """The scheduling strategy is not one that the processor's execution mode allows."""

    def __init__(self, processor_id: str, execution: str, strategy: str, legal: Iterable[str]) -> None:
        super().__init__(
            f"{processor_id} is {execution} and cannot run as {strategy}; "
            f"its scheduler delegate may choose {', '.join(legal)}"
        )
        self.processor_id = processor_id


class ResourceBusyError(StreamError, RuntimeError):
    """Two processors claim one exclusive resource."""

    def __init__(self, resource: str, processor_id: str, holder: str) -> None:
        super().__init__(
            f"{processor_id} needs {resource}, which {holder} holds; remove {holder} or give one of them another"
        )
        self.resource = resource
        self.processor_id = processor_id
        self.holder = holder


class StateError(StreamError, RuntimeError):
    """The call is not possible in the present state."""


class CommitError(StreamError, RuntimeError):
    """An edit failed at a step and was rolled back whole; the cause is `__cause__`."""

    def __init__(self, step: str, subject: str, cause: BaseException, note: str = "") -> None:
        said = str(cause) or type(cause).__name__
        stop = "" if said.endswith((".", "?", "!")) else "."
        super().__init__(f"{step} of {subject} failed: {said}{stop} Nothing was changed{note and f'; {note}'}")
        self.step = step
        self.subject = subject
        self.__cause__ = cause


class ProcessorFailed(StreamError, RuntimeError):
    """Processors were ended by errors; `failures` maps each id to its error, `restarts` some to attempts before it."""

    def __init__(self, failures: Mapping[str, BaseException], restarts: Mapping[str, int] | None = None) -> None:
        self.failures = dict(failures)
        self.restarts = {id_: count for id_, count in (restarts or {}).items() if count and id_ in self.failures}
        lines = "; ".join(self._line(id_, error) for id_, error in self.failures.items())
        super().__init__(f"{len(failures)} processor(s) failed: {lines}")

    def _line(self, id_: str, error: BaseException) -> str:
        count = self.restarts.get(id_, 0)
        after = f" (after {count} restart{'' if count == 1 else 's'})" if count else ""
        return f"{id_}: {type(error).__name__}: {error}{after}"


class DeadlineError(StreamError, TimeoutError):
    """Somebody did not answer in time; `waiting_for` names them, and may say of each what it does instead."""

    def __init__(self, what: str, seconds: float, waiting_for: Iterable[str] | Mapping[str, str]) -> None:
        self.waiting_for = tuple(waiting_for)
        reasons = waiting_for if isinstance(waiting_for, Mapping) else {}
        told = [f"{name} ({reasons[name]})" if reasons.get(name) else name for name in self.waiting_for]
        names = ", ".join(told) or "nobody that is known"
        super().__init__(f"{what} took longer than {seconds:g} s; still waiting for {names}")


class LinkOverflowError(StreamError, BufferError):
    """One call of a processor wrote more frames than its links may hold."""


class GraphFileError(StreamError, ValueError):
    """A graph file says something wrong, or something of a graph cannot be said in a file."""

    def __init__(self, words: str, *, file: str = "", line: int = 0, field: str = "") -> None:
        place = f"{file}:{line}" if line else file
        super().__init__(": ".join(part for part in (place, field, words) if part))
        self.file = file
        self.line = line
        self.field = field


class FormatError(StreamError, ValueError):
    """A pixel or sample format is unknown or not supported."""


class MediaError(StreamError, OSError):
    """A file, a device or a codec refused; the message names it."""


class MissingExtraError(StreamError, ImportError):
    """An optional part is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f'{what} needs an optional part: pip install "streamlib[{extra}]"')
        self.extra = extra
