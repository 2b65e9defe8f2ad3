from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.observability.diagnosis import ONE_BY_ONE, diagnose
from streamlib.observability.explanation import Cause, Finding
from streamlib.observability.scene import CallFacts, LinkFacts, ProcessorFacts, Scene
from streamlib.states import GraphState, ProcessorState
from tests.observability.scenes import NOW, S, link, scene, source, who

INSIDE = CallFacts(method="process", place="encoder.py:88", since_ns=NOW - 2 * S)
WRITES = CallFacts(method="process", place="camera.py:9", since_ns=NOW - 2 * S, waits_for_room=True)


def told(of: Scene) -> list[tuple[Cause, str, tuple[str, ...]]]:
    return [(one.cause, one.root, one.subjects) for one in diagnose(of)]


def test_nothing_is_told_where_everything_flows() -> None:
    assert diagnose(scene([source("a"), who("b")], [link("a", "b")])) == ()
    assert diagnose(scene([source("a", call=WRITES), who("b")], [link("a", "b", 8, since_ns=NOW - 1000)])) == ()


def test_before_the_start_and_after_a_stop_that_is_what_is_told() -> None:
    (idle,) = diagnose(Scene(state=GraphState.IDLE))
    assert (idle.cause, idle.sentence) == (Cause.NOT_STARTED, "the runtime has not been started")
    *failed, stopped = diagnose(Scene(state=GraphState.IDLE, has_run=True, failures={"b": "OSError: no"}))  # type: ignore[dict-item]
    assert stopped.sentence == "the runtime has stopped"
    assert [one.sentence for one in failed] == ["b failed: OSError: no"]


def test_a_paused_runtime_comes_before_all_else() -> None:
    paused = scene([who("b", state=ProcessorState.PAUSED)], state=GraphState.PAUSED, paused_ns=NOW - 3 * S)
    assert [(one.cause, one.sentence) for one in diagnose(paused)] == [
        (Cause.RUNTIME_PAUSED, "the runtime has been paused for 3.0 s"),
        (Cause.PAUSED, "b has been paused for 9.0 s"),
    ]


@pytest.mark.promise("look.explain-root")
def test_of_those_who_wait_for_one_call_the_one_inside_is_named_first() -> None:
    row = [source("a", call=WRITES), who("b"), who("c", call=INSIDE), who("d")]
    links = [link("a", "b", 8, since_ns=NOW - 3 * S), link("b", "c", 8, since_ns=NOW - 4 * S), link("c", "d")]
    root, *others = diagnose(scene(row, links))
    assert (root.cause, root.root, root.since_ns, root.lasted_s) == (Cause.INSIDE, "c", NOW - 2 * S, 2.0)
    assert {one.subjects[-1]: one.cause for one in others} == {
        "b": Cause.BLOCKED,
        "d": Cause.STARVED,
        "a": Cause.BLOCKED,
    }
    assert {one.sentence for one in others} == {
        "link b.out->c.into has been full for 4.0 s because of c",
        "link a.out->b.into has been full for 3.0 s because of c",
        "d waits for input into because of c",
    }


def test_who_is_fed_by_another_too_goes_on_unless_it_needs_both() -> None:
    links = [link("a", "c"), link("b", "c", 2, "side")]
    feeders = [source("a", state=ProcessorState.PAUSED), source("b")]
    assert [one[1:] for one in told(scene([*feeders, who("c")], links))] == [("a", ("a",))]
    assert told(scene([*feeders, who("c", joins=True)], links))[1] == (Cause.STARVED, "a", ("a.out->c.into", "c"))


def test_a_link_that_drops_what_finds_no_room_holds_nobody_back() -> None:
    links = [link("a", "b", 8, holds=False)]
    assert told(scene([source("a"), who("b", call=INSIDE)], links)) == [(Cause.INSIDE, "b", ("b",))]


@pytest.mark.promise("look.explain-diamond")
def test_a_diamond_that_starves_itself_is_named_with_what_holds_it() -> None:
    row = [source("s", call=WRITES), who("keeps", calls=8), who("join", joins=True)]
    links = [link("s", "keeps"), link("keeps", "join", 0, "left"), link("s", "join", 8, "right", since_ns=NOW - S)]
    root, *others = diagnose(scene(row, links))
    assert (root.cause, root.root) == (Cause.SELF_STARVING, "join")
    assert root.sentence == (
        "join waits for input left, and its full input right holds s back, from which that should come: this diamond "
        "starves itself"
    )
    assert root.evidence["full"] == ("s.out->join.right",)
    assert root.advice.startswith("runtime.update_link('s.out->join.right', delivery='latest')")
    assert "capacity=" not in root.advice
    assert {one.subjects[-1] for one in others} == {"s", "keeps"}


def test_a_diamond_in_which_somebody_is_stuck_does_not_starve_itself() -> None:
    row = [source("s", call=WRITES), who("keeps", call=INSIDE), who("join", joins=True)]
    links = [link("s", "keeps", 8), link("keeps", "join", 0, "left"), link("s", "join", 8, "right")]
    assert [one.root for one in diagnose(scene(row, links)) if one.is_root] == ["keeps"]


def test_an_input_that_ended_is_told_of_by_who_lacks_it() -> None:
    row = [source("a"), source("tone", state=ProcessorState.ENDED), who("b", neglects=("into",), unread_ns=NOW - 5 * S)]
    links = [link("a", "b", 8), link("tone", "b", 0, "music", ended=True)]
    assert [one.root for one in diagnose(scene(row, links)) if one.is_root] == ["b"]


