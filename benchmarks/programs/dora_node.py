"""A node of dora's side of the chains, in a process of its own: the source, one that passes on, or the sink."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pyarrow as pa  # type: ignore[import-not-found]
from dora import Node  # type: ignore[import-not-found]


def send(node: Node, frames: int, size: int) -> None:
    """Wait for the sink's first word, so that all run; then send as fast as they go, and keep when it began."""
    next(node)
    payload = pa.array(bytes(size), type=pa.uint8())
    began_ns = time.monotonic_ns()
    for _ in range(frames):
        node.send_output("out", payload, {"began": str(began_ns)})
    next(node)  # the sink's last word: what a node that has gone sent is not always delivered


def hand_on(node: Node) -> None:
    """Pass on what comes, until it ends."""
    for event in node:
        if event["type"] == "INPUT":
            node.send_output("out", event["value"], event["metadata"])


def take(node: Node, frames: int, result: Path) -> None:
    """Say that all may begin, count, and write down how long it took."""
    node.send_output("ready", pa.array([1]))
    taken = 0
    for event in node:
        if event["type"] != "INPUT":
            continue
        taken += 1
        if taken == frames:
            node.send_output("ready", pa.array([1]))
            result.write_text(str(time.monotonic_ns() - int(event["metadata"]["began"])))
            return


def main() -> None:
    """Be the node that the data flow says."""
    role, frames, size, result = sys.argv[1:]
    node = Node()
    if role == "source":
        send(node, int(frames), int(size))
    elif role == "pass":
        hand_on(node)
    else:
        take(node, int(frames), Path(result))


if __name__ == "__main__":
    main()
