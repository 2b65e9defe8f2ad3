"""StreamSync: frames of several inputs that belong to one moment, as one frame.

`matcher.py` says which belong together; here they are read and sent.
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta

from streamlib.clock import NEVER_NS, NS_PER_MS
from streamlib.frames.audio import AudioFrame
from streamlib.frames.data import DataFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.media.limits import Patience
from streamlib.media.matcher import Matcher, Rules, Together
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor


class StreamSync(Processor):
    """Joins the frames of all its links by timestamp, each with those of the others within a tolerance.

    Out comes a DataFrame for each moment: `data["frames"]` is a tuple with a frame for each link, in the order of
    connection, and `data["sources"]` says where each comes from, as "camera_0.video". It has the timestamp of the
    earliest of them. A frame for which some link has nothing waits for the deadline; then it goes without (`partial`,
    with None in the other's place), or is left out and counted. Links that have ended are not waited for. Let the
    tolerance be less than half of the time between two frames, so that there is one answer only.
    """

    class Config(ProcessorConfig):
        """What belongs together, and how long it is waited for.

        Attributes:
            tolerance_ms: How far apart the timestamps may be.
            deadline_ms: How long a frame waits for the others on the clock; 0 is as long as it takes.
            partial: Whether frames that nothing belongs to are sent, or left out.
            capacity: Frames of one link that wait here; beyond, they wait in their link.
        """

        tolerance_ms: Live[Patience] = 10.0
        deadline_ms: Live[Patience] = 200.0
        partial: Live[bool] = False
        capacity: Annotated[int, Meta(ge=1, le=10_000)] = 16

    config: Config

    inputs: LinkInput[Any] = LinkInput((VideoFrame, AudioFrame, DataFrame, EncodedPacket), many=True)
    output = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        """Nothing waits yet."""
        self._matcher = Matcher(self.config.capacity)
        self._rules = _rules(self.config)

    def process(self, ctx: ProcessContext) -> None:
        """Read what there is room for, and send the frames of one moment."""
        self._read(ctx.now_ns())
        left_out = self._matcher.left_out
        together = self._matcher.take(self._rules, ctx.now_ns())
        if together is not None:
            self.output.write(self._joined(together))
        if together is not None or self._matcher.left_out > left_out:
            ctx.wake()  # there is room now for what waits in the links
            return
        due_ns = self._matcher.due_ns(self._rules)
        if due_ns < NEVER_NS:
            ctx.wake_at(due_ns)

    def flush(self, ctx: ProcessContext) -> None:
        """Send what still waits; there is nobody left to wait for."""
        self._read(ctx.now_ns())
        while (together := self._matcher.take(self._rules, NEVER_NS)) is not None:
            self.output.write(self._joined(together))
        if self._matcher.left_out:
            ctx.log.info("left out %d frames that nothing belonged to", self._matcher.left_out)

    def config_changed(self, previous: Config) -> None:
        """Follow the new rules from the next frame on."""
        self._rules = _rules(self.config)

    def teardown(self) -> None:
        """Let go of what waits."""
        self._matcher = Matcher(self.config.capacity)

    def _read(self, now_ns: int) -> None:
        """Keep what has come, of each link as much as there is room for."""
        links = self.inputs.links
        self._sources = tuple(dict.fromkeys(link.source for link in links))  # a cut link may stand before its heir
        self._matcher.follow(self._sources, set(self._sources) - {link.source for link in links if not link.ended})
        for link in links:
            while self._matcher.has_room(link.source):
                frame = link.read()
                if frame is None:
                    break
                self._matcher.add(link.source, frame, now_ns)

    def _joined(self, together: Together) -> DataFrame:
        there = [frame for frame in together if frame is not None]
        first = min(there, key=lambda frame: frame.timestamp_ns)
        return DataFrame(
            {"frames": together, "sources": self._sources},
            timestamp_ns=first.timestamp_ns,
            duration_ns=first.duration_ns,
            entered_ns=min(frame.entered_ns for frame in there),
            sequence=first.sequence,
        )


def _rules(config: StreamSync.Config) -> Rules:
    return Rules(
        tolerance_ns=round(config.tolerance_ms * NS_PER_MS),
        deadline_ns=round(config.deadline_ms * NS_PER_MS),
        partial=config.partial,
    )
