"""The blocks of sound by hand: threads and a `SimpleQueue` between each two, a busy thread, and PyAV for the encode."""

from __future__ import annotations

import platform
import queue
import sys
import threading
import time
from fractions import Fraction

import av
import numpy as np

from benchmarks.programs.audio_blocks import BLOCK, GAIN, STEPS, Timetable, compute, parse

FRAME_RATE = 30


def device(timetable: Timetable, out: queue.SimpleQueue[object]) -> None:
    """Send a block whenever one is due, and None behind the last."""
    for _ in range(timetable.blocks):
        timetable.wait()
        out.put(np.zeros((BLOCK, 2), np.float32))
    out.put(None)


def gain(audio_in: queue.SimpleQueue[object], out: queue.SimpleQueue[object]) -> None:
    """One of the five."""
    while (samples := audio_in.get()) is not None:
        out.put(samples * np.float32(GAIN))  # type: ignore[operator]
    out.put(None)


def speaker(timetable: Timetable, audio_in: queue.SimpleQueue[object]) -> None:
    """Where the blocks are awaited."""
    while audio_in.get() is not None:
        timetable.came()


def busy(over: threading.Event) -> None:
    """Compute in Python all the time."""
    while not over.is_set():
        compute()


def encode(over: threading.Event) -> None:
    """Encode pictures of 720p, 30 a second, as StreamLib's encoder does."""
    rate = "4000000"
    options = {"preset": "veryfast", "tune": "zerolatency", "maxrate": rate, "bufsize": rate}
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = 1280, 720, "yuv420p"
    context.time_base, context.bit_rate, context.options = Fraction(1, FRAME_RATE), int(rate), options
    began_s = time.perf_counter()
    number = 0
    while not over.wait(max(0.0, began_s + number / FRAME_RATE - time.perf_counter())):
        pixels = np.full((1080, 1280), number % 200, np.uint8)
        pixels[:720, (number * 8) % 1200 : (number * 8) % 1200 + 80] = 235
        picture = av.VideoFrame.from_ndarray(pixels, "yuv420p")
        picture.pts, picture.time_base = number, Fraction(1, FRAME_RATE)
        context.encode(picture)
        number += 1


def main() -> None:
    """Measure, or say which Python and PyAV these are."""
    options = parse(sys.argv[1:])
    if options.version:
        print(f"CPython {platform.python_version()} and PyAV {av.__version__}")
        return
    if options.interval:
        sys.setswitchinterval(options.interval)
    timetable, over = Timetable(options.blocks), threading.Event()
    lines: list[queue.SimpleQueue[object]] = [queue.SimpleQueue() for _ in range(STEPS + 1)]
    company = [threading.Thread(target=work, args=(over,)) for work in (busy, encode)]
    row = [
        threading.Thread(target=speaker, args=(timetable, lines[-1])),
        *(threading.Thread(target=gain, args=(lines[step], lines[step + 1])) for step in range(STEPS)),
        threading.Thread(target=device, args=(timetable, lines[0])),
    ]
    for thread in (*company, *row):
        thread.start()
    for thread in row:
        thread.join()
    over.set()
    for thread in company:
        thread.join()
    print(timetable.figures())


if __name__ == "__main__":
    main()
