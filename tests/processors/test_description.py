"""What a class says of itself, as descriptors."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import msgspec
import pytest

from streamlib.errors import DeclarationError
from streamlib.frames import AudioFrame, DataFrame, VideoFrame
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.description import config_json_schema, described_fields, json_value
from streamlib.processors.execution_mode import ProcessExecution
from streamlib.processors.function import processor
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.processors.registry import ProcessorRegistry
from streamlib.schema.descriptors import AudioRequirements, ProcessorDescriptor
from streamlib.schema.types import Float32


class Shape(Enum):
    ROUND = "round"
    FLAT = "flat"


class Made(msgspec.Struct):
    n: int = 0


class Count(msgspec.Struct):
    """A count."""

    n: Float32


class Everything(Processor):
    """Does everything. At once.

    Attributes:
        video: What to see.
        counts: How many there are.
    """

    class Config(ProcessorConfig):
        """What to do.

        Attributes:
            shape: How it looks.
            files: Where to look.
        """

        path: Path
        shape: Live[Shape] = Shape.ROUND
        rate: Annotated[float, msgspec.Meta(gt=0, description="In Hz.")] = 2.0
        files: list[Path] = msgspec.field(default_factory=list)
        kind: type = int
        made: Made = msgspec.field(default_factory=Made)
        call: Callable[..., Any] | None = None
        where: Path = Path("there")
        long: str = "x" * 100

    video = LinkInput(VideoFrame, delivery="latest", capacity=2)
    sound = LinkInput(AudioFrame, audio=AudioRequirements(rates=48_000))
    counts = LinkOutput(DataFrame, schema=Count)
    execution = ProcessExecution.continuous(interval_ms=10)
    placement = "realtime"
    error_policy = "fail"
    wake = "all"
    version = "1.3.0"
    examples = ({"path": "in.txt"}, "runtime.add_processor(Everything, path='in.txt')")

    def process(self, ctx: object) -> None:
        pass


@pytest.mark.promise("schema.descriptors")
def test_a_descriptor_has_all_that_the_class_declares() -> None:
    descriptor = Everything.declaration.descriptor
    assert descriptor.description == "Does everything. At once."
    assert (descriptor.name, descriptor.version, descriptor.summary) == ("Everything", "1.3.0", "Does everything.")
    assert (descriptor.execution, descriptor.wake) == ("continuous every 10 ms", "all")
    assert (descriptor.placement, descriptor.error_policy, descriptor.live) == ("realtime", "fail", False)
    video, sound = descriptor.inputs
    assert (video.carries, video.delivery, video.capacity, video.doc) == ("VideoFrame", "latest", 2, "What to see.")
    assert sound.carries == "AudioFrame of 48000 Hz"
    assert descriptor.outputs[0].carries == "DataFrame of Count 1.0.0"
    assert [str(schema) for schema in descriptor.schemas()][-1] == "Count 1.0.0"
    assert [example.config for example in descriptor.examples] == [{"path": "in.txt"}, None]


@pytest.mark.promise("schema.descriptors")
def test_a_descriptor_is_derived_once() -> None:
    assert Everything.declaration.descriptor is Everything.declaration.descriptor


@pytest.mark.promise("schema.descriptors")
def test_a_config_field_says_its_type_default_and_whether_it_is_live() -> None:
    fields = {field.name: field for field in described_fields(Everything.declaration.config)}
    assert (fields["path"].required, fields["path"].default) == (True, "")
    shape = fields["shape"]
    assert (shape.type, shape.default, shape.live, shape.doc) == ("'round' | 'flat'", "'round'", True, "How it looks.")
    assert (fields["rate"].doc, fields["rate"].live) == ("In Hz.", False)
    defaults = {name: field.default for name, field in fields.items()}
    assert (defaults["files"], defaults["kind"], defaults["made"]) == ("[]", "int", "Made()")
    assert (defaults["where"], defaults["call"], len(defaults["long"])) == ("'there'", "None", 60)


@pytest.mark.promise("schema.json-schema")
def test_the_json_schema_of_a_config_accepts_its_values_and_no_others() -> None:
    schema = config_json_schema(Everything.declaration.config)
    validator = jsonschema.Draft202012Validator(schema)
    validator.check_schema(schema)
    assert schema["required"] == ["path"]
    assert validator.is_valid({"path": "a", "shape": "flat", "rate": 1, "files": ["b"], "made": {"n": 1}})
    wrong: list[dict[str, object]] = [{}, {"path": 1}, {"path": "a", "rate": 0}, {"path": "a", "x": 1}]
    assert not any(validator.is_valid(config) for config in [*wrong, {"path": "a", "shape": "square"}])
    assert schema["properties"]["shape"]["x-live"] is True
    assert schema["properties"]["shape"]["default"] == "round"
    assert schema["properties"]["where"]["default"] == "there"
    assert "default" not in schema["properties"]["kind"]
    assert schema["properties"]["rate"]["description"] == "In Hz."


@pytest.mark.promise("schema.json-schema")
@pytest.mark.parametrize("name", ProcessorRegistry().names())
def test_every_installed_type_has_a_descriptor_that_goes_through_json(name: str) -> None:
    descriptor = ProcessorRegistry().describe(name)
    assert ProcessorDescriptor.from_json(descriptor.to_json()) == descriptor
    jsonschema.Draft202012Validator.check_schema(descriptor.config_schema)
    assert descriptor.summary
    assert descriptor.to_markdown()


def test_a_function_is_described_by_its_docstring_and_settings() -> None:
    @processor
    def fade(frame: VideoFrame, by: float = 0.5) -> VideoFrame:
        """Fades pictures."""
        return frame

    descriptor = fade.declaration.descriptor
    assert (descriptor.name, descriptor.description) == ("fade", "Fades pictures.")
    assert [(field.name, field.default, field.live) for field in descriptor.config] == [("by", "0.5", True)]


@pytest.mark.parametrize(
    ("examples", "words"),
    [
        (({"n": "many"},), r"Wrong\.examples\[0\]: Wrong\.n: expected int"),
        (({"n": 1}, {"m": 1}), r"Wrong\.examples\[1\]: Wrong has no config field 'm'"),
        (("for",), r"Wrong\.examples\[0\] is no Python"),
        (("x = '\0'",), r"Wrong\.examples\[0\] is no Python"),
        ((3,), r"Wrong\.examples\[0\] is 3; write a config as a mapping, or code"),
        (({"kind": int},), r"Wrong\.examples\[0\]: type is no value of JSON; write what needs more as code"),
        ({"n": 1}, r"Wrong\.examples is dict; write a tuple of configs or of code"),
        ("code", r"Wrong\.examples is str; write a tuple"),
        (None, r"Wrong\.examples is NoneType; write a tuple"),
    ],
)
@pytest.mark.promise("schema.descriptors")
def test_an_example_that_would_not_work_is_refused_with_the_class(examples: Any, words: str) -> None:
    given = examples

    class Config(ProcessorConfig):
        n: int = 0
        kind: type = str

    with pytest.raises(DeclarationError, match=words):
        type("Wrong", (Processor,), {"Config": Config, "examples": given, "process": Everything.process})


def test_code_in_an_example_is_moved_to_the_margin() -> None:
    class Indented(Processor):
        examples = (
            """
            if True:
                runtime.start()
            """,
        )

        def process(self, ctx: object) -> None:
            pass

    assert Indented.declaration.examples[0].code == "if True:\n    runtime.start()"


def test_a_value_of_json_has_its_paths_as_text() -> None:
    assert json_value({"a": Path("x"), "b": (1, 2)}) == {"a": "x", "b": [1, 2]}


@pytest.mark.promise("schema.descriptors")
def test_making_a_class_derives_no_descriptor() -> None:
    program = (
        "import streamlib.processors.declaration as d; d._described = None\n"
        "from streamlib import Processor\n"
        "class A(Processor):\n    def process(self, ctx): pass\n"
        "print(A.declaration._descriptor)"
    )
    output = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=30)
    assert output.stdout.strip() == "None"
