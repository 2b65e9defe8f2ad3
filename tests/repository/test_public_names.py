"""The public names: what `__all__` has, what loads, and what the reference shows are the same."""

from __future__ import annotations

import ast
import importlib
import re
from importlib import metadata, resources
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
