"""A user's program: a Python file that defines `setup(runtime)`, or a graph file, set up and run to its end.

Its errors are shown as its author wrote them, without the frames of ours around them.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TypeVar

import typer
from rich.console import Console

import streamlib
from streamlib.control.cli.attendance import Outcome, attending
from streamlib.control.cli.display import Display, processor_table
from streamlib.control.cli.entry import interrupted_once
from streamlib.control.cli.live_updates import Following, LiveUpdates
from streamlib.control.cli.tally import Tally
from streamlib.errors import DeadlineError, ProcessorFailed, StreamError, nearest, nearest_file
from streamlib.graph.document import SUFFIXES
from streamlib.runtime.runtime import StreamRuntime
from streamlib.states import GraphState

T = TypeVar("T")

MODULE = "streamlib_program"
"""What a program is called among the modules; its own name might hide another's."""

WHY = {
    Outcome.ENDED: "all sources have ended",
    Outcome.TIME: "the time is up",
    Outcome.SIGNAL: "stopped by a signal",
}


class ProgramError(Exception):
    """The user's program raised; the message is its traceback."""


def run_program(path: Path, duration_ns: int | None, console: Console, following: Following | None = None) -> int:
    """Run a program and say what it does.

    Args:
        path: The program, or a graph file.
        duration_ns: How long; None is until it ends.
        console: Where it is said.
        following: Which files are followed meanwhile; None is that none is looked at again.

    Returns:
        The exit code: 0 when it ended, was stopped or its time was up, 1 when something failed: the graph could not be
        run, a processor was ended by an error, or one raised in each of its calls.

    Raises:
        typer.BadParameter: There is no such file, or it has no `setup`.
    """
    runtime = StreamRuntime()
    try:
        set_up(runtime, path)
        updates = None if following is None else LiveUpdates(runtime, path, following)
        return _attend(runtime, duration_ns, console, updates)
    except (ProgramError, StreamError) as error:
        print_error(error, console)
    finally:
        runtime.stop(drain=False)
    return 1


def print_error(error: ProgramError | StreamError, console: Console) -> None:
    """Show a traceback of the user's, or our own sentence."""
    words = str(error) if isinstance(error, ProgramError) else f"error: {error}"
    console.print(words, style="red", highlight=False, markup=False, soft_wrap=True)


def _attend(runtime: StreamRuntime, duration_ns: int | None, console: Console, updates: LiveUpdates | None) -> int:
    tally = Tally(runtime.graph)
    display = Display(tally, console)
    before = {} if runtime.state is not GraphState.IDLE else {path: _stamp(path) for path in _files_of(runtime)}

    def tick() -> None:
        if updates is not None:
            updates.look(display)
        display.tick()

    with attending(runtime, tick) as attendance:
        if runtime.state is GraphState.IDLE:
            runtime.start()
        try:
            tally.look()
            with display, updates or nullcontext():
                outcome = attendance.until(duration_ns)
                if outcome is not Outcome.ENDED:
                    display.say(f"{WHY[outcome]}; what is on its way is processed")
                tally.look()
                _stop(runtime, outcome, console)
        finally:
            console.print(processor_table(tally.rows()))
            _say_written(runtime, before, console)
        runtime.wait(0)  # processors that failed on the way are told here
    if attendance.is_forced:
        console.print("cut short by a second signal", style="red")
        return 1
    in_vain = [row for row in tally.rows() if row.is_in_vain]
    for row in in_vain:
        words = f"error: {row.id} failed in each of its {row.calls} calls; its errors are told above"
        console.print(words, style="red", highlight=False, markup=False, soft_wrap=True)
    if in_vain:
        return 1
    console.print(f"done: {WHY[outcome]}", style="green", highlight=False)
    return 0


def _stop(runtime: StreamRuntime, outcome: Outcome, console: Console) -> None:
    """Stop; where somebody holds that up, also say what stood still before: afterwards nobody can know."""
    why = None if outcome is Outcome.ENDED else runtime.inspector.explain()
    try:
        runtime.stop()
    except DeadlineError:
        if why:
            console.print(str(why), style="red", highlight=False, markup=False, soft_wrap=True)
        raise


def _files_of(runtime: StreamRuntime) -> dict[Path, str]:
    """The files that processors claim for themselves, to write them, and who they are."""
    return {
        Path(claim.removeprefix("file:")): node.id
        for node in runtime.graph.processors()
        for claim in node.declaration.processor.exclusive(node.config)
        if claim.startswith("file:")
    }


