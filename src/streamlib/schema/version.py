"""Semantic versions, and which of them can be read by whom (Semantic Versioning 2.0.0, https://semver.org).

Text comes in and comparable versions go out. Nothing here knows what a version is of. `compatibility` compares
the fields as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Self

from streamlib.errors import DeclarationError

_NUMBER = r"(0|[1-9][0-9]*)"
_WORD = r"(?:0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
_VERSION = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_WORD}(?:\.{_WORD})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)


@dataclass(frozen=True, slots=True)
class SemanticVersion:
    """A version: a new `major` breaks, a new `minor` adds, a new `patch` mends.

    `prerelease` ("rc.1") comes before the release; `build` says where it was made and does not count.
    """

    major: int
    minor: int = 0
    patch: int = 0
    prerelease: str = ""
    build: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if _VERSION.fullmatch(str(self)) is None:
            raise _refused(str(self))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The version that a text says: "1.4.0", "2.0.0-rc.1".

        Raises:
            DeclarationError: It is no semantic version.
        """
        found = _VERSION.fullmatch(text)
        if found is None:
            raise _refused(text)
        major, minor, patch, prerelease, build = found.groups()
        return cls(int(major), int(minor), int(patch), prerelease or "", build or "")

    def reads(self, written: SemanticVersion) -> bool:
        """Whether a reader of this version may read what was written in another: the major one is the same.

        Below 1.0.0, where everything may change, the minor one is the same, too. Within these bounds the fields decide.
        """
        if self.major or written.major:
            return self.major == written.major
        return self.minor == written.minor

    def __lt__(self, other: SemanticVersion) -> bool:
        return self._rank() < other._rank()

    def __le__(self, other: SemanticVersion) -> bool:
        return self._rank() <= other._rank()

    def __gt__(self, other: SemanticVersion) -> bool:
        return self._rank() > other._rank()

    def __ge__(self, other: SemanticVersion) -> bool:
        return self._rank() >= other._rank()

    def _rank(self) -> tuple[int, int, int, bool, list[tuple[bool, int, str]]]:
        """Numbers by size and before words, words by their letters, a release after all that led to it (section 11)."""
        words = self.prerelease.split(".") if self.prerelease else []
        ranks = [(not word.isdigit(), int(word) if word.isdigit() else 0, word) for word in words]
        return self.major, self.minor, self.patch, not words, ranks

    def __str__(self) -> str:
        prerelease = f"-{self.prerelease}" if self.prerelease else ""
        build = f"+{self.build}" if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{prerelease}{build}"


def _refused(text: object) -> DeclarationError:
    return DeclarationError(f"{text!r} is no semantic version; write three numbers, as in '1.4.0'")
