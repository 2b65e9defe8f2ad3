"""All rows, in the order of the table. A new row is a module here and a line in `ROWS`."""

from __future__ import annotations

from benchmarks.row import Row
from benchmarks.rows.audio import AUDIO, AUDIO_INTERVALS, AUDIO_PLACED
from benchmarks.rows.collector import COLLECTOR
from benchmarks.rows.edit import EDIT_INLINED, EDIT_ONE_LOOP, EDIT_POOL, EDIT_WIDE_INLINED, EDIT_WIDE_POOL
from benchmarks.rows.explain import EXPLAIN_INLINED, EXPLAIN_POOL
from benchmarks.rows.function_hop import FUNCTION_HOP
from benchmarks.rows.hop_latency import (
    HOP_BUSY,
    HOP_BUSY_QUEUE,
    HOP_FULL_8,
    HOP_FULL_8_BUSY,
    HOP_FULL_200,
    HOP_FULL_200_BUSY,
    HOP_PACED,
)
from benchmarks.rows.import_time import IMPORT
from benchmarks.rows.inlined_hop import INLINED_HOP
from benchmarks.rows.look import LOOK
from benchmarks.rows.main_job import MAIN_JOB, MAIN_JOB_COPIES
from benchmarks.rows.mosaic import MOSAIC, MOSAIC_COPIES
from benchmarks.rows.observer import OBSERVER_CALLS, OBSERVER_FRAMES, OBSERVER_GONE, OBSERVER_LINK
from benchmarks.rows.one_hop import ONE_HOP
from benchmarks.rows.peers import (
    DORA,
    EZMSG,
    GNU_RADIO,
    GSTREAMER_PYTHON,
    GSTREAMER_PYTHON_INLINED,
    MEDIAPIPE,
    PIPECAT,
)
from benchmarks.rows.scale import (
    SCALE_COST_FEWER,
    SCALE_FEWER,
    SCALE_INLINED,
    SCALE_INLINED_COST,
    SCALE_POOL,
    SCALE_POOL_COST,
    SCALE_ROWS,
    SCALE_ROWS_WORKERS,
    SCALE_SHAPES,
    SCALE_WORKERS,
)
from benchmarks.rows.switch_interval import SWITCH_INTERVALS
from benchmarks.rows.thread_hop import THREAD_HOP_8, THREAD_HOP_200
from benchmarks.rows.transcode import (
    FOUR_ENCODES,
    FOUR_ENCODES_COPIES,
    TRANSCODE_FFMPEG,
    TRANSCODE_GSTREAMER,
    TRANSCODE_PYAV,
)
from benchmarks.rows.watch import WATCH

ROWS: tuple[Row, ...] = (
    INLINED_HOP,
    FUNCTION_HOP,
    THREAD_HOP_200,
    THREAD_HOP_8,
    ONE_HOP,
    HOP_PACED,
    HOP_BUSY,
    HOP_BUSY_QUEUE,
    HOP_FULL_8,
    HOP_FULL_8_BUSY,
    HOP_FULL_200,
    HOP_FULL_200_BUSY,
    GSTREAMER_PYTHON,
    GSTREAMER_PYTHON_INLINED,
    EZMSG,
    PIPECAT,
    GNU_RADIO,
    MEDIAPIPE,
    DORA,
    MAIN_JOB,
    MAIN_JOB_COPIES,
    TRANSCODE_FFMPEG,
    TRANSCODE_GSTREAMER,
    TRANSCODE_PYAV,
    FOUR_ENCODES,
    FOUR_ENCODES_COPIES,
    MOSAIC,
    MOSAIC_COPIES,
    AUDIO,
    *AUDIO_PLACED,
    *AUDIO_INTERVALS,
    *SWITCH_INTERVALS,
    SCALE_INLINED,
    SCALE_POOL,
    SCALE_ROWS,
    *SCALE_FEWER,
    *SCALE_SHAPES,
    SCALE_WORKERS,
    SCALE_ROWS_WORKERS,
    SCALE_INLINED_COST,
    SCALE_POOL_COST,
    *SCALE_COST_FEWER,
    COLLECTOR,
    EDIT_POOL,
    EDIT_INLINED,
    EDIT_ONE_LOOP,
    EDIT_WIDE_POOL,
    EDIT_WIDE_INLINED,
    OBSERVER_GONE,
    OBSERVER_LINK,
    OBSERVER_FRAMES,
    OBSERVER_CALLS,
    WATCH,
    LOOK,
    EXPLAIN_INLINED,
    EXPLAIN_POOL,
    IMPORT,
)
