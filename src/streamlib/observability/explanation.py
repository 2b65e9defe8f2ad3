"""Why nothing comes out, as frozen records and in words: what `inspector.explain` returns.

The roots come first, each followed by what comes of it. `diagnosis` makes them. As JSON: `msgspec.json.encode`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from streamlib.clock import NS_PER_S
from streamlib.observability.snapshots import Snapshot
from streamlib.states import GraphState


class Cause(StrEnum):
    """Why something does not flow; the last three are what comes of another cause."""

    NOT_STARTED = "not started"
    START_FAILED = "start failed"
    STOPPED = "stopped"
    RUNTIME_PAUSED = "runtime paused"
    SETTING_UP = "setting up"
    PAUSED = "paused"
    FAILED = "failed"
    GAVE_UP = "gave up"
    RESTARTING = "restarting"
    FAILING = "failing"
    INSIDE = "inside a call"
    AWAITING = "awaiting"
    UNATTENDED = "main thread elsewhere"
    SELF_STARVING = "starves itself"
    UNCONNECTED_INPUT = "unconnected input"
    INPUT_ENDED = "input ended"
    UNREAD = "leaves frames unread"
    OUTSIDE = "waits for the outside"
    MANUAL = "not stepped"
    SLEEPING = "sleeping"
    ENDED = "ended"
    SLOW = "slow"
    SILENT = "writes nothing"
    GOES_NOWHERE = "goes nowhere"
    BLOCKED = "blocked"
    STARVED = "starved"
    OCCUPIED = "thread occupied"


class Finding(Snapshot, frozen=True, kw_only=True):
    """Something that does not flow, and why.

    Attributes:
        cause: Why.
        subjects: The ids of the processors and links that it is about.
        root: The processor where it comes from; empty where that is the runtime as a whole.
        root_cause: The cause there; the same as `cause` where this is the root.
        since_ns: Since when, on the runtime's clock; None where nobody knows.
        lasted_s: How long by now, in seconds; None likewise.
        sentence: All of it in words.
        advice: What to try; empty where this comes of another.
        evidence: What it was concluded from.
    """

    cause: Cause
    subjects: tuple[str, ...]
    root: str
    root_cause: Cause
    sentence: str
    since_ns: int | None = None
    lasted_s: float | None = None
    advice: str = ""
    evidence: Mapping[str, str | int | float | tuple[str, ...]] = {}

    @property
    def is_root(self) -> bool:
        """Whether nothing else is to blame."""
        return self.cause not in {Cause.BLOCKED, Cause.STARVED, Cause.OCCUPIED}

    @property
    def is_end(self) -> bool:
        """Whether that is no trouble: a source has come to its end, or one behind it ended because of that."""
        if self.root_cause is not Cause.ENDED:
            return False
        return "fed by" not in self.evidence if self.is_root else "ended" in self.evidence

    def __str__(self) -> str:
        return self.sentence


class Explanation(Snapshot, frozen=True, kw_only=True):
    """Why nothing comes out of a graph, or of one processor or link of it.

    It is false where everything flows, and where all there is to tell is that sources have come to their ends.

    Attributes:
        at_ns: When it was looked at, on the runtime's clock.
        state: What the graph as a whole was doing.
        subject: What was asked about; empty where that was everything.
        findings: The roots, each with what comes of it behind it.
        young_s: How long it runs, in seconds, while that is too short to tell; None later.
    """

    at_ns: int
    state: GraphState
    subject: str = ""
    findings: tuple[Finding, ...] = ()
    young_s: float | None = None

    @property
    def roots(self) -> tuple[Finding, ...]:
        """The findings that are to blame for the others."""
        return tuple(finding for finding in self.findings if finding.is_root)

    def __bool__(self) -> bool:
        return any(not finding.is_end for finding in self.findings)

    def __str__(self) -> str:
        if not self.findings and self.young_s is not None:
            of = f" of {self.subject}" if self.subject else ""
            return f"nothing to complain of yet{of} (started {self.young_s:.1f} s ago)"
        if not self.findings:
            return f"{self.subject} flows" if self.subject else "everything flows"
        return "\n".join(line for finding in self.findings for line in _lines(finding))

    def about(self, subject: str) -> Explanation:
        """What there is to say of one processor or link, with the roots of it first."""
        own = [finding for finding in self.findings if subject in finding.subjects or self.state is GraphState.IDLE]
        if not own and "->" in subject:  # nothing is wrong with the link: with those at its ends, then
            ends = {end.rpartition(".")[0] for end in subject.split("->")}
            own = [finding for finding in self.findings if ends & set(finding.subjects)]
        blamed = {(finding.root, finding.root_cause) for finding in own}
        roots = [one for one in self.findings if one.is_root and (one.root, one.cause) in blamed]
        whole = [one for one in self.findings if one.is_root and not one.root and one not in roots]
        told = [*whole, *roots]
        told += [finding for finding in own if finding not in told]
        return Explanation(
            at_ns=self.at_ns, state=self.state, subject=subject, findings=tuple(told), young_s=self.young_s
        )


def _lines(finding: Finding) -> list[str]:
    if not finding.is_root:
        return [f"  - {finding.sentence}"]
    return [finding.sentence, *([f"  try: {finding.advice}"] if finding.advice else [])]


def lasting(duration_ns: int) -> str:
    """A duration in words: `0.3 s`, `2.1 s`, `3 min 20 s`, `2 h 5 min`."""
    seconds = max(duration_ns, 0) / NS_PER_S
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
