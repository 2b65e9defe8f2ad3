"""Frames for an input, without end: those that a test gives, or made from what the port declares, over and over.

Their times go on rising from one round to the next. `feeder.py` sends them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from msgspec.structs import replace

from streamlib.clock import NS_PER_MS, NS_PER_S
from streamlib.errors import ConfigError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.data import DataFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.stamped import Stamped
from streamlib.frames.video import VideoFrame
from streamlib.processors.ports import LinkInput, words
from streamlib.schema.descriptors import AudioRequirements
from streamlib.schema.types import (
    ArrayType,
    BufferType,
    ChoiceType,
    EnumType,
    FieldType,
    MapType,
    OptionalType,
    ScalarKind,
    ScalarType,
    Schema,
    StructType,
    TextureType,
)
from streamlib.testing.conformance.content import content_of
from streamlib.testing.run import run_processor

ROUND = 50  # frames that are made; then they come again
STEP_NS = 20 * NS_PER_MS  # of pictures and data; as long as a block of sound, so that inputs stay in step
WIDTH, HEIGHT = 160, 120
RATE, CHANNELS, BLOCK = 48_000, 2, 960


class Supply:
    """The frames of one input: `frame(n)` for any n, the given ones again and again with times that go on rising.

    Raises:
        ConfigError: There is no frame.
    """

    def __init__(self, port: str, frames: Iterable[Any]) -> None:
        self.frames = tuple(frames)
        if not self.frames:
            raise ConfigError(f"frames has none for the input {port!r}; give it one or more", field="frames")
        self._span_ns = _span_ns(self.frames)
        self._contents = [content_of(frame) for frame in self.frames]
        self._is_changed = False

    @property
    def in_order(self) -> bool:
        """Whether no frame is earlier than the one before it."""
        times = [time_of(frame) for frame in self.frames]
        return all(earlier <= later for earlier, later in pairwise(times))

    @property
    def timed(self) -> bool:
        """Whether frames are at different times."""
        return len({time_of(frame) for frame in self.frames}) > 1

    def frame(self, n: int) -> Any:
        """The frame of a number, from 0."""
        round_, at = divmod(n, len(self.frames))
        if round_ == 1:  # what is written a second time may be as it was
            self._is_changed |= content_of(self.frames[at]) != self._contents[at]
        return _later(self.frames[at], round_ * self._span_ns)

    def is_changed(self) -> bool:
        """Whether somebody has written into one of the frames."""
        return self._is_changed or self._contents != [content_of(frame) for frame in self.frames]


def time_of(frame: Any) -> int:
    """By what the frames of a stream are in order: packets when they are decoded, others when they are shown."""
    return int(frame.decode_ns if isinstance(frame, EncodedPacket) else getattr(frame, "timestamp_ns", 0))


def made_frames(where: str, port: LinkInput[Any]) -> Sequence[Any]:
    """Frames that an input takes, by the first of its classes that frames can be made of.

    Raises:
        ConfigError: Frames of its classes have to be given.
    """
    for kind in port.frame_types:
        make = DataFrame if kind is object else kind
        if make in _MAKERS:
            return _MAKERS[make](where, port)
    raise ConfigError(f"no {words(port.frame_types)} can be made for {where}; give {_hint(port)}", field="frames")


def _hint(port: LinkInput[Any]) -> str:
    return f"frames={{{port.name!r}: [...]}}"


def _span_ns(frames: Sequence[Any]) -> int:
    stamped = [frame for frame in frames if isinstance(frame, Stamped)]
    if not stamped:
        return 0
    ends = [frame.timestamp_ns + (frame.duration_ns or STEP_NS) for frame in stamped]
    return max(STEP_NS, max(ends) - min(frame.timestamp_ns for frame in stamped))


def _later(frame: Any, by_ns: int) -> Any:
    if not by_ns or not isinstance(frame, Stamped):
        return frame
    if isinstance(frame, EncodedPacket):
        return replace(frame, timestamp_ns=frame.timestamp_ns + by_ns, decode_ns=frame.decode_ns + by_ns)
    return replace(frame, timestamp_ns=frame.timestamp_ns + by_ns)


def _pictures(where: str, port: LinkInput[Any]) -> Sequence[VideoFrame]:
    """A slope of grey with a light bar that moves."""
    del where, port
    slope = np.linspace(16, 200, WIDTH, dtype=np.uint8)
    pictures = np.broadcast_to(slope[None, None, :, None], (ROUND, HEIGHT, WIDTH, 3)).copy()
    for at in range(ROUND):
        pictures[at, :, 3 * at : 3 * at + 10] = 230
    return [
        VideoFrame.from_ndarray(picture, timestamp_ns=at * STEP_NS, duration_ns=STEP_NS)
        for at, picture in enumerate(pictures)
    ]


def _sound(where: str, port: LinkInput[Any]) -> Sequence[AudioFrame]:
    """A tone."""
    del where
    wanted = port.audio or AudioRequirements()
    rate, channels = _chosen(wanted.choices("rates"), RATE), _chosen(wanted.choices("channels"), CHANNELS)
    block = _chosen(wanted.choices("block"), max(1, round(rate * STEP_NS / NS_PER_S)))
    phases = np.arange(ROUND * block) * (2 * math.pi * 440 / rate)
    tone = np.repeat((np.sin(phases) / 4).astype(np.float32)[:, None], channels, axis=1).reshape(ROUND, block, channels)
    return [
        AudioFrame(samples, rate, timestamp_ns=at * block * NS_PER_S // rate) for at, samples in enumerate(tone.copy())
    ]


def _chosen(choices: Sequence[int], usual: int) -> int:
    return usual if usual in choices or not choices else choices[0]


def _data(where: str, port: LinkInput[Any]) -> Sequence[DataFrame]:
    """What the port's schema says, or a number."""
    try:
        return [
            DataFrame({"n": at} if port.schema is None else _record(port.schema), timestamp_ns=at * STEP_NS)
            for at in range(ROUND)
        ]
    except KeyError as error:
        raise ConfigError(f"no value of {error} can be made for {where}; give {_hint(port)}", field="frames") from error


