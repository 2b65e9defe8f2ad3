"""A module imported anew, beside the old one, so that a mistake in it leaves everything as it was.

`importlib.reload` runs a module in the old one's names, and half of it stays where it fails. Here it is run in names
of its own, from its source and never from the cache of bytecode, which does not tell apart two versions of one
second. `live_updates.py` puts its classes in the place of those that run.
"""

from __future__ import annotations

import linecache
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

from streamlib.errors import DeadlineError


class ImportFailed(Exception):
    """A module cannot be imported; the message says file, line and why."""


class _FreshLoader(SourceFileLoader):
    """Compiles what stands in the file now."""

    def get_code(self, fullname: str) -> CodeType:
        """The code of the source; the cache is neither read nor written."""
        path = self.get_filename(fullname)
        code: CodeType = self.source_to_code(self.get_data(path), path)
        return code


def source_of(name: str) -> Path | None:
    """The file that a module was imported from; None where it has none that could be read again."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    if spec is None or spec.origin is None or not isinstance(spec.loader, SourceFileLoader):
        return None
    return Path(spec.origin)


@contextmanager
def imported_anew(name: str) -> Iterator[ModuleType]:
    """A module as its file is now, which bears its name from here on; the old one does where the block raises.

    Raises:
        ImportFailed: It raised.
    """
    old, path = sys.modules[name], source_of(name)
    assert path is not None
    fresh = _empty(name, path, old)
    sys.modules[name] = fresh  # where annotations are looked up while its classes are made
    try:
        _run(fresh, path)
        yield fresh
    except DeadlineError:  # what is new runs, and somebody was late
        _hang(name, fresh)
        raise
    except BaseException:
        sys.modules[name] = old
        raise
    _hang(name, fresh)


def _hang(name: str, fresh: ModuleType) -> None:
    """Have the package of a module know the new one."""
    parent, _, own = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], own, fresh)


def _empty(name: str, path: Path, old: ModuleType) -> ModuleType:
    folders = getattr(old, "__path__", None)
    spec = spec_from_file_location(
        name,
        path,
        loader=_FreshLoader(name, str(path)),
        submodule_search_locations=None if folders is None else list(folders),
    )
    assert spec is not None
    return module_from_spec(spec)


def _run(module: ModuleType, path: Path) -> None:
    linecache.checkcache(str(path))
    assert module.__spec__ is not None
    assert module.__spec__.loader is not None
    try:
        module.__spec__.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # a program that goes on is not ended by a file that is saved
        raise ImportFailed(f"{_place(error, path)}: {type(error).__name__}: {_words(error)}") from error


def _place(error: BaseException, path: Path) -> str:
    """File and line: where the syntax is wrong, or the last line of the module that was run."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{error.filename}:{error.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)


def _words(error: BaseException) -> str:
    return error.msg if isinstance(error, SyntaxError) else str(error)
