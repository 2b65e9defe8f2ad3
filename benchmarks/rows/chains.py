"""The two sides of the rows that measure hops: the same chain in StreamLib and in GStreamer.

Python runs in each of StreamLib's hops and in none of GStreamer's: this is C on its own ground.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping

from benchmarks.program import Program

DEBIAN_PYTHON = "/usr/bin/python3"  # the one that Debian's bindings are for
INSTALL = "install python3-gi, python3-gst-1.0, gir1.2-gstreamer-1.0 and gstreamer1.0-plugins-base"


def streamlib_chain(kind: str, **options: int) -> Program:
    """StreamLib's side; `options` are those of `programs/chain_arguments.py`."""
    module = (sys.executable, "-m", "benchmarks.programs.streamlib_chain")
    return Program(
        name="StreamLib",
        command=(*module, kind, *_flags(options)),
        version_command=(*module, "--version"),
        install="run scripts/install",
    )


def gstreamer_chain(kind: str, name: str, **options: int) -> Program:
    """GStreamer's side, called `name` in the table."""
    return chain(DEBIAN_PYTHON, "gstreamer_chain", name, kind, INSTALL, options)


def chain(
    python: str,
    module: str,
    name: str,
    kind: str,
    install: str,
    options: Mapping[str, int],
    make: Callable[[], None] | None = None,
) -> Program:
    """The side of a peer whose program is `module`, run by an interpreter that has the peer or will by `make`."""
    command = (python, "-m", f"benchmarks.programs.{module}")
    return Program(
        name=name,
        command=(*command, kind, *_flags(options)),
        version_command=(*command, "--version"),
        install=install,
        make=make,
    )


def _flags(options: Mapping[str, int]) -> list[str]:
    return [text for name, number in options.items() for text in (f"--{name}", str(number))]