def _packets(where: str, port: LinkInput[Any]) -> Sequence[EncodedPacket]:
    """H.264, from the encoder that is installed."""
    encoded = run_processor("H264Encoder", _pictures(where, port))
    return encoded["packets"]


_MAKERS: Mapping[type, Callable[[str, LinkInput[Any]], Sequence[Any]]] = MappingProxyType(
    {VideoFrame: _pictures, AudioFrame: _sound, DataFrame: _data, EncodedPacket: _packets}
)


def _record(schema: Schema | StructType) -> dict[str, object]:
    return {field.name: _value(field.type) for field in schema.fields}


def _value(type_: FieldType) -> object:
    """A value of a field.

    Raises:
        KeyError: None can be made of that type, which the error names.
    """
    if isinstance(type_, ScalarType):
        return _SCALARS.get(type_.kind, 1)
    maker = _VALUES.get(type(type_))
    if maker is None:
        raise KeyError(str(type_))
    return maker(type_)


_SCALARS: Mapping[ScalarKind, object] = MappingProxyType(
    {
        ScalarKind.BOOL: True,
        ScalarKind.FLOAT32: 0.5,
        ScalarKind.FLOAT64: 0.5,
        ScalarKind.STRING: "text",
        ScalarKind.BYTES: b"bytes",
    }
)
_VALUES: Mapping[type, Callable[[Any], object]] = MappingProxyType(
    {
        ArrayType: lambda type_: [_value(type_.items)] * (type_.length or 1),
        MapType: lambda type_: {"key": _value(type_.values)},
        StructType: _record,
        EnumType: lambda type_: type_.values[0],
        OptionalType: lambda type_: _value(type_.value),
        ChoiceType: lambda type_: _value(type_.options[0]),
        TextureType: lambda type_: np.zeros((type_.height or HEIGHT, type_.width or WIDTH), np.uint8),
        BufferType: lambda type_: np.zeros([n if isinstance(n, int) else 4 for n in type_.shape], str(type_.element)),
    }
)
