"""The same chain in StreamLib and in frameworks whose hops run Python, too, or that one would take instead.

Each has as many processors in a row, the same payload, as many messages, and the same capacity where it has one.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.environment import Environment
from benchmarks.row import Figure, Row
from benchmarks.rows.chains import DEBIAN_PYTHON, INSTALL, chain, streamlib_chain

PICTURE = 1280 * 720 * 3
PAIRS = 5
SHORT, LONG = 2, 10


def _row(
    peer: str,
    theirs: str,
    python: str,
    method: str,
    *,
    frames: int,
    capacity: int,
    module: str = "",
    kind: str = "threads",
    long: int = LONG,
    repeats: int = 3,
    install: str = "",
    make: Callable[[], None] | None = None,
) -> Row:
    options = {"short": SHORT, "long": long, "frames": frames, "capacity": capacity, "bytes": PICTURE}
    options["repeats"] = repeats
    return Row(
        name=f"peer-{peer}",
        ours=streamlib_chain(kind, **options),
        theirs=chain(python, module or f"{peer}_chain", theirs, kind, install, options, make),
        figures=(
            Figure(key="ns", what=f"a message through one more processor, beside {theirs}", unit="ns", at_most=None),
        ),
        method=f"{frames:,} messages through chains of {SHORT} and of {long} processors that pass on; the difference "
        f"(the median of them, where they run several times in turn), divided by {long - SHORT} and the messages. "
        f"Each carries a picture of 1280x720 in RGB, made once. {method}",
        pairs=PAIRS,
    )


def _installed(
    peer: str,
    theirs: str,
    packages: tuple[str, ...],
    method: str,
    *,
    frames: int,
    capacity: int,
    long: int = LONG,
    repeats: int = 3,
) -> Row:
    environment = Environment(peer, packages)
    return _row(
        peer,
        theirs,
        environment.python,
        method,
        frames=frames,
        capacity=capacity,
        long=long,
        repeats=repeats,
        make=environment.make,
    )


GSTREAMER_PYTHON = _row(
    "gstreamer-python",
    "GStreamer's `queue` and an element in Python",
    DEBIAN_PYTHON,
    "Python runs in each hop of both: theirs is a `GstBase.BaseTransform` whose `do_transform_ip` does nothing, behind "
    "a `queue` as long as our link; each has a thread. Its buffers are 4 kB: they are not looked at either.",
    module="gstreamer_python_chain",
    install=INSTALL,
    frames=5_000,
    capacity=8,
)
GSTREAMER_PYTHON_INLINED = _row(
    "gstreamer-python-inlined",
    "an element of GStreamer in Python",
    DEBIAN_PYTHON,
    "As `peer-gstreamer-python`, without a queue or a thread between, on either side.",
    module="gstreamer_python_chain",
    kind="inlined",
    install=INSTALL,
    frames=5_000,
    capacity=8,
)
EZMSG = _installed(
    "ezmsg",
    "ezmsg in one process",
    ("ezmsg==3.9.0",),
    "Python runs in each hop of both. ezmsg's units are coroutines of one event loop, whose publishers have as many "
    "buffers as our links have room; ours have a thread each, as they come.",
    frames=2_000,
    capacity=32,
)
PIPECAT = _installed(
    "pipecat",
    "pipecat",
    ("pipecat-ai==1.14.0",),
    "Python runs in each hop of both. pipecat's processors are tasks of one event loop with queues that have no bound, "
    "and all frames are queued at once; ours have a thread each and links of 32.",
    frames=1_000,
    capacity=32,
)
GNU_RADIO = _row(
    "gnuradio",
    "message ports of GNU Radio",
    DEBIAN_PYTHON,
    "Python runs in each hop of both: GNU Radio's blocks are written in Python and have a thread each, as ours. Its "
    "queues of messages have no bound that a sender waits for; our links have room for 32.",
    install="install gnuradio",
    frames=2_000,
    capacity=32,
)
MEDIAPIPE = _installed(
    "mediapipe",
    "MediaPipe's `PassThroughCalculator`",
    ("mediapipe==0.10.21",),
    "Only ours runs Python per hop: theirs is C++, and Python feeds it, which takes more than some hops do: hence the "
    "long chain. 0.10.21 is the last version whose graphs can be made from Python.",
    frames=2_000,
    capacity=32,
    long=42,
)
DORA = _installed(
    "dora",
    "dora",
    ("dora-rs==1.1.0", "dora-rs-cli==1.1.0", "pyarrow"),
    "Python runs in each hop of both, but each of dora's nodes is a process, and a message is copied into shared "
    "memory by each: what one pays for processes, and gets several interpreters for. Its queues have "
    "room for all messages: they drop the oldest where they have not. A hundred messages are few for ours: its figure "
    "is rough.",
    frames=100,
    capacity=32,
    repeats=1,
)
