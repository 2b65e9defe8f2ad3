"""A function's signature, read as ports and config."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import msgspec
import pytest

from streamlib.errors import DeclarationError
from streamlib.frames.stamped import Stamped
from streamlib.frames.video import VideoFrame
from streamlib.processors.config import ConfigFields, ProcessorConfig
from streamlib.processors.signature import read_signature


class Sound(Stamped, frozen=True, gc=False, eq=False):
    """Another frame class."""


def test_parameters_without_default_are_inputs_and_the_others_settings() -> None:
    def blend(a: VideoFrame, b: VideoFrame | Sound, amount: float = 0.5, *, name: str = "x") -> VideoFrame: ...  # type: ignore[empty-body]

    signature = read_signature(blend, "blend")
    assert signature.inputs == (("a", (VideoFrame,)), ("b", (VideoFrame, Sound)))
    assert signature.output == (VideoFrame,)
    assert signature.settings == (("amount", float, 0.5), ("name", str, "x"))


def test_a_setting_without_annotation_is_of_its_defaults_type() -> None:
    def blur(frame: VideoFrame, radius=3, mask=None) -> VideoFrame | None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001

    signature = read_signature(blur, "blur")
    assert signature.settings == (("radius", int, 3), ("mask", Any, None))
    assert signature.output == (VideoFrame,)


def test_a_function_that_returns_nothing_is_a_sink() -> None:
    def show(frame: VideoFrame) -> None: ...

    assert read_signature(show, "show").output == ()


def test_a_class_of_the_enclosing_function_is_found_where_the_function_uses_it() -> None:
    class Local(Stamped, frozen=True, gc=False, eq=False):
        """Known in here alone."""

    def make(frame: Local) -> Local:
        return Local(sequence=frame.sequence)

    assert read_signature(make, "make").inputs == (("frame", (Local,)),)


def test_the_config_has_a_live_field_for_each_setting() -> None:
    def blur(frame: VideoFrame, radius: Annotated[int, msgspec.Meta(ge=1)] = 3) -> VideoFrame: ...  # type: ignore[empty-body]

    config_type = read_signature(blur, "blur").config_type("blur.Config", __name__)
    assert issubclass(config_type, ProcessorConfig)
    fields = ConfigFields.of("blur", config_type)
    assert fields.live == {"radius"}
    assert repr(fields.build(radius=4)) == "Config(radius=4)"


def no_annotation(frame) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001
def no_return(frame: VideoFrame): ...  # type: ignore[no-untyped-def]  # noqa: ANN201
def no_frame(frame: int) -> None: ...
def no_class(frame: Annotated[list[int], "x"]) -> None: ...
def unknown(frame: Nowhere) -> None: ...  # type: ignore[name-defined]  # noqa: F821
def returns_number(frame: VideoFrame) -> int: ...  # type: ignore[empty-body]
def returns_many(frame: VideoFrame) -> Iterator[VideoFrame]: ...  # type: ignore[empty-body]
def returns_pair(frame: VideoFrame) -> tuple[VideoFrame, Sound]: ...  # type: ignore[empty-body]
def any_number(*frames: VideoFrame) -> None: ...
def any_name(**frames: VideoFrame) -> None: ...
def keyword_input(*, frame: VideoFrame) -> None: ...
def positional_setting(frame: VideoFrame, radius: int = 3, /) -> None: ...
async def later(frame: VideoFrame) -> None: ...
def one_by_one(frame: VideoFrame) -> Iterator[VideoFrame]:
    yield frame


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (no_annotation, "no_annotation(frame) has no annotation"),
        (no_return, "no_return has no return annotation; write -> VideoFrame, or -> None for a sink"),
        (no_frame, "no_frame(frame): int is no frame class"),
        (no_class, "is no frame class"),
        (unknown, "unknown: name 'Nowhere' is not defined; define or import"),
        (returns_number, "int is no frame class"),
        (returns_many, "is no frame class"),
        (returns_pair, "is no frame class"),
        (any_number, "any_number(frames): an input is an ordinary parameter"),
        (any_name, "any_name(frames): an input is an ordinary parameter"),
        (keyword_input, "keyword_input(frame): an input is an ordinary parameter"),
        (positional_setting, "positional_setting(radius): a setting is given by name"),
        (later, "later is async or a generator"),
        (one_by_one, "one_by_one is async or a generator"),
    ],
)
def test_a_signature_that_is_no_processor_is_refused_in_words(function: Callable[..., Any], words: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        read_signature(function, function.__name__)
    assert words in str(caught.value)


def test_a_default_that_cannot_be_a_fields_is_refused() -> None:
    def shared(frame: VideoFrame, names: list[str] = ["x"]) -> None: ...  # noqa: B006

    with pytest.raises(DeclarationError, match="shared: "):
        read_signature(shared, "shared").config_type("shared.Config", __name__)
