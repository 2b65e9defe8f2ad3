from __future__ import annotations

import pytest
import typer

from streamlib.control.cli.duration import milliseconds, parse_duration, seconds


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("10s", 10_000_000_000),
        ("500ms", 500_000_000),
        ("1m30s", 90_000_000_000),
        ("2h", 7_200_000_000_000),
        ("1.5", 1_500_000_000),
        (" 1 m 2 s ", 62_000_000_000),
    ],
)
def test_lengths_of_time_are_read_as_one_types_them(text: str, ns: int) -> None:
    assert parse_duration(text) == ns


@pytest.mark.parametrize("text", ["", "s", "ten", "10x", "-3s", "0s", "1s later"])
def test_other_words_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write 10s, 500ms"):
        parse_duration(text)


def test_lengths_are_shown_in_the_unit_of_their_table() -> None:
    assert milliseconds(1_234_567) == "1.23 ms"
    assert seconds(5_312_000_000) == "5.31 s"
