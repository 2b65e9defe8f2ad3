"""Ports as a processor's class declares them, and as its methods see them.

`LinkInput` and `LinkOutput` are both: the record written in the class body, and the typed face of the port
that the instance carries under that name. What stands there at run time is a reader or writer of
`streamlib.links`: a plug until the engine wires a link. Ports know frame classes and nothing of links. What a port
says beyond its frame classes, a schema or audio requirements, is compared when ports are joined, never per frame.
`declaration.py` collects them.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import UnionType
from typing import Any, Generic, NoReturn, TypeVar, Union, get_args, get_origin, overload

from streamlib.errors import DeclarationError
from streamlib.links.delivery import MOST_FRAMES, Delivery
from streamlib.links.many import IncomingLink
from streamlib.schema.builtins import SCHEMA_AUDIO_FRAME, SCHEMA_DATA_FRAME
from streamlib.schema.compatibility import first_difference
from streamlib.schema.derivation import own_schema, schema_of
from streamlib.schema.descriptors import AudioRequirements
from streamlib.schema.types import Schema

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")


class Port:
    """One declared end of links: its name, the classes of the frames that pass through it, and what it says of them."""

    __slots__ = ("audio", "frame_types", "name", "schema")

    def __init__(
        self, frame_type: object, schema: type[Any] | Schema | None = None, audio: AudioRequirements | None = None
    ) -> None:
        self.name = ""
        self.frame_types = frame_classes(frame_type)
        self.schema = None if schema is None else schema_of(schema)
        self.audio = _requirements(audio)
        if self.schema is not None and not self._carries(SCHEMA_DATA_FRAME):
            raise DeclarationError(f"schema says what a DataFrame holds, and none pass at {words(self.frame_types)}")
        if self.audio is not None and not self._carries(SCHEMA_AUDIO_FRAME):
            raise DeclarationError(f"audio says which AudioFrames pass, and none do at {words(self.frame_types)}")

    def _carries(self, schema: Schema) -> bool:
        return any(own_schema(frame_type) is schema for frame_type in self.frame_types)

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = self.name or name  # one object under two names keeps the first; the declaration refuses it

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name or 'without a name'}: {words(self.frame_types)}>"

    def _unbound(self) -> NoReturn:
        raise DeclarationError(
            f"{self!r} is a declaration and carries no frames; a processor reads and writes its own ports, "
            f"as in self.{self.name or 'video_in'}"
        )


class LinkInput(Port, Generic[T]):
    """An input: frames of these classes come in through it.

    A type checker reads one class, or a tuple of two, from the argument; a port of a union is annotated:
    `video: LinkInput[VideoFrame | EncodedPacket] = LinkInput(VideoFrame | EncodedPacket)`.

    Args:
        frame_type: A frame class, a union of them (`VideoFrame | EncodedPacket`) or a tuple of them.
        delivery: What becomes of frames that come faster than they are read: "every" has the writer wait for room,
            "latest" keeps the newest, "drop_oldest" and "drop_newest" keep as many as there is room for.
        capacity: Frames that a link to this input holds, 1 or more.
        many: Whether any number of links may lead here, and not one only; then `read` takes from them in turn, and
            `links` are they.
        schema: What the data of a DataFrame must hold: a class of fields (a msgspec Struct, a dataclass, a TypedDict)
            or a `Schema`. An output that says nothing of its data fits.
        audio: Which sound it takes. An output that says nothing of its sound fits.

    Raises:
        DeclarationError: It is no frame class, there is no such delivery, the capacity is below 1, or the schema or
            audio requirements are none, or not for these frames.
    """

    __slots__ = ("capacity", "delivery", "many")

    @overload
    def __init__(
        self,
        frame_type: type[T],
        *,
        delivery: Delivery | str = ...,
        capacity: int = ...,
        many: bool = ...,
        schema: type[Any] | Schema | None = ...,
        audio: AudioRequirements | None = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: LinkInput[A | B],
        frame_type: tuple[type[A], type[B]],
        *,
        delivery: Delivery | str = ...,
        capacity: int = ...,
        many: bool = ...,
        schema: type[Any] | Schema | None = ...,
        audio: AudioRequirements | None = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: LinkInput[Any],
        frame_type: UnionType | tuple[type, ...],
        *,
        delivery: Delivery | str = ...,
        capacity: int = ...,
        many: bool = ...,
        schema: type[Any] | Schema | None = ...,
        audio: AudioRequirements | None = ...,
    ) -> None: ...
    def __init__(
        self,
        frame_type: object,
        *,
        delivery: Delivery | str = "every",
        capacity: int = 8,
        many: bool = False,
        schema: type[Any] | Schema | None = None,
        audio: AudioRequirements | None = None,
    ) -> None:
        super().__init__(frame_type, schema, audio)
        self.delivery = _delivery(delivery)
        self.capacity = _capacity(capacity)
        self.many = many

    def read(self) -> T | None:
        """The next frame, or None when there is none now; under `wake = "all"` that is when this input has ended."""
        self._unbound()

    @property
    def links(self) -> tuple[IncomingLink, ...]:
        """The links of an input of many, in the order in which they were connected, each with a `read` of its own."""
        self._unbound()

    @property
    def ended(self) -> bool:
        """Whether no frame will come any more."""
        self._unbound()

    @property
    def connected(self) -> bool:
        """Whether a link leads here."""
        self._unbound()

    def accepts(self, frame_types: Iterable[type]) -> bool:
        """Whether this input takes every frame class that an output may carry."""
        return all(issubclass(frame_type, self.frame_types) for frame_type in frame_types)


class LinkOutput(Port, Generic[T]):
    """An output: frames of these classes leave through it.

    Args:
        frame_type: A frame class, a union of them (`VideoFrame | EncodedPacket`) or a tuple of them.
        schema: What the data of its DataFrames holds: a class of fields or a `Schema`.
        audio: Which sound it emits.

    Raises:
        DeclarationError: It is no frame class, or the schema or audio requirements are none, or not for these frames.
    """

    __slots__ = ()

    @overload
    def __init__(
        self,
        frame_type: type[T],
        *,
        schema: type[Any] | Schema | None = ...,
        audio: AudioRequirements | None = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: LinkOutput[A | B],
        frame_type: tuple[type[A], type[B]],
        *,
        schema: type[Any] | Schema | None = ...,
        audio: AudioRequirements | None = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: LinkOutput[Any],
        frame_type: UnionType | tuple[type, ...],
        *,
        schema: type[Any] | Schema | None = ...,
        audio: AudioRequirements | None = ...,
    ) -> None: ...
    def __init__(
        self, frame_type: object, *, schema: type[Any] | Schema | None = None, audio: AudioRequirements | None = None
    ) -> None:
        super().__init__(frame_type, schema, audio)

    def write(self, frame: T) -> None:
        """Send a frame to every link of this port; on a dedicated thread this waits for room."""
        self._unbound()

    def end(self) -> None:
        """End the stream of this port, behind the last frame; nothing may be written to it after that."""
        self._unbound()

    @property
    def connected(self) -> bool:
        """Whether a link leaves from here."""
        self._unbound()


def misfit(source: str, output: LinkOutput[Any], target: str, input_: LinkInput[Any]) -> str | None:
    """Why an output of the processor `source` cannot feed an input of `target`, or None when it can.

    What one of the two does not say (a schema, a rate) is not compared: it is known when frames come.
    """
    from_, to = f"{source}.{output.name}", f"{target}.{input_.name}"
    if not input_.accepts(output.frame_types):
        return f"{from_} carries {words(output.frame_types)}, {to} takes {words(input_.frame_types)}"
    if output.schema is not None and input_.schema is not None:
        difference = first_difference(output.schema, input_.schema)
        if difference is not None:
            return f"{from_} carries {output.schema}, {to} takes {input_.schema}: {difference}"
    sounds = output.audio.difference(input_.audio) if output.audio is not None and input_.audio is not None else None
    return None if sounds is None else f"{from_} carries sound of {sounds[0]}, {to} takes {sounds[1]}"


def words(frame_types: Iterable[type]) -> str:
    """Frame classes as one reads them: `VideoFrame or EncodedPacket`."""
    return " or ".join(frame_type.__name__ for frame_type in frame_types)


def frame_classes(frame_type: object) -> tuple[type, ...]:
    """The classes that a class, a union or a tuple of classes stands for.

    Raises:
        DeclarationError: Something among them is not a class.
    """
    if isinstance(frame_type, type) and get_origin(frame_type) is None:
        return (frame_type,)
    parts = frame_type if isinstance(frame_type, tuple) else _union_members(frame_type)
    if not parts:
        raise DeclarationError(f"a port carries frame classes, not {frame_type!r}; write LinkInput(VideoFrame)")
    return tuple(dict.fromkeys(found for part in parts for found in frame_classes(part)))


def _union_members(frame_type: object) -> tuple[object, ...]:
    return get_args(frame_type) if get_origin(frame_type) in {Union, UnionType} else ()


def _requirements(audio: object) -> AudioRequirements | None:
    if audio is None or isinstance(audio, AudioRequirements):
        return audio
    raise DeclarationError(f"audio is {audio!r}; write audio=AudioRequirements(rates=48_000, channels=(1, 2))")


def _delivery(delivery: Delivery | str) -> Delivery:
    try:
        return Delivery(delivery)
    except ValueError:
        raise DeclarationError(f"no delivery {delivery!r}; known: {', '.join(Delivery)}") from None


def _capacity(capacity: object) -> int:
    if not isinstance(capacity, int) or isinstance(capacity, bool) or not 1 <= capacity <= MOST_FRAMES:
        message = f"capacity is {capacity!r}; an input's link holds 1 frame or more, and {MOST_FRAMES:,} at most"
        raise DeclarationError(message)
    return capacity
