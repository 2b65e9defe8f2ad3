"""How long single frames take through one hop: what both sides are told and how it is read off; standard library only.

Each side keeps the moment before it hands a frame over and the moment after the other thread has it, in the order of
the frames, which no side changes.
"""

from __future__ import annotations

import argparse
import json
import threading
import time
from collections.abc import Sequence

PERCENTILES = {"p50_us": 0.5, "p99_us": 0.99, "p999_us": 0.999}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments: how many frames, how often, through what, beside what."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--frames", type=int, default=20_000)
    parser.add_argument("--rate", type=float, default=0.0, help="a second; 0 is as fast as they are taken")
    parser.add_argument("--capacity", type=int, default=0, help="0 is the side's own")
    parser.add_argument("--busy", action="store_true", help="beside a thread that runs Python all the time")
    parser.add_argument("--interval", type=float, default=0.0, help="the switch interval in seconds; 0 leaves it")
    parser.add_argument("--share", type=float, default=1.0)
    options = parser.parse_args(arguments)
    options.frames = max(500, round(options.frames * options.share))
    return options


class Pace:
    """Lets a source go on when its next frame is due."""

    def __init__(self, rate: float) -> None:
        self._every_ns = round(1e9 / rate) if rate else 0
        self._due_ns = time.perf_counter_ns()

    def wait(self) -> None:
        """Sleep until then; one that is late is not made up for by a burst."""
        if not self._every_ns:
            return
        now_ns = time.perf_counter_ns()
        self._due_ns = max(self._due_ns + self._every_ns, now_ns)
        time.sleep((self._due_ns - now_ns) / 1e9)


class Busy:
    """A thread that runs Python all the time and never lets go of the interpreter lock by itself."""

    def __init__(self) -> None:
        self._over = False
        self._thread = threading.Thread(target=self._work)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it and wait for that."""
        self._over = True
        self._thread.join()

    def _work(self) -> None:
        number = 0
        while not self._over:
            number = (number * 31 + 7) % 65_537


def figures(sent_ns: Sequence[int], taken_ns: Sequence[int]) -> str:
    """Percentiles in microseconds, as JSON; the first twentieth, in which caches fill, does not count."""
    assert len(sent_ns) == len(taken_ns), f"{len(taken_ns)} of {len(sent_ns)} frames arrived"
    took = [after - before for before, after in zip(sent_ns, taken_ns, strict=True)]
    counted = sorted(took[len(took) // 20 :])
    last = len(counted) - 1
    return json.dumps({key: counted[round(share * last)] / 1e3 for key, share in PERCENTILES.items()})
