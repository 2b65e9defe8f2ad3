from __future__ import annotations

import pytest

from streamlib.errors import ConnectError, DeclarationError, DuplicateIdError, UnknownPortError, UnknownProcessorError
from streamlib.runtime.group import Group
from streamlib.runtime.runtime import StreamRuntime
from tests.scenarios.stage import Both, Numbers, Pass


def doubled(group: Group) -> None:
    """Two filters in a row, with the ends of the row outside."""
    first, second = group.add_processor(Pass), group.add_processor(Pass)
    group.connect(first, second)
    group.input("into", first.input("into"))
    group.output("out", second.output("out"))


def forked(group: Group) -> None:
    both = group.add_processor(Both, id="both")
    group.input("left", both.input("left"))
    group.input("right", both.input("right"))
    group.output("out", both.output("out"))


def test_a_group_and_its_members_have_readable_ids() -> None:
    runtime = StreamRuntime()
    one, other = runtime.add_group(doubled), runtime.add_group(doubled, id="mine")
    assert (one.id, [member.id for member in one.processors]) == ("doubled_0", ["doubled_0/pass_0", "doubled_0/pass_1"])
    assert [member.id for member in other.processors] == ["mine/pass_0", "mine/pass_1"]
    assert runtime.add_group(forked).processors[0].id == "forked_0/both"
    assert runtime.add_group(lambda group: group.add_processor(Pass)).id == "group_0"


def test_the_handle_of_a_group_can_be_had_again() -> None:
    runtime = StreamRuntime()
    made = runtime.add_group(doubled)
    again = runtime.group(made.id)
    assert [member.id for member in again.processors] == [member.id for member in made.processors]
    assert str(again.input("into").ref) == "doubled_0/pass_0.into"
    assert str(again.output("out").ref) == "doubled_0/pass_1.out"
    with pytest.raises(UnknownProcessorError, match="did you mean 'doubled_0'"):
        runtime.group("doubled")


def test_a_group_is_joined_by_its_own_ports() -> None:
    runtime = StreamRuntime()
    source = runtime.add_processor(Numbers)
    first, second = runtime.add_group(doubled), runtime.add_group(doubled)
    links = [
        runtime.connect(source, first),
        runtime.connect(first, second),
        runtime.connect(second, Sinks(runtime).one),
    ]
    assert [link.id for link in links] == [
        "numbers_0.out->doubled_0/pass_0.into",
        "doubled_0/pass_1.out->doubled_1/pass_0.into",
        "doubled_1/pass_1.out->pass_0.into",
    ]


class Sinks:
    def __init__(self, runtime: StreamRuntime) -> None:
        self.one = runtime.add_processor(Pass)


def test_of_several_ports_of_a_group_the_only_free_one_is_meant() -> None:
    runtime = StreamRuntime()
    source, group = runtime.add_processor(Numbers), runtime.add_group(forked)
    with pytest.raises(ConnectError, match="in 2 ways: numbers_0 -> forked_0/both.left; .*name the ports"):
        runtime.connect(source, group)
    runtime.connect(source, group.input("left"))
    assert runtime.connect(source, group).id == "numbers_0.out->forked_0/both.right"


def test_a_group_that_does_not_fit_says_so() -> None:
    runtime = StreamRuntime()
    lone = runtime.add_group(lambda group: group.add_processor(Pass), id="lone")
    with pytest.raises(ConnectError, match="no output of numbers_0 fits an input of lone"):
        runtime.connect(runtime.add_processor(Numbers), lone)
    with pytest.raises(UnknownPortError, match="the group lone has no input port 'into'"):
        lone.input("into")
    with pytest.raises(UnknownPortError, match="the group lone has no output port 'out'"):
        lone.output("out")


@pytest.mark.parametrize("by_id", [True, False])
def test_a_group_is_removed_as_one(by_id: bool) -> None:
    runtime = StreamRuntime()
    source, group = runtime.add_processor(Numbers), runtime.add_group(doubled)
    runtime.connect(source, group)
    runtime.remove(group.id if by_id else group)
    assert runtime.graph.processor_ids() == [source.id]
    assert runtime.graph.links() == []


