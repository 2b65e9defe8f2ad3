"""What the library is for: a real file decoded, filtered, encoded and written."""

from __future__ import annotations

import sys

from benchmarks.clip import CLIP, prepare
from benchmarks.program import Program
from benchmarks.row import Figure, Row
from benchmarks.target import Target


def _side(name: str, module: str, install: str) -> Program:
    command = (sys.executable, "-m", f"benchmarks.programs.{module}")
    return Program(name=name, command=(*command, str(CLIP)), version_command=(*command, "--version"), install=install)


MAIN_JOB = Row(
    name="main-job",
    ours=_side("StreamLib", "streamlib_job", "run scripts/install"),
    theirs=_side("the same PyAV calls in one hand-written loop", "pyav_job", "run scripts/install"),
    figures=(
        Figure(key="wall_s", what="decode, filter, encode and write a file: wall", unit="s", at_most=1.0, digits=2),
        Figure(key="cpu_s", what="the same: CPU, of all threads", unit="s", at_most=1.05, digits=2),
        Figure(key="peak_mib", what="the same: peak memory", unit="MiB", at_most=None),
    ),
    method='Pictures only, no sound. The filter is `255 - frame.to_ndarray("rgb24")`, written as a `@processor` '
    "function; ours runs each of the four processors on a thread, as it comes. The loop decodes with as many threads, "
    "converts with the same swscale flags in reused contexts, copies nothing it need not, and opens libx264 with the "
    "same options and threads, a picture each; both write the same number of frames and of bytes, to within one "
    "percent. Imports are left out, building the graph and closing the file are not.",
    prepare=prepare,
    alike=("frames", "bytes", "seconds"),
)
MAIN_JOB_COPIES = Row(
    name="main-job-copies",
    ours=_side("StreamLib", "streamlib_job_copies", "run scripts/install"),
    theirs=Target({"copies": 2.0}, "the two conversions of the hand-written loop"),
    figures=(Figure(key="copies", what="the same job: copies of each picture", unit="", at_most=None, digits=2),),
    method="As `main-job`, with each call counted in which pixels are written into other memory: conversion by "
    "swscale, and copies between planes and arrays. The filter itself, which makes new pixels, does not count, nor do "
    "codecs.",
    prepare=prepare,
    pairs=1,
)
