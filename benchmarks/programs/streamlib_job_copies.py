"""How often the main job, or one source into four encodes, copies each picture: what copies is counted."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import av

from benchmarks.programs.copies import Copies
from benchmarks.programs.job_arguments import Job
from benchmarks.programs.streamlib_job import work
from benchmarks.programs.streamlib_transcode import transcode
from streamlib import __version__


def main() -> None:
    """Count, or say which StreamLib this is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path, nargs="?")
    parser.add_argument("--targets", type=int, default=1)
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--share", type=float, default=1.0)  # a file is worked on as a whole
    options = parser.parse_args(sys.argv[1:])
    if options.version:
        print(f"StreamLib {__version__}")
        return
    copies = Copies()
    copies.watch()
    with tempfile.TemporaryDirectory() as folder:
        targets = [Path(folder) / f"made-{number}.mp4" for number in range(options.targets)]
        if options.targets == 1:
            work(Job(options.source, targets[0]))
        else:
            transcode(str(options.source), list(map(str, targets)))
        with av.open(str(targets[0])) as container:
            frames = sum(1 for packet in container.demux(video=0) if packet.size)
    print(json.dumps({"copies": copies.count / frames}))


if __name__ == "__main__":
    main()
