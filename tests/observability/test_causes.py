from __future__ import annotations

import pytest

from streamlib.clock import NEVER_NS
from streamlib.execution.metrics import RecentErrors
from streamlib.observability.causes import (
    Root,
    View,
    failing_often,
    goes_nowhere,
    listed,
    own_cause,
    restart,
    silent,
    slow,
    times,
    took,
    unread,
)
from streamlib.observability.explanation import Cause
from streamlib.observability.scene import CallFacts, LinkFacts, ProcessorFacts, RestartFacts
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.states import ProcessorState
from tests.observability.scenes import NOW, S, link, scene, source, who


def view(facts: ProcessorFacts, *links: LinkFacts) -> View:
    into = tuple(one for one in links if one.target == facts.id)
    out = tuple(one for one in links if one.source == facts.id)
    return View(facts, into, out, scene([facts], links))


def call(age_s: float | None, method: str = "process", **facts: object) -> CallFacts:
    since_ns = None if age_s is None else NOW - round(age_s * S)
    return CallFacts(method=method, place="encoder.py:88", since_ns=since_ns, **facts)  # type: ignore[arg-type]


FED = link("a", "b", 3)
LONG_AGO = NOW - 9 * S
PLAN = RestartFacts(attempt=3, limit=5, at_ns=NOW + 4 * S, error="OSError: disk full")

TOLD = [
    (view(who("b", state=ProcessorState.FAILED, failure="OSError: no"), FED), "failed 9.0 s ago: OSError: no"),
    (
        view(who("b", state=ProcessorState.FAILED, failure="OSError: no", gave_up=3), FED),
        "was made anew 3 times in vain and failed: OSError: no",
    ),
    (
        view(who("b", state=ProcessorState.RESTARTING, restart=PLAN), FED),
        "failed 3 times, next try in 4.0 s: OSError: disk full",
    ),
    (view(who("b", state=ProcessorState.PAUSED), FED), "has been paused for 9.0 s"),
    (view(who("b", call=call(2.1)), FED), "has been inside process() for 2.1 s at encoder.py:88"),
    (view(who("b", call=call(2.1, awaits=True)), FED), "has awaited in process() for 2.1 s at encoder.py:88"),
    (view(who("b", call=call(None, "flush")), FED), "is inside flush() at encoder.py:88"),
    (
        view(who("b", state=ProcessorState.IDLE, call=call(None, "setup")), FED),
        "is inside setup() at encoder.py:88",
    ),
    (view(who("b", state=ProcessorState.IDLE), FED), "is not started yet: a commit is under way"),
    (
        view(who("b", unattended=True), FED),
        "runs on the main thread, which is not in runtime.wait(), wait_for_signal(), stop() or finished()",
    ),
    (
        view(who("b", errors=7, calls=7, last_error="OSError: no"), FED),
        "fails in each call (7 times): OSError: no",
    ),
    (
        view(
            who("b", errors=145, calls=155, last_error="OSError: no", recent=RecentErrors(16, 16, 145, LONG_AGO)), FED
        ),
        "has failed in each call for 9.0 s (145 of 155 calls so far): OSError: no",
    ),
    (view(who("b", unconnected=("music",))), "waits for input music: nothing is connected"),
    (
        view(who("b", unconnected=("music",), calls=90, called_ns=LONG_AGO)),
        "waits for input music: nothing is connected, and the last frame came 9.0 s ago",
    ),
    (view(who("b", state=ProcessorState.ENDED), link("a", "b", 2)), "ended 9.0 s ago, and a goes on"),
    (
        view(who("b", unconnected=("music",), neglects=("into",), unread_ns=LONG_AGO), FED),
        "waits for input music: nothing is connected, and what waits at into is left unread",
    ),
    (
        view(who("b", neglects=("into",), unread_ns=LONG_AGO), FED, link("tone_0", "b", port="music", ended=True)),
        "waits for input music: tone_0 has ended",
    ),
    (view(who("b", called_ns=LONG_AGO)), "waits to be woken: nobody calls its ctx.wake(), and nothing has come so far"),
    (
        view(who("b", called_ns=LONG_AGO, calls=3, outside="waits for a caller: nobody rings")),
        "waits for a caller: nobody rings",
    ),
    *[
        (
            view(who("b", calls=3, neglects=("into",), unread_ns=LONG_AGO, outside=f"waits for {a}", call=under), FED),
            f"waits for {a}",
        )
        for a, under in (("a caller", None), ("one while it looks", call(0.2)))
    ],
    (
        view(who("b", mode=ExecutionMode.MANUAL, called_ns=0)),
        "is called by runtime.step() alone, and nobody has done that",
    ),
    (
        view(who("b", mode=ExecutionMode.MANUAL, called_ns=LONG_AGO, calls=2)),
        "is called by runtime.step() alone, the last time 9.0 s ago",
    ),
    (view(source("b", wake_ns=NOW + 30 * S)), "sleeps for another 30.0 s"),
    (view(source("b", wake_ns=NOW + 30 * S, wakes="every 60 s")), "sleeps for another 30.0 s: it is called every 60 s"),
    (view(source("b", wake_ns=NEVER_NS)), "sleeps until it is woken: it has asked for no other time"),
    (view(source("b", state=ProcessorState.ENDED)), "ended 9.0 s ago"),
]


