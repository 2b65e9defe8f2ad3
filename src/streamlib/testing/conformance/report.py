"""What a conformance check has found: one result for each check under each strategy, and the error that lists them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from streamlib.errors import StreamError

_FIGURES = re.compile(r"[\d.,]+")


class Nonconformity(Exception):
    """A check has failed: what was seen, and what to do about it.

    Attributes:
        left_behind: Whether a call did not come back either when all was stopped, so that its thread is left behind.
    """

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.problem = problem
        self.remedy = remedy
        self.left_behind = False


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check came to.

    Attributes:
        check: Its name.
        strategy: Under which strategy the processor ran; empty where it did not run.
        problem: What is wrong; empty where all is well.
        remedy: What to do about it.
        note: What of it could not be checked, and why.
        left_behind: Whether a call did not come back at all, and its thread is left behind.
    """

    check: str
    strategy: str = ""
    problem: str = ""
    remedy: str = ""
    note: str = ""
    left_behind: bool = False

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problem

    def __str__(self) -> str:
        name = f"{self.check} ({self.strategy})" if self.strategy else self.check
        if self.problem:
            return f"FAILED {name}: {self.problem}\n       -> {self.remedy}"
        return f"ok     {name}" + (f": {self.note}" if self.note else "")


@dataclass(frozen=True, slots=True)
class ConformanceReport:
    """What all checks of one type of processor came to; as a text, a line for each."""

    processor_type: str
    results: tuple[CheckResult, ...]

    @property
    def failures(self) -> tuple[CheckResult, ...]:
        """Those that found something wrong."""
        return tuple(result for result in self.results if not result.passed)

    def __str__(self) -> str:
        return "\n".join((self._headline(), *map(str, self.results)))

    def told(self) -> str:
        """The failures alone, with what to do: one that differs from another by its strategy or its figures, once."""
        alike: dict[tuple[str, str, str], list[CheckResult]] = {}
        for failure in self.failures:
            key = (failure.check, _FIGURES.sub("#", failure.problem), failure.remedy)
            alike.setdefault(key, []).append(failure)
        merged = [replace(row[0], strategy=", ".join(one.strategy for one in row)) for row in alike.values()]
        return "\n".join((self._headline(), *map(str, merged)))

    def _headline(self) -> str:
        if not self.failures:
            return f"{self.processor_type} conforms: {len(self.results)} checks"
        return f"{self.processor_type} does not conform: {len(self.failures)} of {len(self.results)} checks failed"


class ConformanceError(StreamError, AssertionError):
    """A processor does not conform; `report` has every check, the message those that failed with what to do."""

    def __init__(self, report: ConformanceReport) -> None:
        super().__init__(report.told())
        self.report = report
