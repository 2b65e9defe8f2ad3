"""Media made for a test, and what another program sees in a file."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.audio.layout import AudioLayout
from msgspec.structs import replace

from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket, StreamInfo
from streamlib.frames.video import VideoFrame

SECOND = 1_000_000_000


def pictures(
    count: int, *, width: int = 64, height: int = 48, rate: int = 25, start_ns: int = 0, flashes: Sequence[float] = ()
) -> list[VideoFrame]:
    """Dark frames with a moving bar; white for 80 ms from each time in `flashes` (seconds)."""
    return [_picture(index, width, height, rate, start_ns, flashes) for index in range(count)]


def sound(
    seconds: float,
    *,
    channels: int = 2,
    rate: int = 48_000,
    start_ns: int = 0,
    block: int = 480,
    beeps: Sequence[float] = (),
) -> list[AudioFrame]:
    """A quiet tone in blocks; loud for 80 ms from each time in `beeps` (seconds)."""
    times = np.arange(round(seconds * rate)) / rate
    level = np.full_like(times, 0.001)
    for beep in beeps:
        level[(times >= beep) & (times < beep + 0.08)] = 0.8
    wave = (np.sin(2 * np.pi * 1000 * times) * level).astype(np.float32)
    samples = np.repeat(wave[:, None], channels, axis=1)
    return [
        AudioFrame(
            samples[at : at + block].copy(), rate, timestamp_ns=start_ns + at * SECOND // rate, entered_ns=at + 1
        )
        for at in range(0, len(samples), block)
    ]


def write_clip(
    path: Path,
    *,
    seconds: float = 1.0,
    rate: int = 25,
    size: tuple[int, int] = (64, 48),
    layout: str = "stereo",
    video: str | None = "libx264",
    audio: str | None = "aac",
    start: float = 0.0,
    options: dict[str, str] | None = None,
    pix_fmt: str = "yuv420p",
    times: Iterable[float] | None = None,
) -> Path:
    """A clip written by PyAV alone, without anything of ours; sound at 48 kHz, pictures at `times` if given."""
    with av.open(str(path), "w", options=options or {}) as container:
        shown = (
            container.add_stream(video, rate=rate, width=size[0], height=size[1], pix_fmt=pix_fmt) if video else None
        )
        heard = container.add_stream(audio, rate=48_000) if audio else None
        if isinstance(heard, av.AudioStream):
            heard.codec_context.layout = AudioLayout(layout)
        if isinstance(shown, av.VideoStream):
            shown.codec_context.time_base = Fraction(1, 90_000)
            listed = times if times is not None else (n / rate for n in range(round(seconds * rate)))
            for at in listed:
                picture = av.VideoFrame.from_ndarray(_pixels(round(at * rate), *size), format="rgb24")
                picture.pts, picture.time_base = round((at + start) * 90_000), Fraction(1, 90_000)
                container.mux(shown.encode(picture))
            container.mux(shown.encode(None))
        if isinstance(heard, av.AudioStream):
            channels = AudioLayout(layout).nb_channels
            for at in range(0, round(seconds * 48_000), 1024):
                block = np.full((1, 1024 * channels), 0.1, np.float32)
                frame = av.AudioFrame.from_ndarray(block, format="flt", layout=layout)
                frame.sample_rate, frame.pts = 48_000, at + round(start * 48_000)
                frame.time_base = Fraction(1, 48_000)
                container.mux(heard.encode(frame))
            container.mux(heard.encode(None))
    return path


def raw_clip(path: Path, **fields: Any) -> Path:
    """H.264 without a container, and so without timestamps."""
    source = write_clip(path.with_suffix(".mp4"), audio=None, **fields)
    with av.open(str(source)) as given, av.open(str(path), "w", format="h264") as raw:
        stream = raw.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = stream
                raw.mux(packet)
    return path


def read_packets(path: Path, media: Literal["video", "audio"]) -> list[EncodedPacket]:
    """The packets of a file's first stream of that kind, as PyAV demuxes them."""
    with av.open(str(path)) as container:
        stream = next(one for one in container.streams if one.type == media)
        context = stream.codec_context
        info = StreamInfo(media, context.codec.canonical_name, extradata=context.extradata or b"")
        if isinstance(context, av.VideoCodecContext):
            info = replace(info, width=context.width, height=context.height)
        elif isinstance(context, av.AudioCodecContext):
            info = replace(info, sample_rate=context.sample_rate, channels=context.layout.nb_channels)
        return [_encoded(packet, info) for packet in container.demux(stream) if packet.size]


def _encoded(packet: av.Packet[Any], info: StreamInfo) -> EncodedPacket:
    base = packet.time_base or Fraction(1)
    shown, decoded, lasts = (
        round((ticks or 0) * base * SECOND) for ticks in (packet.pts, packet.dts or packet.pts, packet.duration)
    )
    return EncodedPacket(
        data=bytes(packet),
        stream=info,
        keyframe=packet.is_keyframe,
        timestamp_ns=shown,
        decode_ns=decoded,
        duration_ns=lasts,
    )


