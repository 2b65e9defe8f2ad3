from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.errors import CycleError
from streamlib.graph.topology import Topology
from streamlib.ids import LinkId, ProcessorId


def topology(processors: str, links: str = "") -> Topology:
    """A topology of one-letter processors, `ab` standing for a link of that name from a to b."""
    made = Topology()
    for name in processors:
        made.add_processor(ProcessorId(name))
    for link in links.split():
        join(made, link)
    return made


def join(made: Topology, link: str) -> None:
    made.add_link(LinkId(link), ProcessorId(link[0]), ProcessorId(link[1]))


def test_neighbours_come_in_the_order_of_their_links() -> None:
    made = topology("abcd", "ad bd cd")
    assert made.predecessors(ProcessorId("d")) == ["a", "b", "c"]
    assert made.links_into(ProcessorId("d")) == ["ad", "bd", "cd"]
    made.remove_link(LinkId("ad"))
    join(made, "ad2")
    assert made.predecessors(ProcessorId("d")) == ["b", "c", "a"]


def test_successors_come_in_the_order_of_their_links() -> None:
    made = topology("abcd", "ad ab ac")
    assert made.successors(ProcessorId("a")) == ["d", "b", "c"]
    assert made.links_from(ProcessorId("a")) == ["ad", "ab", "ac"]


def test_two_links_may_join_the_same_pair() -> None:
    made = topology("ab", "ab1 ab2")
    assert made.successors(ProcessorId("a")) == ["b"]
    made.remove_link(LinkId("ab1"))
    assert made.links_from(ProcessorId("a")) == ["ab2"]
    assert made.successors(ProcessorId("a")) == ["b"]


@pytest.mark.promise("graph.topology")
def test_what_the_library_numbers_anew_keeps_its_id_here() -> None:
    made = topology("abc", "ab bc")
    made.remove_link(LinkId("ab"))
    made.remove_processor(ProcessorId("a"))
    made.add_processor(ProcessorId("d"))
    join(made, "cd")
    assert made.predecessors(ProcessorId("d")) == ["c"]
    assert made.links_into(ProcessorId("c")) == ["bc"]
    made.remove_link(LinkId("bc"))
    assert made.predecessors(ProcessorId("c")) == []


@pytest.mark.promise("graph.cycles")
def test_a_circle_is_refused_with_the_way_that_leads_back() -> None:
    made = topology("abcd", "ab bc cd")
    with pytest.raises(CycleError) as refused:
        join(made, "da")
    assert refused.value.path == ("a", "b", "c", "d")
    assert "d -> a -> b -> c -> d" in str(refused.value)
    assert made.links_into(ProcessorId("a")) == []


def test_a_processor_cannot_feed_itself() -> None:
    made = topology("a")
    with pytest.raises(CycleError, match="a -> a"):
        join(made, "aa")


def test_a_long_way_back_is_shortened_in_words_and_whole_in_the_error() -> None:
    made = Topology()
    names = [ProcessorId(f"p{index}") for index in range(1000)]
    for name in names:
        made.add_processor(name)
    for source, target in pairwise(names):
        made.add_link(LinkId(f"{source}->{target}"), source, target)
    with pytest.raises(CycleError, match="992 more") as refused:
        made.add_link(LinkId("back"), names[-1], names[0])
    assert refused.value.path == tuple(names)
    assert len(str(refused.value)) < 300


def test_the_way_found_is_a_shortest() -> None:
    made = topology("abcdz", "ab bc cd ad")
    assert made.path(ProcessorId("a"), ProcessorId("d")) == ["a", "d"]
    assert made.path(ProcessorId("b"), ProcessorId("d")) == ["b", "c", "d"]
    assert made.path(ProcessorId("d"), ProcessorId("a")) == []
    assert made.path(ProcessorId("a"), ProcessorId("a")) == ["a"]


def test_the_order_puts_each_behind_those_that_feed_it() -> None:
    made = topology("dcba", "ab bd ac cd")
    assert made.order(map(ProcessorId, "dcba")) == ["a", "b", "c", "d"]


def test_the_order_keeps_a_chain_together() -> None:
    made = topology("axby", "ab xy")
    assert made.order(map(ProcessorId, "axby")) == ["a", "b", "x", "y"]


def test_the_order_looks_at_the_given_ids_alone() -> None:
    made = topology("abc", "ab bc")
    assert made.order(map(ProcessorId, "ca")) == ["c", "a"]


def test_the_order_of_nothing_is_nothing() -> None:
    assert topology("a").order([]) == []


LETTERS = "abcdefgh"


@given(st.lists(st.tuples(st.sampled_from(LETTERS), st.sampled_from(LETTERS)), max_size=40))
def test_exactly_the_links_that_close_a_circle_are_refused(pairs: list[tuple[str, str]]) -> None:
    made = topology(LETTERS)
    reached = {name: {name} for name in LETTERS}
    for number, (source, target) in enumerate(pairs):
        link = LinkId(f"{number}")
        if source in reached[target]:
            with pytest.raises(CycleError) as refused:
                made.add_link(link, ProcessorId(source), ProcessorId(target))
            _check_way(made, refused.value.path, target, source)
            continue
        made.add_link(link, ProcessorId(source), ProcessorId(target))
        for name in LETTERS:
            if source in reached[name]:
                reached[name] |= reached[target]
    order = made.order(map(ProcessorId, LETTERS))
    assert sorted(order) == list(LETTERS)
    assert all(
        order.index(ProcessorId(one)) <= order.index(ProcessorId(other)) for one in LETTERS for other in reached[one]
    )


def _check_way(made: Topology, way: tuple[str, ...], first: str, last: str) -> None:
    assert (way[0], way[-1]) == (first, last)
    assert all(following in made.successors(ProcessorId(here)) for here, following in pairwise(way))


def test_behind_some_stand_they_and_all_that_they_feed() -> None:
    topology = Topology()
    for id_ in "abcd":
        topology.add_processor(ProcessorId(id_))
    for source, target in ("ab", "bc", "dc"):
        topology.add_link(LinkId(f"{source}->{target}"), ProcessorId(source), ProcessorId(target))
    assert topology.behind([ProcessorId("b")]) == {"b", "c"}
    assert topology.behind([ProcessorId("a"), ProcessorId("d")]) == {"a", "b", "c", "d"}
