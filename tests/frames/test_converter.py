from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from streamlib.errors import FormatError
from streamlib.frames.converter import GROUP, find_converter


class OursInTest:
    """Stands for a converter that an entry point names."""


class AnotherInTest:
    """Stands for a third party's."""


@pytest.fixture(autouse=True)
def looked_up_anew() -> Iterator[None]:
    find_converter.cache_clear()
    yield
    find_converter.cache_clear()


def installed(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    entries = EntryPoints(EntryPoint(name, f"{__name__}:{value}", GROUP) for name, value in values.items())
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries.select(group=group))


def loads(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = {f"{__name__}:{made.__name__}": made for made in (OursInTest, AnotherInTest)}
    monkeypatch.setattr(EntryPoint, "load", lambda self: classes[self.value])


@pytest.mark.promise("frame.converters")
def test_the_installed_converter_is_found_and_made_once() -> None:
    assert type(find_converter()).__name__ == "AvConverter"
    assert find_converter() is find_converter()


def test_ours_is_taken_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, aa="AnotherInTest", av="OursInTest")
    loads(monkeypatch)
    assert isinstance(find_converter(), OursInTest)


def test_another_is_taken_where_ours_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, zz="AnotherInTest")
    loads(monkeypatch)
    assert isinstance(find_converter(), AnotherInTest)


def test_without_one_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    with pytest.raises(FormatError, match="pip install streamlib"):
        find_converter()
