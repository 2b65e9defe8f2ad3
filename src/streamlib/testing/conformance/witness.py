"""Witness: a sink that looks at what comes out of a port, and keeps the last few frames to see that they stay so.

It says what is wrong with frames in words; `checks.py` reads them.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from streamlib.frames.audio import AudioFrame
from streamlib.frames.data import DataFrame
from streamlib.frames.video import VideoFrame
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkInput, LinkOutput, words
from streamlib.processors.processor import Processor
from streamlib.schema.descriptors import AudioRequirements
from streamlib.testing.conformance.content import array_of, content_of
from streamlib.testing.conformance.supply import time_of

LOOKED_AT = 64  # frames; a processor does with the next what it did with these
KEPT = 4
KEEP_TIME = "keep the timestamp of the frame that it is made from (with_pixels, with_samples and replace do)"


class Evidence:
    """What has come out of a port; the rig's end of a witness.

    Args:
        port: The port.
        in_order: Whether what goes in is in order of time.
        timed: Whether it has times, of which pictures and sound that come out have theirs.

    Attributes:
        count: How many frames.
        is_ended: Whether the stream has ended behind them.
        problems: What is wrong with them: what was seen, with what to do.
    """

    def __init__(self, port: LinkOutput[Any], *, in_order: bool, timed: bool = False) -> None:
        self.count = 0
        self.is_ended = False
        self.problems: dict[str, str] = {}  # bounded: one for each kind of problem
        self._port = port
        self._in_order = in_order
        self._timed = timed
        self._unstamped = 0
        self._last_ns: int | None = None
        self._kept: deque[tuple[Any, int]] = deque()  # bounded by KEPT

    def begin_anew(self) -> None:
        """Let times begin again: the processor has been made anew."""
        self._last_ns = None

    def take(self, frame: Any) -> None:
        """Look at a frame; for the witness."""
        if self.count < LOOKED_AT:
            self._look_at(frame)
        if self._in_order:
            self._check_time(frame)
        self._unstamped += isinstance(frame, VideoFrame | AudioFrame) and not frame.timestamp_ns
        self.count += 1

    def end(self) -> None:
        """Take note of the end of the stream; for the witness."""
        while self._kept:
            self._look_again()
        if self._timed and self._unstamped == self.count > 1:
            self._tell(f"each frame of {self._port.name!r} is at 0 ns, and those that came in were not", KEEP_TIME)
        self.is_ended = True

    def _look_at(self, frame: Any) -> None:
        port = self._port
        if not isinstance(frame, port.frame_types):
            took = words(port.frame_types)
            self._tell(
                f"the output {port.name!r} is declared to carry {took} and sent {type(frame).__name__}",
                f"send {took}, or declare LinkOutput({type(frame).__name__})",
            )
        self._check_read_only(frame)
        if port.schema is not None and isinstance(frame, DataFrame):
            missing = [field.name for field in port.schema.fields if field.required and field.name not in frame.data]
            if missing:
                problem = (
                    f"a frame of {port.name!r} lacks {', '.join(missing)}, which its schema {port.schema} requires"
                )
                self._tell(problem, "send it, or give the field a default in the schema's class")
        if port.audio is not None and isinstance(frame, AudioFrame):
            self._check_sound(frame, port.audio)
        self._keep(frame)

    def _check_read_only(self, frame: Any) -> None:
        array = array_of(frame)
        if array is not None and array.flags.writeable:
            self._tell(
                f"the array of a frame of {self._port.name!r} can be written to",
                "make frames by their constructors, from_ndarray or with_pixels, which make arrays read-only",
            )

    def _check_sound(self, frame: AudioFrame, declared: AudioRequirements) -> None:
        sound = AudioRequirements(frame.sample_rate, frame.channels, max(1, frame.num_samples))
        difference = sound.difference(declared)
        if difference is not None:
            problem = (
                f"the output {self._port.name!r} sent sound of {difference[0]} and is declared for {difference[1]}"
            )
            self._tell(problem, "send what is declared, or declare what is sent")

    def _check_time(self, frame: Any) -> None:
        now_ns = time_of(frame)
        if self._last_ns is not None and now_ns < self._last_ns:
            self._tell(
                f"a frame of {self._port.name!r} at {now_ns} ns follows one at {self._last_ns} ns, "
                "and the frames that came in were in order",
                KEEP_TIME,
            )
        self._last_ns = now_ns

    def _keep(self, frame: Any) -> None:
        content = content_of(frame)
        if content is not None:
            self._kept.append((frame, content))
        if len(self._kept) > KEPT:
            self._look_again()

    def _look_again(self) -> None:
        frame, content = self._kept.popleft()
        if content_of(frame) != content:
            self._tell(
                f"a frame of {self._port.name!r} was changed after it had been sent",
                "write each frame into an array or a mapping of its own: those who receive it share it",
            )

    def _tell(self, problem: str, remedy: str) -> None:
        if remedy not in self.problems.values():
            self.problems[problem] = remedy


class Witness(Processor):
    """Looks at what arrives."""

    class Config(ProcessorConfig):
        """`evidence`: where it says what it saw."""

        evidence: Evidence

    config: Config
    input: LinkInput[Any] = LinkInput(object)

    def process(self, ctx: ProcessContext) -> None:
        """Look at one frame."""
        frame = self.input.read()
        if frame is not None:
            self.config.evidence.take(frame)

    def flush(self, ctx: ProcessContext) -> None:
        """Say that the stream has ended."""
        self.config.evidence.end()
