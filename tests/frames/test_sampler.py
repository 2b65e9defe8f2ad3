from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from streamlib.errors import FormatError
from streamlib.frames.converter import GROUP
from streamlib.frames.sampler import find_sampler


class OursInTest:
    """Stands for a sampler that an entry point names."""


class AnotherInTest:
    """Stands for a third party's."""


@pytest.fixture(autouse=True)
def looked_up_anew() -> Iterator[None]:
    find_sampler.cache_clear()
    yield
    find_sampler.cache_clear()


def installed(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    entries = EntryPoints(EntryPoint(name.replace("_", "."), value, GROUP) for name, value in values.items())
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries.select(group=group))
    classes = {made.__name__: made for made in (OursInTest, AnotherInTest)}
    monkeypatch.setattr(EntryPoint, "load", lambda self: classes[self.value])


def test_the_installed_sampler_is_found_and_made_once() -> None:
    assert type(find_sampler()).__name__ == "AvSampler"
    assert find_sampler() is find_sampler()


def test_ours_is_taken_where_there_are_several(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, aa_sampler="AnotherInTest", av_sampler="OursInTest")
    assert isinstance(find_sampler(), OursInTest)


def test_another_is_taken_where_ours_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, zz_sampler="AnotherInTest")
    assert isinstance(find_sampler(), AnotherInTest)


def test_a_converter_of_the_same_group_is_no_sampler(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, av="OursInTest")
    with pytest.raises(FormatError, match="pip install streamlib"):
        find_sampler()
