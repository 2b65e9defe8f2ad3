"""InputSelector: one of many inputs goes on, and which one is changed while they run.

Frames pass through as they are. `timeline.py` has the rules for times within one stream; here is the one for the
cut between two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace as with_fields
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

from msgspec import Meta
from msgspec.structs import replace

from streamlib.clock import NS_PER_MS, NS_PER_S
from streamlib.errors import nearest
from streamlib.frames.audio import AudioFrame
from streamlib.frames.data import DataFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.media.notices import Notices
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.declaration import Declaration
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor

Frame = VideoFrame | AudioFrame | DataFrame | EncodedPacket

# Media times of two inputs that are further apart than the clock says are counted from different zeros.
OTHER_ZERO_NS = NS_PER_S


class Carries(StrEnum):
    """What passes through a selector."""

    VIDEO = "video"
    AUDIO = "audio"
    DATA = "data"
    PACKETS = "packets"


FRAMES: Mapping[Carries, type[Frame]] = MappingProxyType(
    {
        Carries.VIDEO: VideoFrame,
        Carries.AUDIO: AudioFrame,
        Carries.DATA: DataFrame,
        Carries.PACKETS: EncodedPacket,
    }
)


class InputSelector(Processor):
    """Sends the frames of one of its links; the others are read and left out, so that none is held up.

    `active` cuts to another: the old one goes on until the new one has a frame, of packets a key frame. Frames that
    are no later than the last one sent are left out, and packets squeezed in behind it, so that nothing is missing
    or shown twice. Inputs whose times begin elsewhere (by more than a second) are moved at the cut, so that time goes
    on as the clock did.
    """

    class Config(ProcessorConfig):
        """What passes, and from where.

        Attributes:
            active: The link, by its place in the order of connection from 0, or by where it comes from: a processor's
                id, or one of its ports as "camera_0.video".
            carries: "video", "audio", "data" or "packets".
        """

        active: Live[Annotated[int, Meta(ge=0)] | Annotated[str, Meta(min_length=1)]] = 0
        carries: Carries = Carries.VIDEO

    config: Config

    inputs: LinkInput[Any] = LinkInput((VideoFrame, AudioFrame, DataFrame, EncodedPacket), many=True)
    output: LinkOutput[Any] = LinkOutput((VideoFrame, AudioFrame, DataFrame, EncodedPacket))
    examples = ({"active": "camera_processor_1"}, {"active": 0, "carries": "audio"})

    @classmethod
    def declaration_for(cls, config: Any) -> Declaration:
        """Both ports carry what the config says."""
        inputs: LinkInput[Any] = LinkInput(FRAMES[config.carries], many=True)
        output: LinkOutput[Any] = LinkOutput(FRAMES[config.carries])
        inputs.name, output.name = "inputs", "output"
        return with_fields(cls.declaration, inputs={"inputs": inputs}, outputs={"output": output})

    def setup(self, ctx: RuntimeContext) -> None:
        """Nothing has been sent yet."""
        self._notices = Notices(ctx.log)
        self._sending = ""  # where the frames that are sent come from
        self._awaits = False  # whether the active link is not there
        self._shift_ns = 0
        self._catches_up = False
        self._last: Frame | None = None  # as it was sent

    def process(self, ctx: ProcessContext) -> None:
        """Read one frame of each link, and send those of one."""
        links = self.inputs.links
        chosen = self._chosen([link.source for link in links])
        for link in links:
            frame: Frame | None = link.read()
            if frame is None:
                continue
            if link.source == chosen != self._sending and _can_begin(frame):
                self._cut_to(link.source, frame)
            if link.source == self._sending:
                self._send(frame)

    def config_changed(self, previous: Config) -> None:
        """Cut when there is a frame to cut to; what was said of the link before may be said of this one."""
        self._notices.forget("absent")

    def flush(self, ctx: ProcessContext) -> None:
        """Nothing is held back. Say of a link that was waited for that it never came."""
        if self._awaits:
            instead = f"{self._sending} was sent to the end" if self._sending else "nothing was sent"
            self._notices.once("never", f"never cut to {self.config.active!r}: no such link came, and {instead}")

    def teardown(self) -> None:
        """Let go of the last frame."""
        self._last = None

    def _chosen(self, sources: Sequence[str]) -> str:
        """Where the active link comes from; empty while it is not there."""
        active = self.config.active
        if isinstance(active, int):
            found = sources[active] if active < len(sources) else ""
        else:
            found = next((source for source in sources if active in {source, source.partition(".")[0]}), "")
        self._awaits = not found
        if not found:
            self._notices.once("absent", f"waits for the link {active!r} to cut to; {_there(active, sources)}")
        return found

    def _cut_to(self, source: str, first: Frame) -> None:
        self._sending = source
        self._shift_ns = _shift_ns(self._last, first)
        self._catches_up = self._last is not None

    def _send(self, frame: Frame) -> None:
        if self._shift_ns:
            frame = _moved(frame, self._shift_ns)
        if self._catches_up:
            assert self._last is not None
            if isinstance(frame, EncodedPacket):
                frame = _squeezed(frame, self._last)
            elif frame.timestamp_ns <= self._last.timestamp_ns:
                return
            else:
                self._catches_up = False
        self._last = frame
        self.output.write(frame)


def _there(active: int | str, sources: Sequence[str]) -> str:
    """Which links there are, in words, beginning with the one that may be meant."""
    if isinstance(active, int):
        return "there are: " + (", ".join(f"{place} ({source})" for place, source in enumerate(sources)) or "none")
    names = sources if "." in active else [source.partition(".")[0] for source in sources]
    return nearest(active, dict.fromkeys(names))


def _can_begin(frame: Frame) -> bool:
    return not isinstance(frame, EncodedPacket) or frame.keyframe


def _shift_ns(last: Frame | None, frame: Frame) -> int:
    """By how much the times of a stream that begins with `frame` are moved to follow `last`."""
    if last is None:
        return 0
    passed_ns = frame.entered_ns - last.entered_ns
    apart_ns = frame.timestamp_ns - last.timestamp_ns
    if abs(apart_ns - passed_ns) <= OTHER_ZERO_NS:
        return 0
    return max(passed_ns, last.duration_ns, 1) - apart_ns


def _moved(frame: Frame, shift_ns: int) -> Frame:
    if isinstance(frame, EncodedPacket):
        return replace(frame, timestamp_ns=frame.timestamp_ns + shift_ns, decode_ns=frame.decode_ns + shift_ns)
    return replace(frame, timestamp_ns=frame.timestamp_ns + shift_ns)


def _squeezed(packet: EncodedPacket, last: Frame) -> EncodedPacket:
    """A packet that is decoded after the last one sent, and later ones at their time: none of them can be left out."""
    assert isinstance(last, EncodedPacket)
    if packet.decode_ns > last.decode_ns:
        return packet
    decode_ns = last.decode_ns + NS_PER_MS
    return replace(packet, decode_ns=decode_ns, timestamp_ns=max(packet.timestamp_ns, decode_ns))
