"""What a hop is compared with: two threads and a queue of the standard library, nothing else.

A `SimpleQueue` without a capacity, and a `Queue` with one: the former cannot be bounded.
"""

from __future__ import annotations

import argparse
import platform
import queue
import sys
import threading
import time

from benchmarks.programs.latency import Busy, Pace, figures, parse

END = object()


def measure(options: argparse.Namespace) -> str:
    """Send frames from one thread to another, and say how long they took."""
    line: queue.SimpleQueue[object] | queue.Queue[object]
    line = queue.Queue(options.capacity) if options.capacity else queue.SimpleQueue()
    sent: list[int] = []
    taken: list[int] = []

    def send() -> None:
        pace, frame, now_ns, put = Pace(options.rate), {"n": 0}, time.perf_counter_ns, line.put
        for _ in range(options.frames):
            pace.wait()
            sent.append(now_ns())
            put(frame)
        put(END)

    def take() -> None:
        now_ns, get = time.perf_counter_ns, line.get
        while get() is not END:
            taken.append(now_ns())

    threads = [threading.Thread(target=work) for work in (take, send)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return figures(sent, taken)


def main() -> None:
    """Measure, or say which Python this is."""
    options = parse(sys.argv[1:])
    if options.version:
        print(f"CPython {platform.python_version()}")
        return
    if options.interval:
        sys.setswitchinterval(options.interval)
    busy = Busy()
    if options.busy:
        busy.start()
    print(measure(options))
    if options.busy:
        busy.stop()


if __name__ == "__main__":
    main()
