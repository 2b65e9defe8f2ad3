"""What is read out of a class's docstring."""

from __future__ import annotations

import pytest

from streamlib.schema.docstrings import attributes, description, summary


class Told:
    """Does a thing. Then another.

    And more of it:
        by example.

    Attributes:
        one: The first,
            which goes on.
        two (int): The second: with a colon.

        three: The third.

    Raises:
        four: No attribute.
    """


class Heir(Told):
    """Does it, too.

    Attributes:
        two: Another second.
    """


class Silent(Told):
    pass


def test_the_description_is_the_text_before_the_sections() -> None:
    assert description(Told) == "Does a thing. Then another.\n\nAnd more of it:\n    by example."
    assert description(Silent) == ""


def test_attributes_are_read_one_by_one() -> None:
    expected = {"one": "The first, which goes on.", "two": "The second: with a colon.", "three": "The third."}
    assert attributes(Told) == expected


def test_a_subclass_says_it_anew_or_inherits_it() -> None:
    assert attributes(Heir)["two"] == "Another second."
    assert attributes(Silent) == attributes(Told)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Does a thing. Then another.", "Does a thing."),
        ("Encodes as H.264, by libx264.\n\nMore.", "Encodes as H.264, by libx264."),
        ("Over\ntwo lines", "Over two lines"),
        ("", ""),
    ],
)
def test_a_summary_is_the_first_sentence(text: str, first: str) -> None:
    assert summary(text) == first
