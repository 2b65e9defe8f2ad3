from __future__ import annotations

import pytest

from streamlib import NoSample, NoSampleCause
from streamlib.ids import ProcessorId


def test_it_is_falsy_and_says_why() -> None:
    nothing = NoSample(processor_id=ProcessorId("camera_0"), cause=NoSampleCause.PAUSED, reason="camera_0 is paused")
    assert not nothing
    assert str(nothing) == "camera_0 is paused"
    assert nothing.cause == "paused"


def test_who_takes_it_for_a_sample_is_told_the_reason() -> None:
    nothing = NoSample(processor_id=ProcessorId("camera_0"), cause=NoSampleCause.QUIET, reason="nothing came")
    with pytest.raises(AttributeError, match="there is no sample, and so no data: nothing came"):
        nothing.data  # type: ignore[attr-defined]  # noqa: B018