def test_those_who_end_with_their_source_come_behind_it() -> None:
    row = [source("a", state=ProcessorState.ENDED), who("b", state=ProcessorState.ENDED)]
    first, second = diagnose(scene(row, [link("a", "b", ended=True)]))
    assert (first.cause, first.root) == (Cause.ENDED, "a")
    assert second.sentence == "b ended because of a"


def test_who_shares_the_thread_of_a_long_call_waits_for_it() -> None:
    row = [source("a"), who("b", call=INSIDE), who("c", occupied="b")]
    assert told(scene(row, [link("a", "c", 1)]))[1:] == [(Cause.OCCUPIED, "b", ("c",))]


def test_of_very_many_who_wait_the_nearest_have_a_sentence_each_and_the_rest_share_one() -> None:
    row = [source("p0", state=ProcessorState.PAUSED), *(who(f"p{n}") for n in range(1, 100))]
    links = [link(f"p{n}", f"p{n + 1}") for n in range(99)]
    findings = diagnose(scene(row, links))
    assert len(findings) == 1 + ONE_BY_ONE
    assert {subject for one in findings for subject in one.subjects if "->" not in subject} == {one.id for one in row}
    assert findings[-1].sentence.startswith("p16 and 83 more wait too because of p0")


def test_those_who_were_only_counted_are_told_of_last() -> None:
    *_, last = diagnose(scene([source("a", state=ProcessorState.PAUSED)], beyond=49_000))
    assert "49,000 more processors" in last.sentence
    assert last.root == "a"


def test_milder_causes_stand_behind_the_others() -> None:
    row = [who("z", state=ProcessorState.PAUSED), source("a", goes_nowhere=True)]
    assert [one.cause for one in diagnose(scene(row))] == [Cause.PAUSED, Cause.GOES_NOWHERE]


def test_who_failed_comes_before_who_is_stuck_or_paused_and_who_came_to_its_end_last() -> None:
    row = [
        source("a", state=ProcessorState.ENDED),
        source("b", state=ProcessorState.PAUSED),
        source("c", goes_nowhere=True),
        source("d", call=INSIDE),
        source("e", state=ProcessorState.FAILED, failure="OSError: no"),
    ]
    assert [one.root for one in diagnose(scene(row))] == ["e", "d", "b", "c", "a"]


def test_those_who_ended_behind_one_that_failed_are_to_be_begun_anew_with_it() -> None:
    row = [source("a"), who("b", state=ProcessorState.FAILED), who("c", state=ProcessorState.ENDED)]
    root, behind = diagnose(scene(row, [link("a", "b", 8), link("b", "c", ended=True)]))
    assert root.advice.endswith(": with runtime.edit() as edit: edit.restart('b'); edit.restart('c')")
    assert behind.sentence == "c ended because of b"
    assert not behind.is_end


def test_a_source_that_came_to_its_end_is_no_trouble_but_for_those_who_wait_for_it() -> None:
    over = [source("a", state=ProcessorState.ENDED), who("b", state=ProcessorState.ENDED)]
    ended = link("a", "b", ended=True)
    assert all(one.is_end for one in diagnose(scene(over, [ended])))
    waits = [*over, source("d"), who("c", joins=True)]
    into = [ended, link("a", "c"), link("d", "c", 3, "side")]
    assert [one.is_end for one in diagnose(scene(waits, into)) if "c" in one.subjects] == [False]


def test_of_several_slow_ones_in_a_row_the_last_is_told() -> None:
    row = [source("a"), who("b", typical_ns=S // 5), who("c", typical_ns=S // 5)]
    assert told(scene(row, [link("a", "b", 8), link("b", "c", 7)])) == [(Cause.SLOW, "c", ("c",))]


# ------------------------------------------------------------------------------------------------- drawn at random


def drawn(seed: int, size: int, stuck: int) -> tuple[Scene, set[str]]:
    """A graph without circles, with everybody stuck inside a call who is drawn, and links as they would be then."""
    dice = random.Random(seed)
    inside = set(dice.sample(range(size), min(stuck, size)))
    pairs = [(n, m) for m in range(1, size) for n in dice.sample(range(m), dice.randint(0, min(2, m)))]
    fed = {m for _, m in pairs}
    held = set(inside)
    for n in reversed(range(size)):  # blocked by who stands behind
        if any(one == n and other in held for one, other in pairs):
            held.add(n)
    processors: list[ProcessorFacts] = []
    for n in range(size):
        make = who if n in fed else source
        processors.append(make(f"p{n}", call=INSIDE if n in inside else None))
    links: list[LinkFacts] = [link(f"p{n}", f"p{m}", 8 if m in held else 0, f"i{n}") for n, m in pairs]
    return scene(processors, links), {f"p{n}" for n in inside}


@pytest.mark.promise("look.explain-root")
@given(st.integers(0, 2**32), st.integers(1, 14), st.integers(0, 3))
def test_in_any_graph_those_inside_a_call_are_the_roots_and_all_others_follow(seed: int, size: int, stuck: int) -> None:
    made, inside = drawn(seed, size, stuck)
    findings = diagnose(made)
    assert {one.root for one in findings if one.is_root} == inside
    assert {one.root for one in findings} == inside
    if findings:
        assert findings[0].root in inside
        assert findings[0].is_root


@given(st.integers(0, 2**32), st.integers(1, 10), st.integers(0, 2))
def test_everybody_is_told_of_once_and_the_same_scene_gives_the_same_findings(seed: int, size: int, stuck: int) -> None:
    made, _ = drawn(seed, size, stuck)
    findings: tuple[Finding, ...] = diagnose(made)
    assert findings == diagnose(made)
    subjects = [subject for one in findings for subject in one.subjects if "->" not in subject]
    assert len(subjects) == len(set(subjects))
