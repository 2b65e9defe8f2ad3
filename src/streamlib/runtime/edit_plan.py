"""What an edit will do, told before anything happens: as data, and printed as text.

Made by `committer` in its turn: the edit is applied to the graph and taken back before anybody sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from streamlib.compiler.steps import PlanAction, PlanStep
from streamlib.errors import StreamError


@dataclass(frozen=True, slots=True)
class EditPlan:
    """What a commit would do now.

    Attributes:
        changes: What becomes of the graph, a line for each change that was asked for.
        steps: What running processors and links go through, in order; empty while the runtime is idle.
        errors: All that would have the commit refused before it does anything; what only a step can tell (a `setup`
            that raises, a veto) is not among them.
    """

    changes: tuple[str, ...]
    steps: tuple[PlanStep, ...]
    errors: tuple[StreamError, ...]

    def of(self, action: PlanAction | str) -> tuple[str, ...]:
        """The ids that one action is done to, in order."""
        wanted = PlanAction(action)
        return tuple(step.subject for step in self.steps if step.action is wanted)

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        if not self.changes:
            yield "nothing changes"
        yield from self.changes
        if self.steps:
            yield f"in {len(self.steps)} steps:"
        for number, step in enumerate(self.steps, 1):
            yield f"  {number}. {step}"
        for error in self.errors:
            yield f"refused: {error}"
