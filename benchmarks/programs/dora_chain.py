"""dora's side of the chains: a process for each node, messages through shared memory. Run by the Python that has it."""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

from benchmarks.programs import dora_node
from benchmarks.programs.chain_arguments import parse, price

PATIENCE_S = 200
DORA = Path(sys.executable).parent / "dora"


def description(options: argparse.Namespace, hops: int, frames: int, result: Path) -> dict[str, object]:
    """The data flow; JSON is YAML."""

    def node(name: str, role: str, source: str) -> dict[str, object]:
        return {
            "id": name,
            "path": sys.executable,
            "args": f"{dora_node.__file__} {role} {frames} {options.bytes} {result}",
            "inputs": {"in": {"source": source, "queue_size": frames}},
            "outputs": ["ready" if role == "sink" else "out"],
        }

    names = ["source", *(f"pass{number}" for number in range(hops))]
    passes = [node(name, "pass", f"{before}/out") for before, name in itertools.pairwise(names)]
    return {"nodes": [node("source", "source", "sink/ready"), *passes, node("sink", "sink", f"{names[-1]}/out")]}


def run(options: argparse.Namespace, hops: int, frames: int) -> int:
    """Nanoseconds from the first message to the last."""
    with tempfile.TemporaryDirectory() as folder:
        result, flow = Path(folder) / "result", Path(folder) / "flow.yml"
        flow.write_text(json.dumps(description(options, hops, frames, result)))
        command = [str(DORA), "run", str(flow)]
        variables = os.environ | {"PATH": f"{DORA.parent}:{os.environ['PATH']}"}
        ran = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, timeout=PATIENCE_S)
        if not result.exists():
            raise SystemExit(f"dora ended with {ran.returncode} and not all messages:\n{ran.stdout}{ran.stderr}")
        return int(result.read_text())


def main() -> None:
    """Measure, or say which dora this is."""
    options = parse(sys.argv[1:])
    if options.version:
        print(f"dora {version('dora-rs')}")
        return
    print(price(options, lambda hops, frames: run(options, hops, frames)))


if __name__ == "__main__":
    main()
