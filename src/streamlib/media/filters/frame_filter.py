"""Frames of ours through the filters of a description, from the first to the last, whatever shape they have.

`graph.py` makes the filters for one shape of frames; here they are made anew where the shape changes, after what the
old ones held back has come out. What a frame carries beside its content goes on with it where the filters pass it on,
and otherwise with the next that comes out. `ffmpeg_filter.py` asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import av
from msgspec.structs import replace

from streamlib.clock import NS_PER_S
from streamlib.errors import MediaError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.pixel_format import ColorMatrix, ColorRange, is_subsampled
from streamlib.frames.video import VideoFrame
from streamlib.media.audio.samples import LAYOUTS, SampleReader, to_av
from streamlib.media.filters.graph import FilterGraph, Frame
from streamlib.media.ticks import LARGEST_DENOMINATOR, NANOSECOND, nanoseconds, samples_in
from streamlib.media.video.picture import from_av, to_own
from streamlib.media.video.swscale import FULL, MATRICES, RANGES

Content = VideoFrame | AudioFrame

RGB_MATRIX, UNSAID_MATRIX = 0, 2  # ITU-T H.273, table 4

MOST_OF_ONE = 10_000
"""How many frames filters may make of one, or at the end, before they are taken for endless: minutes of pictures."""

HELD_FACTOR = 4
"""How many frames filters may make of each that they have held back, besides: `reverse` holds all of them."""


@dataclass(frozen=True, slots=True)
class _Mark:
    """What a frame carries through the filters."""

    entered_ns: int
    sequence: int
    metadata: Mapping[str, object] | None
    color_range: ColorRange = ColorRange.LIMITED
    color_matrix: ColorMatrix = ColorMatrix.BT601

    @classmethod
    def of(cls, frame: Content) -> _Mark:
        colour = (frame.color_range, frame.color_matrix) if isinstance(frame, VideoFrame) else ()
        return cls(frame.entered_ns, frame.sequence, frame.metadata, *colour)


class FrameFilter:
    """Filters one stream of frames.

    Args:
        description: With one open input and one open output, as `media_of` has checked it.
        threads: For filters that can use several; 0 is one per core.
        tell: Called with a sentence when the filters turn out to be endless.

    Attributes:
        is_endless: Whether the filters go on by themselves and ask for no more frames, as `loop=-1` does.
    """

    def __init__(self, description: str, threads: int = 0, tell: Callable[[str], object] | None = None) -> None:
        self.description = description
        self.is_endless = False
        self._tell = tell
        self._balance = 0  # frames that went in and have not come out
        self._threads = threads
        self._graph: FilterGraph | None = None
        self._entry: Mapping[str, str] = {}
        self._samples = SampleReader()
        self._mark = _Mark(0, -1, None)
        self._end_ns = 0  # of the last frame that came out

    @property
    def has_ended(self) -> bool:
        """Whether the filters take nothing any more, as `trim` when its time is over."""
        return self._graph is not None and self._graph.has_ended

    def push(self, frame: Content) -> Iterator[Content]:
        """The frames that are ready once this one is in; of endless filters there are always more.

        Raises:
            MediaError: The filters refuse the frame; the next one finds them made anew.
        """
        entry = _video_entry(frame) if isinstance(frame, VideoFrame) else _audio_entry(frame)
        if entry != self._entry:
            yield from self.flush()
            self._entry = entry
        if self._graph is None:
            self._graph = self._made()
        self._mark = _Mark.of(frame)
        given = to_own(frame) if isinstance(frame, VideoFrame) else _sound(frame)
        given.opaque = self._mark
        yield from self._pushed(self._graph, given)

    def flush(self) -> Iterator[Content]:
        """What the filters hold back, and of endless ones no more; a frame after this finds them made anew."""
        graph, self._graph = self._graph, None
        if graph is not None and not self.is_endless:
            yield from self._pushed(graph, None)
        self.is_endless = False

    def close(self) -> None:
        """Let go of the filters, with what they hold back."""
        self._graph = None

    def _made(self) -> FilterGraph:
        try:
            return FilterGraph(self.description, self._entry, self._threads)
        except ValueError as error:
            raise MediaError(f"{error}; change the description, or what feeds it") from error

    def _pushed(self, graph: FilterGraph, given: Frame | None) -> Iterator[Content]:
        self.is_endless = False
        self._balance += given is not None
        most = MOST_OF_ONE + HELD_FACTOR * max(0, self._balance)
        try:
            for count, made in enumerate(graph.push(given), 1):
                self._balance -= 1
                yield self._content(made)
                if count == most:
                    self._find_endless(count, of_one=given is not None)
                    if given is None:
                        return
        except (av.error.FFmpegError, OSError) as error:
            self._graph = None
            reason = getattr(error, "strerror", None) or str(error)
            raise MediaError(f"the filters {self.description!r} refused a frame: {reason}") from error

    def _find_endless(self, count: int, *, of_one: bool) -> None:
        self.is_endless = True
        if self._tell is None:
            return
        made = "of one frame, and go on; now they give one for each that comes" if of_one else "at the end; that is all"
        self._tell(
            f"the filters {self.description!r} made {count} frames {made}. "
            "Give them an end, as tpad=stop=25 and loop=5:10 have one"
        )

    def _content(self, made: Frame) -> Content:
        mark = made.opaque if isinstance(made.opaque, _Mark) else self._mark
        timestamp_ns = self._time_of(made)
        frame = (
            _picture(made, timestamp_ns, mark)
            if isinstance(made, av.VideoFrame)
            else AudioFrame(self._samples.read(made), made.sample_rate, timestamp_ns=timestamp_ns)
        )
        self._end_ns = frame.timestamp_ns + frame.duration_ns
        return replace(frame, entered_ns=mark.entered_ns, sequence=mark.sequence, metadata=mark.metadata)

    def _time_of(self, made: Frame) -> int:
        """Its own time, or where the one before ended."""
        if made.pts is None or made.time_base is None:
            return self._end_ns
        return nanoseconds(made.pts, made.time_base)


def _picture(made: av.VideoFrame, timestamp_ns: int, mark: _Mark) -> VideoFrame:
    """A frame of what came out; one without luma and chroma has the range and the matrix of what came in."""
    if int(made.colorspace) == UNSAID_MATRIX and not made.format.is_rgb:
        made.colorspace = MATRICES[ColorMatrix.BT601]  # swscale's own, where a filter made RGB to luma and chroma
    frame = from_av(made, timestamp_ns=timestamp_ns)
    if is_subsampled(frame.format):
        return frame
    return replace(frame, color_range=mark.color_range, color_matrix=mark.color_matrix)


def _video_entry(frame: VideoFrame) -> Mapping[str, str]:
    """What the filters are told of pictures like this one."""
    native = frame.native
    format = native.format.name if isinstance(native, av.VideoFrame) else str(frame.format)
    coded = is_subsampled(frame.format)
    rate = Fraction(NS_PER_S, frame.duration_ns).limit_denominator(LARGEST_DENOMINATOR) if frame.duration_ns else 0
    return {
        "video_size": f"{frame.width}x{frame.height}",
        "pix_fmt": format,
        "time_base": str(NANOSECOND),
        "pixel_aspect": "1/1",
        "colorspace": str(MATRICES[frame.color_matrix] if coded else RGB_MATRIX),
        "range": str(int(RANGES[frame.color_range]) if coded else FULL),
        **({"frame_rate": str(rate)} if rate else {}),
    }


def _audio_entry(frame: AudioFrame) -> Mapping[str, str]:
    """What the filters are told of sound like this."""
    return {
        "sample_rate": str(frame.sample_rate),
        "sample_fmt": "flt",
        "channel_layout": LAYOUTS[frame.channels],
        "time_base": f"1/{frame.sample_rate}",
    }


def _sound(frame: AudioFrame) -> av.AudioFrame:
    sound = to_av(frame.samples, frame.sample_rate)
    sound.pts = samples_in(frame.timestamp_ns, frame.sample_rate)
    sound.time_base = Fraction(1, frame.sample_rate)
    return sound
