"""Configs: what is taken, what is refused in which words, what is live."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.errors import ConfigError, DeclarationError
from streamlib.processors.config import ConfigFields, Live, ProcessorConfig, live_fields


class Preset(StrEnum):
    """A choice."""

    FAST = "fast"
    SLOW = "slow"


class EncoderConfig(ProcessorConfig):
    """A config with something of everything."""

    bitrate: Live[Annotated[int, msgspec.Meta(ge=1_000)]] = 4_000_000
    preset: Preset = Preset.FAST
    quality: Live[float | None] = None
    gain: Live[float] | None = None


class FileConfig(EncoderConfig):
    """A config that inherits another's fields and needs one of its own behind them."""

    path: Path


class RangeConfig(ProcessorConfig):
    """A config that refuses a combination."""

    low: int = 0
    high: int = 1

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")


ENCODER = ConfigFields.of("Encoder", EncoderConfig)
FILE = ConfigFields.of("File", FileConfig)


def test_nothing_given_is_all_defaults() -> None:
    assert ENCODER.build() == ENCODER.build(None) == ENCODER.build({}) == EncoderConfig()


def test_keywords_a_mapping_and_an_instance_say_the_same() -> None:
    expected = EncoderConfig(bitrate=5_000, preset=Preset.SLOW)
    assert ENCODER.build(bitrate=5_000, preset="slow") == expected
    assert ENCODER.build({"bitrate": 5_000, "preset": "slow"}) == expected
    assert ENCODER.build(expected) == expected


def test_keywords_go_before_a_config() -> None:
    assert ENCODER.build({"bitrate": 5_000}, bitrate=6_000) == EncoderConfig(bitrate=6_000)
    assert ENCODER.build(EncoderConfig(bitrate=5_000), bitrate=6_000) == EncoderConfig(bitrate=6_000)


def test_a_path_may_be_a_string() -> None:
    built = FILE.build(path="out.mp4")
    assert built == FileConfig(path=Path("out.mp4"))


@pytest.mark.promise("processor.config-errors", "error.nearest")
def test_an_unknown_field_is_named_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="Encoder has no config field 'bitrat'; did you mean 'bitrate'") as caught:
        ENCODER.build(bitrat=1)
    assert (caught.value.processor_type, caught.value.field) == ("Encoder", "bitrat")


@pytest.mark.promise("processor.config-errors")
@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"bitrate": "4M"}, "bitrate", "Encoder.bitrate: expected int, got str; given '4M'"),
        ({"bitrate": 10}, "bitrate", "Encoder.bitrate: expected int >= 1000; given 10"),
        ({"preset": "fst"}, "preset", "did you mean 'fast'? known: fast, slow"),
        ({"quality": "high"}, "quality", "Encoder.quality: expected float | null, got str"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(fields: dict[str, Any], field: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ENCODER.build(fields)
    assert words in str(caught.value)
    assert caught.value.field == field


def test_an_instance_made_with_a_wrong_value_is_refused_when_handed_over() -> None:
    wrong = EncoderConfig(bitrate="x")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"Encoder\.bitrate: expected int, got str"):
        ENCODER.build(wrong)


def test_a_missing_field_is_named_with_its_type() -> None:
    with pytest.raises(ConfigError, match=r"File needs path \(Path\)") as caught:
        FILE.build(bitrate=5_000)
    assert caught.value.field == "path"


def test_a_config_of_another_type_is_refused() -> None:
    with pytest.raises(
        ConfigError, match="File takes FileConfig, a mapping or keywords as its config, not EncoderConfig"
    ):
        FILE.build(EncoderConfig())


def test_a_key_that_is_no_string_is_an_unknown_field() -> None:
    with pytest.raises(ConfigError, match="no config field 3"):
        ENCODER.build({3: 4})  # type: ignore[dict-item]


def test_a_combination_that_the_author_refuses_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="Range: low is above high"):
        ConfigFields.of("Range", RangeConfig).build(low=3)


def test_a_config_is_frozen_and_keyword_only() -> None:
    with pytest.raises(AttributeError):
        EncoderConfig().bitrate = 3  # type: ignore[misc]
    with pytest.raises(TypeError, match="positional"):
        EncoderConfig(3)  # type: ignore[call-arg]


