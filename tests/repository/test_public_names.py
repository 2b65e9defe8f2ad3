"""The public names: what `__all__` has, what loads, and what the reference shows are the same."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
from importlib import metadata, resources
from itertools import pairwise
from pathlib import Path

import pytest

import streamlib
from streamlib.errors import StreamError

ROOT = Path(__file__).parents[2]


def _shown_in_reference() -> list[str]:
    """The public names on the page; modules (`::: streamlib.events`) are shown there besides."""
    shown: list[str] = re.findall(r"^::: streamlib\.(\w+)$", (ROOT / "docs" / "reference.md").read_text(), re.MULTILINE)
    sources = ROOT / "src" / "streamlib"
    return [name for name in shown if not (sources / name).is_dir() and not (sources / f"{name}.py").is_file()]


@pytest.mark.promise("repository.public-names")
def test_all_is_what_the_reference_shows() -> None:
    shown = _shown_in_reference()
    assert sorted(shown) == sorted(streamlib.__all__)


def _docstring(name: str) -> str:
    """That of a class or function, or what stands below an alias where that is defined."""
    found = getattr(streamlib, name)
    if isinstance(found, type) or inspect.isfunction(found):
        return inspect.getdoc(found) or ""
    home = importlib.import_module(streamlib._HOMES[name])
    body = ast.parse(inspect.getsource(home)).body
    for defined, below in pairwise(body):
        target = defined.target if isinstance(defined, ast.AnnAssign) else getattr(defined, "targets", [None])[0]
        if isinstance(target, ast.Name) and target.id == name and isinstance(below, ast.Expr):
            return str(ast.literal_eval(below.value))
    raise AssertionError(f"{name} has no docstring below it in {home.__name__}")


def _table() -> str:
    """A line for each public name, with the first sentence of its docstring."""
    lines = []
    for name in sorted(streamlib.__all__, key=str.lower):
        text = " ".join(_docstring(name).partition("\n\n")[0].split())
        sentence = re.split(r"(?<=\.) (?=[A-Z`])", text)[0].replace("|", "\\|")
        lines.append(f"| `{name}` | {sentence} |\n")
    return "".join(lines)


def test_the_reference_can_be_read_where_it_is_not_built() -> None:
    page = ROOT / "docs" / "reference.md"
    head, mark, rest = page.read_text().partition("| name | what it is |\n|---|---|\n")
    table, _, behind = rest.partition("\n## ")
    if os.environ.get("WRITE_PAGES"):
        page.write_text(f"{head}{mark}{_table()}\n## {behind}")
        table = _table()
    assert table == _table(), "write it anew: WRITE_PAGES=1 scripts/test tests/repository"


@pytest.mark.parametrize("name", streamlib.__all__)
def test_each_public_name_loads(name: str) -> None:
    found = getattr(streamlib, name)
    assert getattr(streamlib, name) is found


def test_what_type_checkers_see_is_what_loads() -> None:
    tree = ast.parse((ROOT / "src" / "streamlib" / "__init__.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module != "typing"]
    seen = {alias.name: node.module for node in imports for alias in node.names if node.module != "__future__"}
    assert sorted(seen) == sorted(streamlib.__all__)
    for name, module in seen.items():
        assert getattr(importlib.import_module(str(module)), name) is getattr(streamlib, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Nonsense'"):
        _ = streamlib.Nonsense  # type: ignore[attr-defined]


def test_dir_lists_the_public_names() -> None:
    assert dir(streamlib) == sorted(streamlib.__all__)


def test_the_errors_are_in_one_module_under_one_root() -> None:
    module = importlib.import_module("streamlib.errors")
    errors = [thing for thing in vars(module).values() if isinstance(thing, type) and issubclass(thing, Exception)]
    assert all(issubclass(error, StreamError) for error in errors)


def test_the_version_is_that_of_the_distribution() -> None:
    assert streamlib.__version__ == metadata.version("streamlib")


@pytest.mark.promise("repository.typed")
def test_the_package_says_that_it_is_typed() -> None:
    assert resources.files("streamlib").joinpath("py.typed").is_file()
