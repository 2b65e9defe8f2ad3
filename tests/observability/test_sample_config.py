from __future__ import annotations

from typing import Any

import pytest

from streamlib import ImageFormat, SampleConfig, SampleMode
from streamlib.errors import ConfigError


@pytest.mark.promise("agent.sample-config")
def test_it_tells_mode_size_and_format() -> None:
    assert SampleConfig() == SampleConfig.thumbnail()
    assert SampleConfig.thumbnail().box == (320, 320)
    assert SampleConfig.thumbnail((100, 50)).box == (100, 50)
    assert SampleConfig.full_frame().box == (0, 0)
    assert SampleConfig.full_frame((640, 360), format="png").format is ImageFormat.PNG
    assert SampleConfig.key_frame().mode is SampleMode.KEY_FRAME
    assert SampleConfig("full_frame", (640, 360), "webp") == SampleConfig.full_frame((640, 360), format="webp")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sides", [(0, 10), (10, -1), (10,), (10, 10, 10), (10.5, 10), "10x10", 10, (True, 5), (1, 20_000)]
)
def test_a_box_that_is_none_is_refused(sides: Any) -> None:
    with pytest.raises(ConfigError, match="max_dimensions is .*; give a width and a height") as caught:
        SampleConfig.thumbnail(sides)
    assert caught.value.field == "max_dimensions"


def test_unknown_names_are_refused_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'thumbnail'"):
        SampleConfig("thumbnial")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="did you mean 'jpeg'"):
        SampleConfig.full_frame(format="jpg")
