"""What was committed is taken back, and done again, by commits like any other."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from streamlib import StreamRuntime
from streamlib.errors import CommitError, StateError
from tests.scenarios.stage import Collect, Line, Pass, Record


@dataclasses.dataclass(frozen=True)
class Note:
    """A component of a user's own."""

    text: str


def picture(runtime: StreamRuntime) -> object:
    """The graph, without what tells one generation from another."""
    nodes = [msgspec.structs.replace(node, generation=0) for node in runtime.graph.processors()]
    return sorted(nodes, key=lambda node: node.id), sorted(runtime.graph.links(), key=lambda link: link.id)


@pytest.mark.promise("edit.undo")
def test_every_commit_is_taken_back_and_done_again(runtime: StreamRuntime) -> None:
    line, second = Line(runtime).run(), Record()
    pictures = [picture(runtime)]
    with runtime.edit() as edit:
        sink = edit.add_processor(Collect, record=second)
        edit.connect(line.filter, sink)
        edit.attach(sink.id, Note("new"))
    pictures.append(picture(runtime))
    runtime.update_config(line.filter, gain=4)
    pictures.append(picture(runtime))
    runtime.remove(sink)
    pictures.append(picture(runtime))
    for before in reversed(pictures[:-1]):
        runtime.undo()
        assert picture(runtime) == before
        line.record.wait_for(20)
        if sink.id in runtime.graph:
            assert runtime.processor(sink.id).components.get(Note) == Note("new")
            second.wait_for(20)
    for after in pictures[1:]:
        runtime.redo()
        assert picture(runtime) == after
        line.record.wait_for(20)
    assert line.record.is_gapless(), line.record.gaps()


@pytest.mark.promise("edit.undo")
def test_the_history_is_readable(runtime: StreamRuntime) -> None:
    line = Line(runtime)
    runtime.remove(line.sink)
    runtime.undo()
    *_, last = runtime.history
    assert (last.changes, last.undone) == (("remove collect_0",), True)
    assert str(last).endswith("(undone): remove collect_0")
    assert [record.number for record in runtime.history] == list(range(1, 7))


def test_there_is_an_end_to_it_in_both_directions() -> None:
    runtime = StreamRuntime()
    with pytest.raises(StateError, match="nothing to undo"):
        runtime.undo()
    runtime.add_processor(Pass)
    with pytest.raises(StateError, match="nothing to do again"):
        runtime.redo()
    runtime.undo()
    assert runtime.graph.processor_ids() == []
    with pytest.raises(StateError, match="nothing to undo"):
        runtime.undo()


@pytest.mark.promise("edit.generations")
def test_an_id_that_comes_back_is_a_new_generation(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    before = runtime.graph.node(line.filter.id).generation
    runtime.remove(line.filter)
    runtime.undo()
    assert runtime.graph.node(line.filter.id).generation > before
    line.record.wait_for(20)


def test_an_undo_that_fails_leaves_everything_and_can_be_tried_again(runtime: StreamRuntime) -> None:
    class Moody(Pass):
        """Its setup fails when it is told to."""

        fails = False

        def setup(self, ctx: object) -> None:
            if type(self).fails:
                raise OSError("not today")

    line = Line(runtime).run()
    extra = runtime.add_processor(Moody)
    runtime.connect(line.filter, extra)
    runtime.remove(extra)
    records = runtime.history
    Moody.fails = True
    with pytest.raises(CommitError, match="not today"):
        runtime.undo()
    assert runtime.history == records
    assert extra.id not in runtime.graph
    Moody.fails = False
    runtime.undo()
    assert extra.id in runtime.graph
    line.record.wait_for(20)
    assert line.record.is_gapless()


def test_streams_of_frames_are_no_commits_to_undo(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    records = runtime.history
    with line.filter.output("out").frames() as frames:
        for _ in zip(range(3), frames, strict=False):
            pass
    assert runtime.history == records


def test_a_failed_edit_is_no_record(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    records = runtime.history
    with pytest.raises(CommitError):
        runtime.add_processor(Collect, record=None)
    assert runtime.history == records
    line.record.wait_for(5)


@pytest.mark.promise("edit.undo")
@pytest.mark.parametrize("what", ["processor", "link"])
def test_who_looked_on_and_has_gone_since_does_not_come_back_with_an_undo(runtime: StreamRuntime, what: str) -> None:
    """The removal took the link of a stream with it, whose sink its user has closed by now."""
    line = Line(runtime).run()
    frames = line.filter.output("out").frames()
    edit = runtime.edit()
    if what == "processor":
        edit.remove(line.filter)
    else:
        for link in runtime.graph.links_from(line.filter.id):
            edit.update_link(link.id, capacity=5)
            edit.disconnect(link.id)
    runtime.commit_edit(edit)
    frames.close()
    runtime.undo()
    assert sorted(runtime.graph.processor_ids()) == ["collect_0", "numbers_0", "pass_0"]
    assert [link.id for link in runtime.graph.links_from(line.filter.id)] == ["pass_0.out->collect_0.into"]
    line.record.wait_for(20)
    runtime.redo()
    runtime.undo()
    line.record.wait_for(20)


def test_a_stream_that_is_still_open_is_not_joined_again_by_an_undo(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    with line.filter.output("out").frames(capacity=1_000) as frames:
        (sink,) = {id_ for id_ in runtime.graph.processor_ids() if id_.startswith("pull_sink")}
        runtime.update_config(sink, capacity=999)
        runtime.remove(line.filter)
        runtime.undo()
        assert runtime.graph.links_into(runtime.processor(sink).id) == []
        assert next(iter(frames)) is not None
    line.record.wait_for(20)
    *_, last = runtime.history
    assert (last.changes, last.undone) == (("remove pass_0",), True)
