"""Every trouble that `explain` names, each done to one branch of a graph, with what the explanation has to say first.

A `Branch` is a source, some filters and a sink, with side branches where the dice say so. Each trouble puts something
in it or does something to it, and knows the processor that is to blame.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from typing import Any

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    PullSink,
    PushSource,
    StreamRuntime,
)
from streamlib.observability.explanation import Cause
from streamlib.processors.execution_mode import RestartLimits
from streamlib.runtime.handles import ProcessorHandle
from tests.scenarios.stage import SECONDS, Collect, Hand, Numbers, Pass, Record

Blame = tuple[str, Cause]


class Turn(Pass):
    """A filter that stays inside a call at the second frame."""

    class Config(ProcessorConfig):
        record: Any
        release: Any
        tag: str = ""

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None and frame.data["n"] == 1:
            self.config.record.called("in")
            assert self.config.release.wait(SECONDS)
        if frame is not None:
            self.out.write(frame)


class Awaits(Turn):
    """The same, as a coroutine."""

    async def process(self, ctx: ProcessContext) -> None:  # type: ignore[override]
        frame = self.into.read()
        if frame is not None and frame.data["n"] == 1:
            self.config.record.called("in")
            while not self.config.release.is_set():  # noqa: ASYNC110 it is set by another thread
                await asyncio.sleep(0.01)
        if frame is not None:
            self.out.write(frame)


class Broken(Pass):
    """Fails at each frame."""

    restart_limits = RestartLimits(attempts=3, first_s=60, longest_s=60)

    def process(self, ctx: ProcessContext) -> None:
        if self.into.read() is not None:
            raise OSError("disk full")


class Hopeless(Broken):
    """Fails at each frame, and is made anew once."""

    restart_limits = RestartLimits(attempts=1, first_s=0, longest_s=0)


class NeedsBoth(Processor):
    """Reads only when both inputs hold a frame, as many a mixer does by hand."""

    picture = LinkInput(DataFrame)
    music = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def setup(self, ctx: Any) -> None:
        self.kept: Any = None

    def process(self, ctx: ProcessContext) -> None:
        self.kept = self.kept or self.music.read()
        if self.kept is None:
            return
        frame = self.picture.read()
        if frame is not None:
            self.out.write(frame)
            self.kept = None


class Never(Pass):
    """Is called and reads nothing."""

    def process(self, ctx: ProcessContext) -> None: ...


class Mute(Pass):
    """Reads everything, and writes nothing."""

    def process(self, ctx: ProcessContext) -> None:
        self.into.read()


class Sleeper(Numbers):
    """Sends two frames, and sleeps for an hour."""

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        if self.n == 2:
            ctx.wake_at(ctx.now_ns() + 3_600_000_000_000)


class Keeps(Pass):
    """Keeps twenty frames before it lets the first go."""

    def setup(self, ctx: Any) -> None:
        self.kept: list[Any] = []

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.kept.append(frame)
        if len(self.kept) > 20:
            self.out.write(self.kept.pop(0))


class Join(NeedsBoth):
    """Takes a frame of each input, when both hold one."""

    wake = "all"

    def process(self, ctx: ProcessContext) -> None:
        frame, other = self.picture.read(), self.music.read()
        if frame is not None and other is not None:
            self.out.write(frame)


class Branch:
    """A part of a graph: somewhere in it there will be trouble."""

    def __init__(self, runtime: StreamRuntime, dice: random.Random, release: threading.Event) -> None:
        self.runtime = runtime
        self.dice = dice
        self.release = release
        self.record = Record()
        self.after: list[Callable[[], None]] = []  # what is done once the runtime runs

    def source(self) -> ProcessorHandle:
        return self.runtime.add_processor(Numbers)

    def lengthen(self, end: ProcessorHandle) -> ProcessorHandle:
        """Some filters more, and here and there a branch to a sink of its own."""
        for _ in range(self.dice.randrange(3)):
            following = self.runtime.add_processor(Pass)
            self.runtime.connect(end, following)
            if self.dice.random() < 0.3:
                self.runtime.connect(following, self.runtime.add_processor(Collect, record=Record()))
            end = following
        return end

    def finish(self, end: ProcessorHandle) -> None:
        self.runtime.connect(self.lengthen(end), self.runtime.add_processor(Collect, record=self.record))

    def through(self, kind: type[Processor], **config: Any) -> ProcessorHandle:
        """A whole branch with one of that type in it."""
        trouble = self.runtime.add_processor(kind, **config)
        self.runtime.connect(self.lengthen(self.source()), trouble.input("into"))
        self.finish(trouble)
        return trouble

    def from_(self, source: ProcessorHandle) -> ProcessorHandle:
        self.finish(source)
        return source


def inside(branch: Branch) -> Blame:
    record = Record()
    trouble = branch.through(Turn, record=record, release=branch.release)
    branch.after.append(lambda: record.wait_for_call("in"))
    return trouble.id, Cause.INSIDE


def awaiting(branch: Branch) -> Blame:
    record = Record()
    trouble = branch.through(Awaits, record=record, release=branch.release)
    branch.after.append(lambda: record.wait_for_call("in"))
    return trouble.id, Cause.AWAITING


def paused(branch: Branch) -> Blame:
    trouble = branch.through(Pass)
    branch.after.append(lambda: branch.runtime.pause(trouble))
    return trouble.id, Cause.PAUSED


def failed(branch: Branch) -> Blame:
    return branch.through(Broken, on_error="fail").id, Cause.FAILED


def restarting(branch: Branch) -> Blame:
    return branch.through(Broken, on_error="restart").id, Cause.RESTARTING


def gave_up(branch: Branch) -> Blame:
    return branch.through(Hopeless, on_error="restart").id, Cause.GAVE_UP


def failing(branch: Branch) -> Blame:
    return branch.through(Broken).id, Cause.FAILING


def unconnected(branch: Branch) -> Blame:
    mixer = branch.runtime.add_processor(NeedsBoth)
    branch.runtime.connect(branch.lengthen(branch.source()), mixer.input("picture"))
    branch.finish(mixer)
    return mixer.id, Cause.UNCONNECTED_INPUT


def nothing_connected(branch: Branch) -> Blame:
    lonely = branch.runtime.add_processor(Pass)
    branch.finish(lonely)
    return lonely.id, Cause.UNCONNECTED_INPUT


def input_ended(branch: Branch) -> Blame:
    mixer = branch.runtime.add_processor(NeedsBoth)
    branch.runtime.connect(branch.lengthen(branch.source()), mixer.input("picture"))
    branch.runtime.connect(branch.runtime.add_processor(Numbers, count=1), mixer.input("music"))
    branch.finish(mixer)
    return mixer.id, Cause.INPUT_ENDED


def unread(branch: Branch) -> Blame:
    return branch.through(Never).id, Cause.UNREAD


def ended(branch: Branch) -> Blame:
    return branch.from_(branch.runtime.add_processor(Numbers, count=20)).id, Cause.ENDED


def manual(branch: Branch) -> Blame:
    return branch.from_(branch.runtime.add_processor(Hand)).id, Cause.MANUAL


def sleeping(branch: Branch) -> Blame:
    return branch.from_(branch.runtime.add_processor(Sleeper)).id, Cause.SLEEPING


def not_pushed(branch: Branch) -> Blame:
    return branch.from_(branch.runtime.add_processor(PushSource, type=DataFrame)).id, Cause.OUTSIDE


def not_taken(branch: Branch) -> Blame:
    sink = branch.runtime.add_processor(PullSink, type=DataFrame)
    branch.runtime.connect(branch.lengthen(branch.source()), sink)
    return sink.id, Cause.OUTSIDE


def diamond(branch: Branch) -> Blame:
    join, keeps = branch.runtime.add_processor(Join), branch.runtime.add_processor(Keeps)
    source = branch.lengthen(branch.source())
    branch.runtime.connect(source, keeps)
    branch.runtime.connect(branch.lengthen(keeps), join.input("music"))
    branch.runtime.connect(source, join.input("picture"))
    branch.finish(join)
    return join.id, Cause.SELF_STARVING


def silent(branch: Branch) -> Blame:
    return branch.through(Mute).id, Cause.SILENT


def goes_nowhere(branch: Branch) -> Blame:
    last = branch.runtime.add_processor(Pass)
    branch.runtime.connect(branch.lengthen(branch.source()), last)
    return last.id, Cause.GOES_NOWHERE


TROUBLES: tuple[Callable[[Branch], Blame], ...] = (
    inside,
    awaiting,
    paused,
    failed,
    restarting,
    gave_up,
    failing,
    unconnected,
    nothing_connected,
    input_ended,
    unread,
    ended,
    manual,
    sleeping,
    not_pushed,
    not_taken,
    diamond,
    silent,
    goes_nowhere,
)
