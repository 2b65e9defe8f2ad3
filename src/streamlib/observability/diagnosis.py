"""From facts to findings: who is to blame, and who only waits for him. Pure: the same scene gives the same findings.

A processor is *blocked* where a full link holds it back, and *starved* where frames call it and none come. Both wait
for somebody else, and who follows these waits comes to a processor with a cause of its own (`causes`), or round in a
circle: that is a diamond which starves itself. So the root is named, and those who wait stand behind it.

Who is stuck is found by assuming it of everybody in the scene, and letting go of those who can move until nobody can.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from streamlib.clock import NEVER_NS
from streamlib.graph.components import FailedStart
from streamlib.observability.causes import (
    Evidence,
    Root,
    View,
    deliver_latest,
    failing_often,
    goes_nowhere,
    listed,
    own_cause,
    restart,
    silent,
    slow,
    unread,
)
from streamlib.observability.explanation import Cause, Finding, lasting
from streamlib.observability.scene import LinkFacts, ProcessorFacts, Scene
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.states import GraphState

ONE_BY_ONE = 16
"""Of those who wait for one root, so many have a sentence of their own; the rest share one."""


def diagnose(scene: Scene) -> tuple[Finding, ...]:
    """Why nothing comes out, the roots first by how many wait for each; nothing where everything flows."""
    whole = _of_the_whole(scene)
    if scene.state is GraphState.IDLE:
        return whole
    return (*whole, *_Diagnosis(scene).findings())


def _of_the_whole(scene: Scene) -> tuple[Finding, ...]:
    if scene.state is GraphState.IDLE:
        if scene.failed_start is not None:
            return (_start_failure(scene.failed_start, scene.now_ns),)
        failed = [_failure(id_, error) for id_, error in scene.failures.items()]
        if scene.has_run:
            return (*failed, _general(Cause.STOPPED, "the runtime has stopped", "runtime.start() begins anew"))
        return (_general(Cause.NOT_STARTED, "the runtime has not been started", "runtime.start()"),)
    if scene.state is GraphState.PAUSED:
        lasted = "" if scene.paused_ns is None else f" for {lasting(scene.now_ns - scene.paused_ns)}"
        words = f"the runtime has been paused{lasted}" if lasted else "the runtime is paused"
        return (_general(Cause.RUNTIME_PAUSED, words, "runtime.resume()", scene.paused_ns, scene.now_ns),)
    return ()


def _general(cause: Cause, words: str, advice: str, since_ns: int | None = None, now_ns: int = 0) -> Finding:
    lasted_s = None if since_ns is None else (now_ns - since_ns) / 1e9
    return Finding(
        cause=cause,
        subjects=(),
        root="",
        root_cause=cause,
        sentence=words,
        since_ns=since_ns,
        lasted_s=lasted_s,
        advice=advice,
    )


def _start_failure(failed: FailedStart, now_ns: int) -> Finding:
    id_, ago = failed.subject, f"{lasting(now_ns - failed.at_ns)} ago"
    words = f"{id_} kept the runtime from starting {ago}" if id_ else f"the runtime could not be started {ago}"
    evidence: Evidence = {"error": failed.error, **({"step": failed.step} if failed.step else {})}
    return Finding(
        cause=Cause.START_FAILED,
        subjects=(id_,) if id_ else (),
        root="" if "->" in id_ else id_,
        root_cause=Cause.START_FAILED,
        sentence=f"{words}: {failed.step}{failed.step and ' failed: '}{failed.error}",
        since_ns=failed.at_ns,
        lasted_s=(now_ns - failed.at_ns) / 1e9,
        advice="put its error right, then: runtime.start()",
        evidence=evidence,
    )


def _failure(id_: str, error: str) -> Finding:
    cause, words = Cause.FAILED, f"{id_} failed: {error}"
    advice = "put its error right, the log has all of it"
    return Finding(cause=cause, subjects=(id_,), root=id_, root_cause=cause, sentence=words, advice=advice)


@dataclass(frozen=True, slots=True)
class _Wait:
    """Who waits for whom, and at which link: full, or empty. Without a link they share a thread."""

    waits: str
    for_: str
    link: LinkFacts | None
    full: bool = False

    @property
    def subjects(self) -> tuple[str, ...]:
        """The link, and who waits at it."""
        return (self.waits,) if self.link is None else (self.link.id, self.waits)


class _Diagnosis:
    """One scene on its way to findings."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._into: dict[str, list[LinkFacts]] = defaultdict(list)
        self._out: dict[str, list[LinkFacts]] = defaultdict(list)
        for link in scene.links.values():
            self._into[link.target].append(link)
            self._out[link.source].append(link)
        self._roots: dict[str, Root] = {}
        for id_ in scene.processors:
            found = own_cause(self._view(id_))
            if found is not None:
                self._roots[id_] = found
        self._stuck = self._who_is_stuck()

    def findings(self) -> list[Finding]:
        """All of them, in order."""
        self._blame_those_who_leave_frames()
        followers = self._followers(self._roots)
        for id_ in self._joins_of_circles(followers):
            self._roots[id_] = self._circle(id_)
        self._forget_told_ends()
        followers = self._followers(self._roots)
        self._add_milder({wait.waits for waits in followers.values() for wait in waits})
        order = sorted(self._roots, key=lambda id_: (_rank(self._roots[id_]), -len(followers[id_]), id_))
        told = [finding for id_ in order for finding in self._told(id_, followers[id_])]
        return [*told, *self._beyond(order)]

    def _beyond(self, order: list[str]) -> list[Finding]:
        """Those who were only counted, told behind all others; of which root, nobody has looked."""
        count = self._scene.beyond
        if not (count and order):
            return []
        cause = self._roots[order[0]].cause
        sentence = f"{count:,} more processors stand behind these; the first to blame is {order[0]}"
        return [
            Finding(
                cause=Cause.STARVED,
                subjects=(),
                root=order[0],
                root_cause=cause,
                sentence=sentence,
                evidence={"processors": count},
            )
        ]

    def _blame_those_who_leave_frames(self) -> None:
        """Of those who wait for nobody and yet leave frames unread: others may wait for them."""
        blamed: dict[str, Root] = {}
        for id_ in self._scene.processors:
            root = None if id_ in self._stuck else unread(self._view(id_))
            if root is not None:
                blamed[id_] = root
        if blamed:
            self._roots.update(blamed)
            self._stuck = self._who_is_stuck()

    def _forget_told_ends(self) -> None:
        """Who has ended is told of by those who lack him."""
        lacking = [id_ for id_, root in self._roots.items() if root.cause is Cause.INPUT_ENDED]
        for link in [link for id_ in lacking for link in self._into[id_] if link.ended]:
            root = self._roots.get(link.source)
            if root is not None and root.cause is Cause.ENDED:
                del self._roots[link.source]

    def _view(self, id_: str) -> View:
        facts = self._scene.processors[id_]  # type: ignore[index]
        return View(facts, tuple(self._into[id_]), tuple(self._out[id_]), self._scene)

    # ------------------------------------------------------------------------------------------------ who is stuck

    def _who_is_stuck(self) -> set[str]:
        """Everybody who has a cause of his own, or waits for such a one, or in a circle."""
        stuck: set[str] = set(self._scene.processors)
        doubtful = deque(id_ for id_ in stuck if id_ not in self._roots)
        queued = set(doubtful)
        while doubtful:
            id_ = doubtful.popleft()
            queued.discard(id_)
            if id_ not in stuck or self._must_wait(id_, stuck):
                continue
            stuck.discard(id_)
            for other in self._neighbours(id_):
                if other in stuck and other not in self._roots and other not in queued:
                    queued.add(other)
                    doubtful.append(other)
        return stuck

    def _neighbours(self, id_: str) -> Iterable[str]:
        yield from (link.target for link in self._out[id_])
        yield from (link.source for link in self._into[id_])

    def _must_wait(self, id_: str, stuck: set[str]) -> bool:
        facts = self._scene.processors[id_]  # type: ignore[index]
        if facts.over:
            return all(link.source in stuck for link in self._into[id_])
        if any(link.full and link.holds and link.target in stuck and not self._is_over(link.target)
               for link in self._out[id_]):  # fmt: skip
            return True
        if facts.occupied in stuck:
            return True
        if facts.call is not None and not facts.call.waits_for_room:
            return False
        return self._is_starved(facts, stuck)

    def _is_over(self, id_: str) -> bool:
        facts = self._scene.processors.get(id_)  # type: ignore[call-overload]
        return facts is not None and facts.over

    def _is_starved(self, facts: ProcessorFacts, stuck: set[str]) -> bool:
        links = self._into[facts.id]
        if facts.mode is not ExecutionMode.REACTIVE or not links or facts.poked:
            return False
        if facts.wake_ns is not None and facts.wake_ns < NEVER_NS // 2:
            return False
        empty = [link for link in links if not link.depth and not link.ended]
        if facts.joins or facts.neglects:
            return any(link.source in stuck for link in empty)
        return all(link.depth == 0 and link.source in stuck for link in links)

    # --------------------------------------------------------------------------------------------- who waits for whom

    def _waits(self, id_: str) -> list[_Wait]:
        """What one who is stuck and has no cause of his own waits for: room first, then frames."""
        facts = self._scene.processors[id_]  # type: ignore[index]
        full = [link for link in self._out[id_] if link.full and link.holds and link.target in self._stuck]
        waits = [_Wait(id_, link.target, link, full=True) for link in full if not self._is_over(link.target)]
        if facts.over:
            waits = []
        if facts.occupied in self._stuck:
            waits.append(_Wait(id_, facts.occupied, None))
        empty = [link for link in self._into[id_] if facts.over or not link.depth]
        return waits + [_Wait(id_, link.source, link) for link in empty if link.source in self._stuck]

    def _followers(self, roots: Iterable[str]) -> dict[str, list[_Wait]]:
        """By root: everybody who waits for it, the nearest first; each waits for one."""
        waiters: dict[str, list[_Wait]] = defaultdict(list)
        for id_ in self._stuck:
            if id_ not in self._roots:
                for wait in self._waits(id_):
                    waiters[wait.for_].append(wait)
        followers: dict[str, list[_Wait]] = {root: [] for root in roots}
        taken: set[str] = set()
        for root in sorted(roots):
            self._collect(root, waiters, taken, followers[root])
        return defaultdict(list, followers)

    def _collect(self, root: str, waiters: dict[str, list[_Wait]], taken: set[str], into: list[_Wait]) -> None:
        reached = deque((root,))
        while reached:
            for wait in waiters[reached.popleft()]:
                if wait.waits not in taken and wait.waits not in self._roots:
                    taken.add(wait.waits)
                    into.append(wait)
                    reached.append(wait.waits)

    # ------------------------------------------------------------------------------------------------------- circles

    def _joins_of_circles(self, followers: dict[str, list[_Wait]]) -> list[str]:
        """Who needs frames that cannot come, because others that wait for him hold them back: the first of each."""
        explained = {wait.waits for waits in followers.values() for wait in waits} | set(self._roots)
        left = {id_ for id_ in self._stuck if id_ not in explained}
        joins: list[str] = []
        for id_ in sorted(left):
            held = any(link.full and link.holds for link in self._into[id_])
            lacks = any(not link.depth and link.source in left for link in self._into[id_])
            if held and lacks and not self._scene.processors[id_].over:  # type: ignore[index]
                joins.append(id_)
        return joins[:1] if len(joins) > 1 and self._is_one_circle(joins) else joins

    def _is_one_circle(self, joins: list[str]) -> bool:
        """Whether the others wait for the first of them."""
        waiters: dict[str, list[_Wait]] = defaultdict(list)
        for id_ in self._stuck:
            for wait in self._waits(id_):
                waiters[wait.for_].append(wait)
        reached: list[_Wait] = []
        self._collect(joins[0], waiters, set(), reached)
        return set(joins[1:]) <= {wait.waits for wait in reached}

    def _circle(self, id_: str) -> Root:
        full = [link for link in self._into[id_] if link.full and link.holds]
        lacking = [link for link in self._into[id_] if not link.depth]
        ports = listed(tuple(dict.fromkeys(link.input for link in lacking)))
        common = self._common_source(full[0], lacking[0])
        words = (
            f"waits for input {ports}, and its full input {full[0].input} holds {common} back, from which that should "
            "come: this diamond starves itself"
        )
        advice = (
            f"{deliver_latest(full[0])}, or have {id_} read {full[0].input} meanwhile; a greater capacity helps only "
            "where as many frames come by the other way, as many as that way keeps"
        )
        evidence: Evidence = {
            "needs": tuple(link.id for link in lacking),
            "full": tuple(link.id for link in full),
            "held back": common,
        }
        return Root(Cause.SELF_STARVING, words, advice, full[0].since_ns, evidence)

    def _common_source(self, full: LinkFacts, lacking: LinkFacts) -> str:
        """Where the two ways part: who feeds both, the nearest first."""
        before = self._upstream(lacking.source)
        return next((id_ for id_ in self._upstream(full.source) if id_ in before), full.source)

    def _upstream(self, id_: str) -> dict[str, None]:
        found: dict[str, None] = {id_: None}
        reached = deque((id_,))
        while reached:
            for link in self._into[reached.popleft()]:
                if link.source not in found:
                    found[link.source] = None
                    reached.append(link.source)
        return found

    # ---------------------------------------------------------------------------------------------- the milder causes

    def _add_milder(self, explained: set[str]) -> None:
        """Of those who move and have no cause of their own, who still lets nothing through."""
        looks: tuple[Callable[[View], Root | None], ...] = (failing_often, slow, silent, goes_nowhere)
        for id_ in self._scene.processors:
            if id_ in self._roots or id_ in explained or id_ in self._stuck:
                continue
            view = self._view(id_)
            found = next((root for look in looks if (root := look(view)) is not None), None)
            if found is not None:
                self._roots[id_] = found

    # --------------------------------------------------------------------------------------------------------- words

    def _told(self, id_: str, waits: list[_Wait]) -> list[Finding]:
        root, scene = self._roots[id_], self._scene
        lasted_s = None if root.since_ns is None else (scene.now_ns - root.since_ns) / 1e9
        first = Finding(
            cause=root.cause,
            subjects=(id_,),
            root=id_,
            root_cause=root.cause,
            sentence=f"{id_} {root.words}",
            since_ns=root.since_ns,
            lasted_s=lasted_s,
            advice=self._advice(id_, root, waits),
            evidence=root.evidence,
        )
        singly = waits if len(waits) <= ONE_BY_ONE else waits[: ONE_BY_ONE - 1]
        told = [self._waiting(wait, id_, root) for wait in singly]
        rest = waits[len(singly) :]
        return [first, *told, *([self._rest(rest, id_, root)] if rest else [])]

    def _advice(self, id_: str, root: Root, waits: list[_Wait]) -> str:
        """What to try; who has ended behind one that failed is begun anew with it."""
        ended = [wait.waits for wait in waits if self._is_over(wait.waits)]
        again = "runtime.stop(drain=False); runtime.start()" if len(ended) > ONE_BY_ONE else restart(id_, *ended)
        return root.advice.replace(restart(id_), again)

    def _waiting(self, wait: _Wait, id_: str, root: Root) -> Finding:
        link, now_ns = wait.link, self._scene.now_ns
        if link is None:
            return Finding(
                cause=Cause.OCCUPIED,
                subjects=(wait.waits,),
                root=id_,
                root_cause=root.cause,
                sentence=f"{wait.waits} waits for the thread that it shares with {id_}",
                evidence={"waits for": wait.for_},
            )
        since_ns = link.since_ns if wait.full else None
        evidence: Evidence = {"waits for": wait.for_, "depth": link.depth, "capacity": link.capacity}
        if wait.full:
            full = "is full" if since_ns is None else f"has been full for {lasting(now_ns - since_ns)}"
            sentence = f"link {link.id} {full} because of {id_}"
        elif self._is_over(wait.waits):
            sentence = f"{wait.waits} ended because of {id_}"
            evidence = {**evidence, "ended": 1}
        else:
            sentence = f"{wait.waits} waits for input {link.input} because of {id_}"
        return Finding(
            cause=Cause.BLOCKED if wait.full else Cause.STARVED,
            subjects=wait.subjects,
            root=id_,
            root_cause=root.cause,
            sentence=sentence,
            since_ns=since_ns,
            lasted_s=None if since_ns is None else (now_ns - since_ns) / 1e9,
            evidence=evidence,
        )

    def _rest(self, waits: list[_Wait], id_: str, root: Root) -> Finding:
        ids = tuple(wait.waits for wait in waits)
        subjects = tuple(subject for wait in waits for subject in wait.subjects)
        more = "" if len(ids) == 1 else f" and {len(ids) - 1:,} more"
        return Finding(
            cause=Cause.BLOCKED if all(wait.full for wait in waits) else Cause.STARVED,
            subjects=subjects,
            root=id_,
            root_cause=root.cause,
            sentence=f"{ids[0]}{more} wait too because of {id_}",
            evidence={"waiting": len(ids), **({"ended": len(ids)} if all(self._is_over(one) for one in ids) else {})},
        )


_RANKS = {
    Cause.GAVE_UP: 0,
    Cause.FAILED: 0,
    Cause.RESTARTING: 1,
    Cause.FAILING: 1,
    Cause.PAUSED: 3,
    Cause.OUTSIDE: 4,
    Cause.MANUAL: 4,
    Cause.SLEEPING: 4,
    Cause.ENDED: 6,
}


def _rank(root: Root) -> int:
    """Who failed comes first, then who is stuck, then who was stopped by somebody; who has come to its end, last."""
    return _RANKS.get(root.cause, 2) if root.hard or root.cause is Cause.FAILING else 5
