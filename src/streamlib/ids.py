"""How processors, links and ports are named, in the graph and outside it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NewType

import msgspec

from streamlib.errors import ConfigError

ProcessorId = NewType("ProcessorId", str)
"""The id of a processor, a text: `h264_encoder_0`, or as given."""

LinkId = NewType("LinkId", str)
"""The id of a link, a text: `camera_0.video->encoder_0.video`."""

_ID = re.compile(r"[\w-]+(/[\w-]+)*")

_ARROW = re.compile(r"\s*(?:->|→)\s*")


def given_id(id_: object) -> ProcessorId:
    """An id that a user has chosen.

    Raises:
        ConfigError: It is no text, or has characters that mean something else in ports, links and topics.
    """
    if not isinstance(id_, str) or not _ID.fullmatch(id_):
        raise ConfigError(
            f"an id is {id_!r}; it is a text of letters, digits, '_' and '-', with '/' between a group and its member",
            field="id",
        )
    return ProcessorId(id_)


class PortRef(msgspec.Struct, frozen=True):
    """One port of one processor: an end of a link, named without holding either."""

    processor_id: ProcessorId
    port: str

    def __str__(self) -> str:
        return f"{self.processor_id}.{self.port}"


def link_id(source: PortRef, target: PortRef) -> LinkId:
    """The id of the link between two ports; an input holds one link from one output, so it is unique."""
    return LinkId(f"{source.processor_id}.{source.port}->{target.processor_id}.{target.port}")


def written_link_id(text: str) -> LinkId:
    """The id of a link as somebody writes it: with spaces around the arrow, or with `→` for it."""
    return LinkId(_ARROW.sub("->", text.strip()))


@lru_cache(maxsize=1024)
def type_stem(processor_type: str) -> str:
    """The stem of the ids of a type, `H264Encoder` → `h264_encoder`.

    A word begins at a capital that follows a small letter or a digit, or that a small letter follows and two capitals
    precede: one of them alone is no word, `FFmpegFilter` → `ffmpeg_filter`.
    """
    stem: list[str] = []
    for index, char in enumerate(processor_type):
        before = processor_type[index - 1] if index else ""
        after = processor_type[index + 1] if index + 1 < len(processor_type) else ""
        run = processor_type[max(index - 2, 0) : index]
        ends_run = len(run) == 2 and run.isalpha() and run.isupper()
        starts_word = char.isupper() and (before.islower() or before.isdigit() or (ends_run and after.islower()))
        stem.append(f"_{char.lower()}" if index and starts_word else char.lower())
    return "".join(stem)
