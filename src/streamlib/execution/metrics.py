"""What is counted and timed for each processor while it runs.

Counters are exact; latencies are the calls that were timed, and say how many. One thread writes, any thread
reads. Filled by `instance` and `loops`, attached to the graph as the component `ProcessorMetrics`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from streamlib.links.latency import LatencyHistogram


class Passes:
    """How often a loop has run through its processors."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = 0


class SteadyCount:
    """A count that a loop's passes imply: all passes since it was made, less the skipped ones.

    In a cascade, what implies it are the calls of the function before.
    """

    __slots__ = ("_base", "_passes", "skipped")

    def __init__(self, passes: Passes | SteadyCount) -> None:
        self._passes = passes
        self._base = passes.done
        self.skipped = 0

    @property
    def done(self) -> int:
        """As `count`: what this one counts may be all that comes to another."""
        return self.count()

    def count(self) -> int:
        """Passes that called, so far."""
        return self._passes.done - self._base - self.skipped


class ProcessorMetrics:
    """The counters of one processor; a component of the graph.

    While it runs, `handle.metrics` has them, and `handle.metrics.latency.stats()` is a `LatencyStats`.

    Attributes:
        calls: How often `process` was called.
        since_ns: Since when, on the runtime's clock; 0 before it runs.
        errors: How often it raised.
        timings: What `latency` is, None before the first call that was timed.
        age: How old frames were when it read them, since they entered the graph, by the clock for media: the time
            since their `entered_ns`; made with the first that was looked at.
        steady: Set while a loop calls the processor in every pass: the calls of that time are the passes of the loop
            since then, less those that found no frame, so that none of them has to be counted by itself.
    """

    __slots__ = ("_counted", "age", "errors", "since_ns", "steady", "timings")

    def __init__(self) -> None:
        self._counted = 0
        self.since_ns = 0
        self.errors = 0
        self.timings: LatencyHistogram | None = None
        self.age: LatencyHistogram | None = None
        self.steady: SteadyCount | None = None

    def count(self) -> None:
        """Count one call that no steady pass counts."""
        self._counted += 1

    @property
    def calls(self) -> int:
        """How often `process` was called."""
        steady = self.steady
        return self._counted + (0 if steady is None else steady.count())

    @property
    def latency(self) -> LatencyHistogram:
        """How long its calls took; `stats()` gives the percentiles so far."""
        return self.timings or LatencyHistogram()

    def begin_timing(self) -> LatencyHistogram:
        """A call is timed for the first time."""
        self.timings = LatencyHistogram()
        return self.timings

    def see(self, frame: Any, now_ns: int) -> None:
        """Count how old a frame is that is read now; one that was never stamped has no age."""
        entered_ns = getattr(frame, "entered_ns", 0)
        if not entered_ns:
            return
        if self.age is None:
            self.age = LatencyHistogram()
        self.age.record(max(0, now_ns - entered_ns))

    def become_steady(self, passes: Passes | SteadyCount) -> SteadyCount:
        """Have the passes of a loop count the calls from now on, or the calls of the one before it."""
        self.fix()
        self.steady = SteadyCount(passes)
        return self.steady

    def fix(self) -> None:
        """Add the steady calls to the counted ones; the owner does it before it arranges its passes anew."""
        if self.steady is not None:
            self._counted += self.steady.count()
            self.steady = None

    def __repr__(self) -> str:
        latency = self.latency.stats()
        timed = f"p50 {_brief(latency.p50_ns)}, p99 {_brief(latency.p99_ns)}" if latency.samples else "none timed"
        return f"<ProcessorMetrics {self.calls} calls ({timed}), {self.errors} errors>"


class RecentErrors(NamedTuple):
    """How the last calls of a processor went.

    Attributes:
        errors: Of its last calls those that raised, a few at most.
        calls: The calls since the first of these, with that one.
        row: How many calls up to now have raised one after the other; 0 where the last one came to its end.
        since_ns: When the first of that row raised, on the clock for media.
    """

    errors: int = 0
    calls: int = 0
    row: int = 0
    since_ns: int = 0


def _brief(duration_ns: int) -> str:
    """A duration for people: `12.5 µs`, `3.2 ms`."""
    return f"{duration_ns / 1e6:.3g} ms" if duration_ns >= 1_000_000 else f"{duration_ns / 1e3:.3g} µs"
