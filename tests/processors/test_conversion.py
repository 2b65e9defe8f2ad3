"""One value against one annotation."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import pytest

from streamlib.errors import ConfigError
from streamlib.frames.video import VideoFrame
from streamlib.processors.conversion import chosen, convert, reason, type_words


class Matrix(StrEnum):
    """A choice."""

    BT601 = "bt601"
    BT709 = "bt709"


class Size(msgspec.Struct):
    """A struct within a config."""

    width: int


class Tree(msgspec.Struct):
    """A struct with a field that msgspec has no rule for."""

    children: Path | int = 0


SAME = Size(2)


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (640, int, 640),
        (1, float, 1.0),
        ("bt709", Matrix, Matrix.BT709),
        ("bt709", Matrix | None, Matrix.BT709),
        ("out.mp4", Path, Path("out.mp4")),
        (PurePosixPath("a/b"), Path, Path("a/b")),
        (PurePosixPath("a/b"), str, "a/b"),
        (None, Path | None, None),
        ([640, 480], tuple[int, int], (640, 480)),
        ({"width": 3}, Size, Size(3)),
        (SAME, Size, SAME),
        (Size, type[msgspec.Struct], Size),
        (Path, type[Size | Path], Path),
        (int, type, int),
        (len, Callable[[str], int], len),
        (SAME, object, SAME),
        (np.int64(3), int, 3),
        (np.float32(0.5), float, 0.5),
        (3, Annotated[int, msgspec.Meta(ge=1)], 3),
        (Tree(3), Tree, Tree(3)),
        ("a", Path | str, "a"),
    ],
)
def test_what_serves_is_taken(value: object, annotation: object, expected: object) -> None:
    assert convert(value, annotation) == expected


def test_a_frame_is_taken_on_trust() -> None:
    frame = VideoFrame.from_ndarray(np.zeros((2, 2, 3), np.uint8))
    assert convert(frame, VideoFrame) is frame


@pytest.mark.parametrize(
    ("value", "annotation", "words"),
    [
        ("640", int, "expected int, got str; given '640'"),
        (True, int, "expected int, got bool; given True"),
        (1.5, int, "expected int, got float; given 1.5"),
        (None, int, "expected int, got null; given None"),
        (3, Path, "expected Path, got int; given 3"),
        ("x", Callable[[], int], "got str; given 'x'"),
        (int, type[Size], "got type; given <class 'int'>"),
        (SAME, Path, "expected Path, got Size"),
        (Size("wide"), Size, "expected int, got str"),  # type: ignore[arg-type]
        (0, Annotated[int, msgspec.Meta(ge=1)], "expected int >= 1; given 0"),
        ("bt790", Matrix, "invalid enum value 'bt790'; did you mean 'bt709'? known: bt601, bt709"),
        ("fst", Literal["fast", "slow"], "did you mean 'fast'? known: fast, slow"),
        (3, Annotated[Path | str, "mark"], "expected Path | str, got int; given 3"),
        (Size(1), VideoFrame, "expected VideoFrame, got Size"),
        ("x" * 100, int, "given 'xxxxxxxx"),
        ([1, "2"], list[int], "expected int, got str - at $[1]"),
    ],
)
def test_what_does_not_serve_is_refused_in_words(value: object, annotation: object, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as caught:
        convert(value, annotation)
    assert words in reason(caught.value, annotation, value)


def test_a_choice_that_does_not_exist_is_an_error_of_ours_and_names_the_nearest() -> None:
    class Speed(StrEnum):
        SLOW = "slow"
        FAST = "fast"

    assert chosen("speed", Speed, "fast") is Speed.FAST
    with pytest.raises(ConfigError, match="speed is 'fats'; did you mean 'fast'") as caught:
        chosen("speed", Speed, "fats")
    assert caught.value.field == "speed"


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (Annotated[int, msgspec.Meta(ge=0, le=100_000)], "; the range is 0 to 100,000"),
        (Annotated[float, msgspec.Meta(gt=0), msgspec.Meta(lt=0.5)], "; the range is above 0 to below 0.5"),
        (Annotated[int, msgspec.Meta(ge=0)], "given -1"),
    ],
)
def test_the_range_of_a_number_is_said_where_it_has_two_ends(annotation: Any, words: str) -> None:
    assert reason(ValueError("no"), annotation, -1).endswith(words)


def test_a_long_value_is_cut_short() -> None:
    assert len(reason(ValueError("no"), int, "x" * 1000)) < 100


def test_an_annotation_without_a_rule_is_an_error_of_its_own() -> None:
    with pytest.raises(TypeError, match="not supported"):
        convert("x", dict[str, Path | str])


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "int"),
        (Annotated[Path, "mark"], "Path"),
        (list[int], "list[int]"),
        (int | None, "int | None"),
        (Literal[5, 10], "5 | 10"),
    ],
)
def test_an_annotation_reads_as_its_author_wrote_it(annotation: Any, words: str) -> None:
    assert type_words(annotation) == words
