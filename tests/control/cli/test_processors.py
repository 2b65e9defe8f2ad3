"""`streamlib processors`: the list, one type, and what is no type."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import msgspec
import pytest
from rich.console import Console
from typer.testing import CliRunner

from streamlib.control.cli.app import app
from streamlib.control.cli.processors import Form, show_processor, show_processors
from streamlib.errors import MissingExtraError
from streamlib.frames import DataFrame, VideoFrame
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.processors.registry import ProcessorRegistry
from streamlib.schema.descriptors import ProcessorDescriptor

runner = CliRunner()


class Count(msgspec.Struct):
    """A count."""

    n: int


class Counter(Processor):
    """Counts [all] pictures. Slowly."""

    class Config(ProcessorConfig):
        first: int
        kinds: list[int] = msgspec.field(default_factory=list)

    video = LinkInput(VideoFrame)
    counts = LinkOutput(DataFrame, schema=Count)
    placement = "realtime"
    examples = ({"first": 1}, "print('counted')")

    def process(self, ctx: ProcessContext) -> None:
        """Does nothing."""


class Absent(Counter):
    """A type that needs what is not installed."""


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> ProcessorRegistry:
    made = ProcessorRegistry("streamlib.none")
    made.register(Counter)
    made.register(Absent)
    describe = ProcessorRegistry.describe

    def refusing(self: ProcessorRegistry, name: str) -> ProcessorDescriptor:
        if name == "Absent":
            raise MissingExtraError(name, "gpu")
        return describe(self, name)

    monkeypatch.setattr(ProcessorRegistry, "describe", refusing)
    return made


def _shown(show: Callable[[Console], None]) -> str:
    console = Console(file=io.StringIO(), width=160)
    show(console)
    return str(console.file.getvalue())  # type: ignore[attr-defined]


@pytest.mark.promise("cli.processors")
def test_the_list_says_what_each_does_its_ports_and_where_it_is_from() -> None:
    shown = runner.invoke(app, ["processors"])
    assert shown.exit_code == 0
    for words in ("H264Encoder", "video: VideoFrame", "packets: EncodedPacket", "streamlib 0.", "Mp4Writer"):
        assert words in shown.output


def test_the_list_can_be_had_as_json_and_as_markdown() -> None:
    listed = json.loads(runner.invoke(app, ["processors", "--json"]).output)
    assert {"VideoScaler", "PushSource"} <= {one["name"] for one in listed}
    assert all(one["from"] and one["description"] for one in listed)
    assert "| `H264Encoder` | Encodes pictures" in runner.invoke(app, ["processors", "--markdown"]).output


@pytest.mark.promise("cli.processors")
def test_one_type_is_shown_with_ports_config_and_how_it_runs() -> None:
    shown = runner.invoke(app, ["processors", "H264Encoder"])
    assert shown.exit_code == 0
    for words in ("H264Encoder 1.0.0", "packets", "bitrate", "4000000", "is applied live", "placement", "reactive"):
        assert words in shown.output


@pytest.mark.promise("cli.processors")
def test_one_type_can_be_had_as_json_and_as_markdown() -> None:
    descriptor = ProcessorDescriptor.from_json(runner.invoke(app, ["processors", "H264Encoder", "--json"]).output)
    assert descriptor == ProcessorRegistry().describe("H264Encoder")
    shown = runner.invoke(app, ["processors", "H264Encoder", "--markdown"])
    assert shown.output.rstrip() == descriptor.to_markdown().rstrip()


@pytest.mark.promise("cli.processors")
def test_an_unknown_type_is_refused_with_the_nearest() -> None:
    shown = runner.invoke(app, ["processors", "H264Encder"], terminal_width=200)
    said = " ".join(shown.output.replace("│", "").split())
    assert (shown.exit_code, "did you mean 'H264Encoder'" in said) == (2, True)


def test_json_and_markdown_at_once_are_refused() -> None:
    assert runner.invoke(app, ["processors", "--json", "--markdown"]).exit_code == 2


def test_a_type_that_cannot_be_imported_is_listed_with_the_reason(registry: ProcessorRegistry) -> None:
    shown = _shown(lambda console: show_processors(registry, Form.TABLE, console))
    assert "streamlib[gpu]" in " ".join(shown.split())
    assert "Counts [all] pictures." in shown
    listed = json.loads(_shown(lambda console: show_processors(registry, Form.JSON, console)))
    assert [one["name"] for one in listed if "problem" in one] == ["Absent"]


def test_a_type_that_cannot_be_imported_fails_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: ProcessorRegistry, name: str) -> ProcessorDescriptor:
        raise MissingExtraError(name, "gpu")

    monkeypatch.setattr(ProcessorRegistry, "describe", refuse)
    shown = runner.invoke(app, ["processors", "Blur"])
    assert (shown.exit_code, "streamlib[gpu]" in shown.output) == (1, True)


def test_a_page_has_examples_schemas_and_what_is_required(registry: ProcessorRegistry) -> None:
    shown = _shown(lambda console: show_processor(registry, "Counter", Form.TABLE, console))
    words = (
        "Counts [all] pictures. Slowly.",
        "DataFrame of Count 1.0.0",
        "required",
        "list[int]",
        "[]",
        "realtime",
        "int64",
        'runtime.add_processor("Counter", first=1)',
        "print('counted')",
        __name__,
    )
    assert [word for word in words if word not in shown] == []
