from __future__ import annotations

import itertools
import subprocess
import sys
import sysconfig
from collections.abc import Sequence

import pytest

from streamlib.execution.gaps import MANY, OF_A_SLOT_WRITER, gaps_filled
from streamlib.links.delivery import Delivery
from streamlib.links.reader import PlugReader, SlotReader
from streamlib.links.writer import PlugWriter, SlotWriter

OF_ONE_ALLOCATOR = pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="another allocator keeps what it frees apart"
)


def next_to_the_one_before(objects: Sequence[object]) -> float:
    """The part of them that lies right behind the one before."""
    places = [id(one) for one in objects]
    return sum(after - before == OF_A_SLOT_WRITER for before, after in itertools.pairwise(places)) / len(places)


def gaps() -> list[bytes]:
    """Memory with a gap at each other place."""
    return [bytes(OF_A_SLOT_WRITER - sys.getsizeof(b"")) for _ in range(8 * MANY)][::2]


def writers(slot: SlotReader) -> list[SlotWriter]:
    return [SlotWriter(slot) for _ in range(2 * MANY)]


def closeness() -> float:
    """Of writers that are made while gaps are filled, the part that lies right behind the one before."""
    slot = SlotReader(Delivery.EVERY, lambda target: None)
    around = gaps()
    with gaps_filled(2 * MANY, OF_A_SLOT_WRITER):
        close = writers(slot)
    assert around
    return next_to_the_one_before(close)


@OF_ONE_ALLOCATOR
def test_what_is_made_while_gaps_are_filled_lies_close_to_each_other() -> None:
    """In a process of its own, where other tests have left no gaps."""
    program = "from tests.execution.test_gaps import closeness; print(closeness())"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert float(said.stdout) > 0.5


def test_plugs_are_of_another_size_than_a_few_fields() -> None:
    assert min(sys.getsizeof(PlugReader()), sys.getsizeof(PlugWriter())) > OF_A_SLOT_WRITER
