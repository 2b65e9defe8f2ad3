"""The place in a notebook where something is shown and shown anew: an output of the cell that runs.

HTML comes in. IPython is no dependency: it is there where a notebook runs, and is not loaded anywhere else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Protocol


class Screen(Protocol):
    """Where something is shown that changes."""

    def show(self, markup: str) -> None:
        """Put HTML in the place of what was there; from any thread."""
        ...

    def when_overtaken(self, close: Callable[[], None]) -> None:
        """Have something called when the cell that shows it runs again."""
        ...

    def leave(self) -> None:
        """Nothing more will be shown; what is there stays."""
        ...


class CellOutput:
    """An output of the cell that runs now."""

    def __init__(self, shell: Any) -> None:
        from IPython.display import display

        self._shell = shell
        self._cell = shell.get_parent().get("metadata", {}).get("cellId")
        self._close: Callable[[], None] = _nothing
        self._output = display({"text/html": ""}, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def show(self, markup: str) -> None:
        """Change the output; from any thread."""
        self._output.update({"text/html": markup}, raw=True)

    def when_overtaken(self, close: Callable[[], None]) -> None:
        """Where the page does not say which cell it runs, nobody is told."""
        self._close = close
        self._shell.events.register("pre_run_cell", self._cell_runs)

    def leave(self) -> None:
        """Hear of cells no more."""
        if self._close is not _nothing:
            self._close = _nothing
            self._shell.events.unregister("pre_run_cell", self._cell_runs)

    def _cell_runs(self, info: Any) -> None:
        if self._cell is not None and info.cell_id == self._cell:
            self._close()


def screen_here() -> Screen | None:
    """A new output of the cell that runs; None where this is no notebook."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell: Any = get_ipython()
    return None if getattr(shell, "kernel", None) is None else CellOutput(shell)


def _nothing() -> None:
    """Nobody wants to be told."""
