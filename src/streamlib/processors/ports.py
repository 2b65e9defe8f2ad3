"""Ports as a processor's class declares them, and as its methods see them.

`LinkInput` and `LinkOutput` are both: the record written in the class body, and the typed face of the port
that the instance carries under that name. What stands there at run time is a reader or writer of
`streamlib.links`: a plug until the engine wires a link. Ports know frame classes and nothing of links.
`declaration.py` collects them.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import UnionType
from typing import Any, Generic, NoReturn, TypeVar, Union, get_args, get_origin, overload

from streamlib.errors import DeclarationError
from streamlib.links.delivery import Delivery

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")


class Port:
    """One declared end of links: its name and the classes of the frames that pass through it."""

    __slots__ = ("frame_types", "name")

    def __init__(self, frame_type: object) -> None:
        self.name = ""
        self.frame_types = frame_classes(frame_type)

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
        delivery: What becomes of frames that come faster than they are read; "every" waits for room.
        capacity: Frames that a link to this input holds, 1 or more.
    """

    __slots__ = ("capacity", "delivery")

    @overload
    def __init__(self, frame_type: type[T], *, delivery: Delivery | str = ..., capacity: int = ...) -> None: ...
    @overload
    def __init__(
        self: LinkInput[A | B],
        frame_type: tuple[type[A], type[B]],
        *,
        delivery: Delivery | str = ...,
        capacity: int = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: LinkInput[Any],
        frame_type: UnionType | tuple[type, ...],
        *,
        delivery: Delivery | str = ...,
        capacity: int = ...,
    ) -> None: ...
    def __init__(self, frame_type: object, *, delivery: Delivery | str = "every", capacity: int = 8) -> None:
        super().__init__(frame_type)
        self.delivery = _delivery(delivery)
        self.capacity = _capacity(capacity)

    def read(self) -> T | None:
        """The next frame, or None when there is none now."""
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
    """

    __slots__ = ()

    @overload
    def __init__(self, frame_type: type[T]) -> None: ...
    @overload
    def __init__(self: LinkOutput[A | B], frame_type: tuple[type[A], type[B]]) -> None: ...
    @overload
    def __init__(self: LinkOutput[Any], frame_type: UnionType | tuple[type, ...]) -> None: ...
    def __init__(self, frame_type: object) -> None:
        super().__init__(frame_type)

    def write(self, frame: T) -> None:
        """Send a frame to every link of this port; on a dedicated thread this waits for room."""
        self._unbound()

    def end(self) -> None:
        """End the stream of this port, in order behind the last frame; later writes are errors of the author."""
        self._unbound()

    @property
    def connected(self) -> bool:
        """Whether a link leaves from here."""
        self._unbound()


def misfit(source: str, output: LinkOutput[Any], target: str, input_: LinkInput[Any]) -> str | None:
    """Why an output of the processor `source` cannot feed an input of `target`, or None when it can."""
    if input_.accepts(output.frame_types):
        return None
    carries, takes = words(output.frame_types), words(input_.frame_types)
    return f"{source}.{output.name} carries {carries}, {target}.{input_.name} takes {takes}"


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


def _delivery(delivery: Delivery | str) -> Delivery:
    try:
        return Delivery(delivery)
    except ValueError:
        raise DeclarationError(f"no delivery {delivery!r}; known: {', '.join(Delivery)}") from None


def _capacity(capacity: object) -> int:
    if not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 1:
        raise DeclarationError(f"capacity is {capacity!r}; an input's link holds 1 frame or more")
    return capacity
