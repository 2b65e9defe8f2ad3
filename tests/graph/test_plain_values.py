from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from streamlib.graph.plain_values import comes_back, from_plain, to_plain


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True)
class Spot:
    x: int
    y: float = 0.5


@pytest.mark.parametrize(
    ("value", "plain", "kind"),
    [
        (Path("a/b"), "a/b", Path),
        (Colour.RED, "red", Colour),
        ((1, 2), [1, 2], tuple[int, ...]),
        ({"at": (1, 2)}, {"at": [1, 2]}, dict[str, tuple[int, int]]),
        (Spot(1), {"x": 1, "y": 0.5}, Spot),
        ([Spot(1)], [{"x": 1, "y": 0.5}], list[Spot]),
        (b"\x00\xff", "AP8=", bytes),
        (date(2026, 1, 31), "2026-01-31", date),
        (math.inf, math.inf, float),
        (None, None, int | None),
    ],
)
def test_a_value_goes_and_comes_back(value: object, plain: object, kind: Any) -> None:
    assert to_plain(value) == plain
    assert from_plain(plain, kind) == value
    assert comes_back(value, plain, kind)


def test_what_is_not_a_number_comes_back() -> None:
    assert comes_back(math.nan, math.nan, float)


def test_what_would_come_back_as_something_else_is_told() -> None:
    assert not comes_back((1, 2), [1, 2], Any)
    assert not comes_back({1: "a"}, {"1": "a"}, dict[int, str])


@pytest.mark.parametrize("value", [object(), [object()], int, {"a": print}])
def test_what_a_file_cannot_hold_is_named(value: object) -> None:
    with pytest.raises(ValueError, match=r"a object cannot be written|a builtin\w+ cannot be written|type"):
        to_plain(value)


def test_a_value_of_another_kind_is_refused_with_what_was_expected() -> None:
    with pytest.raises(ValueError, match=r"Expected int, got str.*x"):
        from_plain({"x": "1"}, Spot)
