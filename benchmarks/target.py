"""A side that is no program: what was aimed at, where no peer does anything like it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """Figures that are given and not measured."""

    figures: Mapping[str, float]
    name: str = "what is aimed at"

    def version(self) -> str:
        """There is nothing to have a version."""
        return "the target"

    def sample(self, share: float) -> Mapping[str, float]:
        """The same each time: targets are for the whole work."""
        del share
        return self.figures
