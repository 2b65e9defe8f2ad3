"""Processors that each fail to keep one thing, and one that keeps all."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamlib.errors import ConfigError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.data import DataFrame
from streamlib.frames.video import VideoFrame
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.execution_mode import ProcessExecution
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.schema.descriptors import AudioRequirements

LONG_S = 60.0


class Dimmer(Processor):
    """Keeps all: darkens pictures."""

    class Config(ProcessorConfig):
        by: Live[float] = 0.5
        format: str = "rgb24"

    config: Config
    video_in = LinkInput(VideoFrame)
    video_out = LinkOutput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.video_in.read()
        if frame is not None:
            pixels = frame.to_ndarray(self.config.format) * self.config.by
            self.video_out.write(frame.with_pixels(pixels.astype(np.uint8), self.config.format))


class Passing(Processor, abstract=True):
    """Sends on what comes in; a base for those that also do something wrong."""

    inp = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.inp.read()
        if frame is not None:
            self.out.write(self.made_of(frame))

    def made_of(self, frame: DataFrame) -> Any:
        return frame


class Raises(Passing):
    def made_of(self, frame: DataFrame) -> Any:
        raise KeyError("label")


class WrongClass(Passing):
    def made_of(self, frame: DataFrame) -> Any:
        return AudioFrame(np.zeros(10, np.float32), 48_000, timestamp_ns=frame.timestamp_ns)


class BackInTime(Passing):
    def made_of(self, frame: DataFrame) -> Any:
        return msgspec.structs.replace(frame, timestamp_ns=-frame.timestamp_ns)


class WritesIntoInput(Passing):
    def made_of(self, frame: DataFrame) -> Any:
        data: Any = frame.data
        data["seen"] = True
        return DataFrame({}, timestamp_ns=frame.timestamp_ns)


class ReusesItsMapping(Passing):
    def setup(self, ctx: RuntimeContext) -> None:
        self.data: dict[str, object] = {}

    def made_of(self, frame: DataFrame) -> Any:
        self.data |= {"at": frame.timestamp_ns}
        return DataFrame(self.data, timestamp_ns=frame.timestamp_ns)


class Count(msgspec.Struct):
    n: int
    of: int


class LacksAField(Passing):
    out = LinkOutput(DataFrame, schema=Count)


class ReusesItsArray(Processor):
    video_in = LinkInput(VideoFrame)
    video_out = LinkOutput(VideoFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.pixels: NDArray[np.uint8] | None = None

    def process(self, ctx: ProcessContext) -> None:
        frame = self.video_in.read()
        if frame is not None:
            if self.pixels is None:
                self.pixels = np.empty_like(frame.to_ndarray("rgb24"))
            np.copyto(self.pixels, frame.to_ndarray("rgb24"))
            self.video_out.write(frame.with_pixels(self.pixels[:]))


class WrongSound(Processor):
    sound_in = LinkInput(AudioFrame, audio=AudioRequirements(rates=16_000, channels=1, block=160))
    sound_out = LinkOutput(AudioFrame, audio=AudioRequirements(channels=2))

    def process(self, ctx: ProcessContext) -> None:
        frame = self.sound_in.read()
        if frame is not None:
            self.sound_out.write(frame)


class NeverReads(Passing):
    def process(self, ctx: ProcessContext) -> None:
        """Leaves what waits."""


class NeverReturns(Passing):
    """Has a loop of its own."""

    def setup(self, ctx: RuntimeContext) -> None:
        self.over = threading.Event()

    def process(self, ctx: ProcessContext) -> None:
        while not self.over.wait(0.001) and not self.inp.ended:
            super().process(ctx)

    def teardown(self) -> None:
        self.over.set()


class Hoards(Passing):
    def setup(self, ctx: RuntimeContext) -> None:
        self.kept: list[object] = []

    def made_of(self, frame: DataFrame) -> Any:
        self.kept.append([frame.timestamp_ns] * 10)
        return frame


class HoardsInItsClass(Passing):
    """Keeps the frames themselves, which were made elsewhere."""

    seen: ClassVar[list[object]] = []

    def made_of(self, frame: DataFrame) -> Any:
        self.seen.append(frame)
        return frame


class UnlocksItsInput(Processor):
    video_in = LinkInput(VideoFrame)
    video_out = LinkOutput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.video_in.read()
        if frame is not None:
            pixels = frame.to_ndarray("rgb24")
            pixels.setflags(write=True)
            pixels[:] = 255 - pixels
            self.video_out.write(frame.with_pixels(pixels.copy()))


class ForgetsTheTime(Processor):
    video_in = LinkInput(VideoFrame)
    video_out = LinkOutput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.video_in.read()
        if frame is not None:
            self.video_out.write(VideoFrame.from_ndarray(frame.to_ndarray("rgb24")))


class Zips(Processor):
    """Reads its inputs as if none could end before the other."""

    wake = "all"
    left = LinkInput(DataFrame)
    right = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        left: Any = self.left.read()
        right: Any = self.right.read()
        self.out.write(DataFrame({"n": left.data["n"] + right.data["n"]}))


class ZipsWithCare(Zips):
    """Keeps all: ends with the first."""

    def process(self, ctx: ProcessContext) -> None:
        if self.left.ended or self.right.ended:
            ctx.end()
        else:
            super().process(ctx)


class FillsATable(Passing):
    """Takes memory once, and no more after that."""

    def setup(self, ctx: RuntimeContext) -> None:
        self.table: list[object] = []

    def made_of(self, frame: DataFrame) -> Any:
        if len(self.table) < 900:
            self.table.append([frame.timestamp_ns] * 100)
        return frame


class StartsThreads(Passing):
    def setup(self, ctx: RuntimeContext) -> None:
        self.over = threading.Event()
        self.begun = 0

    def made_of(self, frame: DataFrame) -> Any:
        self.begun += 1
        if self.begun % 300 == 0:
            threading.Thread(target=self.over.wait, args=(LONG_S,), name="worker").start()
        return frame

    def teardown(self) -> None:
        self.over.set()


class OpensFiles(Passing):
    """Forgets the file when its setup raises halfway."""

    def setup(self, ctx: RuntimeContext) -> None:
        self.file = tempfile.TemporaryFile()
        FORGOTTEN.append(self.file)

    def flush(self, ctx: ProcessContext) -> None:
        self.file.close()


FORGOTTEN: list[Any] = []
"""So that no garbage collection closes them."""


class TearsDownWhatIsNotThere(Passing):
    def setup(self, ctx: RuntimeContext) -> None:
        self.shared = ctx.shared(Path)

    def teardown(self) -> None:
        del self.shared


class CannotBeMadeAnew(Passing):
    """Holds what only one can hold, and does not say so."""

    held: Collection[object] = ()

    def setup(self, ctx: RuntimeContext) -> None:
        if type(self).held:
            raise ConfigError("the device is in use")
        type(self).held = (self,)

    def teardown(self) -> None:
        if self in type(self).held:
            type(self).held = ()


class DeafToItsConfig(Passing):
    class Config(ProcessorConfig):
        every: Live[int] = 2

    config: Config

    def setup(self, ctx: RuntimeContext) -> None:
        self.every = self.config.every


class BreaksWhenChanged(Passing):
    class Config(ProcessorConfig):
        every: Live[int] = 2

    config: Config

    def config_changed(self, previous: Any) -> None:
        raise RuntimeError("no such register")


class OneWay(msgspec.Struct, frozen=True):
    """What is not equal to what says the same."""

    n: int = 1

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return self.n


class ChangesOnItsWay(Passing):
    class Config(ProcessorConfig):
        way: OneWay = OneWay()

    config: Config


class HasNoWords(Passing):
    class Config(ProcessorConfig):
        hook: object = None

    config: Config


class WritesFromItsThread(Processor):
    """Sends from a thread of its own, also while it is paused."""

    out = LinkOutput(DataFrame)
    execution = ProcessExecution.continuous(interval_ms=1)

    def setup(self, ctx: RuntimeContext) -> None:
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.send, name="sender")
        self.begun = False

    def send(self) -> None:
        while not self.over.wait(0.0005):
            self.out.write(DataFrame({}))

    def process(self, ctx: ProcessContext) -> None:
        if not self.begun:
            self.begun = True
            self.thread.start()

    def teardown(self) -> None:
        self.over.set()
        if self.begun:
            self.thread.join(5)


class Ticker(Processor):
    """Keeps all: a source that ticks once a second."""

    class Config(ProcessorConfig):
        first: Live[int] = 0

    config: Config
    out = LinkOutput(DataFrame)
    execution = ProcessExecution.continuous(interval_ms=1000)

    def setup(self, ctx: RuntimeContext) -> None:
        self.n = 0

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(DataFrame({"n": self.config.first + self.n}, timestamp_ns=self.n))
        self.n += 1


class Stepped(Passing):
    """Keeps all, and is called by step."""

    execution = ProcessExecution.manual()


class SteppedSource(Ticker):
    """Keeps all, and is called by step."""

    execution = ProcessExecution.manual()


class Awaits(Processor):
    """Keeps all, on the event loop."""

    inp = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    async def process(self, ctx: ProcessContext) -> None:
        frame = self.inp.read()
        if frame is not None:
            self.out.write(frame)


class Joins(Processor):
    """Keeps all: takes pictures, sound and data, as they come."""

    video = LinkInput(VideoFrame)
    sound = LinkInput(AudioFrame, many=True)
    data = LinkInput(DataFrame, schema=Count)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        for port in (self.video, self.sound, self.data):
            frame: Any = port.read()
            if frame is not None:
                self.out.write(DataFrame({"at": frame.timestamp_ns}))


class Finite(Ticker):
    """Keeps all: ends by itself, soon."""

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        if self.n == 5:
            ctx.end()


class Silent(Ticker):
    def process(self, ctx: ProcessContext) -> None:
        """Sends nothing and does not end."""


class Mute(Passing):
    """Keeps all, and sends nothing."""

    def process(self, ctx: ProcessContext) -> None:
        self.inp.read()


class ExitsInSetup(Dimmer):
    """Takes itself for the program."""

    def setup(self, ctx: RuntimeContext) -> None:
        raise SystemExit(3)


class StaysInACall(Processor):
    """Waits in a call until the test lets it go."""

    into = LinkInput(DataFrame)
    held = threading.Event()
    entered = 0

    def process(self, ctx: ProcessContext) -> None:
        type(self).entered += 1
        self.into.read()
        self.held.wait(60)
