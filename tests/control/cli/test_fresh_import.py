from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from streamlib.control.cli.fresh_import import ImportFailed, imported_anew, source_of


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "fresh_package"
    folder.mkdir()
    (folder / "__init__.py").touch()
    path = folder / "part.py"
    path.write_text("N = 1\n")
    for name in ("fresh_package", "fresh_package.part"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    importlib.import_module("fresh_package.part")
    return path


NAME = "fresh_package.part"


@pytest.mark.promise("edit.code-reload")
def test_a_module_is_imported_as_its_file_is_now_also_within_one_second(file: Path) -> None:
    old = sys.modules[NAME]
    assert source_of(NAME) == file
    file.write_text("N = 2\n")
    with imported_anew(NAME) as fresh:
        assert (fresh.N, sys.modules[NAME]) == (2, fresh)
    assert old.N == 1
    assert sys.modules["fresh_package"].part is fresh


@pytest.mark.promise("edit.code-reload")
@pytest.mark.parametrize(
    ("text", "said"),
    [("N = 2\nn = N / 0\n", "part.py:2: ZeroDivisionError: division by zero"), ("\n\ndef f(:\n", "part.py:3: Synt")],
)
def test_a_mistake_is_told_with_file_and_line_and_the_old_module_stays(file: Path, text: str, said: str) -> None:
    old = sys.modules[NAME]
    file.write_text(text)
    with pytest.raises(ImportFailed) as raised, imported_anew(NAME):
        pass
    assert said in str(raised.value)
    assert sys.modules[NAME] is old
    assert old.N == 1


def test_the_old_module_stays_where_its_classes_are_refused(file: Path) -> None:
    old = sys.modules[NAME]
    with pytest.raises(LookupError), imported_anew(NAME):
        raise LookupError
    assert sys.modules[NAME] is old


def test_what_has_no_source_is_not_read_again() -> None:
    assert source_of("sys") is None
    assert source_of("no_such_module") is None
