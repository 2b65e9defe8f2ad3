"""Boxes and arrows as one SVG: no program besides is needed, and a notebook shows it as it is.

Boxes come in, and arrows between them that close no circle; text goes out. The boxes stand in columns, each behind all
that lead to it; an arrow over several columns goes through a lane of its own in each, so that none hides behind a box.
What the boxes stand for is not known here: `render.py` says it.
"""

from __future__ import annotations

import html
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

CHARACTER = 6.7
"""The width of a character of `FONT`, in pixels; in a font of one width the boxes fit without measuring."""

FONT = "font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:11px"
LINE = 15.0
PADDING = 10.0
PORT_STEP = 10.0
MOST_PORTS = 16  # of one side that make a box higher; more of them stand closer
COLUMN_GAP = 56.0
ROW_GAP = 18.0
LANE = 4.0  # the height of an arrow that passes a column
LONGEST_LINE = 36
MOST_LANES = 4_000  # beyond, long arrows go straight, and maybe behind a box
SWEEPS = 4  # how often the order within the columns is bettered
HUES = (210, 30, 140, 280, 0, 175, 60, 320)  # of groups, in degrees; alike ones stand far apart


@dataclass(frozen=True, slots=True)
class Box:
    """A box with lines of text; those of one group have one colour."""

    id: str
    lines: tuple[str, ...]
    hint: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """An arrow between two boxes, from a named place at the right of one to a named place at the left of another."""

    source: str
    output: str
    target: str
    input: str
    hint: str = ""


@dataclass(slots=True)
class _Item:
    """What stands in a column: a box, or the lane of an arrow that passes."""

    box: Box | None
    column: int
    width: float = 0.0
    height: float = LANE
    x: float = 0.0
    y: float = 0.0  # of its middle
    before: list[_Item] = field(default_factory=list)
    behind: list[_Item] = field(default_factory=list)


def drawn(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> str:
    """The picture, an `<svg>` element that is a document by itself as well."""
    items = {box.id: item for box, item in zip(boxes, _items(boxes, arrows), strict=True)}
    lanes = _lanes(items, arrows)
    columns = _columns([*items.values(), *(lane for way in lanes for lane in way)])
    width = _place_columns(columns)
    _order_rows(columns)
    height = _place_rows(columns)
    outs = _places(items, [(arrow.source, arrow.output, items[arrow.target].y) for arrow in arrows])
    ins = _places(items, [(arrow.target, arrow.input, items[arrow.source].y) for arrow in arrows])
    hues = {group: HUES[n % len(HUES)] for n, group in enumerate(dict.fromkeys(b.group for b in boxes if b.group))}
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} style="{FONT}" fill="none" stroke="currentColor">']
    for arrow, way in zip(arrows, lanes, strict=True):
        start = items[arrow.source].x + items[arrow.source].width, outs[arrow.source, arrow.output]
        end = items[arrow.target].x, ins[arrow.target, arrow.input]
        parts.append(_arrow_svg(arrow, [start, *_through(way), end]))
    parts += [_box_svg(item, item.box, hues.get(item.box.group)) for item in items.values() if item.box is not None]
    return "\n".join([*parts, "</svg>"])


