from __future__ import annotations

from typing import Any

from streamlib.observability.explainer import Explainer
from streamlib.observability.explanation import Cause
from streamlib.observability.gathering import Gathering
from streamlib.observability.scene import CallFacts, Scene
from tests.observability.scenes import NOW, S, link, scene, source, who

WRITES = CallFacts(method="process", place="camera.py:9", since_ns=NOW - 2 * S, waits_for_room=True)


class Shown(Gathering):
    """Shows one scene after another, the last for good."""

    def __init__(self, *scenes: Scene) -> None:
        self.scenes = list(scenes)
        self.asked: list[str] = []

    def scene(self, focus: str = "") -> Scene:
        self.asked.append(focus)
        return self.scenes.pop(0) if len(self.scenes) > 1 else self.scenes[0]


def diamond(taken: int) -> Scene:
    row = [source("s", call=WRITES), who("keeps"), who("join", joins=True)]
    links = [link("s", "keeps"), link("keeps", "join", 0, "left"), link("s", "join", 8, "right", taken=taken)]
    return scene(row, links)


def test_a_circle_is_told_when_it_is_seen_twice() -> None:
    shown = Shown(diamond(3))
    assert Explainer(shown).explain().findings[0].cause is Cause.SELF_STARVING
    assert len(shown.asked) == 2


def test_a_circle_that_has_moved_on_is_none() -> None:
    shown = Shown(diamond(3), diamond(4), scene([source("s")]))
    assert not Explainer(shown).explain()
    assert len(shown.asked) == 3


def test_of_one_the_scene_is_asked_for_it_and_the_rest_left_out() -> None:
    shown: Any = Shown(scene([who("b", call=CallFacts(method="process", place="b.py:1"))], [link("a", "b", 8)]))
    assert Explainer(shown).explain("a.out->b.into").subject == "a.out->b.into"
    assert Explainer(shown).explain("b").findings[0].root == "b"
    assert shown.asked == ["b", "b"]
    assert not Explainer(shown).explain("z")


def test_a_graph_that_runs_for_less_than_its_patience_is_young() -> None:
    young = Shown(scene([source("a")], started_ns=NOW - S // 2))
    assert Explainer(young).explain().young_s == 0.5
    assert Explainer(Shown(scene([source("a")], started_ns=NOW - S))).explain().young_s is None
    assert Explainer(Shown(Scene())).explain().young_s is None
