from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import msgspec
import pytest

from streamlib.errors import ConfigError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.data import DataFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.processors.ports import LinkInput
from streamlib.schema.descriptors import AudioRequirements
from streamlib.schema.types import BufferType, ScalarKind, SchemaRef, TextureType, described
from streamlib.testing.conformance.supply import ROUND, Supply, made_frames, time_of


def made(port: LinkInput[Any]) -> list[Any]:
    port.name = port.name or "inp"
    return list(made_frames("Tested.inp", port))


@pytest.mark.parametrize("kind", [VideoFrame, AudioFrame, DataFrame, EncodedPacket])
def test_frames_of_each_class_go_on_without_end_and_in_order(kind: type[Any]) -> None:
    supply = Supply("inp", made(LinkInput(kind)))
    assert supply.in_order
    frames = [supply.frame(n) for n in range(3 * ROUND)]
    assert all(isinstance(frame, kind) for frame in frames)
    times = [time_of(frame) for frame in frames]
    assert times == sorted(times)
    assert len(set(times)) == len(times)


def test_of_several_classes_the_first_that_can_be_made_is_taken() -> None:
    assert isinstance(made(LinkInput(AudioFrame | VideoFrame))[0], AudioFrame)
    assert isinstance(made(LinkInput((int, VideoFrame)))[0], VideoFrame)
    assert isinstance(made(LinkInput(object))[0], DataFrame)


def test_sound_is_as_the_port_requires() -> None:
    usual = made(LinkInput(AudioFrame))[0]
    assert (usual.sample_rate, usual.channels, usual.num_samples) == (48_000, 2, 960)
    asked = made(LinkInput(AudioFrame, audio=AudioRequirements(rates=16_000, channels=(1, 2), block=(160, 320))))
    assert (asked[0].sample_rate, asked[0].channels, asked[0].num_samples) == (16_000, 2, 320)
    assert asked[1].timestamp_ns == 20_000_000


class Inner(TypedDict):
    x: int


@dataclass
class Everything:
    flag: bool
    number: float
    text: str
    raw: bytes
    several: list[int]
    pair: tuple[int, int]
    table: dict[str, float]
    inner: Inner
    word: Literal["a", "b"]
    maybe: str | None
    either: int | str
    mask: Any = None


def test_data_is_as_the_schema_says() -> None:
    data = made(LinkInput(DataFrame, schema=Everything))[0].data
    assert {name: data[name] for name in ("flag", "number", "text", "raw")} == {
        "flag": True,
        "number": 0.5,
        "text": "text",
        "raw": b"bytes",
    }
    assert data["several"] == [1]
    assert data["inner"] == {"x": 1}
    assert data["word"] == "a"


def test_textures_and_buffers_are_arrays_and_what_cannot_be_made_is_asked_for() -> None:
    class Masked(msgspec.Struct):
        mask: Any

    marked = msgspec.defstruct(
        "Masked",
        [
            ("mask", described_any(TextureType(("gray8",), 8, 4))),
            ("curve", described_any(BufferType(ScalarKind.FLOAT32, (3, "n")))),
        ],
    )
    data = made(LinkInput(DataFrame, schema=marked))[0].data
    assert (data["mask"].shape, data["curve"].shape) == ((4, 8), (3, 4))
    refers = msgspec.defstruct("Refers", [("other", described_any(SchemaRef("Other")))])
    with pytest.raises(ConfigError, match="Other 1.0.0.*give frames="):
        made(LinkInput(DataFrame, schema=refers))


def described_any(type_: Any) -> Any:
    from typing import Annotated

    return Annotated[Any, described(type_)]


def test_that_somebody_wrote_into_data_is_seen() -> None:
    supply = Supply("inp", made(LinkInput(DataFrame)))
    assert not supply.is_changed()
    supply.frame(0).data["n"] = 7
    assert supply.is_changed()


def test_frames_without_times_come_again_as_they_are() -> None:
    supply = Supply("inp", [1, 2])
    assert [supply.frame(n) for n in range(4)] == [1, 2, 1, 2]
    assert not Supply("inp", [DataFrame({}, timestamp_ns=2), DataFrame({}, timestamp_ns=1)]).in_order
    with pytest.raises(ConfigError, match="one or more"):
        Supply("inp", [])