def _items(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> Iterator[_Item]:
    depths = _depths([box.id for box in boxes], arrows)
    ports: dict[str, tuple[set[str], set[str]]] = {box.id: (set(), set()) for box in boxes}
    for arrow in arrows:
        ports[arrow.source][0].add(arrow.output)
        ports[arrow.target][1].add(arrow.input)
    for box in boxes:
        longest = max((len(_shortened(line)) for line in box.lines), default=0)
        most = min(max(len(side) for side in ports[box.id]), MOST_PORTS)
        height = max(LINE * len(box.lines), PORT_STEP * most) + PADDING
        yield _Item(box, depths[box.id], longest * CHARACTER + 2 * PADDING, height)


def _depths(ids: Sequence[str], arrows: Iterable[Arrow]) -> dict[str, int]:
    """How many arrows lead to each on the longest way."""
    targets: dict[str, list[str]] = defaultdict(list)
    missing = dict.fromkeys(ids, 0)
    for arrow in arrows:
        targets[arrow.source].append(arrow.target)
        missing[arrow.target] += 1
    depths = dict.fromkeys(ids, 0)
    ready = [id_ for id_ in ids if not missing[id_]]
    while ready:
        id_ = ready.pop()
        for target in targets[id_]:
            depths[target] = max(depths[target], depths[id_] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    return depths


def _lanes(items: Mapping[str, _Item], arrows: Iterable[Arrow]) -> list[list[_Item]]:
    """The lanes of each arrow in the columns that it passes; all that follow each other are joined."""
    left = MOST_LANES
    lanes: list[list[_Item]] = []
    for arrow in arrows:
        source, target = items[arrow.source], items[arrow.target]
        passed = range(source.column + 1, target.column)
        way = [_Item(None, column) for column in passed] if len(passed) <= left else []
        left -= len(way)
        stops = [source, *way, target]
        for one, other in pairwise(stops):
            one.behind.append(other)
            other.before.append(one)
        lanes.append(way)
    return lanes


def _columns(items: Iterable[_Item]) -> list[list[_Item]]:
    columns: dict[int, list[_Item]] = defaultdict(list)
    for item in items:
        columns[item.column].append(item)
    return [columns[number] for number in sorted(columns)]


def _place_columns(columns: Sequence[Sequence[_Item]]) -> float:
    """Give each item its left side; a lane is as wide as its column. Returns the width of the picture."""
    x = PADDING
    for column in columns:
        width = max(item.width for item in column)
        for item in column:
            item.width = item.width if item.box is not None else width
            item.x = x
        x += width + COLUMN_GAP
    return x - COLUMN_GAP + PADDING if columns else 2 * PADDING


def _order_rows(columns: Sequence[list[_Item]]) -> None:
    """Order each column by where those are that its items are joined to, before and behind by turns."""
    _number(columns)
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        for column in columns if forth else reversed(columns):
            column.sort(key=lambda item: _mean(item.before if forth else item.behind, item.y))
            _number([column])


def _number(columns: Iterable[Sequence[_Item]]) -> None:
    for column in columns:
        for row, item in enumerate(column):
            item.y = row - len(column) / 2


def _place_rows(columns: Sequence[Sequence[_Item]]) -> float:
    """Give each item its middle, as near to those it is joined to as the others let it; returns the height."""
    for column in columns:
        for item, y in zip(column, _apart(column, [0.0] * len(column)), strict=True):
            item.y = y
    for sweep in range(SWEEPS):
        forth = sweep % 2 == 0
        for column in columns if forth else reversed(columns):
            wanted = [_mean(item.before if forth else item.behind, item.y) for item in column]
            for item, y in zip(column, _apart(column, wanted), strict=True):
                item.y = y
    everything = [item for column in columns for item in column]
    top = min((item.y - item.height / 2 for item in everything), default=0.0) - PADDING
    for item in everything:
        item.y -= top
    return max((item.y + item.height / 2 for item in everything), default=PADDING) + PADDING


def _apart(column: Sequence[_Item], wanted: Sequence[float]) -> list[float]:
    """Where items go that must not overlap: together as near to `wanted` as can be, in squares.

    Less what those above it take, the places only have to rise: pools of neighbours that do not are given their mean.
    """
    offsets = [0.0]
    for one, other in pairwise(column):
        offsets.append(offsets[-1] + (one.height + other.height) / 2 + ROW_GAP)
    pools: list[tuple[float, int]] = []
    for want, offset in zip(wanted, offsets, strict=False):
        mean, count = want - offset, 1
        while pools and pools[-1][0] > mean:
            above, more = pools.pop()
            mean, count = (above * more + mean * count) / (more + count), more + count
        pools.append((mean, count))
    risen = [mean for mean, count in pools for _ in range(count)]
    return [place + offset for place, offset in zip(risen, offsets, strict=False)]


def _mean(items: Sequence[_Item], otherwise: float) -> float:
    return sum(item.y for item in items) / len(items) if items else otherwise


def _places(items: Mapping[str, _Item], ends: Iterable[tuple[str, str, float]]) -> dict[tuple[str, str], float]:
    """The height of each named place at a side of the boxes, in the order of what they are joined to."""
    sides: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for id_, port, y in ends:
        sides[id_][port].append(y)
    places: dict[tuple[str, str], float] = {}
    for id_, side in sides.items():
        item, ports = items[id_], sorted(side, key=lambda port: sum(side[port]) / len(side[port]))
        step = min(PORT_STEP, (item.height - PADDING) / len(ports))
        for number, port in enumerate(ports):
            places[id_, port] = item.y + (number - (len(ports) - 1) / 2) * step
    return places


def _through(way: Iterable[_Item]) -> Iterator[tuple[float, float]]:
    for lane in way:
        yield lane.x, lane.y
        yield lane.x + lane.width, lane.y


def _arrow_svg(arrow: Arrow, points: Sequence[tuple[float, float]]) -> str:
    """Curves between the columns, straight lines through them, and a head."""
    path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for number, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        middle = (x1 + x2) / 2
        curve = f"C{middle:.1f} {y1:.1f} {middle:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        path.append(f"L{x2:.1f} {y2:.1f}" if number % 2 else curve)
    x, y = points[-1]
    head = f'<path d="M{x:.1f} {y:.1f}l-7 -3.5v7z" fill="currentColor" stroke="none"/>'
    line = f'<path d="{"".join(path)}" stroke-opacity="0.6"/>'
    return f"<g><title>{_text(arrow.hint)}</title>{line}{head}</g>"


def _box_svg(item: _Item, box: Box, hue: int | None) -> str:
    fill = 'fill="currentColor" fill-opacity="0.06"'
    if hue is not None:
        fill = f'fill="hsl({hue},70%,50%)" fill-opacity="0.2"'
    left, top = item.x, item.y - item.height / 2
    shape = f'<rect x="{left:.1f}" y="{top:.1f}" width="{item.width:.1f}" height="{item.height:.1f}" rx="4" {fill}/>'
    first = item.y - LINE * (len(box.lines) - 1) / 2 + 4
    lines = "".join(
        f'<text x="{left + item.width / 2:.1f}" y="{first + LINE * number:.1f}" text-anchor="middle" '
        f'fill="currentColor" stroke="none" font-weight="{"normal" if number else "bold"}">'
        f"{_text(_shortened(line))}</text>"
        for number, line in enumerate(box.lines)
    )
    return f"<g><title>{_text(box.hint)}</title>{shape}{lines}</g>"


def _shortened(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE // 2]}…{line[-LONGEST_LINE // 2 + 1 :]}"


def _text(text: str) -> str:
    """A text for XML, which has no word for control characters."""
    return html.escape("".join(char if char.isprintable() or char == "\n" else "?" for char in text))