@pytest.mark.promise("processor.config-live")
def test_each_field_says_live_or_restart() -> None:
    assert live_fields(FileConfig) == {"bitrate", "quality", "gain"}


@pytest.mark.promise("processor.config-live")
def test_changes_are_told_apart_by_what_they_need() -> None:
    new = FILE.changed(FileConfig(path=Path("a")), bitrate=9_000, path="b")
    assert FILE.changes(FileConfig(path=Path("a")), new) == (("bitrate",), ("path",))


def test_a_change_keeps_the_fields_it_does_not_name() -> None:
    old = EncoderConfig(bitrate=5_000, preset=Preset.SLOW)
    assert ENCODER.changed(old, {"bitrate": 6_000}) == EncoderConfig(bitrate=6_000, preset=Preset.SLOW)


def test_a_whole_config_replaces_the_old_one() -> None:
    old = EncoderConfig(bitrate=5_000, preset=Preset.SLOW)
    assert ENCODER.changed(old, EncoderConfig(quality=1.0)) == EncoderConfig(quality=1.0)


def test_a_wrong_change_leaves_the_old_config_as_it_was() -> None:
    old = EncoderConfig()
    with pytest.raises(ConfigError):
        ENCODER.changed(old, bitrate="x")
    assert old == EncoderConfig()


@given(st.integers(1_000, 10_000_000), st.sampled_from(Preset), st.none() | st.floats(allow_nan=False))
def test_what_was_built_builds_again_and_differs_in_nothing(
    bitrate: int, preset: Preset, quality: float | None
) -> None:
    built = ENCODER.build(bitrate=bitrate, preset=str(preset), quality=quality)
    assert ENCODER.build(built) == built
    assert ENCODER.changes(built, ENCODER.build(built)) == ((), ())


def test_a_field_cannot_be_called_like_a_keyword_of_add_processor() -> None:
    class Taken(ProcessorConfig):
        on_error: str = "skip"

    with pytest.raises(DeclarationError, match=r"Taken\.Config\.on_error: add_processor has a keyword of that name"):
        ConfigFields.of("Taken", Taken)


def test_a_default_of_the_wrong_type_is_a_declaration_error() -> None:
    class Wrong(ProcessorConfig):
        size: int = "big"  # type: ignore[assignment]

    with pytest.raises(DeclarationError, match=r"Wrong\.Config\.size: expected int, got str; given 'big'"):
        ConfigFields.of("Wrong", Wrong)


def test_a_type_that_cannot_be_checked_is_a_declaration_error() -> None:
    class Loose(ProcessorConfig):
        paths: list[str | Path] = msgspec.field(default_factory=list)

    with pytest.raises(DeclarationError, match=r"Loose\.Config\.paths: .*choose a type that can be checked"):
        ConfigFields.of("Loose", Loose)


def test_an_annotation_that_names_nothing_is_a_declaration_error() -> None:
    class Lost(ProcessorConfig):
        mode: Nowhere = 1  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(DeclarationError, match=r"Lost\.Config: name 'Nowhere' is not defined"):
        ConfigFields.of("Lost", Lost)


def test_a_config_class_inherits_from_processor_config() -> None:
    with pytest.raises(DeclarationError, match="write class Config\\(ProcessorConfig\\)"):
        ConfigFields.of("Plain", dict)  # type: ignore[arg-type]


def test_a_field_with_a_default_factory_is_made_anew_each_time() -> None:
    class Listed(ProcessorConfig):
        names: list[str] = msgspec.field(default_factory=list)

    fields = ConfigFields.of("Listed", Listed)
    first, second = fields.build(), fields.build()
    assert isinstance(first, Listed)
    assert isinstance(second, Listed)
    assert first.names is not second.names


def test_a_setting_without_annotation_is_a_declaration_error() -> None:
    class Bare(ProcessorConfig):
        gain = 1.0

    with pytest.raises(DeclarationError, match=r"Bare\.Config\.gain has no annotation; write gain: float = 1\.0"):
        ConfigFields.of("Bare", Bare)


def test_processors_of_a_type_that_is_told_nothing_share_one_config() -> None:
    class Plain(ProcessorConfig):
        pass

    fields = ConfigFields.of("Plain", Plain)
    assert fields.build() is fields.build() is not None
    assert fields.build({}) == fields.build()
    with pytest.raises(ConfigError, match="has no config field 'gain'"):
        fields.build(gain=1)
