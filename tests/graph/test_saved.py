from __future__ import annotations

import re

import pytest

from streamlib.errors import GraphFileError
from streamlib.graph.document import Origin
from streamlib.graph.saved import LINK_PATTERN, SavedEnd, SavedLink, check_id


def test_the_ends_of_a_link_are_processors_and_perhaps_ports() -> None:
    assert SavedLink(link="cam_1.video->encoder").ends == (SavedEnd("cam_1", "video"), SavedEnd("encoder", None))


@pytest.mark.parametrize("text", ["a -> b", "a->b", "a.x -> b.y", " a-1.x ->b/2", "ä -> ö.é", "a--> b"])
def test_what_is_a_link(text: str) -> None:
    assert re.search(LINK_PATTERN, text)


@pytest.mark.parametrize(
    "text", ["", "a", "a -> ", "-> b", "a -> b -> c", "a.b.c -> d", ". -> a", "a\nb -> c", "a > b"]
)
def test_what_is_no_link(text: str) -> None:
    assert not re.search(LINK_PATTERN, text)


@pytest.mark.parametrize("id_", ["", " a", "a ", "a.b", "a->b", "a\nb", "a/"])
def test_what_is_no_id_is_refused(id_: str) -> None:
    with pytest.raises(GraphFileError, match="an id is"):
        check_id(id_, Origin("x"))


@pytest.mark.parametrize("id_", ["a", "cam_1", "front-left", "ä/ö"])
def test_any_other_id_is_fine(id_: str) -> None:
    check_id(id_, Origin("x"))
    assert re.search(LINK_PATTERN, f"{id_}.out -> {id_}")
