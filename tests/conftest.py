"""What holds for every test: the same examples on each run, and no thread left behind."""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

JOIN_SECONDS = 5.0

settings.register_profile(
    "streamlib", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None
)
settings.load_profile("streamlib")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's job in the background is started so
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    left = [thread for thread in threading.enumerate() if thread not in before and not _ends(thread)]
    assert not left, f"threads left running: {[thread.name for thread in left]}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the walks of `scenarios/test_model.py` have taken, a column for each strategy."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    found = [value for report in reports for name, value in report.user_properties if name == "model"]
    columns: dict[str, dict[str, int]] = dict(sorted(found))
    if not columns:
        return
    terminalreporter.section("edits and faults against the model")
    terminalreporter.write_line(f"{'':24}" + "".join(f"{name:>12}" for name in columns))
    for row in sorted({row for column in columns.values() for row in column}):
        terminalreporter.write_line(f"{row:24}" + "".join(f"{column.get(row, 0):12}" for column in columns.values()))


@pytest.fixture
def light_heap(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have collections look at what the test makes alone: this suite's 180,000 objects take 100 ms each time.

    The last runtime that ends would give them back to the collector.
    """
    gc.freeze()
    with monkeypatch.context() as patch:
        patch.setattr(gc, "unfreeze", lambda: None)
        yield
    gc.unfreeze()


def _ends(thread: threading.Thread) -> bool:
    thread.join(JOIN_SECONDS)
    return not thread.is_alive()
