from __future__ import annotations

import sys

from streamlib import DataFrame, LinkInput, LinkOutput, Processor, processor
from streamlib.clock import MonotonicClock
from streamlib.ids import ProcessorId
from streamlib.processors.context import MediaConfig, RuntimeContext
from streamlib.processors.origin import Origin, context_of, origin_of, settle
from streamlib.processors.shared_objects import SharedObjects

seen: list[Origin | None] = []


def runtime_context(id_: str, generation: int = 0) -> RuntimeContext:
    return RuntimeContext(ProcessorId(id_), MonotonicClock(), SharedObjects(), MediaConfig(), generation)


def look() -> Origin | None:
    """As a library does that a processor calls."""
    origin = origin_of(sys._getframe())
    seen.append(origin)
    return origin


class Looks(Processor):
    into = LinkInput(DataFrame)
    inner: Looks | None = None

    def process(self, ctx: object) -> None:
        frame = DataFrame({}, timestamp_ns=40)
        self.found = [look() for _ in range(1)]
        if self.inner is not None:
            self.inner.process(ctx)
        del frame

    def plain(self) -> Origin | None:
        return look()

    @classmethod
    def of_the_class(cls) -> Origin | None:
        return look()


def made(id_: str = "looks_0", type_: type[Looks] = Looks) -> Looks:
    one = type_()
    settle(one, runtime_context(id_, generation=3))
    return one


def test_who_is_inside_no_processor_has_no_origin() -> None:
    assert look() is None
    assert Looks.of_the_class() is None
    assert origin_of(None) is None


def test_a_processor_is_found_from_whatever_it_calls() -> None:
    assert made().plain() == Origin(ProcessorId("looks_0"), "Looks", 3)


def test_one_that_is_in_no_graph_has_no_origin() -> None:
    assert Looks().plain() is None


def test_the_frame_at_hand_gives_its_time() -> None:
    one = made()
    one.process(None)
    (found,) = one.found
    assert found is not None
    assert found.frame_timestamp_ns == 40


def test_of_two_the_inner_one_is_the_origin() -> None:
    outer, inner = made("outer"), made("inner")
    outer.inner = inner
    outer.process(None)
    assert [one.processor_id for one in (*outer.found, *inner.found) if one is not None] == ["outer", "inner"]


@processor
def looking(frame: DataFrame) -> None:
    look()


class Given:
    """What stands at an input."""

    def read(self) -> DataFrame:
        return DataFrame({}, timestamp_ns=7)


def test_a_function_is_found_as_the_processor_that_it_is() -> None:
    one = looking()
    settle(one, runtime_context("looking_0"))
    setattr(one, "frame", Given())  # noqa: B010
    seen.clear()
    one.process(None)  # type: ignore[arg-type]
    assert [(found.processor_id, found.frame_timestamp_ns) for found in seen if found] == [("looking_0", 7)]


def test_what_runs_in_the_context_of_a_processor_has_it_as_its_origin() -> None:
    context = context_of(made())
    found = context.run(look)
    assert found is not None
    assert found.processor_id == "looks_0"
    assert look() is None


def test_a_frame_of_a_strange_kind_gives_no_time() -> None:
    class Strange:
        timestamp_ns = "soon"

    class Holds(Looks):
        out = LinkOutput(DataFrame)

        def plain(self) -> Origin | None:
            strange = Strange()
            found = look()
            assert strange.timestamp_ns == "soon"
            return found

    found = made("holds_0", Holds).plain()
    assert found is not None
    assert (found.processor_type, found.frame_timestamp_ns) == ("Holds", None)
