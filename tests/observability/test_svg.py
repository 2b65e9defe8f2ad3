"""The picture: boxes that do not overlap, in columns behind what leads to them, and arrows that end at them."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from streamlib.observability.svg import Arrow, Box, drawn

SVG = "{http://www.w3.org/2000/svg}"


def _box(id_: str, group: str = "") -> Box:
    return Box(id_, (id_, "Type"), f"about {id_}", group)


def _rects(picture: str) -> dict[str, tuple[float, float, float, float]]:
    """Left, top, right and bottom of each box, by the first of its lines."""
    found = {}
    for group in ET.fromstring(picture):  # noqa: S314 our own text
        rect = group.find(f"{SVG}rect")
        if rect is not None:
            x, y, width, height = (float(rect.attrib[name]) for name in ("x", "y", "width", "height"))
            found[group.findtext(f"{SVG}text") or ""] = x, y, x + width, y + height
    return found


def _ways(picture: str) -> list[list[tuple[float, float]]]:
    """The points of each arrow's line."""
    lines = re.findall(r'<path d="(M[^"]+)" stroke-opacity', picture)
    return [[(float(x), float(y)) for x, y in re.findall(r"([\d.]+) ([\d.]+)(?=[LC]|$)", line)] for line in lines]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Box], list[Arrow]]:
    """A graph without circles: arrows lead to boxes that come later."""
    count = draw(st.integers(1, 12))
    boxes = [_box(f"p{n}", draw(st.sampled_from(["", "one", "two"]))) for n in range(count)]
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    pairs = draw(st.lists(ends.filter(lambda pair: pair[0] < pair[1]), max_size=25)) if count > 1 else []
    arrows = [Arrow(f"p{a}", f"o{n % 3}", f"p{b}", f"i{n}") for n, (a, b) in enumerate(pairs)]
    return boxes, arrows


@given(graphs())
def test_boxes_do_not_overlap_and_stand_behind_what_leads_to_them(graph: tuple[list[Box], list[Arrow]]) -> None:
    boxes, arrows = graph
    picture = drawn(boxes, arrows)
    rects = _rects(picture)
    assert set(rects) == {box.id for box in boxes}
    for (left, top, right, bottom), (x1, y1, x2, y2) in combinations(rects.values(), 2):
        assert right <= x1 or x2 <= left or bottom <= y1 or y2 <= top
    for arrow, way in zip(arrows, _ways(picture), strict=True):
        source, target = rects[arrow.source], rects[arrow.target]
        assert source[2] < target[0]
        (first, *_, last) = way
        assert abs(first[0] - source[2]) < 0.2
        assert abs(last[0] - target[0]) < 0.2
        assert source[1] < first[1] < source[3]
        assert target[1] < last[1] < target[3]


@given(graphs())
def test_the_straight_part_of_an_arrow_goes_through_no_box(graph: tuple[list[Box], list[Arrow]]) -> None:
    picture = drawn(*graph)
    for way in _ways(picture):
        for (x1, y), (x2, _) in list(pairwise(way))[1::2]:
            for left, top, right, bottom in _rects(picture).values():
                assert x2 <= left or x1 >= right or not top < y < bottom


def test_names_are_escaped_and_what_xml_has_no_word_for_is_left_out() -> None:
    picture = drawn([Box("a", ('<b>&"', "T\x00"), "</title><script>")], [])
    root = ET.fromstring(picture)  # noqa: S314 our own text
    assert [text.text for text in root.iter(f"{SVG}text")] == ['<b>&"', "T?"]
    assert "<script>" not in picture


def test_a_long_name_is_cut_in_the_box_and_whole_in_the_tooltip() -> None:
    name = "recording_0/" + "long_" * 20 + "name_17"
    picture = drawn([Box(name, (name,), name)], [])
    root = ET.fromstring(picture)  # noqa: S314 our own text
    (text,) = (found.text or "" for found in root.iter(f"{SVG}text"))
    assert (len(text) < 40, text.startswith("recording_0/"), text.endswith("name_17")) == (True, True, True)
    assert root.find(f".//{SVG}title").text == name  # type: ignore[union-attr]


def test_the_boxes_of_a_group_have_one_colour() -> None:
    picture = drawn([_box("a", "one"), _box("b", "one"), _box("c", "two"), _box("d")], [])
    fills = re.findall(r'<rect [^>]*fill="([^"]+)"', picture)
    assert fills[0] == fills[1]
    assert len(set(fills)) == 3


def test_nothing_is_an_empty_picture_and_two_links_of_two_boxes_are_two_lines() -> None:
    assert _rects(drawn([], [])) == {}
    one, other = _ways(drawn([_box("a"), _box("b")], [Arrow("a", "v", "b", "v"), Arrow("a", "s", "b", "s")]))
    assert one != other


def test_a_chain_that_is_longer_than_the_stack_is_deep_is_drawn() -> None:
    boxes = [_box(f"p{n}") for n in range(2_000)]
    arrows = [Arrow(one.id, "o", other.id, "i") for one, other in pairwise(boxes)]
    assert len(_rects(drawn(boxes, [*arrows, Arrow("p0", "o", "p1999", "j")]))) == 2_000
