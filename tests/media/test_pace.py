from __future__ import annotations

import pytest

from streamlib.clock import NS_PER_MS, NS_PER_S
from streamlib.media.pace import LATE_NS, LONGEST_WAIT_NS, Pace


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


def test_a_frame_stamped_far_ahead_is_waited_for_ten_seconds_and_those_behind_it_at_their_pace() -> None:
    jumps: list[tuple[int, int]] = []
    pace = Pace(lambda from_ns, to_ns: jumps.append((from_ns, to_ns)))
    pace.due_ns(0, 5)
    far = 11_666 * NS_PER_S
    due = 5 + 40 * NS_PER_MS + LONGEST_WAIT_NS
    assert [pace.due_ns(far, 5 + 40 * NS_PER_MS) for _ in range(3)] == [due] * 3
    assert pace.due_ns(far + 40 * NS_PER_MS, due) == due + 40 * NS_PER_MS
    assert jumps == [(40 * NS_PER_MS, far)]


def test_as_long_a_wait_as_that_is_left_as_it_is() -> None:
    pace = Pace(lambda from_ns, to_ns: pytest.fail("told of a jump"))
    pace.due_ns(0, 0)
    assert pace.due_ns(LONGEST_WAIT_NS, 0) == LONGEST_WAIT_NS


def test_who_trusts_the_times_waits_however_long_they_say() -> None:
    pace = Pace()
    pace.due_ns(0, 0)
    assert pace.due_ns(3600 * NS_PER_S, 0) == 3600 * NS_PER_S
