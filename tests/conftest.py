"""What holds for every test: the same examples on each run, and no thread left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

JOIN_SECONDS = 5.0

settings.register_profile(
    "streamlib", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("streamlib")


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and not _ends(thread)]
    assert not left, f"threads left running: {[thread.name for thread in left]}"


def _ends(thread: threading.Thread) -> bool:
    thread.join(JOIN_SECONDS)
    return not thread.is_alive()
