from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from typing import Any
from weakref import ref

import pytest

from streamlib import StreamRuntime
from streamlib.clock import NS_PER_S
from streamlib.errors import ConfigError
from streamlib.observability.live_table import LiveTable
from streamlib.testing import ManualClock
from tests.scenarios.stage import SECONDS, Hand


class Page:
    """A notebook's cell in the hands of a test."""

    def __init__(self) -> None:
        self.shown: list[str] = []
        self.left = 0
        self.gone = False
        self.overtake: Callable[[], None] = lambda: None
        self._changed = threading.Condition()

    def show(self, markup: str) -> None:
        if self.gone:
            raise OSError("the page has gone")
        with self._changed:
            self.shown.append(markup.partition("<b>")[2].partition(":")[0])
            self._changed.notify_all()

    def when_overtaken(self, close: Callable[[], None]) -> None:
        self.overtake = close

    def leave(self) -> None:
        self.left += 1

    def wait_for(self, drawings: int) -> list[str]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.shown) >= drawings, SECONDS), self.shown
        return self.shown


class Notebook:
    """A runtime, and tables that look at it by a clock of the test's."""

    def __init__(self) -> None:
        self.runtime = StreamRuntime()
        self.hand = self.runtime.add_processor(Hand)
        self.clock, self.page = ManualClock(), Page()

    def table(self) -> LiveTable:
        table = LiveTable(self.runtime.inspector, self.runtime.events, clock=self.clock, screen=lambda: self.page)
        table._ipython_display_()
        return table

    def tick(self) -> None:
        self.clock.wait_for_sleepers(1)
        self.clock.advance(NS_PER_S)


@pytest.fixture
def notebook() -> Notebook:
    return Notebook()


def is_live(table: LiveTable) -> bool:
    """Asked anew each time."""
    return table.is_live


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "streamlib:live-table"]


def test_it_is_drawn_at_once_and_after_each_interval(notebook: Notebook) -> None:
    with notebook.runtime, notebook.table() as table:
        assert is_live(table)
        assert notebook.page.shown == ["idle"]
        notebook.runtime.start()
        notebook.tick()
        assert notebook.page.wait_for(2) == ["idle", "running"]
        notebook.tick()
        assert notebook.page.wait_for(3)[2] == "running"
        assert threads() == ["streamlib:live-table"]
    assert not is_live(table)
    assert threads() == []


@pytest.mark.promise("look.notebook")
def test_the_stop_of_the_runtime_draws_it_for_the_last_time(notebook: Notebook) -> None:
    notebook.runtime.start()
    table = notebook.table()
    notebook.runtime.stop()
    assert notebook.page.shown == ["running", "idle"]
    assert not is_live(table)
    assert threads() == []
    assert notebook.page.left == 1
    table.close()
    assert notebook.page.shown == ["running", "idle"]


def test_without_a_bus_it_sees_the_stop_at_the_next_interval(notebook: Notebook) -> None:
    notebook.runtime.start()
    table = LiveTable(notebook.runtime.inspector, clock=notebook.clock, screen=lambda: notebook.page)
    table._ipython_display_()
    notebook.clock.wait_for_sleepers(1)
    notebook.runtime.stop()
    notebook.clock.advance(NS_PER_S)
    assert notebook.page.wait_for(2) == ["running", "idle"]
    table.close()
    assert threads() == []


def test_a_table_before_the_start_waits_for_it_and_one_may_be_shown_again(notebook: Notebook) -> None:
    table = notebook.table()
    notebook.tick()
    notebook.page.wait_for(2)
    assert is_live(table)
    table._ipython_display_()
    assert notebook.page.left == 1
    assert len(threads()) == 1
    notebook.page.overtake()
    assert not is_live(table)
    assert threads() == []


def test_who_lets_go_of_it_ends_it(notebook: Notebook) -> None:
    notebook.runtime.start()
    table = notebook.table()
    held = ref(table)
    notebook.clock.wait_for_sleepers(1)
    thread = next(one for one in threading.enumerate() if one.name == "streamlib:live-table")
    del table
    gc.collect()
    assert held() is None
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert notebook.page.left == 1
    notebook.runtime.stop()


def test_a_page_that_has_gone_ends_it_with_a_word_in_the_log(
    notebook: Notebook, caplog: pytest.LogCaptureFixture
) -> None:
    table = notebook.table()
    thread = next(one for one in threading.enumerate() if one.name == "streamlib:live-table")
    notebook.page.gone = True
    notebook.tick()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert not is_live(table)
    assert "cannot be shown any more: OSError('the page has gone')" in caplog.text
    table._ipython_display_()
    assert not is_live(table)


def test_it_is_shown_when_the_runtime_has_gone(notebook: Notebook) -> None:
    inspector, events = notebook.runtime.inspector, notebook.runtime.events
    events.close()
    table = LiveTable(inspector, events, clock=notebook.clock, screen=lambda: notebook.page)
    table._ipython_display_()
    assert notebook.page.shown == ["idle"]
    table.close()


def test_without_a_notebook_it_is_printed_once(notebook: Notebook, capsys: pytest.CaptureFixture[str]) -> None:
    table = notebook.runtime.inspector.live()
    assert "hand_0     Hand  idle" in repr(table)
    table._ipython_display_()
    assert capsys.readouterr().out == f"{table!r}\n"
    assert not is_live(table)
    assert threads() == []


@pytest.mark.parametrize("interval_s", [0, -1, 0.01, float("nan"), float("inf"), 1e9, "x", None, True])
def test_an_interval_that_is_none_is_refused(notebook: Notebook, interval_s: Any) -> None:
    with pytest.raises(ConfigError, match="interval_s is .*; give seconds, 0.1 to 3600"):
        notebook.runtime.inspector.live(interval_s=interval_s)
