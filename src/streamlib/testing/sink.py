"""ListSink: a sink that hands the frames that arrive to the test.

`run.py` puts a processor between a `ListSource` and a `ListSink`.
"""

from __future__ import annotations

import threading
from typing import Any

import msgspec

from streamlib.errors import DeadlineError
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkInput
from streamlib.processors.processor import Processor


class Collected:
    """What a `ListSink` has been given; it belongs to the test and outlives sink and runtime.

    Attributes:
        frames: What has arrived so far, in order.
        ended: Whether the stream has ended behind it.
    """

    def __init__(self) -> None:
        self.frames: list[Any] = []  # unbounded: a test looks at all of them
        self.ended = False
        self._changed = threading.Condition()

    def add(self, frame: object) -> None:
        """Take a frame; for the sink."""
        with self._changed:
            self.frames.append(frame)
            self._changed.notify_all()

    def end(self) -> None:
        """Take note of the end of the stream; for the sink."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wait_for(self, count: int, timeout: float = 5.0) -> list[Any]:
        """The frames, once there are `count` of them or the stream has ended.

        Raises:
            DeadlineError: Neither was so within `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.ended or len(self.frames) >= count, timeout):
                missing = f"{count - len(self.frames)} more"
                raise DeadlineError(f"waiting for {count} frames", timeout, [missing])
            return list(self.frames)


class ListSink(Processor):
    """Collects what arrives, in an object that the test holds.

    It belongs behind what is tested:

        collected = Collected()
        sink = runtime.add_processor(ListSink, into=collected)
        runtime.connect(tested, sink)
        runtime.start()
        assert collected.wait_for(3) == [one, two, three]
    """

    class Config(ProcessorConfig):
        """`into`: where the frames go; `sink.config.into` where none is given."""

        into: Collected = msgspec.field(default_factory=Collected)

    config: Config
    input: LinkInput[Any] = LinkInput(object)

    def process(self, ctx: ProcessContext) -> None:
        """Collect one frame."""
        frame = self.input.read()
        if frame is not None:
            self.config.into.add(frame)

    def flush(self, ctx: ProcessContext) -> None:
        """Say that the stream has ended."""
        self.config.into.end()
