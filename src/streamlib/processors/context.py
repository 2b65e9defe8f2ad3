"""What a processor is handed: the runtime's side of `setup` and of each `process` call.

The engine makes one `RuntimeContext` and one `ProcessContext` per processor, and stands behind `wake`, `wake_at` and
`end` itself; a processor sees no runner and no graph through them.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar, get_type_hints

import msgspec
from msgspec import Meta

from streamlib.clock import Clock
from streamlib.errors import ConfigError
from streamlib.frames.pixel_format import ColorMatrix, ColorRange
from streamlib.ids import ProcessorId
from streamlib.processors.conversion import convert, reason
from streamlib.processors.shared_objects import SharedObjects

if TYPE_CHECKING:
    ProcessorLogAdapter = logging.LoggerAdapter[logging.Logger]
else:
    ProcessorLogAdapter = logging.LoggerAdapter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MediaConfig:
    """What a runtime's media look like where a processor is not told otherwise.

    `sample_rate` in Hz, `block_size` in samples per channel, `frame_rate` in frames per second.

    Raises:
        ConfigError: A value is outside its range.
    """

    sample_rate: Annotated[int, Meta(ge=1000, le=384_000)] = 48_000
    block_size: Annotated[int, Meta(ge=1, le=1_048_576)] = 480
    frame_rate: Annotated[float, Meta(ge=0.001, le=1000)] = 30.0
    width: Annotated[int, Meta(ge=1, le=16_384)] = 1280
    height: Annotated[int, Meta(ge=1, le=16_384)] = 720
    color_range: ColorRange = ColorRange.LIMITED
    color_matrix: ColorMatrix = ColorMatrix.BT709

    def __post_init__(self) -> None:
        for name, annotation in get_type_hints(type(self), include_extras=True).items():
            value = getattr(self, name)
            try:
                convert(value, annotation)
            except msgspec.ValidationError as error:
                raise ConfigError(f"MediaConfig.{name}: {reason(error, annotation, value)}", field=name) from error


def log_fields(processor_id: ProcessorId, processor_type: str = "", generation: int = 0) -> dict[str, object]:
    """Whose a line of the log is, as fields of its record: those of the three that are known."""
    fields = {"processor_id": processor_id, "processor_type": processor_type, "generation": generation}
    return {name: one for name, one in fields.items() if one}


class ProcessorLog(ProcessorLogAdapter):
    """The logger `streamlib.processor`, each line headed by a processor's id; its records say in fields whose they are.

    These are `processor_id` and, where they are known, `processor_type` and `generation`.
    """

    def __init__(self, processor_id: ProcessorId, processor_type: str = "", generation: int = 0) -> None:
        super().__init__(logging.getLogger("streamlib.processor"), log_fields(processor_id, processor_type, generation))
        self.processor_id = processor_id

    def process(self, msg: object, kwargs: MutableMapping[str, Any]) -> tuple[str, MutableMapping[str, Any]]:
        """Head the message, and add whose it is to the record beside what the caller adds."""
        kwargs["extra"] = {**(self.extra or {}), **(kwargs.get("extra") or {})}
        return f"{self.processor_id}: {msg}", kwargs


class RuntimeContext:
    """What `setup` is handed, and what a processor may keep."""

    __slots__ = ("_log", "_shared", "clock", "generation", "media", "processor_id", "processor_type")

    def __init__(
        self,
        processor_id: ProcessorId,
        clock: Clock,
        shared: SharedObjects,
        media: MediaConfig,
        generation: int = 0,
        processor_type: str = "",
    ) -> None:
        self.processor_id = processor_id
        self.processor_type = processor_type
        self.generation = generation
        self.clock = clock
        self.media = media
        self._shared = shared
        self._log: ProcessorLog | None = None

    @property
    def log(self) -> ProcessorLog:
        """The processor's logger."""
        log = self._log
        if log is None:
            log = self._log = ProcessorLog(self.processor_id, self.processor_type, self.generation)
        return log

    @property
    def log_fields(self) -> dict[str, object]:
        """The fields of a line of another logger that is about this processor."""
        return log_fields(self.processor_id, self.processor_type, self.generation)

    def shared(self, type_: type[T]) -> T:
        """The runtime's one object of a type, made by `type_()` on first use and closed when the runtime stops.

        One whose class says `outlives_stop = True` is kept for the next start, and not closed.

        Raises:
            StateError: The runtime has closed what it shares.
        """
        return self._shared.get(type_)


