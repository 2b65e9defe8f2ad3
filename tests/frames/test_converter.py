from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from streamlib.errors import FormatError
from streamlib.frames.converter import GROUP, find_converter, size_within


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


def test_a_sampler_of_the_same_group_is_no_converter(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = EntryPoints([EntryPoint("aa.sampler", f"{__name__}:OursInTest", GROUP)])
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries.select(group=group))
    with pytest.raises(FormatError, match="pip install streamlib"):
        find_converter()


def test_a_picture_is_scaled_down_into_a_box_and_keeps_its_proportions() -> None:
    assert size_within(1920, 1080) == (1920, 1080)
    assert size_within(1920, 1080, 320, 320) == (320, 180)
    assert size_within(1080, 1920, 320, 320) == (180, 320)
    assert size_within(1920, 1080, 0, 540) == (960, 540)
    assert size_within(100, 50, 320, 320) == (100, 50)
    assert size_within(4000, 1, 320, 320) == (320, 1)


def test_without_one_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch)
    with pytest.raises(FormatError, match="pip install streamlib"):
        find_converter()
