"""The priority of a thread: what is asked for, and what the system grants.

Linux gives each thread a policy and a niceness of its own (sched(7)); real time and more than normal want
CAP_SYS_NICE or a limit that allows it (RLIMIT_RTPRIO, RLIMIT_NICE). Elsewhere every thread stays as it is. Nothing
here fails: what was really got is told by `Granted`, which `thread_runner` keeps for whoever looks.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from enum import StrEnum

REAL_TIME_LEVEL = 10
"""The level of SCHED_FIFO: above everything that is not real time, below what the kernel itself runs there."""

NICENESS = {"high": -10, "normal": 0, "background": 10}


class ThreadPriority(StrEnum):
    """How urgent a thread is: `realtime` for sound, which must never be late; `background` for what can wait."""

    REAL_TIME = "realtime"
    HIGH = "high"
    NORMAL = "normal"
    BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class GrantedPriority:
    """What a thread asked for, what it got, and where they differ, why."""

    asked: ThreadPriority
    got: ThreadPriority
    reason: str = ""


def take(asked: ThreadPriority) -> GrantedPriority:
    """Give the thread that calls this its priority, as far as the system lets it; a lesser one where it does not."""
    if asked is ThreadPriority.NORMAL:
        return GrantedPriority(asked, asked)
    if not hasattr(os, "sched_setscheduler"):
        return GrantedPriority(asked, ThreadPriority.NORMAL, "this system has no priorities for single threads")
    if asked is not ThreadPriority.REAL_TIME:
        return _be_nice(asked, asked)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REAL_TIME_LEVEL))
    except OSError as error:
        lesser = _be_nice(asked, ThreadPriority.HIGH)
        reason = f"real time was refused ({error.strerror}): raise RLIMIT_RTPRIO to {REAL_TIME_LEVEL} or more"
        return GrantedPriority(asked, lesser.got, reason)
    return GrantedPriority(asked, asked)


def _be_nice(asked: ThreadPriority, wanted: ThreadPriority) -> GrantedPriority:
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS[wanted])
    except OSError as error:
        reason = f"{wanted} was refused ({error.strerror}): raise RLIMIT_NICE or grant CAP_SYS_NICE"
        return GrantedPriority(asked, ThreadPriority.NORMAL, reason)
    return GrantedPriority(asked, wanted)