class Asked(Protocol):
    """Who does what a processor asks for."""

    def wake(self) -> None:
        """Call it soon; from any thread."""
        ...

    def wake_at(self, ns: int, /) -> None:
        """Call it when the clock reaches a time in nanoseconds."""
        ...

    def end(self) -> None:
        """It has nothing more to say."""
        ...


class ProcessContext:
    """What `process` and `flush` are handed.

    `wake()` has `process` called again soon, `wake_at(ns)` when the clock reaches a time in nanoseconds (for a
    continuous processor it replaces the next tick; `clock.NEVER_NS` waits for `wake` or, in a source, for a change
    of its links), and `end()` says that this processor has nothing more to say: its outputs end and it is torn
    down. `wake` may be kept and called from any thread. `joined` counts by output who has come to read it, by a new
    link or in another's place: an encoder sends a key frame when the count has changed since its last call.
    `is_cut_off` says that nobody waits any more for what it still has to say: a call that writes many frames looks
    there, and returns.
    """

    __slots__ = ("_asked", "_now_ns", "is_cut_off", "joined", "runtime")

    def __init__(self, runtime: RuntimeContext, asked: Asked) -> None:
        self.runtime = runtime
        self.joined = _counts(())
        self.is_cut_off = False
        self._asked = asked
        self._now_ns = runtime.clock.now_ns

    def wake(self) -> None:
        """Have `process` called soon; from any thread, and also by who keeps this method."""
        self._asked.wake()

    def wake_at(self, ns: int) -> None:
        """Have `process` called when the clock reaches a time in nanoseconds; from inside a call.

        Raises:
            ConfigError: It is no number of nanoseconds.
        """
        self._asked.wake_at(ns)

    def end(self) -> None:
        """Have nothing more to say after this call; from inside a call."""
        self._asked.end()

    def now_ns(self) -> int:
        """The present time on the runtime's clock, in nanoseconds."""
        return self._now_ns()

    def renewed(self) -> ProcessContext:
        """Another for the same processor, while nobody has been handed this one. For the engine."""
        new = ProcessContext(self.runtime, self._asked)
        new.joined = self.joined
        return new

    def cut(self) -> None:
        """Lead nowhere from now on: the processor is torn down. For the engine."""
        self._asked = _NOBODY

    def count_joined(self, output: str, more: int = 1) -> None:
        """So many more read an output. For the engine."""
        counts = {**self.joined, output: self.joined[output] + more}
        self.joined = _counts(tuple(counts.items()))

    @property
    def processor_id(self) -> ProcessorId:
        """The id of this processor."""
        return self.runtime.processor_id

    @property
    def clock(self) -> Clock:
        """The runtime's clock."""
        return self.runtime.clock

    @property
    def media(self) -> MediaConfig:
        """The runtime's defaults for media."""
        return self.runtime.media

    @property
    def log(self) -> ProcessorLog:
        """The processor's logger."""
        return self.runtime.log

    def shared(self, type_: type[T]) -> T:
        """The runtime's one object of a type, as `RuntimeContext.shared` gives it."""
        return self.runtime.shared(type_)


class _Nobody:
    """Stands behind the context of a processor that has gone."""

    def wake(self) -> None:
        """Nobody is there to be called."""

    def wake_at(self, ns: int) -> None:
        """At no time."""

    def end(self) -> None:
        """It has ended."""


_NOBODY = _Nobody()


@lru_cache(maxsize=256)
def _counts(counts: tuple[tuple[str, int], ...]) -> Mapping[str, int]:
    """Counts by name, of others 0; most processors have the same, and share them."""
    return MappingProxyType(Counter(dict(counts)))
