"""Functions in a row are called by one step where they are inlined; nobody can tell it by what comes out."""

from __future__ import annotations

import sys
import threading
from itertools import pairwise
from typing import Any

import pytest

from streamlib import DataFrame, StreamRuntime, processor
from streamlib.execution.whereabouts import whereabouts
from streamlib.ids import ProcessorId
from streamlib.processors.origin import Origin, origin_of
from tests.scenarios.stage import SECONDS, Collect, Numbers, Record


def number(frame: DataFrame) -> int:
    found = frame.data["n"]
    assert isinstance(found, int)
    return found


@processor
def same(frame: DataFrame) -> DataFrame:
    return frame


@processor
def plus(frame: DataFrame, by: int = 0) -> DataFrame:
    return DataFrame({"n": number(frame) + by})


@processor
def even(frame: DataFrame) -> DataFrame | None:
    return None if number(frame) % 2 else frame


@processor(error_policy="restart")
def once_bad(frame: DataFrame) -> DataFrame:
    if number(frame) == 5:
        raise ValueError("five")
    return frame


seen: dict[int, Origin | None] = {}


@processor
def looks(frame: DataFrame) -> DataFrame:
    seen[number(frame)] = origin_of(sys._getframe())
    return frame


class Hold:
    """Holds up one frame until it is let go of."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.release = threading.Event()


hold = Hold()


LOOKS = 10_000
"""So often it is looked for somebody where he is to be found before it is given up."""


@processor
def held(frame: DataFrame) -> DataFrame:
    if number(frame) == 300:
        hold.reached.set()
        assert hold.release.wait(SECONDS)
    return frame


def row(runtime: StreamRuntime, *kinds: Any, count: int = 400) -> tuple[list[Any], Record]:
    record = Record()
    members = [runtime.add_processor(Numbers, id="source", count=count)]
    members += [runtime.add_processor(kind, id=f"f{place}") for place, kind in enumerate(kinds)]
    members.append(runtime.add_processor(Collect, id="sink", record=record))
    for one, next_ in pairwise(members):
        runtime.connect(one, next_)
    return members, record


def test_each_frame_comes_through_once_and_all_are_counted(runtime: StreamRuntime) -> None:
    members, record = row(runtime, same, even, same)
    runtime.start()
    assert runtime.wait(timeout=SECONDS)
    assert record.numbers == list(range(0, 400, 2))
    assert [member.metrics.calls for member in members[1:]] == [400, 400, 200, 200]


def test_a_setting_is_changed_while_frames_flow(runtime: StreamRuntime) -> None:
    members, record = row(runtime, same, plus, same, count=-1)
    runtime.start()
    record.wait_for(300)
    runtime.update_config(members[2], by=10_000_000)
    record.wait_until(lambda: record.numbers[-1] >= 10_000_000)
    runtime.stop(drain=False)
    first = next(place for place, n in enumerate(record.numbers) if n >= 10_000_000)
    plain = [n - 10_000_000 * (place >= first) for place, n in enumerate(record.numbers)]
    assert plain == list(range(len(plain)))


def test_one_that_restarts_takes_its_place_again(runtime: StreamRuntime) -> None:
    _, record = row(runtime, same, once_bad, same, count=200)
    runtime.start()
    assert runtime.wait(timeout=SECONDS)
    assert record.numbers == [n for n in range(200) if n != 5]


def test_a_line_of_the_log_is_said_to_come_from_the_function_in_turn(runtime: StreamRuntime) -> None:
    seen.clear()
    row(runtime, same, looks, same)
    runtime.start()
    assert runtime.wait(timeout=SECONDS)
    assert len(seen) == 400
    assert {one.processor_id for one in seen.values() if one is not None} == {"f1"}
    assert None not in seen.values()


def test_who_is_inside_a_call_is_found_with_its_line(runtime: StreamRuntime) -> None:
    hold.reached.clear()
    hold.release.clear()
    row(runtime, same, held, same)
    runtime.start()
    assert hold.reached.wait(SECONDS)
    looks = (call for _ in range(LOOKS) for call in whereabouts().calls if ProcessorId("f1") in call.ids)
    call = next((one for one in looks if "wait" in one.deepest), None)  # it may be on its way there in the first looks
    hold.release.set()
    assert runtime.wait(timeout=SECONDS)
    assert call is not None
    assert call.method == "process"
    assert call.place.startswith("test_cascades.py:")
    assert "wait" in call.deepest


@pytest.mark.parametrize("place", [1, 2, 3])
def test_taps_and_links_come_and_go_while_frames_flow_and_no_frame_is_lost(runtime: StreamRuntime, place: int) -> None:
    members, record = row(runtime, same, same, same, count=-1)
    runtime.start()
    record.wait_for(200)
    for _ in range(10):
        with runtime.inspector.observe_processor(members[place]):
            record.wait_for(20)
        other = Record()
        more = runtime.add_processor(Collect, record=other)
        runtime.connect(members[place], more)
        other.wait_for(20)
        runtime.remove(more)
        assert other.is_gapless()
        runtime.pause(members[place])
        runtime.resume(members[place])
        record.wait_for(20)
    assert record.is_gapless()
