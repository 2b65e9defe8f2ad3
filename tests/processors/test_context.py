"""What a processor is handed."""

from __future__ import annotations

import dataclasses
import logging
import math
from typing import Any

import pytest

from streamlib.clock import NS_PER_S
from streamlib.errors import ConfigError
from streamlib.frames.pixel_format import ColorMatrix, ColorRange
from streamlib.processors.context import MediaConfig
from streamlib.processors.shared_objects import SharedObjects
from tests.processors.contexts import Asked, process_context, runtime_context


class Host:
    """An object that processors share."""


@pytest.mark.promise("processor.media-config")
def test_media_defaults_are_given_for_rate_block_frames_size_and_colour() -> None:
    media = runtime_context().media
    assert (media.sample_rate, media.block_size, media.frame_rate) == (48_000, 480, 30.0)
    assert (media.width, media.height) == (1280, 720)
    assert (media.color_range, media.color_matrix) == (ColorRange.LIMITED, ColorMatrix.BT709)


def test_media_defaults_are_a_frozen_record() -> None:
    changed = dataclasses.replace(MediaConfig(), sample_rate=44_100)
    assert changed.sample_rate == 44_100
    with pytest.raises(dataclasses.FrozenInstanceError):
        changed.sample_rate = 1  # type: ignore[misc]


@pytest.mark.promise("media.legal-ranges")
@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("sample_rate", 0, "1,000 to 384,000"),
        ("block_size", -1, "1 to 1,048,576"),
        ("frame_rate", math.inf, "0.001 to 1,000"),
        ("frame_rate", 0, "0.001 to 1,000"),
        ("width", 1 << 20, "1 to 16,384"),
        ("height", "tall", "expected int, got str"),
    ],
)
def test_media_defaults_that_mean_nothing_are_refused_with_their_range(name: str, value: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=rf"MediaConfig\.{name}: .*given {value!r}") as refused:
        MediaConfig(**{name: value})
    assert words in str(refused.value)
    assert refused.value.field == name


@pytest.mark.promise("processor.contexts")
def test_who_has_joined_is_counted_by_output_and_can_only_be_read() -> None:
    ctx, other = process_context(), process_context()
    assert (ctx.joined["out"], dict(ctx.joined)) == (0, {})
    ctx.count_joined("out")
    ctx.count_joined("out", 2)
    ctx.count_joined("second")
    assert dict(ctx.joined) == {"out": 3, "second": 1}
    with pytest.raises(TypeError):
        ctx.joined["out"] = 0  # type: ignore[index]
    assert other.joined["out"] == 0
    other.count_joined("out", 3)
    other.count_joined("second")
    assert other.joined is ctx.joined, "very many have the same"


def test_what_was_kept_of_a_context_leads_nowhere_once_it_is_cut() -> None:
    asked = Asked()
    ctx = process_context(asked)
    wake, wake_at, end = ctx.wake, ctx.wake_at, ctx.end
    ctx.cut()
    wake()
    wake_at(1)
    end()
    assert asked.calls == []


def test_a_process_context_hands_on_what_a_processor_asks() -> None:
    asked = Asked()
    ctx = process_context(asked)
    ctx.wake_at(ctx.now_ns() + NS_PER_S)
    ctx.wake()
    ctx.end()
    assert isinstance(asked.calls[0], int)
    assert asked.calls[1:] == ["wake", "end"]


@pytest.mark.promise("processor.contexts")
def test_both_contexts_know_the_processor_the_clock_and_the_media() -> None:
    ctx = process_context()
    assert ctx.processor_id == ctx.runtime.processor_id == "filter_0"
    assert ctx.clock is ctx.runtime.clock
    assert ctx.media is ctx.runtime.media
    assert ctx.now_ns() <= ctx.clock.now_ns()


def test_both_contexts_share_the_same_objects() -> None:
    ctx = process_context(shared=SharedObjects())
    assert ctx.shared(Host) is ctx.runtime.shared(Host)


def test_log_lines_bear_the_id_as_text_and_as_a_field(caplog: pytest.LogCaptureFixture) -> None:
    ctx = process_context()
    with caplog.at_level(logging.INFO, "streamlib.processor"):
        ctx.log.info("opened %s", "a.mp4", extra={"path": "a.mp4"})
    record = caplog.records[0]
    assert record.getMessage() == "filter_0: opened a.mp4"
    assert (record.__dict__["processor_id"], record.__dict__["path"]) == ("filter_0", "a.mp4")


def test_the_log_is_made_once_and_shared_by_both_contexts() -> None:
    ctx = process_context()
    assert ctx.log is ctx.runtime.log


def test_a_context_takes_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        process_context().note = 1  # type: ignore[attr-defined]