def test_a_group_that_has_lost_a_member_is_still_removed() -> None:
    runtime = StreamRuntime()
    group = runtime.add_group(doubled)
    runtime.remove(group.processors[0])
    runtime.remove(group)
    assert runtime.graph.processor_ids() == []


def test_what_a_group_is_told_is_handed_on() -> None:
    class Chain:
        def __init__(self, group: Group, length: int) -> None:
            for _ in range(length):
                group.add_processor("Pass")

    runtime = StreamRuntime()
    runtime.declaration_of(Pass)
    assert len(runtime.add_group(Chain, length=3).processors) == 3
    assert runtime.graph.processor_ids()[0] == "chain_0/pass_0"


@pytest.mark.parametrize("id_", ["numbers_0", "doubled_0"])
def test_an_id_that_is_taken_is_refused(id_: str) -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Numbers)
    runtime.add_group(doubled)
    with pytest.raises(DuplicateIdError):
        runtime.add_group(doubled, id=id_)


def test_a_processor_does_not_get_the_id_of_a_group() -> None:
    runtime = StreamRuntime()
    runtime.add_group(doubled, id="z")
    with pytest.raises(DuplicateIdError, match="the id 'z' is taken"):
        runtime.add_processor(Numbers, id="z")
    with pytest.raises(DuplicateIdError), runtime.edit() as edit:
        edit.add_group(doubled, id="y")
        edit.add_processor(Numbers, id="y")
    assert runtime.add_processor(Numbers, id="y").id == "y"
    with runtime.edit() as edit:
        edit.remove(runtime.group("z"))
        edit.add_processor(Numbers, id="z")
    assert runtime.graph.processor_ids() == ["y", "z"]


def test_a_port_of_a_group_that_is_no_name_is_refused_in_words() -> None:
    group = StreamRuntime().add_group(doubled)
    with pytest.raises(UnknownPortError, match="has no input port 5; known: into"):
        group.input(5)  # type: ignore[arg-type]


def no_members(group: Group) -> None: ...


def one_port_twice(group: Group) -> None:
    member = group.add_processor(Pass)
    group.input("a", member.input("into"))
    group.input("a", member.input("into"))


def no_name(group: Group) -> None:
    group.input("a b", group.add_processor(Pass).input("into"))


def no_text(group: Group) -> None:
    group.input(5, group.add_processor(Pass).input("into"))  # type: ignore[arg-type]


def no_port(group: Group) -> None:
    group.input("a", group.add_processor(Pass))  # type: ignore[arg-type]


def another_way(group: Group) -> None:
    group.output("a", group.add_processor(Pass).input("into"))  # type: ignore[arg-type]


def broken(group: Group) -> None:
    group.add_processor(Pass)
    raise ValueError("broken")


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (no_members, "has no processor"),
        (one_port_twice, "two ports 'a'"),
        (no_name, "no name of a port"),
        (no_text, "5 is no name of a port"),
        (no_port, r"is no input of a processor; give one as member\.input\(name\)"),
        (another_way, r"into> is no output of a processor"),
    ],
)
def test_a_group_that_is_put_together_wrongly_is_refused(build: object, said: str) -> None:
    runtime = StreamRuntime(commit_mode="manual")
    with pytest.raises(DeclarationError, match=said):
        runtime.add_group(build)  # type: ignore[arg-type]
    runtime.commit()
    assert runtime.graph.processor_ids() == []


def test_a_port_of_somebody_else_is_refused() -> None:
    runtime = StreamRuntime()
    stranger = runtime.add_processor(Pass)
    with pytest.raises(DeclarationError, match=r"pass_0\.into is no port of a processor in the group"):
        runtime.add_group(lambda group: group.input("a", stranger.input("into")), id="g")


def test_a_group_whose_function_raises_leaves_nothing() -> None:
    runtime = StreamRuntime()
    with pytest.raises(ValueError, match="broken"):
        runtime.add_group(broken)
    assert runtime.graph.processor_ids() == []
