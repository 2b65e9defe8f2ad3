from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streamlib import ProcessorConfig
from streamlib.graph.config_words import SHOWN_LENGTH, changed, shown, told
from streamlib.links.delivery import Delivery
from streamlib.processors.config import ConfigFields


class Unsayable:
    def __repr__(self) -> str:
        raise OSError("no words")


class Settings(ProcessorConfig):
    """Has all kinds of fields."""

    name: str = ""
    gain: float = 1.0
    delivery: Delivery = Delivery.EVERY
    table: Any = None


FIELDS = ConfigFields.of("Kind", Settings)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1.5, "1.5"),
        ("a\nb", r"'a\nb'"),
        (Delivery.LATEST, "latest"),
        (np.zeros((2, 2)), "array([[0., 0.], [0., 0.]])"),
        (Unsayable(), "<Unsayable>"),
        ("x" * 100, f"'{'x' * (SHOWN_LENGTH - 2)}…"),
    ],
)
def test_a_value_is_shown_in_one_short_line(value: object, words: str) -> None:
    assert shown(value) == words


def test_what_was_told_is_what_is_not_as_declared() -> None:
    assert told(Settings(), FIELDS) == ""
    assert told(Settings(name="left", gain=2.0), FIELDS) == "name='left', gain=2.0"
    assert told(Settings(table=np.zeros(2)), FIELDS) == "table=array([0., 0.])"


def test_what_is_changed_is_what_differs() -> None:
    table = np.zeros(2)
    assert changed(Settings(), Settings()) == ""
    assert changed(Settings(table=table), Settings(gain=2.0, table=table)) == "gain 1.0 -> 2.0"
    assert changed(Settings(), Settings(delivery=Delivery.LATEST)) == "delivery every -> latest"
    assert changed(Settings(table=table), Settings(table=table + 1)) == "table array([0., 0.]) -> array([1., 1.])"
