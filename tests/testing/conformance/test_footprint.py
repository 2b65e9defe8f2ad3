from __future__ import annotations

import threading
import tracemalloc
from pathlib import Path

from streamlib.testing.conformance import footprint
from streamlib.testing.conformance.footprint import Footprint, most_grown, traced


def test_a_thread_and_a_file_that_are_left_are_named(tmp_path: Path) -> None:
    before, over = Footprint.now(), threading.Event()
    thread = threading.Thread(target=over.wait, args=(30,), name="left")
    thread.start()
    with (tmp_path / "open.txt").open("w"):
        left = Footprint.now().left_over(before, timeout=0.01)
    assert left == ["the thread left", f"the open file {tmp_path / 'open.txt'}"]
    over.set()
    thread.join(5)
    assert Footprint.now().left_over(before, timeout=5) == []


def test_a_thread_that_ends_in_time_is_not_left() -> None:
    before, over = Footprint.now(), threading.Event()
    thread = threading.Thread(target=over.wait, args=(30,))
    thread.start()
    now = Footprint.now()
    over.set()
    assert now.left_over(before, timeout=5) == []


def test_memory_is_counted_and_its_place_found() -> None:
    with traced(), traced():
        before, snapshot = Footprint.now(), tracemalloc.take_snapshot()
        kept = [bytes(1000) + bytes([n % 256]) for n in range(1000)]
        after = Footprint.now()
        assert after.python - before.python > 1_000_000
        assert "test_footprint.py:" in most_grown(snapshot, tracemalloc.take_snapshot())
        del kept
    assert not tracemalloc.is_tracing()


def test_where_the_system_does_not_tell_nothing_is_found(monkeypatch: object, tmp_path: Path) -> None:
    import pytest

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(footprint, "_FILES", tmp_path / "none")
        patch.setattr(footprint, "_MEMORY", tmp_path / "none")
        now = Footprint.now()
    assert (now.files, now.resident) == (frozenset(), 0)
