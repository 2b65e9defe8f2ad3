"""What the chains of both sides are told, and how a hop's price is read off them; standard library only.

A hop is measured by a short and a long chain, in turn: what differs is the price of the hops in between, so
that neither end counts.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from statistics import median

NS_PER_S = 1_000_000_000


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The arguments: which chain, how long, how many frames."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", nargs="?", default="")
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--short", type=int, default=0)
    parser.add_argument("--long", type=int, default=0)
    parser.add_argument("--frames", type=int, default=0)
    parser.add_argument("--capacity", type=int, default=8)
    parser.add_argument("--bytes", type=int, default=0, help="what each frame carries, by reference where that can be")
    parser.add_argument(
        "--interval", type=float, default=0.0, help="a switch interval in seconds; StreamLib's side only"
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--share", type=float, default=1.0)
    return parser.parse_args(arguments)


def price(options: argparse.Namespace, run: Callable[[int, int], int]) -> str:
    """Run the chains and say what a frame costs in nanoseconds: per hop, or from end to end with one length.

    Args:
        options: As `parse` made them.
        run: Sends so many frames (the second number) through so many hops (the first), and gives nanoseconds.
    """
    frames = max(100, round(options.frames * options.share))
    if options.short == options.long:
        whole = median(run(options.long, frames) for _ in range(options.repeats))
        return json.dumps({"ns": whole / frames})
    added = [run(options.long, frames) - run(options.short, frames) for _ in range(options.repeats)]
    return json.dumps({"ns": median(added) / frames / (options.long - options.short)})
