from __future__ import annotations

import dataclasses

import pytest

from streamlib.errors import StateError
from streamlib.ids import ProcessorId
from streamlib.runtime.history import History
from streamlib.runtime.operations import Operation, RemoveProcessor, Restart


def remove(name: str) -> list[Operation]:
    return [RemoveProcessor(ProcessorId(name))]


def test_commits_are_numbered_and_readable_and_the_last_is_undone_first() -> None:
    history = History()
    history.record(remove("a"), remove("not a"), 10)
    history.record(remove("b"), remove("not b"), 20)
    first, second = history.records()
    assert (first.number, first.at_ns, first.changes) == (1, 10, ("remove a",))
    assert (str(first), str(second)) == ("1: remove a", "2: remove b")
    assert list(history.to_undo().way_back) == remove("not b")


def test_what_was_undone_can_be_done_again_until_something_else_is_committed() -> None:
    history = History()
    history.record(remove("a"), remove("not a"), 10)
    history.undone(remove("again a"))
    assert [(record.number, record.undone) for record in history.records()] == [(1, True)]
    assert str(history.records()[0]) == "1 (undone): remove a"
    assert list(history.to_redo().way_back) == remove("again a")
    history.redone(remove("not a again"))
    assert list(history.to_undo().way_back) == remove("not a again")
    history.undone(remove("again a"))
    history.record(remove("b"), remove("not b"), 20)
    with pytest.raises(StateError, match="nothing to do again"):
        history.to_redo()
    assert history.to_undo().record(undone=True) == dataclasses.replace(history.records()[-1], undone=True)


def test_what_has_no_way_back_is_no_record() -> None:
    history = History()
    history.record([Restart(ProcessorId("a"))], [], 10)
    assert history.records() == ()
    with pytest.raises(StateError, match="there is nothing to undo: nothing has been committed yet"):
        history.to_undo()


def test_who_finds_nothing_to_undo_is_told_why() -> None:
    history = History(limit=2)
    for number in range(3):
        history.record(remove(str(number)), remove("back"), number)
        if number == 0:
            history.undone(remove("again"))
            with pytest.raises(StateError, match="the only commit is undone"):
                history.to_undo()
            history.redone(remove("back"))
    history.undone(remove("again"))
    history.undone(remove("again"))
    with pytest.raises(StateError, match="holds the last 2 commits, and all of those are undone"):
        history.to_undo()


@pytest.mark.promise("edit.undo")
def test_the_oldest_are_forgotten() -> None:
    history = History(limit=3)
    for number in range(10):
        history.record(remove(str(number)), remove("back"), number)
    assert [record.number for record in history.records()] == [8, 9, 10]
