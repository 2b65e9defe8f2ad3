from __future__ import annotations

import logging

import pytest

from streamlib.media.notices import Notices


def test_each_thing_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    notices = Notices(logging.getLogger("streamlib.test"))
    for about in ("size", "rate", "size", "size"):
        notices.once(about, f"about {about}")
    assert [record.message for record in caplog.records] == ["about size", "about rate"]


def test_what_was_forgotten_is_said_again(caplog: pytest.LogCaptureFixture) -> None:
    notices = Notices(logging.getLogger("streamlib.test"))
    for _ in range(2):
        notices.once("size", "about size")
        notices.forget("size")
    notices.forget("rate")
    assert len(caplog.records) == 2
