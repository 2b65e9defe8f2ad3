from __future__ import annotations

import pytest

from streamlib.clock import NEVER_NS
from streamlib.observability.causes import Root, View, goes_nowhere, listed, own_cause, silent, slow, times, unread
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
    (view(who("b", state=ProcessorState.FAILED, failure="OSError: no"), FED), "has failed 9.0 s ago: OSError: no"),
    (
        view(who("b", state=ProcessorState.FAILED, failure="OSError: no", gave_up=3), FED),
        "was made anew 3 times in vain and has failed: OSError: no",
    ),
    (
        view(who("b", state=ProcessorState.RESTARTING, restart=PLAN), FED),
        "failed 3 times, next try in 4.0 s: OSError: disk full",
    ),
    (view(who("b", state=ProcessorState.PAUSED), FED), "is paused since 9.0 s"),
    (view(who("b", call=call(2.1)), FED), "is inside process() since 2.1 s at encoder.py:88"),
    (view(who("b", call=call(2.1, awaits=True)), FED), "awaits in process() since 2.1 s at encoder.py:88"),
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
        "fails in each call (7 times) and goes on to the next: OSError: no",
    ),
    (view(who("b", unconnected=("music",))), "waits for input music: nothing is connected"),
    (
        view(who("b", unconnected=("music",), neglects=("into",), called_ns=LONG_AGO), FED),
        "waits for input music: nothing is connected, and what waits at into is left",
    ),
    (
        view(who("b", neglects=("into",), called_ns=LONG_AGO), FED, link("tone_0", "b", port="music", ended=True)),
        "waits for input music: tone_0 has ended",
    ),
    (view(who("b", called_ns=LONG_AGO)), "waits to be woken: nobody calls its ctx.wake(), and nothing has come so far"),
    (
        view(who("b", called_ns=LONG_AGO, calls=3, outside="waits for a caller: nobody rings")),
        "waits for a caller: nobody rings",
    ),
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
    (view(source("b", state=ProcessorState.ENDED)), "has ended 9.0 s ago"),
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
    view(who("b", unconnected=("music",)), FED),
    view(who("b", unconnected=("music",), neglects=("into",)), FED),  # it was called a moment ago
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
    left = who("b", neglects=("into", "side"), called_ns=LONG_AGO)
    assert words_of(unread(view(left, FED))) == "is called and leaves what waits at into and side unread"
    assert unread(view(who("b", neglects=("into",)), FED)) is None


def test_who_is_slow_is_told_of_with_what_is_dropped_because_of_it() -> None:
    held = link("a", "b", 8, since_ns=LONG_AGO)
    assert words_of(slow(view(who("b", typical_ns=S // 2, call=call(0.2)), held))) == (
        "is slow: a call takes 0.5 s, now at encoder.py:88"
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
