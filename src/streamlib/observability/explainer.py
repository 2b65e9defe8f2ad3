"""Asks why nothing comes out: takes a scene of the graph and has it diagnosed.

A circle of processors that wait for each other is concluded from the facts of many, which were not read in one moment;
so it is looked for once more before it is told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from msgspec.structs import replace

from streamlib.clock import NS_PER_S
from streamlib.ids import ProcessorId
from streamlib.observability.diagnosis import diagnose
from streamlib.observability.explanation import Cause, Explanation, Finding
from streamlib.observability.gathering import Gathering
from streamlib.observability.scene import Scene
from streamlib.states import GraphState

TRIES = 3
"""How many looks a circle that is gone in the next one may take."""


def _as_they_are(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return findings


class Explainer:
    """Explains one graph; from any thread.

    Args:
        advise: Adds to findings what the graph has to offer for them.
    """

    def __init__(
        self, gathering: Gathering, advise: Callable[[tuple[Finding, ...]], tuple[Finding, ...]] = _as_they_are
    ) -> None:
        self._gathering = gathering
        self._advise = advise

    def explain(self, subject: str = "") -> Explanation:
        """Why nothing comes out, of everything or of one processor or link; false where everything flows."""
        focus = subject.partition("->")[2].rpartition(".")[0] or subject
        scene, findings = self._look(focus)
        for _ in range(TRIES):
            circles = _circles(scene, findings)
            if not circles:
                break
            scene, findings = self._look(focus)
            if _circles(scene, findings) == circles:
                break
        whole = Explanation(at_ns=scene.now_ns, state=scene.state, findings=findings, young_s=_young_s(scene))
        asked = whole.about(subject) if subject else whole
        return replace(asked, findings=self._advise(asked.findings))

    def explain_calls(self, ids: Collection[ProcessorId]) -> Explanation:
        """What calls of these are stuck in by themselves; what comes of that for others is not looked at."""
        scene = self._gathering.calls_of(ids)
        return Explanation(at_ns=scene.now_ns, state=scene.state, findings=diagnose(scene), young_s=_young_s(scene))

    def _look(self, focus: str) -> tuple[Scene, tuple[Finding, ...]]:
        scene = self._gathering.scene(focus)
        return scene, diagnose(scene)


def _young_s(scene: Scene) -> float | None:
    """How long the graph runs, while what is wrong may not have shown."""
    if scene.state is not GraphState.RUNNING or scene.started_ns is None:
        return None
    age_ns = scene.now_ns - scene.started_ns
    return age_ns / NS_PER_S if age_ns < scene.patience_ns else None


def _circles(scene: Scene, findings: tuple[Finding, ...]) -> dict[str, list[int]]:
    """Who starves himself, and what he has read so far."""
    roots = {finding.root for finding in findings if finding.cause is Cause.SELF_STARVING}
    return {root: [link.taken for link in scene.links.values() if link.target == root] for root in roots}
