"""Graph files that hypothesis makes up: any ids, any plain configs, links that close no circle."""

from __future__ import annotations

from functools import cache
from typing import Any

from hypothesis import strategies as st

from streamlib.graph.graph_file import GraphFile
from streamlib.graph.saved import SavedGroup, SavedLink, SavedProcessor
from streamlib.links.delivery import Delivery
from streamlib.processors.execution_mode import ErrorPolicy

texts = st.text(max_size=12) | st.sampled_from(
    [
        "1e6",
        "yes",
        "null",
        "~",
        "1_000",
        "0x1f",
        "010",
        "12:30",
        "2026-01-01",
        "<<",
        "=",
        "- a",
        "a: b",
        " x ",
        "#",
        "é\n",
    ]
)
ids = st.from_regex(r"[\w-]{1,6}(/[\w-]{1,3})?", fullmatch=True)
group_ids = st.lists(ids.filter(lambda id_: "/" not in id_), max_size=2, unique=True)
ports = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
port_or_none = st.just("") | ports.map(lambda port: f".{port}")
deliveries = st.none() | st.sampled_from(Delivery)
capacities = st.none() | st.integers(1, 10**6)


def plain_values(*, finite: bool) -> st.SearchStrategy[Any]:
    numbers = st.floats(allow_nan=False, allow_infinity=not finite) | st.integers()
    scalars = texts | numbers | st.booleans() | st.none()
    return st.recursive(
        scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=6
    )


@cache  # to make strategies anew for each example takes longer than to draw from them
def _components(*, finite: bool) -> st.SearchStrategy[Any]:
    return st.dictionaries(texts, _configs(finite=finite), max_size=2)


@cache
def _configs(*, finite: bool) -> st.SearchStrategy[Any]:
    return st.dictionaries(texts, plain_values(finite=finite), max_size=3)


@cache
def _processors(least: int, most: int, *, finite: bool) -> st.SearchStrategy[dict[str, SavedProcessor]]:
    processors = st.builds(
        SavedProcessor,
        type=st.text(min_size=1, max_size=8),
        config=_configs(finite=finite),
        on_error=st.none() | st.sampled_from(ErrorPolicy),
        components=_components(finite=finite),
    )
    return st.dictionaries(ids, processors, min_size=least, max_size=most)


@st.composite
def graph_files(draw: st.DrawFn, *, finite: bool = True) -> GraphFile:
    components = _components(finite=finite)
    members = draw(_processors(0, 5, finite=finite))
    links = draw(_links(list(members), components))
    groups = {}
    for id_ in draw(group_ids):
        inside = draw(_processors(1, 3, finite=finite))
        names = list(inside)
        offers = st.dictionaries(ports, st.tuples(st.sampled_from(names), ports).map(".".join), max_size=2)
        if id_ not in members and not any(name.startswith(f"{id_}/") for name in members):
            joints = draw(_links(names, components))
            groups[id_] = SavedGroup(processors=inside, links=joints, inputs=draw(offers), outputs=draw(offers))
    return GraphFile(members, groups, links)


@st.composite
def _links(draw: st.DrawFn, names: list[str], components: st.SearchStrategy[Any]) -> tuple[SavedLink, ...]:
    """Links from each name to later ones alone, so that they close no circle."""
    ends = [(a, b) for index, a in enumerate(names) for b in names[index + 1 :]]
    links = []
    for source, target in draw(st.lists(st.sampled_from(ends), max_size=5)) if ends else []:
        from_, to = (draw(port_or_none) for _ in range(2))
        links.append(
            SavedLink(
                link=f"{source}{from_} -> {target}{to}",
                delivery=draw(deliveries),
                capacity=draw(capacities),
                components=draw(components),
            )
        )
    return tuple(links)
