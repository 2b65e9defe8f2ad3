"""The command as a user runs it, from another process: the demo, and programs that signals end."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.media.clips import assert_plays, frame_count, probe

COMMAND = [sys.executable, "-m", "streamlib"]

RECORDING = """
def setup(runtime):
    source = runtime.add_processor(
        "FilterSource", video="testsrc2=size=320x240:rate=30", audio="sine=sample_rate=48000"
    )
    writer = runtime.add_processor("Mp4Writer", path="out.mp4")
    runtime.connect(source.output("video"), writer.input("video"))
    runtime.connect(source.output("audio"), writer.input("audio"))
"""


@pytest.mark.promise("demo.branch", "demo.table", "demo.without-file")
def test_the_demo_records_two_files_and_drops_nothing(tmp_path: Path) -> None:
    ran = subprocess.run([*COMMAND, "demo", "-o", "made"], cwd=tmp_path, capture_output=True, text=True, timeout=50)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    whole, small = tmp_path / "made" / "demo.mp4", tmp_path / "made" / "demo-small.mp4"
    for path, size in ((whole, (1280, 720)), (small, (320, 180))):
        assert_plays(path)
        told = probe(path)
        assert (told["video"]["width"], told["video"]["height"], told["audio"]["channels"]) == (*size, 2)
    assert frame_count(whole, "v:0") == 150
    assert 0 < frame_count(small, "v:0") < 150
    assert "nothing was dropped, both files are complete" in ran.stdout
    assert all(name in ran.stdout for name in ("reader", "vignette", "small_encoder", "streamlib:writer", "demo-small"))
    assert not ran.stderr


@pytest.mark.promise("media.interrupted", "lifecycle.signals", "cli.run")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_recording_that_a_signal_ends_plays(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "program.py").write_text(RECORDING)
    command = [*COMMAND, "run", "program.py"]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        assert "mp4_writer_0" in running.stderr.readline()  # the first line comes after a second
        running.send_signal(number)
        _, said = running.communicate(timeout=20)
    assert running.returncode == 0, said
    assert "stopped by a signal" in said
    path = tmp_path / "out.mp4"
    assert_plays(path)
    assert frame_count(path, "v:0") > 15
    assert probe(path)["audio"]["codec_name"] == "aac"
