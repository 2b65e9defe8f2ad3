"""What both sides of the mosaic are told and how they are measured; standard library only."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Callable

SIDE = 4
TILE_WIDTH, TILE_HEIGHT = 320, 180
FRAME_RATE = 25
PATIENCE_S = 250


def main(version: Callable[[], str], join: Callable[[argparse.Namespace], dict[str, float]]) -> None:
    """Join the files once, and print what it took; or print the version."""
    parser = argparse.ArgumentParser()
    parser.add_argument("clip", nargs="?", default="")
    parser.add_argument("short_clip", nargs="?", default="", help="taken where the share is small")
    parser.add_argument("--count", action="store_true", help="count copies instead")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--version", action="store_true")
    options = parser.parse_args(sys.argv[1:])
    if options.version:
        print(version())
        return
    if options.share < 1:
        options.clip = options.short_clip
    began_s, began_cpu_s = time.perf_counter(), _cpu_s()
    figures = join(options)
    took = {"wall_s": time.perf_counter() - began_s, "cpu_s": _cpu_s() - began_cpu_s}
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(took | {"peak_mib": peak_mib} | figures))


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
