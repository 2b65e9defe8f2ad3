from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.media.filters.description import SPECIAL, FilterCall, read_description


def test_filters_of_a_chain_stand_in_order() -> None:
    assert read_description("scale=320:-1, hflip ,unsharp") == (
        (FilterCall("scale", "320:-1"), FilterCall("hflip"), FilterCall("unsharp")),
    )


def test_chains_and_labels_are_told_apart() -> None:
    assert read_description("[in]split=2[a][b]; [a] hflip [c];[b][c]hstack") == (
        (FilterCall("split", "2", ("in",), ("a", "b")),),
        (FilterCall("hflip", "", ("a",), ("c",)),),
        (FilterCall("hstack", "", ("b", "c")),),
    )


def test_the_name_of_an_instance_is_left_out() -> None:
    assert read_description("scale@big=640:360") == ((FilterCall("scale", "640:360"),),)


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ("'a,b;c[d]'", "a,b;c[d]"),
        (r"a\,b", "a,b"),
        (r"a\\:b", r"a\:b"),
        ("'it'\\''s'", "it's"),
        ("x='between(t,1,2)':y=3", "x=between(t,1,2):y=3"),
        ("a b  ", "a b"),
        (r"a\ ", "a "),
        ("a=b=c", "a=b=c"),
    ],
)
def test_quotes_and_backslashes_are_taken_off_once(written: str, arguments: str) -> None:
    assert read_description(f"filter={written}")[0][0].arguments == arguments


@given(st.text(st.characters(codec="utf-8", exclude_characters="'"), min_size=1))
def test_what_is_quoted_comes_through_whole(text: str) -> None:
    assert read_description(f"filter='{text}'") == ((FilterCall("filter", text),),)


@given(st.text(st.characters(codec="ascii"), max_size=20))
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    try:
        chains = read_description(text)
    except ValueError:
        return
    assert all(call.name and not set(call.name) & set(SPECIAL[0]) for chain in chains for call in chain)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the name of a filter was expected at 'its end'"),
        ("hflip,", "the name of a filter was expected at 'its end'"),
        ("hflip,;vflip", "the name of a filter was expected at ';vflip'"),
        ("drawtext='a", "the quote before 'a' is not closed"),
        ("[ahflip", r"a label is written \[name\]"),
        ("[]hflip", r"a label is written \[name\]"),
        ("hflip]", "nothing was expected at ']'"),
    ],
)
def test_what_is_written_wrongly_is_shown(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_description(text)
