"""What was found in a graph at one moment, as plain facts: what a diagnosis goes by, and nothing else.

`gathering` fills these records from a running graph; `diagnosis` tells from them why nothing comes out. Times are
nanoseconds of one clock. A scene need not hold everybody: who is not in it moves.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from streamlib.clock import NS_PER_S
from streamlib.execution.metrics import RecentErrors
from streamlib.graph.components import FailedStart
from streamlib.ids import LinkId, ProcessorId
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.states import GraphState, ProcessorState


class CallFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A call of a processor that is under way.

    Attributes:
        method: Its name.
        place: The line of the processor's code.
        since_ns: When it began, at the earliest; None where nobody knows.
        deepest: The line that is really executed; empty where it is the same.
        thread: The name of the thread.
        waits_for_room: It is inside `write`.
        awaits: It waits in the event loop.
    """

    method: str
    place: str
    since_ns: int | None = None
    deepest: str = ""
    thread: str = ""
    waits_for_room: bool = False
    awaits: bool = False


class RestartFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """The next attempt of a processor that has failed.

    Attributes:
        attempt: Its number.
        limit: How many there are.
        at_ns: When it comes.
        error: What it failed with.
    """

    attempt: int
    limit: int
    at_ns: int
    error: str


class ProcessorFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One processor.

    Attributes:
        id: Its id.
        mode: What calls it.
        state: What it is doing.
        since_ns: Since when.
        joins: All its inputs have to hold a frame.
        unconnected: Its inputs that no link reaches.
        goes_nowhere: It has outputs, and no link leaves any of them.
        calls: How often it was called.
        called_ns: When last; 0 is never.
        errors: How many calls raised.
        last_error: The last of these errors.
        recent: How its last calls went; the time is one of the runtime's clock.
        failure: What ended it.
        gave_up: How often it was made anew in vain; 0 where that is not why it ended.
        call: The call that is under way.
        wake_ns: When it is called next by the clock, where that is planned.
        wakes: How often it is called by the clock, in words.
        poked: Somebody has asked for a call.
        neglects: The inputs whose frames its last call has left, and one that is under way has, so far.
        unread_ns: When the first of its last calls came that have read nothing; it tells of who neglects inputs.
        restart: The next attempt, where it has failed and waits for it.
        unattended: It runs on the main thread, which is elsewhere.
        outside: What it waits for from outside, in its own words.
        occupied: Who is inside a call on the thread that calls both, and has to come back before it is called: a long
            call, or one that waits for room. Empty where nobody is.
        typical_ns: How long a call usually takes; 0 where that was not asked.
        longest_ns: What all but few of its calls stay below; 0 likewise.
        outputs: Its outputs, where it goes nowhere.
    """

    id: ProcessorId
    mode: ExecutionMode = ExecutionMode.REACTIVE
    state: ProcessorState = ProcessorState.RUNNING
    since_ns: int = 0
    joins: bool = False
    unconnected: tuple[str, ...] = ()
    goes_nowhere: bool = False
    calls: int = 0
    called_ns: int = 0
    errors: int = 0
    last_error: str = ""
    recent: RecentErrors = RecentErrors()
    failure: str = ""
    gave_up: int = 0
    call: CallFacts | None = None
    wake_ns: int | None = None
    wakes: str = ""
    poked: bool = False
    neglects: tuple[str, ...] = ()
    unread_ns: int = 0
    restart: RestartFacts | None = None
    unattended: bool = False
    outside: str = ""
    occupied: str = ""
    typical_ns: int = 0
    longest_ns: int = 0
    outputs: tuple[str, ...] = ()

    @property
    def over(self) -> bool:
        """Whether it has said its last word."""
        return self.state in {ProcessorState.ENDED, ProcessorState.FAILED}


def crowded(depth: int, capacity: int) -> bool:
    """Whether a link is full but for the one frame that its reader may have taken just now.

    So a link that is full for long is found full at each look. A link of few frames is full only when it is.
    """
    return depth >= (capacity - 1 if capacity >= 4 else capacity)


def lagging(depth: int, capacity: int) -> bool:
    """Whether a link is at least half full: so far it is emptied before a writer that found no room is called back."""
    return depth >= (capacity // 2 if capacity >= 4 else capacity)


class LinkFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """One link.

    Attributes:
        id: Its id.
        source: Who writes.
        target: Who reads.
        input: The port where it is read.
        depth: Frames that wait.
        capacity: Frames that may wait.
        holds: Full, it holds its writer back; another drops frames.
        since_ns: Since when its writer waits for room, where that is known.
        taken: Frames that were read.
        dropped: Frames of a live source that found no room.
        ended: No frame waits and none will come.
        wait_ns: How long half of its frames have waited at least; 0 where that is not known.
    """

    id: LinkId
    source: ProcessorId
    target: ProcessorId
    input: str = ""
    depth: int = 0
    capacity: int = 8
    holds: bool = True
    since_ns: int | None = None
    taken: int = 0
    dropped: int = 0
    ended: bool = False
    wait_ns: int = 0

    @property
    def full(self) -> bool:
        """Whether a frame that is written now finds no room, or a writer waits for some."""
        return self.depth >= self.capacity or (self.since_ns is not None and self.depth > 0)

    @property
    def crowded(self) -> bool:
        """Whether it is full, or was a moment ago."""
        return self.full or crowded(self.depth, self.capacity)

    @property
    def lagging(self) -> bool:
        """Whether its reader is behind, though there may be room just now."""
        return self.full or lagging(self.depth, self.capacity)


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What was found.

    Attributes:
        state: What the graph as a whole is doing.
        now_ns: The present time.
        patience_ns: What lasts shorter than this is how things go.
        has_run: It ran before, and was stopped.
        paused_ns: Since when all of it is paused.
        failures: What ended processors, also those of the last run.
        failed_start: What kept it from starting the last time.
        started_ns: Since when the first of its processors has run; None where none does.
        processors: Who may be in trouble, and who stands before and behind them.
        links: The links that lead to these.
        beyond: How many more processors stand behind those of them that wait, where that is too many to look at.
    """

    state: GraphState = GraphState.RUNNING
    now_ns: int = 0
    patience_ns: int = NS_PER_S
    has_run: bool = False
    paused_ns: int | None = None
    failures: Mapping[ProcessorId, str] = {}
    failed_start: FailedStart | None = None
    started_ns: int | None = None
    processors: Mapping[ProcessorId, ProcessorFacts] = {}
    links: Mapping[LinkId, LinkFacts] = {}
    beyond: int = 0
