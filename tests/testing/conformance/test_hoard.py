from __future__ import annotations

from typing import ClassVar

from streamlib.processors.context import ProcessContext
from streamlib.processors.processor import Processor
from streamlib.testing.conformance.hoard import most_hoarded, sizes

SEEN: set[int] = set()


class Keeps(Processor):
    kept: ClassVar[list[int]] = []

    def process(self, ctx: ProcessContext) -> None: ...


def test_containers_are_found_by_the_names_under_which_they_are_written() -> None:
    processor = Keeps()
    processor.own = {1: 2}  # type: ignore[attr-defined]
    before = sizes(processor)
    assert (before["self.own"], before["Keeps.kept"], before[f"{__name__}.SEEN"]) == (1, 0, 0)
    assert not any(name.startswith("Processor.") for name in before)


def test_the_one_that_has_grown_most_is_named_if_it_has_grown_enough() -> None:
    before, after = {"self.a": 90, "self.b": 0}, {"self.a": 100, "self.b": 60}
    assert most_hoarded(before, after, 50) == "in self.b, which holds 60 by now"
    assert most_hoarded(before, after, 100) == ""
    assert most_hoarded({}, {}, 1) == ""