@pytest.mark.parametrize(("seen", "words"), TOLD, ids=[words for _, words in TOLD])
def test_each_cause_is_told_in_words(seen: View, words: str) -> None:
    found = own_cause(seen)
    assert found is not None
    assert found.words == words
    assert found.advice
    assert found.hard


IN_ORDER = [
    view(who("b"), FED),
    view(who("b", call=call(0.2)), FED),
    view(who("b", call=call(9, waits_for_room=True)), FED),
    view(who("b", errors=6, calls=7), FED),
    view(who("b", errors=2, calls=7, recent=RecentErrors(2, 2, 2, NOW)), FED),
    view(who("b", call=call(2.9), longest_ns=3 * S), FED),  # it takes as long as it always does
    view(who("b", unconnected=("music",)), FED),
    view(who("b", unconnected=("music",), neglects=("into",)), FED),  # it has read something a moment ago
    view(who("b", neglects=("into",), called_ns=LONG_AGO), FED, link("tone_0", "b", port="music", ended=True)),
    view(who("b", neglects=("into",), called_ns=LONG_AGO, outside="waits for a caller"), FED),
    view(who("b", unconnected=("music",), mode=ExecutionMode.CONTINUOUS)),
    view(who("b", wake_ns=NOW + 30 * S), FED),  # frames call it before that
    view(source("b", wake_ns=NOW + S // 2)),
    view(who("b", mode=ExecutionMode.MANUAL, calls=1)),
    view(who("b", poked=True, called_ns=LONG_AGO)),
    view(who("b", state=ProcessorState.ENDED), link("a", "b", ended=True)),
]


@pytest.mark.parametrize("seen", IN_ORDER)
def test_who_goes_on_has_no_cause_of_his_own(seen: View) -> None:
    assert own_cause(seen) is None


def words_of(root: Root | None) -> str:
    assert root is not None
    return root.words


def test_who_leaves_frames_is_told_of_once_that_lasts() -> None:
    left = who("b", neglects=("into", "side"), called_ns=LONG_AGO, unread_ns=LONG_AGO)
    assert words_of(unread(view(left, FED))) == "is called and leaves what waits at into and side unread"
    assert unread(view(who("b", neglects=("into",), called_ns=LONG_AGO), FED)) is None  # called by passes, unstamped


def test_who_leaves_frames_and_is_called_for_each_more_may_wait_for_so_many_until_there_is_no_room() -> None:
    left = who("b", neglects=("into",), unread_ns=LONG_AGO)  # and called a moment ago
    assert unread(view(left, FED)) is None
    assert unread(view(left, link("a", "b", 1, capacity=1, holds=False))) is None  # it may wait for something else
    assert unread(view(left, link("a", "b", 8, "side"))) is None
    found = unread(view(left, link("a", "b", 8)))
    assert found is not None
    assert found.since_ns == LONG_AGO


def test_who_is_slow_is_told_of_with_what_is_dropped_because_of_it() -> None:
    held = link("a", "b", 8, since_ns=LONG_AGO)
    assert words_of(slow(view(who("b", typical_ns=S // 2, call=call(0.2)), held))) == (
        "is slow: a call takes 500 ms, its input into is full, now at encoder.py:88"
    )
    camera = link("camera_0", "b", 8, holds=False, dropped=120)
    found = slow(view(who("b"), camera))
    assert words_of(found) == "is too slow for what camera_0 sends, 120 frames dropped"
    assert found is not None
    assert not found.hard
    assert slow(view(who("b"), link("a", "b", 8, since_ns=NOW))) is None
    assert slow(view(who("b"), link("a", "b", 1, capacity=1, holds=False))) is None


def test_who_writes_nothing_is_told_of_once_it_was_called_often() -> None:
    unfed = link("b", "c")
    assert words_of(silent(view(who("b", calls=120), FED, unfed))) == "has written nothing to out in 120 calls"
    assert silent(view(who("b", calls=7), FED, unfed)) is None
    assert silent(view(who("b", calls=120), FED, link("b", "c", taken=1))) is None
    asks = silent(view(who("b", calls=120, unconnected=("music",)), FED, unfed))
    assert "nothing is connected to its input music" in words_of(asks)


def test_who_is_connected_to_nobody_is_told_of() -> None:
    assert words_of(goes_nowhere(view(source("b", goes_nowhere=True)))).startswith("is connected to nobody")
    assert goes_nowhere(view(source("b"))) is None


def test_an_evidence_has_where_the_call_is_and_on_which_thread() -> None:
    seen = view(who("b", call=call(2.1, thread="streamlib:b", deepest="socket.py:9 in recv")), FED)
    found = own_cause(seen)
    assert found is not None
    assert found.cause is Cause.INSIDE
    assert found.since_ns == NOW - round(2.1 * S)
    assert found.evidence["deepest"] == "socket.py:9 in recv"
    assert found.evidence["waiting"] == 3


def test_numbers_and_names_are_told_as_one_says_them() -> None:
    assert (times(1), times(3)) == ("once", "3 times")
    assert (listed(("a",)), listed(("a", "b")), listed(("a", "b", "c"))) == ("a", "a and b", "a, b and c")


def test_who_is_inside_a_call_for_much_longer_than_usual_is_told_of() -> None:
    found = own_cause(view(who("b", call=call(4.6), longest_ns=3 * S), FED))
    assert words_of(found) == "has been inside process() for 4.6 s at encoder.py:88"


def test_who_fails_often_and_not_always_lets_frames_pass() -> None:
    often = view(who("b", errors=90, calls=100, last_error="OSError: no", recent=RecentErrors(16, 18)), FED)
    assert own_cause(often) is None
    found = failing_often(often)
    assert words_of(found) == "failed in 16 of its last 18 calls: OSError: no"
    assert found is not None
    assert not found.hard
    assert failing_often(view(who("b", errors=90, calls=200, recent=RecentErrors(16, 40)), FED)) is None
    assert failing_often(view(who("b", errors=1, calls=100, recent=RecentErrors(1, 1, 1)), FED)) is None


def test_who_takes_long_for_a_frame_and_has_a_full_input_is_slow_at_each_look() -> None:
    """Its writer never waits for long, and a moment after a read there is room for one."""
    facts = who("b", typical_ns=S // 5)
    for depth in (7, 8):
        found = slow(view(facts, link("a", "b", depth, wait_ns=1_170_000_000)))
        assert words_of(found) == "is slow: a call takes 200 ms, its input into is full, frames wait 1.2 s there"
        assert found is not None
        assert found.advice.endswith("runtime.update_link('a.out->b.into', delivery='latest')")
    for depth in (4, 6):  # its writer comes back when half of it is free
        found = slow(view(facts, link("a", "b", depth)))
        assert words_of(found) == f"is slow: a call takes 200 ms, its input into has {depth} of 8 frames waiting"
    assert slow(view(facts, link("a", "b", 3))) is None
    assert slow(view(who("b", typical_ns=S // 100), link("a", "b", 8))) is None


def test_who_is_held_back_by_another_is_not_slow() -> None:
    facts = who("b", typical_ns=S // 5)
    assert slow(view(facts, link("a", "b", 8), link("b", "c", 8))) is None
    assert slow(view(facts, link("a", "b", 8), link("b", "c", 8, holds=False))) is not None


def test_what_to_run_can_be_run_as_it_is_written() -> None:
    assert restart("b") == "runtime.restart('b')"
    several = restart("b", "c")
    assert several == "with runtime.edit() as edit: edit.restart('b'); edit.restart('c')"
    lonely = goes_nowhere(view(source("b", goes_nowhere=True, outputs=("video",))))
    unfed = own_cause(view(who("b", unconnected=("music",))))
    assert lonely is not None
    assert unfed is not None
    assert (lonely.advice, lonely.evidence["outputs"]) == ("connect its output video", ("video",))
    assert (unfed.advice, unfed.evidence["inputs"]) == ("connect an output that fits to b.music", ("music",))
    compile(several, "advice", "exec")


def test_a_short_duration_is_told_in_milliseconds() -> None:
    assert [took(ns) for ns in (35_400_000, S // 5, S)] == ["35 ms", "200 ms", "1.0 s"]
