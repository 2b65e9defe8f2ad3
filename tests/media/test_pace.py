from __future__ import annotations

from streamlib.clock import NS_PER_MS, NS_PER_S
from streamlib.media.pace import LATE_NS, Pace


def test_the_first_frame_is_due_now_whatever_its_time() -> None:
    assert Pace().due_ns(17 * NS_PER_S, 100) == 100


def test_frames_are_due_as_far_apart_as_their_times() -> None:
    pace = Pace()
    pace.due_ns(0, 1000)
    assert pace.due_ns(40 * NS_PER_MS, 1000) == 1000 + 40 * NS_PER_MS
    assert pace.due_ns(80 * NS_PER_MS, 50 * NS_PER_MS) == 1000 + 80 * NS_PER_MS


def test_a_little_lateness_is_caught_up() -> None:
    pace = Pace()
    pace.due_ns(0, 0)
    assert pace.due_ns(40 * NS_PER_MS, 100 * NS_PER_MS) == 40 * NS_PER_MS
    assert pace.due_ns(120 * NS_PER_MS, 100 * NS_PER_MS) == 120 * NS_PER_MS


def test_after_a_long_stop_frames_come_at_their_pace_and_not_in_a_burst() -> None:
    pace = Pace()
    pace.due_ns(0, 0)
    now = 40 * NS_PER_MS + LATE_NS + 1
    assert pace.due_ns(40 * NS_PER_MS, now) == now
    assert pace.due_ns(80 * NS_PER_MS, now) == now + 40 * NS_PER_MS


def test_after_a_reset_the_next_frame_is_due_now() -> None:
    pace = Pace()
    pace.due_ns(0, 0)
    pace.reset()
    assert pace.due_ns(10 * NS_PER_S, 5) == 5
