"""One clip through one graph that is described in Python, in YAML and in JSON; ffmpeg compares what comes out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from streamlib import StreamRuntime
from streamlib.media import AacEncoder, FFmpegFilter, FileReader, H264Encoder, Mp4Writer, VideoScaler
from tests.scenarios.stage import SECONDS, STRATEGIES

YAML = """\
streamlib: 1
processors:
  reader: {type: FileReader, config: {path: CLIP, pace: fast}}
  flip: {type: FFmpegFilter, config: {description: hflip}}
  scaler: {type: VideoScaler, config: {width: 160, height: 120}}
  pictures: {type: H264Encoder, config: {bitrate: 1_000_000, threads: 1}}
  sound: {type: AacEncoder, config: {bitrate: 96_000}}
  writer: {type: Mp4Writer, config: {path: OUT}}
links:
- reader.video -> flip
- flip -> scaler
- scaler -> pictures
- pictures -> writer.video
- reader.audio -> sound
- sound -> writer.audio
"""

JSON = {
    "streamlib": 1,
    "processors": {
        "reader": {"type": "FileReader", "config": {"path": "CLIP", "pace": "fast"}},
        "flip": {"type": "FFmpegFilter", "config": {"description": "hflip"}},
        "scaler": {"type": "VideoScaler", "config": {"width": 160, "height": 120}},
        "pictures": {"type": "H264Encoder", "config": {"bitrate": 1_000_000, "threads": 1}},
        "sound": {"type": "AacEncoder", "config": {"bitrate": 96_000}},
        "writer": {"type": "Mp4Writer", "config": {"path": "OUT"}},
    },
    "links": [
        {"link": "reader.video -> flip.input"},
        {"link": "flip.output -> scaler.video_in"},
        {"link": "scaler.video_out -> pictures.video"},
        {"link": "pictures.packets -> writer.video"},
        {"link": "reader.audio -> sound.audio"},
        {"link": "sound.packets -> writer.audio"},
    ],
}


def make_clip(path: Path) -> Path:
    """Two seconds of H.264 and AAC in which every picture differs, made by ffmpeg alone."""
    sources = ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=2"]
    sources += ["-f", "lavfi", "-i", "sine=frequency=440:beep_factor=4:sample_rate=44100:duration=2"]
    codecs = ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2"]
    subprocess.run(["ffmpeg", "-v", "error", *sources, *codecs, str(path)], timeout=60, check=True)
    return path


def play(runtime: StreamRuntime) -> None:
    with runtime:
        runtime.start()
        assert runtime.wait(SECONDS)


def play_python(runtime: StreamRuntime, clip: Path, out: Path) -> None:
    reader = runtime.add_processor(FileReader, path=clip, pace="fast")
    flip = runtime.add_processor(FFmpegFilter, description="hflip")
    scaler = runtime.add_processor(VideoScaler, width=160, height=120)
    pictures = runtime.add_processor(H264Encoder, bitrate=1_000_000, threads=1)
    sound = runtime.add_processor(AacEncoder, bitrate=96_000)
    writer = runtime.add_processor(Mp4Writer, path=out)
    runtime.connect(reader.output("video"), flip)
    runtime.connect(flip, scaler)
    runtime.connect(scaler, pictures)
    runtime.connect(pictures, writer.input("video"))
    runtime.connect(reader.output("audio"), sound)
    runtime.connect(sound, writer.input("audio"))
    play(runtime)


def play_file(runtime: StreamRuntime, text: str, file: Path, clip: Path, out: Path) -> None:
    file.write_text(text.replace("CLIP", str(clip)).replace("OUT", str(out)))
    runtime.load(file)
    play(runtime)


def frame_md5(path: Path, stream: str) -> list[str]:
    """The time, the length and the sum of each frame of a stream, as ffmpeg decodes it."""
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", stream, "-f", "framemd5", "-"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    return [line for line in told.splitlines() if not line.startswith("#")]


def likeness(path: Path, clip: Path) -> float:
    """How like each other the pictures of both are (SSIM of luma, 1 for the same), the clip flipped and scaled."""
    graph = "[0:v]hflip,scale=160:120[a];[a][1:v]ssim"
    command = ["ffmpeg", "-v", "info", "-i", str(clip), "-i", str(path), "-lavfi", graph, "-f", "null", "-"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stderr
    return float(told.rpartition("SSIM Y:")[2].split()[0])


@pytest.mark.promise("graph.files")
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_clip_comes_out_the_same_from_python_yaml_and_json(strategy: str, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    outs = {name: tmp_path / f"{name}.mp4" for name in ("python", "yaml", "json")}
    new = STRATEGIES[strategy]
    play_python(StreamRuntime(scheduler=new()), clip, outs["python"])
    play_file(StreamRuntime(scheduler=new()), YAML, tmp_path / "graph.yaml", clip, outs["yaml"])
    play_file(StreamRuntime(scheduler=new()), json.dumps(JSON), tmp_path / "graph.json", clip, outs["json"])
    for stream, least in (("0:v", 50), ("0:a", 86)):
        python, yaml, json_ = (frame_md5(out, stream) for out in outs.values())
        assert len(python) >= least
        assert len({line.rpartition(",")[2] for line in python}) > least // 2  # it is no still and no silence
        assert yaml == json_ == python
    assert likeness(outs["python"], clip) > 0.9
