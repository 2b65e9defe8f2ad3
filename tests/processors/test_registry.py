"""Processor types by name, from code and from installed distributions."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from streamlib.errors import DeclarationError, MissingExtraError, UnknownTypeError
from streamlib.frames.stamped import Stamped
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkInput
from streamlib.processors.processor import Processor
from streamlib.processors.registry import ProcessorRegistry

GROUP = "streamlib.tests.processors"
Offer = Callable[[str, str], None]


class Sink(Processor):
    """A processor to register."""

    frames = LinkInput(Stamped)

    def process(self, ctx: ProcessContext) -> None: ...


SINK = Sink


class Abstract(Processor):
    """A processor that cannot be made."""


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Installs a distribution: its name, and the lines of its entry points."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(distribution: str, lines: str) -> None:
        info = tmp_path / f"{distribution}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}\n")

    return install


def test_a_registered_type_is_found_by_its_name() -> None:
    registry = ProcessorRegistry(GROUP)
    registry.register(Sink)
    registry.register(Sink, name="Drain")
    assert registry.resolve("Sink") is registry.resolve("Drain") is Sink
    assert registry.names() == ("Drain", "Sink")
    assert [name in registry for name in ("Drain", "Sink", "Sank")] == [True, True, False]


def test_a_class_defined_anew_replaces_the_earlier_one() -> None:
    registry = ProcessorRegistry(GROUP)
    registry.register(Sink)
    anew = type("Sink", (Sink,), {})
    registry.register(anew)
    assert registry.resolve("Sink") is anew


def test_two_registries_share_nothing() -> None:
    ProcessorRegistry(GROUP).register(Sink)
    assert ProcessorRegistry(GROUP).names() == ()


@pytest.mark.promise("error.nearest")
def test_an_unknown_type_is_named_with_the_nearest() -> None:
    registry = ProcessorRegistry(GROUP)
    registry.register(Sink)
    with pytest.raises(UnknownTypeError, match="no processor type 'Snk'; did you mean 'Sink'") as caught:
        registry.resolve("Snk")
    assert caught.value.processor_type == "Snk"


@pytest.mark.promise("processor.registry")
def test_an_installed_type_is_known_by_name_and_imported_when_asked_for(offer: Offer, tmp_path: Path) -> None:
    (tmp_path / "lazy_plugin.py").write_text(f"from {__name__} import SINK")
    offer("lazy-plugin", "Lazy = lazy_plugin:SINK")
    registry = ProcessorRegistry(GROUP)
    assert registry.names() == ("Lazy",)
    assert "lazy_plugin" not in sys.modules
    assert registry.resolve("Lazy").__name__ == "Sink"


@pytest.mark.promise("processor.registry")
def test_a_broken_distribution_is_named_and_does_not_break_the_others(offer: Offer, tmp_path: Path) -> None:
    (tmp_path / "broken_plugin.py").write_text("raise RuntimeError('no licence')")
    offer("broken-plugin", "Broken = broken_plugin:Broken")
    offer("good-plugin", f"Good = {__name__}:SINK")
    registry = ProcessorRegistry(GROUP)
    with pytest.raises(DeclarationError, match=r"Broken of broken-plugin 1\.2 .*cannot be imported: no licence"):
        registry.resolve("Broken")
    assert registry.resolve("Good").__name__ == "Sink"
    assert registry.names() == ("Broken", "Good")


def test_a_missing_extra_speaks_for_itself(offer: Offer, tmp_path: Path) -> None:
    (tmp_path / "needy_plugin.py").write_text(
        "from streamlib.errors import MissingExtraError\nraise MissingExtraError('Microphone', 'audio')"
    )
    offer("needy-plugin", "Microphone = needy_plugin:Microphone")
    with pytest.raises(MissingExtraError, match=r"streamlib\[audio\]"):
        ProcessorRegistry(GROUP).resolve("Microphone")


def test_an_entry_point_to_something_else_is_refused(offer: Offer) -> None:
    offer("odd-plugin", "Odd = pathlib:Path")
    with pytest.raises(DeclarationError, match=r"Odd of odd-plugin 1\.2 \(pathlib:Path\) is no processor class"):
        ProcessorRegistry(GROUP).resolve("Odd")


def test_a_name_that_two_distributions_offer_is_refused_with_both(offer: Offer) -> None:
    offer("one-plugin", f"Twice = {__name__}:SINK")
    offer("two-plugin", f"Twice = {__name__}:Sink")
    with pytest.raises(DeclarationError, match=r"Twice is offered by .*one-plugin 1\.2"):
        ProcessorRegistry(GROUP).resolve("Twice")


def test_a_registered_type_goes_before_an_installed_one(offer: Offer) -> None:
    offer("one-plugin", "Sink = pathlib:Path")
    registry = ProcessorRegistry(GROUP)
    registry.register(Sink)
    assert registry.resolve("Sink") is Sink


@pytest.mark.parametrize("wrong", [Processor, int, "Sink"])
def test_what_is_no_processor_cannot_be_registered(wrong: type[Processor]) -> None:
    with pytest.raises(DeclarationError, match="is no processor class; register a subclass of Processor"):
        ProcessorRegistry(GROUP).register(wrong)


def test_an_abstract_processor_cannot_be_registered() -> None:
    with pytest.raises(DeclarationError, match="Abstract is abstract"):
        ProcessorRegistry(GROUP).register(Abstract)


def test_a_type_is_described_under_the_name_that_it_is_registered_by() -> None:
    registry = ProcessorRegistry(GROUP)
    registry.register(Sink)
    registry.register(Sink, "Drain")
    assert registry.describe("Sink") is Sink.declaration.descriptor
    assert registry.describe("Drain").name == "Drain"
    with pytest.raises(UnknownTypeError, match="did you mean 'Drain'"):
        registry.describe("Drian")


def test_a_type_is_from_a_distribution_or_from_a_module(offer: Offer) -> None:
    offer("one-plugin", f"Sink = {__name__}:Sink")
    registry = ProcessorRegistry(GROUP)
    assert registry.origin("Sink") == "one-plugin 1.2"
    registry.resolve("Sink")
    assert registry.origin("Sink") == "one-plugin 1.2"
    registry.register(type("Sink", (Sink,), {}))
    assert registry.origin("Sink") == __name__
    assert registry.origin("Nothing") == ""


def test_a_registry_says_how_many_types_it_knows() -> None:
    registry = ProcessorRegistry("no.such.group")
    assert repr(registry) == "<ProcessorRegistry of 0 types>"
