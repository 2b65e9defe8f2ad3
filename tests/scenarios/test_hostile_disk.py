"""A disk that is full, or fills up while a file is written: who writes there fails in one sentence, nobody else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from streamlib import PushSource, StreamRuntime, VideoFrame
from streamlib.errors import ProcessorFailed
from streamlib.media import Mp4Writer
from tests.media.clips import assert_plays, frame_count, pictures
from tests.scenarios.stage import SECONDS

# A limit on the size of a file stands for the disk: it is met in the middle of a write, and needs no mount.
PROGRAM = """
import resource

def setup(runtime):
    resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
    noise = "testsrc2=size=320x240:rate=25:duration=6,noise=alls=90:allf=t"
    source = runtime.add_processor("FilterSource", video=noise, pace="fast")
    for name, bitrate in (("large", 8_000_000), ("small", 50_000)):
        writer = runtime.add_processor("Mp4Writer", path=f"{name}.mp4", bitrate=bitrate, preset="ultrafast")
        runtime.connect(source.output("video"), writer.input("video"))
"""


@pytest.mark.promise("media.full-disk", "error.isolated")
def test_a_full_disk_fails_its_writer_and_the_other_file_is_complete(runtime: StreamRuntime, tmp_path: Path) -> None:
    source = runtime.add_processor(PushSource, type=VideoFrame)
    full = runtime.add_processor(Mp4Writer, path="/dev/full")
    good = runtime.add_processor(Mp4Writer, path=str(tmp_path / "good.mp4"))
    for writer in (full, good):
        runtime.connect(source.output("output"), writer.input("video"))
    runtime.start()
    for frame in pictures(60):
        source.push(frame)
    source.end()
    with pytest.raises(ProcessorFailed) as failed:
        runtime.wait(SECONDS)
    assert {id_: str(error) for id_, error in failed.value.failures.items()} == {
        full.id: "/dev/full could not be written: No space left on device; make room, or choose another path"
    }
    assert (full.state, good.state) == ("failed", "ended")
    assert_plays(tmp_path / "good.mp4")
    assert frame_count(tmp_path / "good.mp4", "v:0") == 60


@pytest.mark.promise("media.full-disk")
def test_whoever_runs_a_program_reads_which_file_met_the_full_disk_and_has_the_other(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="no limit on the size of files on this system")
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "streamlib", "run", "program.py"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert ran.returncode == 1
    last = ran.stderr.splitlines()[-1]
    assert last.startswith("error: 1 processor(s) failed: mp4_writer_0: ")
    assert f"{tmp_path / 'large.mp4'} could not be written: File too large" in last
    assert last.endswith("; make room, or choose another path")
    assert_plays(tmp_path / "small.mp4")
    assert frame_count(tmp_path / "small.mp4", "v:0") == 150
