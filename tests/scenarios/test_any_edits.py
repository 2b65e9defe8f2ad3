"""Edits of any kind in any order on a graph that runs: the main path never loses a frame, and each branch is whole."""

from __future__ import annotations

import random
from typing import Any

import pytest

from streamlib import StreamRuntime
from tests.scenarios.stage import Collect, Numbers, Pass, Record

EDITS = 25


class Garden:
    """A main path of filters between a source and a sink, with branches; every edit is drawn by lot."""

    def __init__(self, runtime: StreamRuntime, seed: int) -> None:
        self.runtime = runtime
        self.draw = random.Random(seed)
        self.main, self.life = Record(), Record()
        self.path: list[Any] = [runtime.add_processor(Numbers), runtime.add_processor(Pass)]
        self.path.append(runtime.add_processor(Collect, record=self.main))
        self.branches: list[tuple[Any, Any, Record]] = []
        self.finished: list[Record] = []
        self.done: list[str] = []
        for before, after in zip(self.path, self.path[1:], strict=False):
            runtime.connect(before, after)

    def step(self) -> None:
        edits = [self.insert, self.take_out, self.replace, self.branch, self.branch, self.prune, self.restart,
                 self.tune, self.rest, self.rest_one, self.several]  # fmt: skip
        edit = self.draw.choice(edits)
        self.done.append(edit.__name__)
        edit()

    def new(self, edit: Any) -> Any:
        return edit.add_processor(Pass, record=self.life)

    def link(self, index: int) -> str:
        return f"{self.path[index].id}.out->{self.path[index + 1].id}.into"

    def branches_at(self, handle: Any) -> list[tuple[Any, Any, Record]]:
        return [branch for branch in self.branches if branch[0].id == handle.id]

    def insert(self) -> None:
        index = self.draw.randrange(len(self.path) - 1)
        with self.runtime.edit() as edit:
            middle = self.new(edit)
            edit.disconnect(self.link(index))
            edit.connect(self.path[index], middle)
            edit.connect(middle, self.path[index + 1])
        self.path.insert(index + 1, middle)

    def take_out(self) -> None:
        inner = [handle for handle in self.path[1:-1] if not self.branches_at(handle)]
        if not inner:
            return
        index = self.path.index(self.draw.choice(inner))
        with self.runtime.edit() as edit:
            edit.remove(self.path[index])
            edit.connect(self.path[index - 1], self.path[index + 1])
        del self.path[index]

    def replace(self) -> None:
        inner = [handle for handle in self.path[1:-1] if not self.branches_at(handle)]
        if not inner:
            return
        index = self.path.index(self.draw.choice(inner))
        with self.runtime.edit() as edit:
            new = self.new(edit)
            edit.remove(self.path[index])
            edit.connect(self.path[index - 1], new)
            edit.connect(new, self.path[index + 1])
        self.path[index] = new

    def branch(self) -> None:
        at, record = self.draw.choice(self.path[:-1]), Record()
        with self.runtime.edit() as edit:
            sink = edit.add_processor(Collect, record=record)
            edit.connect(at, sink)
        self.branches.append((at, sink, record))

    def prune(self) -> None:
        if not self.branches:
            return
        branch = self.draw.choice(self.branches)
        self.branches.remove(branch)
        self.runtime.remove(branch[1])
        assert branch[2].calls == ["setup", "flush", "teardown"]
        self.finished.append(branch[2])

    def restart(self) -> None:
        self.runtime.restart(self.draw.choice(self.path[1:-1] or self.path[-1:]))

    def tune(self) -> None:
        self.runtime.update_config(self.draw.choice([*self.path[1:-1]] or [self.path[0]]))

    def rest(self) -> None:
        self.runtime.pause()
        self.draw.choice([self.branch, self.insert, self.take_out, self.prune])()
        self.runtime.resume()

    def rest_one(self) -> None:
        handle = self.draw.choice(self.path)
        self.runtime.pause(handle)
        self.draw.choice([self.branch, self.insert, self.prune])()
        self.runtime.resume(handle)

    def several(self) -> None:
        """A branch goes, one comes, and the main path changes, in one edit."""
        index, record = self.draw.randrange(len(self.path) - 1), Record()
        gone = self.branches.pop() if self.branches else None
        with self.runtime.edit() as edit:
            middle = self.new(edit)
            if gone is not None:
                edit.remove(gone[1])
            sink = edit.add_processor(Collect, record=record)
            edit.disconnect(self.link(index))
            edit.connect(self.path[index], middle)
            edit.connect(middle, sink)
            edit.connect(middle, self.path[index + 1])
        self.path.insert(index + 1, middle)
        self.branches.append((middle, sink, record))
        if gone is not None:
            self.finished.append(gone[2])


@pytest.mark.promise("edit.untouched-links", "execution.never-twice")
@pytest.mark.parametrize("seed", range(6))
def test_no_edit_loses_a_frame(runtime: StreamRuntime, seed: int) -> None:
    """gnuradio/gnuradio#6105: samples were lost on links that nobody touched."""
    garden = Garden(runtime, seed)
    runtime.start()
    garden.main.wait_for(10)
    for _ in range(EDITS):
        garden.step()
        garden.main.wait_for(5)
    runtime.stop()
    records = [record for _, _, record in garden.branches] + garden.finished
    assert garden.main.numbers[0] == 0
    assert garden.main.is_gapless(), (garden.main.gaps(), garden.done)
    for record in records:
        assert record.is_gapless(), (record.gaps(), garden.done)
        assert record.calls == ["setup", "flush", "teardown"]
    assert garden.life.count("setup") == garden.life.count("teardown")
