"""Blocks of sound that must arrive in time: what both sides are told, when a block is due, and what came of it.

A block is late when it reaches the end more than its own length after it was due at the beginning: whoever plays it
would have had a gap.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Sequence

SAMPLE_RATE = 48_000
BLOCK = 128
STEPS = 5
GAIN = 0.99
NS_PER_S = 1_000_000_000
BLOCK_NS = NS_PER_S * BLOCK / SAMPLE_RATE
BLOCKS_PER_HOUR = 3600 * SAMPLE_RATE / BLOCK


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments: how long, where the processors run, the switch interval."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--placing", default="threads")
    parser.add_argument("--interval", type=float, default=0.0, help="the switch interval in seconds; 0 leaves it")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--version", action="store_true")
    options = parser.parse_args(arguments)
    options.blocks = round(options.seconds * options.share * NS_PER_S / BLOCK_NS)
    return options


def compute() -> None:
    """A while of nothing but Python, which lets go of the interpreter lock only when it is made to."""
    number = 0
    for _ in range(100_000):
        number = (number * 31 + 7) % 65_537


class Timetable:
    """When each block is due, and when it came."""

    def __init__(self, blocks: int) -> None:
        self.blocks = blocks
        self.sent = 0
        self.done = threading.Event()
        self._began_ns = 0
        self._came_ns: list[int] = []

    def wait(self) -> None:
        """Sleep until the next block is due; one that is overdue goes at once, as from a device."""
        now_ns = time.perf_counter_ns()
        self._began_ns = self._began_ns or now_ns
        due_ns = self._began_ns + self.sent * BLOCK_NS
        self.sent += 1
        if due_ns > now_ns:
            time.sleep((due_ns - now_ns) / NS_PER_S)

    def came(self) -> None:
        """The next block has reached the end."""
        self._came_ns.append(time.perf_counter_ns())
        if len(self._came_ns) == self.blocks:
            self.done.set()

    def figures(self) -> str:
        """Late blocks an hour, and how long after they were due blocks came, as JSON; the first second is left out."""
        assert len(self._came_ns) == self.blocks, f"{len(self._came_ns)} of {self.blocks} blocks arrived"
        first = round(NS_PER_S / BLOCK_NS)
        delays = [came - self._began_ns - number * BLOCK_NS for number, came in enumerate(self._came_ns)][first:]
        late = sum(delay > BLOCK_NS for delay in delays)
        delays.sort()
        return json.dumps(
            {
                "late_per_hour": late / len(delays) * BLOCKS_PER_HOUR,
                "p50_us": delays[len(delays) // 2] / 1e3,
                "p99_us": delays[round(0.99 * (len(delays) - 1))] / 1e3,
                "p999_us": delays[round(0.999 * (len(delays) - 1))] / 1e3,
            }
        )
