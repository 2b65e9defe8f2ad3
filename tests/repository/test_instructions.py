"""A hop and an edit take as many instructions as they did: what no clock can tell on a busy machine."""

from __future__ import annotations

import pytest

from benchmarks import instructions

PIECES = {"bare step", "inlined hop", "thread hop", "edit"}


@pytest.mark.timeout(600)
def test_a_hop_and_an_edit_take_as_many_instructions_as_they_did() -> None:
    before = instructions.kept().get(instructions.this_python())
    counts = instructions.count()
    assert counts.keys() == PIECES
    if before is None:
        pytest.skip(f"nothing is kept for {instructions.this_python()}: run {instructions.RENEW} with it")
    changed = instructions.beyond(counts, before)
    assert not changed, f"{'; '.join(changed)}; where that is meant, run {instructions.RENEW} and commit what it writes"


def test_what_takes_more_or_less_than_the_tolerance_is_told() -> None:
    before = {"inlined hop": 1000.0, "thread hop": 1000.0, "edit": 1000.0}
    told = instructions.beyond({"inlined hop": 1040.0, "thread hop": 1160.0, "edit": 900.0}, before)
    assert told == [
        "thread hop: 1,160 instructions, +16.0% beside the 1,000 kept",
        "edit: 900 instructions, -10.0% beside the 1,000 kept",
    ]
