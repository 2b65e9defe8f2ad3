"""Groups of processors in a graph that runs, and in files."""

from __future__ import annotations

from typing import Any

import pytest

from streamlib import GraphFile, StreamRuntime
from streamlib.errors import CommitError, GraphFileError
from streamlib.graph.group import GroupMember
from streamlib.runtime.group import Group
from tests.scenarios.stage import SECONDS, STRATEGIES, Collect, Faulty, Numbers, Pass, Record
from tests.scenarios.test_graph_files import SEEN, Listed

FILE = """\
streamlib: 1
processors:
  source:
    type: Numbers
    config: {count: 20}
  sink:
    type: Listed
    config: {name: sink}
groups:
  row:
    processors:
      first: {type: Pass}
      second: {type: Pass}
    links:
    - first.out -> second.into
    inputs: {into: first.into}
    outputs: {out: second.out}
links:
- source.out -> row.into
- row.out -> sink.into
"""

KINDS = (Numbers, Pass, Listed)


def row(group: Group, last: type[Any] = Pass, **config: Any) -> None:
    first, second = group.add_processor(Pass, id="first"), group.add_processor(last, id="second", **config)
    group.connect(first, second)
    group.input("into", first.input("into"))
    if second.declaration.outputs:
        group.output("out", second.output("out"))


@pytest.mark.promise("graph.sub-graphs")
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_group_is_added_to_a_graph_that_runs_and_removed_as_one(strategy: str) -> None:
    trunk, branch = Record(), Record()
    with StreamRuntime(scheduler=STRATEGIES[strategy]()) as runtime:
        source = runtime.add_processor(Numbers)
        runtime.connect(source, runtime.add_processor(Collect, record=trunk))
        runtime.start()
        with runtime.edit() as edit:
            group = edit.add_group(row, last=Collect, record=branch)
            edit.connect(source, group)
        branch.wait_for(20)
        runtime.remove(group)
        trunk.wait_for(20)
        assert branch.count("teardown") == 1
        assert runtime.graph.query(GroupMember) == []
    assert branch.is_gapless()
    assert trunk.is_gapless()


@pytest.mark.promise("graph.sub-graphs")
def test_a_group_that_cannot_be_set_up_is_taken_back_as_one() -> None:
    with StreamRuntime() as runtime:
        runtime.start()
        with pytest.raises(CommitError, match="setup of row_0/second failed"):
            runtime.add_group(row, last=Faulty, where="setup", record=Record())
        assert runtime.graph.processor_ids() == []
        assert runtime.graph.query(GroupMember) == []


@pytest.mark.promise("graph.sub-graphs")
def test_a_group_is_saved_as_one() -> None:
    runtime = StreamRuntime()
    source = runtime.add_processor(Numbers, id="source", count=20)
    group = runtime.add_group(row, id="row")
    runtime.connect(source, group)
    runtime.connect(group, runtime.add_processor(Listed, id="sink", name="sink"))
    saved = GraphFile.from_graph(runtime.graph)
    assert saved == GraphFile.parse(FILE)
    assert GraphFile.parse(saved.to_json()) == saved == GraphFile.parse(saved.to_yaml())


@pytest.mark.promise("graph.sub-graphs")
def test_a_group_of_a_file_runs_and_is_a_group() -> None:
    runtime = StreamRuntime()
    handles = runtime.load(GraphFile.parse(FILE), classes=KINDS)
    assert list(handles) == ["source", "sink", "row/first", "row/second"]
    assert list(runtime.group("row").inputs) == ["into"]
    assert GraphFile.from_graph(runtime.graph) == GraphFile.parse(FILE)
    runtime.start()
    assert runtime.wait(SECONDS)
    runtime.stop()
    assert SEEN.pop("sink") == list(range(20))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("second: {type: Pass}", "second: {type: Pas}", "x:13: groups.row.processors.second.type: no processor type"),
        ("first.out ->", "first.oot ->", "x:15: groups.row.links[0]: Pass has no output port 'oot'"),
        ("first.into}", "first.in}", "x:16: groups.row.inputs.into: Pass has no input port 'in'"),
        ("second.out}", "second.oot}", "x:17: groups.row.outputs.out: Pass has no output port"),
    ],
)
def test_a_group_of_a_file_that_does_not_fit_is_told_with_its_line(old: str, new: str, said: str) -> None:
    runtime = StreamRuntime()
    with pytest.raises(GraphFileError) as raised:
        runtime.load(GraphFile.parse(FILE.replace(old, new), "x"), classes=KINDS)
    assert said in str(raised.value)
    assert runtime.graph.processor_ids() == []


def test_a_member_that_is_there_already_is_told_with_its_line() -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Pass, id="row/second")
    with pytest.raises(GraphFileError, match=r"x:13: groups\.row\.processors\.second: the id 'row/second' is taken"):
        runtime.load(GraphFile.parse(FILE, "x"), classes=KINDS)


def test_a_processor_with_the_id_of_a_group_cannot_be_saved() -> None:
    runtime = StreamRuntime()
    with runtime.edit() as edit:
        edit.add_processor(Pass, id="row")
        runtime.add_group(row, id="row")  # each of the two is free when it is asked for
    with pytest.raises(GraphFileError, match="a processor has the id 'row' already"):
        GraphFile.from_graph(runtime.graph)