def cut_at(path: Path, seconds: float) -> Path:
    """What is left of a file, `cut` by name, when everything from a picture or sound on is lost."""
    with av.open(str(path)) as container:
        lost = min(
            packet.pos
            for packet in container.demux()
            if packet.dts is not None and packet.pos is not None and packet.dts * packet.time_base >= seconds
        )
    cut = path.with_stem("cut")
    cut.write_bytes(path.read_bytes()[:lost])
    return cut


def spoilt(path: Path, media: Literal["video", "audio"], every: int = 1, *, first: int = 0) -> Path:
    """A copy, `spoilt` by name, in which the data of each so-many-th packet of a stream are zeros."""
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        chosen = next(stream for stream in container.streams if stream.type == media)
        places = [(packet.pos, packet.size) for packet in container.demux(chosen) if packet.size]
    for start, size in places[first::every]:
        assert start is not None
        data[start : start + size] = bytes(size)
    copy = path.with_stem("spoilt")
    copy.write_bytes(data)
    return copy


def probe(path: Path) -> dict[str, Any]:
    """What ffprobe says: `streams` by kind of media, and `format`."""
    told = _ffprobe("-show_streams", "-show_format", str(path))
    return {**{stream["codec_type"]: stream for stream in told["streams"]}, "format": told["format"]}


def packets(path: Path, stream: str) -> list[dict[str, str]]:
    """Every packet of a stream ("v:0", "a:0") as ffprobe demuxes it."""
    found: list[dict[str, str]] = _ffprobe("-show_packets", "-select_streams", stream, str(path))["packets"]
    return found


def frame_count(path: Path, stream: str) -> int:
    """How many frames ffprobe decodes."""
    told = _ffprobe("-count_frames", "-select_streams", stream, "-show_entries", "stream=nb_read_frames", str(path))
    return int(told["streams"][0]["nb_read_frames"])


def assert_plays(path: Path) -> None:
    """Another program decodes all of it and complains about nothing."""
    done = subprocess.run(
        ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def flash_times(path: Path) -> list[float]:
    """When pictures turn white, in seconds, as ffprobe sees it."""
    found = _frames(f"movie='{path}',signalstats", "pts_time:frame_tags=lavfi.signalstats.YAVG")
    levels = [(float(at), float(tags["lavfi.signalstats.YAVG"]) > 120) for at, tags in found]
    return _rises(levels)


def beep_times(path: Path) -> list[float]:
    """When the sound turns loud, in seconds, to a millisecond, as ffprobe hears it."""
    key = "lavfi.astats.Overall.Peak_level"
    measure = "astats=metadata=1:reset=1:measure_perchannel=none:measure_overall=Peak_level"
    found = _frames(f"amovie='{path}',asetnsamples=n=48,{measure}", f"pts_time:frame_tags={key}")
    levels = [(float(at), "inf" not in tags[key] and float(tags[key]) > -12) for at, tags in found]
    return _rises(levels)


def loudest_frequency(path: Path) -> float:
    """The frequency of the sound's strongest part, in Hz, as decoded by ffmpeg; the first channel's."""
    heard = samples_of(path)[:, 0]
    strength = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    rate = int(probe(path)["audio"]["sample_rate"])
    return float(np.argmax(strength) * rate / len(heard))


def samples_of(path: Path) -> np.ndarray[Any, np.dtype[np.float32]]:
    """The sound as ffmpeg decodes it: float32 of shape (samples, channels)."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "a:0", "-f", "f32le", "-"]
    done = subprocess.run(command, capture_output=True, timeout=30, check=True)
    return np.frombuffer(done.stdout, np.float32).reshape(-1, int(probe(path)["audio"]["channels"]))


def _rises(levels: Iterable[tuple[float, bool]]) -> list[float]:
    listed = list(levels)
    before = chain([(0.0, False)], listed)
    return [at for (at, high), (_, was) in zip(listed, before, strict=False) if high and not was]


def _frames(graph: str, entries: str) -> list[tuple[str, dict[str, str]]]:
    told = _ffprobe("-f", "lavfi", graph, "-show_entries", f"frame={entries}")
    return [(frame["pts_time"], frame["tags"]) for frame in told["frames"]]


def _ffprobe(*arguments: str) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-of", "json", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _picture(index: int, width: int, height: int, rate: int, start_ns: int, flashes: Sequence[float]) -> VideoFrame:
    at = index / rate
    is_flash = any(flash <= at < flash + 0.08 for flash in flashes)
    return VideoFrame.from_ndarray(
        np.full((height, width, 3), 255, np.uint8) if is_flash else _pixels(index, width, height),
        timestamp_ns=start_ns + index * SECOND // rate,
        duration_ns=SECOND // rate,
        entered_ns=index + 1,
        sequence=index,
        metadata={"index": index},
    )


def _pixels(index: int, width: int, height: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    pixels = np.full((height, width, 3), 30, np.uint8)
    pixels[:, index * 3 % width] = 90
    return pixels
