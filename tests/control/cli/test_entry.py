"""Ctrl-C before the runtime attends, and output that cannot be written."""

from __future__ import annotations

import errno
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamlib.control.cli.entry import (
    Interrupted,
    ended_by_interrupts,
    interrupted_once,
    raised_interrupts,
    run_command,
)

COMMAND = [sys.executable, "-c", "from streamlib.control.cli import main; main()"]
FULL = Path("/dev/full")

INTERRUPTED = """
import os, signal, sys, weakref
from importlib.abc import MetaPathFinder

class Lock: ...

def interrupt(_):
    os.kill(os.getpid(), signal.SIGINT)

class Interrupt(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "{module}":
            {how}

from streamlib.control.cli import main
sys.meta_path.insert(0, Interrupt())
sys.argv[1:] = {arguments}
main()
print("it ran on")
"""


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    """The handler that Python begins with, and afterwards the one that was there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("module", ["streamlib.control.cli.app", "streamlib.media"])
@pytest.mark.parametrize(
    "how",
    ["interrupt(None)", "lock = Lock(); watched = weakref.ref(lock, interrupt); del lock"],
    ids=["in an import", "in a callback, where exceptions are lost"],
)
def test_an_interrupt_while_modules_are_imported_ends_the_command(module: str, how: str, tmp_path: Path) -> None:
    graph = tmp_path / "graph.yaml"
    graph.write_text("streamlib: 1\nprocessors: {a: {type: ToneGenerator}}\n")
    code = INTERRUPTED.format(module=module, how=how, arguments=["run", str(graph), "-d", "1ms"])
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "interrupted\n")


@pytest.mark.skipif(not FULL.exists(), reason="there is no full device")
@pytest.mark.parametrize("arguments", ["processors", "--help", "--version", "processors ToneGenerator --json"])
def test_a_full_disk_is_told_in_a_sentence(arguments: str) -> None:
    with FULL.open("w") as full:
        ended = subprocess.run(
            [*COMMAND, *arguments.split()], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert ended.returncode == 1
    assert ended.stderr == "error: the output cannot be written: No space left on device\n"


def test_an_error_that_is_not_about_the_output_is_not_explained_away() -> None:
    def missing() -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file", "x")

    with pytest.raises(FileNotFoundError):
        run_command(missing)


def test_output_that_cannot_be_written_is_exit_code_one(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(SystemExit) as exit_:
        run_command(lambda: None)
    assert exit_.value.code == 1
    assert capfd.readouterr().err == "error: the output cannot be written: No space left on device\n"
    monkeypatch.setattr(sys, "stdout", None)
    run_command(lambda: None)


def test_an_interrupt_ends_the_process_by_the_signal_itself(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *given: sent.append(given))
    with ended_by_interrupts():
        signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_DFL
    assert sent == [(os.getpid(), signal.SIGINT)]
    assert capfd.readouterr().err == "interrupted\n"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_what_has_to_be_cleared_away_is_interrupted_by_an_exception() -> None:
    with ended_by_interrupts():
        ending = signal.getsignal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), raised_interrupts():
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is ending


PROGRAM = """
import os, signal, sys

def interrupted():
    try:
        os.kill(os.getpid(), signal.SIGINT)
        print("it ran on")
    finally:
        print("cleared away")

{where}
"""


@pytest.mark.parametrize(
    "where", ["interrupted()", "def setup(runtime):\n    interrupted()"], ids=["as a module", "in its setup"]
)
def test_an_interrupt_while_a_users_program_is_set_up_lets_it_clear_away(where: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.format(where=where))
    command = [*COMMAND, "run", str(program)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "cleared away\n", "interrupted\n")


def test_a_second_interrupt_ends_it_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[int] = []
    monkeypatch.setattr(os, "kill", lambda process, number: sent.append(number))
    with ended_by_interrupts(), pytest.raises(Interrupted), interrupted_once():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            assert sent == [signal.SIGINT]


def test_who_is_called_by_another_command_leaves_interrupts_to_that() -> None:
    with pytest.raises(KeyboardInterrupt), interrupted_once():
        signal.raise_signal(signal.SIGINT)


def test_who_has_decided_about_interrupts_keeps_them() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with ended_by_interrupts(), raised_interrupts():
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_another_thread_installs_no_handler() -> None:
    seen: list[object] = []

    def run() -> None:
        with ended_by_interrupts():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert seen == [signal.default_int_handler]
