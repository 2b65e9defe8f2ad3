"""What may be wrong with one processor by itself: each cause with how it is told from the facts, and its words.

Facts come in (`scene`), a `Root` or None goes out; nothing is asked of anybody. A *hard* cause keeps the processor from
going on. A *soft* one does not: frames pass it, and yet nothing comes of them. What one processor's trouble means for
others is not known here: `diagnosis` has that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from streamlib.clock import NEVER_NS, NS_PER_S
from streamlib.execution.metrics import RecentErrors
from streamlib.observability.explanation import Cause, lasting
from streamlib.observability.scene import CallFacts, LinkFacts, ProcessorFacts, Scene
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.states import ProcessorState

SILENT_CALLS = 8
"""Who was called so often and has written nothing is told of: codecs and mixers need some frames before the first."""

ROW = 3
"""So many calls that raise one after the other are no accident."""

MANY_ERRORS = 8
"""So many errors among the last calls are told of where they are half of these calls or more."""

ON_ERROR = "on_error chooses what follows one: 'skip', 'restart', 'fail' or 'stop'"
_MEND = f"put its error right, the log has all of it ({ON_ERROR})"

SLOW_NS = NS_PER_S // 20
"""Who takes as long as this for a frame and has a full input is slow: 20 frames a second are less than most want."""

Evidence = Mapping[str, str | int | float | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Root:
    """Why one processor is to blame.

    Attributes:
        cause: Which of the causes.
        words: What follows its id in a sentence: "has been paused for 2.1 s".
        advice: What to try.
        since_ns: Since when.
        evidence: What it was concluded from.
        hard: It keeps the processor from going on.
    """

    cause: Cause
    words: str
    advice: str
    since_ns: int | None = None
    evidence: Evidence = field(default_factory=dict)
    hard: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """One processor among its links.

    Attributes:
        facts: The processor.
        into: The links that lead to it.
        out: Those of the links that leave it that are in the scene.
        scene: All of it.
    """

    facts: ProcessorFacts
    into: tuple[LinkFacts, ...]
    out: tuple[LinkFacts, ...]
    scene: Scene

    def since(self, is_: str, been: str, at_ns: int | None) -> str:
        """What is so, and for how long: `has been paused for 2.1 s`; `is paused` where nobody knows since when."""
        return is_ if not at_ns else f"{been} for {lasting(self.scene.now_ns - at_ns)}"

    def is_long(self, at_ns: int | None) -> bool:
        """Whether something began longer ago than is usual; what has no beginning did."""
        return at_ns is None or self.scene.now_ns - at_ns >= self.scene.patience_ns

    @property
    def waiting(self) -> int:
        """Frames that wait for it."""
        return sum(link.depth for link in self.into)


def own_cause(view: View) -> Root | None:
    """The first cause that holds for a processor by itself, the firmest first."""
    for look in _LOOKS:
        found = look(view)
        if found is not None:
            return found
    return None


def _failed(view: View) -> Root | None:
    facts = view.facts
    if facts.state is not ProcessorState.FAILED:
        return None
    advice = f"put its error right ({ON_ERROR}), then: {restart(facts.id)}"
    if facts.gave_up:
        words = f"was made anew {times(facts.gave_up)} in vain and failed: {facts.failure}"
        return Root(Cause.GAVE_UP, words, advice, facts.since_ns, {"attempts": facts.gave_up, "error": facts.failure})
    words = f"failed{_ago(view)}: {facts.failure}"
    return Root(Cause.FAILED, words, advice, facts.since_ns, {"error": facts.failure})


def _restarting(view: View) -> Root | None:
    facts, plan = view.facts, view.facts.restart
    if plan is None:
        return None
    left = lasting(plan.at_ns - view.scene.now_ns)
    words = f"failed {times(plan.attempt)}, next try in {left}: {plan.error}"
    evidence: Evidence = {"attempt": plan.attempt, "limit": plan.limit, "next_ns": plan.at_ns, "error": plan.error}
    advice = f"put its error right; it is tried {times(plan.limit)} in all (restart_limits)"
    return Root(Cause.RESTARTING, words, advice, facts.since_ns, evidence)


def _paused(view: View) -> Root | None:
    facts = view.facts
    if facts.state is not ProcessorState.PAUSED:
        return None
    words = view.since("is paused", "has been paused", facts.since_ns)
    return Root(Cause.PAUSED, words, f"runtime.resume({facts.id!r})", facts.since_ns, {"waiting": view.waiting})


def _inside(view: View) -> Root | None:
    facts, call = view.facts, view.facts.call
    setting_up = call is not None and call.method == "setup"
    if call is None:
        if facts.state in {ProcessorState.IDLE, ProcessorState.READY}:
            words, advice = "is not started yet: a commit is under way", "wait for the commit, and ask again"
            return Root(Cause.SETTING_UP, words, advice)
        return None
    if call.waits_for_room or not (view.is_long(call.since_ns) or setting_up) or _is_usual(view, call):
        return None
    evidence = {"calls": facts.calls, "waiting": view.waiting, **_told_of(call)}
    inside = f"inside {call.method}()"
    words = f"{view.since(f'is {inside}', f'has been {inside}', call.since_ns)} at {call.place}"
    if setting_up:
        return Root(Cause.SETTING_UP, words, "see what its setup waits for at that line", call.since_ns, evidence)
    if call.awaits:
        awaits = f"in {call.method}()"
        words = f"{view.since(f'awaits {awaits}', f'has awaited {awaits}', call.since_ns)} at {call.place}"
        advice = "see what is awaited at that line; asyncio.timeout() bounds it"
        return Root(Cause.AWAITING, words, advice, call.since_ns, evidence)
    advice = "see what that line waits for or works at: give it a timeout, or do less in one call"
    return Root(Cause.INSIDE, words, advice, call.since_ns, evidence)


def _is_usual(view: View, call: CallFacts) -> bool:
    """Whether it has not been in a call for longer than its calls take anyway: then it is slow, and not stuck."""
    if call.since_ns is None or call.method != "process":
        return False
    return (view.scene.now_ns - call.since_ns) * 2 < view.facts.longest_ns * 3


def _told_of(call: CallFacts) -> Evidence:
    told = {"method": call.method, "place": call.place, "thread": call.thread, "deepest": call.deepest}
    return {name: value for name, value in told.items() if value}


def _unattended(view: View) -> Root | None:
    if not view.facts.unattended or view.facts.over:
        return None
    words = "runs on the main thread, which is not in runtime.wait(), wait_for_signal(), stop() or finished()"
    return Root(Cause.UNATTENDED, words, "have the main thread call runtime.wait()", None, {"waiting": view.waiting})


def _failing(view: View) -> Root | None:
    facts, recent = view.facts, view.facts.recent
    if facts.over:
        return None
    evidence: Evidence = {"errors": facts.errors, "calls": facts.calls, "error": facts.last_error}
    if (facts.errors and facts.errors >= facts.calls) or recent.row >= ROW:
        each = view.since("fails in each call", "has failed in each call", recent.since_ns)
        count = times(facts.errors) if facts.errors >= facts.calls else f"{facts.errors} of {facts.calls} calls so far"
        words = f"{each} ({count}): {facts.last_error}"
        return Root(Cause.FAILING, words, _MEND, recent.since_ns or None, evidence)
    return None


def failing_often(view: View) -> Root | None:
    """Many of its calls raise, and others do not."""
    facts, recent = view.facts, view.facts.recent
    if facts.over or not is_failing(recent):
        return None
    words = f"failed in {recent.errors} of its last {recent.calls} calls: {facts.last_error}"
    evidence: Evidence = {"errors": facts.errors, "calls": facts.calls, "error": facts.last_error}
    return Root(Cause.FAILING, words, _MEND, None, evidence, hard=False)


def is_failing(recent: RecentErrors) -> bool:
    """Whether so many of the last calls raised that it is told."""
    return recent.row >= ROW or (recent.errors >= MANY_ERRORS and recent.errors * 2 >= recent.calls)


def _unconnected(view: View) -> Root | None:
    facts = view.facts
    if facts.over or facts.mode is not ExecutionMode.REACTIVE or not facts.unconnected:
        return None
    words = f"waits for input {listed(facts.unconnected)}: nothing is connected"
    advice = f"connect an output that fits to {facts.id}.{facts.unconnected[0]}"
    if not view.into and facts.wake_ns is None:
        since_ns = facts.called_ns if facts.calls else facts.since_ns
        if facts.calls:
            words += f", and the last frame came {lasting(view.scene.now_ns - since_ns)} ago"
        return Root(Cause.UNCONNECTED_INPUT, words, advice, since_ns or None, {"inputs": facts.unconnected})
    if facts.neglects and view.is_long(facts.unread_ns):
        words += f", and what waits at {listed(facts.neglects)} is left unread"
        evidence: Evidence = {"inputs": facts.unconnected, "left": facts.neglects}
        return Root(Cause.UNCONNECTED_INPUT, words, advice, facts.unread_ns or None, evidence)
    return None


def _input_ended(view: View) -> Root | None:
    facts = view.facts
    ended = [link for link in view.into if link.ended and link.input not in facts.neglects]
    if facts.over or not facts.neglects or not ended or not view.is_long(facts.unread_ns):
        return None
    words = f"waits for input {ended[0].input}: {ended[0].source} has ended"
    advice = "have it go on without that input: its port's `ended` says so"
    return Root(Cause.INPUT_ENDED, words, advice, facts.unread_ns or None, {"waiting": view.waiting})


def _outside(view: View) -> Root | None:
    facts = view.facts
    if facts.over or facts.poked or facts.mode is not ExecutionMode.REACTIVE:
        return None
    if facts.wake_ns is not None and not facts.neglects:
        return None
    idle = not view.into and not facts.unconnected
    moved_ns = facts.unread_ns if facts.neglects else facts.called_ns  # calls that read nothing change nothing
    if (facts.call is not None and not facts.neglects) or not (idle or facts.outside):
        return None
    if not view.is_long(moved_ns or None):
        return None
    words = facts.outside or "waits to be woken: nobody calls its ctx.wake()"
    if idle and facts.calls == 0:
        words += ", and nothing has come so far"
    since_ns = moved_ns or facts.since_ns
    evidence: Evidence = {"left": facts.neglects, **_calls(facts)} if facts.neglects else _calls(facts)
    advice = "that has to come from your program: nothing in the graph does it"
    return Root(Cause.OUTSIDE, words, advice, since_ns, evidence)


def _manual(view: View) -> Root | None:
    facts = view.facts
    if facts.over or facts.mode is not ExecutionMode.MANUAL or facts.call is not None:
        return None
    if facts.calls and not view.is_long(facts.called_ns):
        return None
    ago = lasting(view.scene.now_ns - facts.called_ns)
    how = f"the last time {ago} ago" if facts.calls else "and nobody has done that"
    words = f"is called by runtime.step() alone, {how}"
    return Root(Cause.MANUAL, words, f"runtime.step({facts.id!r})", facts.called_ns or facts.since_ns, _calls(facts))


def _sleeping(view: View) -> Root | None:
    facts = view.facts
    if facts.over or facts.wake_ns is None or facts.poked or facts.call is not None:
        return None
    if facts.mode is ExecutionMode.REACTIVE and (view.into or facts.unconnected):
        return None  # frames call it before that
    left_ns = facts.wake_ns - view.scene.now_ns
    if left_ns < view.scene.patience_ns:
        return None
    evidence: Evidence = {"wake_ns": facts.wake_ns, "calls": facts.calls}
    if facts.wake_ns >= NEVER_NS // 2:
        words, advice = "sleeps until it is woken: it has asked for no other time", "call its ctx.wake()"
    else:
        words = f"sleeps for another {lasting(left_ns)}" + (f": it is called {facts.wakes}" if facts.wakes else "")
        advice = "see what it gives to ctx.wake_at(), or the interval that it declares"
    return Root(Cause.SLEEPING, words, advice, facts.called_ns or None, evidence)


def _ended(view: View) -> Root | None:
    facts, scene = view.facts, view.scene
    if facts.state is not ProcessorState.ENDED:
        return None
    if view.into and all(_is_over(scene, link) for link in view.into):
        return None  # what feeds it came to its end
    going = tuple(dict.fromkeys(link.source for link in view.into if not _is_over(scene, link)))
    if going:  # one that is no source, and was not ended by its sources
        words = f"ended{_ago(view)}, and {listed(going)} {'goes' if len(going) == 1 else 'go'} on"
        evidence: Evidence = {**_calls(facts), "fed by": going}
        return Root(Cause.ENDED, words, restart(facts.id), facts.since_ns, evidence)
    advice = f"nothing, where it has no more to give; to begin anew: {restart(facts.id)}"
    return Root(Cause.ENDED, f"ended{_ago(view)}", advice, facts.since_ns, _calls(facts))


def _is_over(scene: Scene, link: LinkFacts) -> bool:
    source = scene.processors.get(link.source)
    return link.ended if source is None else source.over


_LOOKS: tuple[Callable[[View], Root | None], ...] = (
    _failed,
    _restarting,
    _paused,
    _inside,
    _unattended,
    _failing,
    _unconnected,
    _input_ended,
    _outside,
    _manual,
    _sleeping,
    _ended,
)


def unread(view: View) -> Root | None:
    """It leaves frames where they are, and there is nothing else that it waits for.

    While there is room for more it may wait for so many of them, and is called for each.
    """
    facts = view.facts
    full = any(link.full and link.holds and link.input in facts.neglects for link in view.into)
    since_ns = facts.unread_ns if full else max(facts.unread_ns, facts.called_ns)
    if not facts.neglects or facts.over or not view.is_long(since_ns):
        return None
    words = f"is called and leaves what waits at {listed(facts.neglects)} unread"
    advice = f"have its process() read {listed(facts.neglects)}, or disconnect that"
    return Root(Cause.UNREAD, words, advice, since_ns or None, {"waiting": view.waiting, **_calls(facts)})


def slow(view: View) -> Root | None:
    """Its links are full for long, or drop what a live source sends, and it takes one frame after the other.

    A link is full for long where its writer has waited for long, and where each call of the reader takes long: then
    half of it at least is full at each look, because a writer that waits comes back when the other half is free. Who is
    held back himself is not slow.
    """
    facts = view.facts
    if facts.over or any(link.holds and link.crowded for link in view.out):
        return None
    takes_long = facts.typical_ns >= SLOW_NS
    held = [link for link in view.into if link.holds and _is_held(view, link)]
    drops = [link for link in view.into if not link.holds and link.crowded and link.dropped]
    if not (held or drops):
        return None
    usual = f": a call takes {took(facts.typical_ns)}" if takes_long else ""
    where = f", now at {facts.call.place}" if facts.call is not None else ""
    evidence: Evidence = {"waiting": view.waiting, "dropped": sum(link.dropped for link in drops), **_calls(facts)}
    if drops:
        first = drops[0]
        words = f"is too slow for what {first.source} sends, {first.dropped} frames dropped{usual}{where}"
    else:
        first = held[0]
        waits = f", frames wait {took(first.wait_ns)} there" if first.wait_ns >= SLOW_NS else ""
        full = "is full" if first.crowded else f"has {first.depth} of {first.capacity} frames waiting"
        words = f"is slow{usual}, its input {first.input} {full}{waits}{where}"
    advice = f"have it do less for each frame, or drop what it has no time for: {deliver_latest(first)}"
    return Root(Cause.SLOW, words, advice, first.since_ns, evidence, hard=False)


def _is_held(view: View, link: LinkFacts) -> bool:
    """Whether its writer is slowed more than is usual."""
    waited_ns = 0 if link.since_ns is None else view.scene.now_ns - link.since_ns
    return is_slow(view.facts.typical_ns if link.lagging else 0, waited_ns, view.scene.patience_ns)


def is_slow(call_ns: int, waited_ns: int, patience_ns: int = NS_PER_S) -> bool:
    """Whether a bottleneck is trouble: its calls take long, or somebody has waited long for room in its input."""
    return call_ns >= SLOW_NS or waited_ns >= patience_ns


def silent(view: View) -> Root | None:
    """It is called, and writes nothing to a link that waits for it."""
    facts = view.facts
    if facts.calls < SILENT_CALLS or facts.over:
        return None
    unfed = [link for link in view.out if not (link.taken or link.depth or link.dropped)]
    if not unfed:
        return None
    why = f", and nothing is connected to its input {listed(facts.unconnected)}" if facts.unconnected else ""
    port = unfed[0].id.partition("->")[0].rpartition(".")[2]
    words = f"has written nothing to {port} in {facts.calls} calls{why}"
    advice = "see when its process() writes there: it may wait for a key frame, a setting or another input"
    return Root(Cause.SILENT, words, advice, None, {"calls": facts.calls, "output": port}, hard=False)


def goes_nowhere(view: View) -> Root | None:
    """Nobody reads any of its outputs."""
    facts = view.facts
    if not facts.goes_nowhere or facts.over:
        return None
    words = "is connected to nobody: what it writes goes nowhere"
    advice = f"connect its output {facts.outputs[0]}" if facts.outputs else f"connect {facts.id}"
    return Root(Cause.GOES_NOWHERE, words, advice, None, {**_calls(facts), "outputs": facts.outputs}, hard=False)


def restart(*ids: str) -> str:
    """How to begin them anew, to be run as it is."""
    if len(ids) == 1:
        return f"runtime.restart({ids[0]!r})"
    return f"with runtime.edit() as edit: {'; '.join(f'edit.restart({id_!r})' for id_ in ids)}"


def deliver_latest(link: LinkFacts) -> str:
    """How to have a link keep the newest frame alone, to be run as it is."""
    return f"runtime.update_link({str(link.id)!r}, delivery='latest')"


def took(duration_ns: int) -> str:
    """A duration that is short mostly: `35 ms`, `200 ms`, `1.2 s`."""
    return lasting(duration_ns) if duration_ns >= NS_PER_S * 0.9995 else f"{round(duration_ns / 1e6)} ms"


def times(count: int) -> str:
    """`once`, or `3 times`."""
    return "once" if count == 1 else f"{count} times"


def listed(names: tuple[str, ...]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _ago(view: View) -> str:
    return f" {lasting(view.scene.now_ns - view.facts.since_ns)} ago" if view.facts.since_ns else ""


def _calls(facts: ProcessorFacts) -> Evidence:
    return {"calls": facts.calls}
