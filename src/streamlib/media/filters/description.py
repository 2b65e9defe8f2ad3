"""A description of filters as FFmpeg writes it, read into records: `scale=320:-1,split[a][b];[a]hflip[c];[b][c]hstack`.

Text comes in; filters with their arguments and labels go out. Nothing is known here of which filters exist: that is
`graph.py`, which is next. (Syntax: https://ffmpeg.org/ffmpeg-filters.html, "Filtergraph syntax")
"""

from __future__ import annotations

from dataclasses import dataclass
from string import whitespace

SPECIAL = "[],;"


@dataclass(frozen=True, slots=True)
class FilterCall:
    """One filter: `[in1][in2]name=arguments[out]`; labels without brackets, arguments without their outer quotes."""

    name: str
    arguments: str = ""
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}={self.arguments}" if self.arguments else self.name


Chain = tuple[FilterCall, ...]


def read_description(text: str) -> tuple[Chain, ...]:
    """The chains of a description, in each the filters from the first to the last.

    Raises:
        ValueError: It is empty, or written wrongly; the message says where.
    """
    reader = _Reader(text)
    chains: list[Chain] = []
    while True:
        chains.append(reader.chain())
        if not reader.takes(";"):
            break
    if reader.rest:
        raise ValueError(f"{text!r}: nothing was expected at {reader.rest!r}; filters are joined by commas")
    return tuple(chains)


class _Reader:
    """Goes through a description once."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    @property
    def rest(self) -> str:
        return self._text[self._at :].strip()

    def chain(self) -> Chain:
        calls = [self._call()]
        while self.takes(","):
            calls.append(self._call())
        return tuple(calls)

    def takes(self, char: str) -> bool:
        """Whether `char` comes next, behind spaces; it is then done with."""
        self._skip_spaces()
        found = self._text.startswith(char, self._at)
        self._at += found
        return found

    def _call(self) -> FilterCall:
        inputs = self._labels()
        name, _, arguments = self._token().partition("=")
        name = name.partition("@")[0].strip()  # a name for the instance may stand behind an @
        if not name:
            raise ValueError(f"{self._text!r}: the name of a filter was expected at {self.rest or 'its end'!r}")
        return FilterCall(name, arguments, inputs, self._labels())

    def _labels(self) -> tuple[str, ...]:
        labels: list[str] = []
        while self.takes("["):
            end = self._text.find("]", self._at)
            label = self._text[self._at : end]
            if end < 0 or not label:
                raise ValueError(f"{self._text!r}: a label is written [name], not {self._text[self._at - 1 :]!r}")
            labels.append(label)
            self._at = end + 1
        return tuple(labels)

    def _token(self) -> str:
        """Text up to the next special character; quotes and one level of backslashes are taken off (av_get_token)."""
        self._skip_spaces()
        made, solid = "", 0  # so much of it is no space at its end
        while self._at < len(self._text) and self._text[self._at] not in SPECIAL:
            char = self._text[self._at]
            self._at += 1
            if char == "\\" and self._at < len(self._text):
                made += self._text[self._at]
                self._at += 1
                solid = len(made)
            elif char == "'":
                made += self._quoted()
                solid = len(made)
            else:
                made += char
                solid = solid if char in whitespace else len(made)
        return made[:solid]

    def _quoted(self) -> str:
        end = self._text.find("'", self._at)
        if end < 0:
            raise ValueError(f"{self._text!r}: the quote before {self._text[self._at :]!r} is not closed")
        quoted = self._text[self._at : end]
        self._at = end + 1
        return quoted

    def _skip_spaces(self) -> None:
        while self._at < len(self._text) and self._text[self._at] in whitespace:
            self._at += 1