def _failed(runtime: StreamRuntime) -> set[str]:
    """Who has failed, now that all is over."""
    try:
        runtime.wait(0)
    except ProcessorFailed as error:
        return set(error.failures)
    return set()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What tells a file from the one that was there before; None where there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns, stat.st_size


def _say_written(runtime: StreamRuntime, before: Mapping[Path, tuple[int, int, int] | None], console: Console) -> None:
    failed = _failed(runtime)
    for path, writer in _files_of(runtime).items():
        stamp = _stamp(path)
        if stamp is not None and stamp != before.get(path):
            shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
            words = f"wrote {shown} ({stamp[2]:,} bytes)"
            if writer in failed:
                words += f"; it is incomplete: {writer} failed"
            console.print(words, highlight=False, markup=False, soft_wrap=True)


def set_up(runtime: StreamRuntime, path: Path) -> None:
    """Add the graph of a program or a graph file to a runtime.

    Raises:
        typer.BadParameter: There is no such file, or there is no graph in it.
        ProgramError: The program raised.
        GraphFileError: The graph file says something wrong.
    """
    check_file(path)
    if path.suffix.lower() in SUFFIXES:
        if not runtime.load(path, skip_unknown_components=True):
            raise typer.BadParameter(f"{path} has no processor", param_hint="FILE")
        return
    if b"\0" in _beginning(path):
        message = f"{path} is no Python file and no graph ({', '.join(SUFFIXES)}); `streamlib demo FILE` plays a video"
        raise typer.BadParameter(message, param_hint="FILE")
    program = _in_its_words(path, lambda: load(path))
    setup = getattr(program, "setup", None)
    if not callable(setup):
        message = f"{path} defines no setup(runtime); {_its_functions(program)}"
        raise typer.BadParameter(message, param_hint="FILE")
    _in_its_words(path, lambda: setup(runtime))
    if not runtime.graph.processor_ids():
        raise typer.BadParameter(f"setup(runtime) of {path} adds no processor to the runtime", param_hint="FILE")


def load(path: Path) -> ModuleType:
    """Run a Python file as a module; what stands beside it can be imported, as when Python itself runs it."""
    path = path.resolve()
    loader = SourceFileLoader(MODULE, str(path))
    spec = spec_from_loader(MODULE, loader)
    assert spec is not None
    module = module_from_spec(spec)
    sys.modules[MODULE] = module  # annotations of its classes are looked up there
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    loader.exec_module(module)
    return module


def _in_its_words(path: Path, call: Callable[[], T]) -> T:
    try:
        with interrupted_once():
            return call()
    except Exception as error:
        raise ProgramError(users_traceback(error, path)) from error


def users_traceback(error: Exception, path: Path) -> str:
    """The traceback from the first line of the user's file on; all of it where none of that file is in it.

    What StreamLib raises on its own account says what is wrong: the lines of ours that led there are left out.
    """
    first = error.__traceback__
    while first is not None and first.tb_frame.f_code.co_filename != str(path.resolve()):
        first = first.tb_next
    told = traceback.TracebackException(type(error), error, first)
    if isinstance(error, StreamError):
        told.stack = traceback.StackSummary.from_list([line for line in told.stack if not _is_ours(line.filename)])
    return "".join(told.format(chain=not isinstance(error, StreamError))).rstrip()


def _is_ours(filename: str) -> bool:
    return Path(filename).is_relative_to(Path(streamlib.__file__).parent)


def _its_functions(program: ModuleType) -> str:
    own = [
        name
        for name, value in vars(program).items()
        if isinstance(value, FunctionType) and value.__module__ == program.__name__
    ]
    if own:
        return f"functions: {nearest('setup', own)}"
    return "put the graph in one, without start() and wait(), or run the file with python"


def check_file(path: Path) -> None:
    """Refuse what is no file.

    Raises:
        typer.BadParameter: It is none, or it cannot be looked at; the message says what it is.
    """
    try:
        words = "" if path.is_file() else _no_file(path)
    except OSError as error:
        words = f"{path} cannot be read: {error.strerror}"
    if words:
        raise typer.BadParameter(words, param_hint="FILE")


def _no_file(path: Path) -> str:
    if path.is_dir():
        return f"{path} is a folder; name a Python or graph file in it"
    if path.exists():
        return f"{path} is a device or a pipe; name a file"
    return f"there is no file {path}; {nearest_file(path)}"


def _beginning(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4096)
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}", param_hint="FILE") from error
