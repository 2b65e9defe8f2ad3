"""What tests of processors and graphs need, so that none of them sleeps and none needs a thread of its own.

It is part of the package, because whoever writes a processor tests it with the same means as we do. `ListSource`
and `ListSink` are processors like any other; `run_processor` puts one processor between them, in a real runtime;
`check_processor` sees whether a processor keeps what every processor owes its graph.
"""

from __future__ import annotations

from streamlib.testing.clock import ManualClock
from streamlib.testing.conformance.check import check_processor
from streamlib.testing.conformance.report import CheckResult, ConformanceError, ConformanceReport
from streamlib.testing.run import run_processor
from streamlib.testing.sink import Collected, ListSink
from streamlib.testing.source import At, Gate, ListSource

__all__ = [
    "At",
    "CheckResult",
    "Collected",
    "ConformanceError",
    "ConformanceReport",
    "Gate",
    "ListSink",
    "ListSource",
    "ManualClock",
    "check_processor",
    "run_processor",
]
