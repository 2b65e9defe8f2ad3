"""The place in a notebook; tests/repository/test_examples.py executes a real one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from streamlib.observability.notebook import CellOutput, screen_here


class Shell:
    """IPython's shell, as far as it is asked; a terminal's without a kernel."""

    def __init__(self, *, kernel: object | None = None, cell: str | None = "a") -> None:
        self.kernel = kernel
        self.called: list[Callable[[Any], None]] = []
        self.events = SimpleNamespace(register=self._register, unregister=self._unregister)
        self._cell = cell

    def get_parent(self) -> dict[str, Any]:
        return {"metadata": {"cellId": self._cell} if self._cell else {}}

    def run(self, cell: str) -> None:
        for one in self.called[:]:
            one(SimpleNamespace(cell_id=cell))

    def _register(self, event: str, call: Callable[[Any], None]) -> None:
        assert event == "pre_run_cell"
        self.called.append(call)

    def _unregister(self, event: str, call: Callable[[Any], None]) -> None:
        self.called.remove(call)


class Kernel:
    """IPython, as far as it is imported: what it shows is in `updates`."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, shell: Shell | None) -> None:
        self.updates: list[str] = []
        package, display = ModuleType("IPython"), ModuleType("IPython.display")
        package.__dict__["get_ipython"] = lambda: shell
        display.__dict__["display"] = self._display
        monkeypatch.setitem(sys.modules, "IPython", package)
        monkeypatch.setitem(sys.modules, "IPython.display", display)

    def _display(self, data: dict[str, str], *, raw: bool, display_id: bool) -> SimpleNamespace:
        assert raw
        assert display_id
        return SimpleNamespace(update=lambda new, *, raw: self.updates.append(new["text/html"]))


def test_where_ipython_is_not_loaded_there_is_no_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert screen_here() is None
    assert "IPython" not in sys.modules


@pytest.mark.parametrize("shell", [None, Shell()])
def test_in_a_terminal_there_is_none_either(monkeypatch: pytest.MonkeyPatch, shell: Shell | None) -> None:
    Kernel(monkeypatch, shell)
    assert screen_here() is None


def test_what_is_shown_takes_the_place_of_what_was_there(monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(monkeypatch, Shell(kernel=object()))
    screen = screen_here()
    assert isinstance(screen, CellOutput)
    screen.show("<p>one")
    screen.show("<p>two")
    assert kernel.updates == ["<p>one", "<p>two"]
    screen.leave()


def test_a_cell_that_runs_again_overtakes_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    shell, calls = Shell(kernel=object()), []
    Kernel(monkeypatch, shell)
    screen = CellOutput(shell)
    screen.when_overtaken(lambda: calls.append("again"))
    shell.run("b")
    assert calls == []
    shell.run("a")
    assert calls == ["again"]
    screen.leave()
    screen.leave()
    assert shell.called == []


def test_where_the_page_names_no_cells_nobody_is_overtaken(monkeypatch: pytest.MonkeyPatch) -> None:
    shell, calls = Shell(kernel=object(), cell=None), []
    Kernel(monkeypatch, shell)
    screen = CellOutput(shell)
    screen.when_overtaken(lambda: calls.append("again"))
    shell.run("a")
    assert calls == []
    screen.leave()
