"""The contract as an author meets it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import assert_type

import numpy as np
import pytest

from streamlib.errors import ConfigError, DeclarationError
from streamlib.frames.video import VideoFrame
from streamlib.links.reader import PlugReader
from streamlib.links.writer import PlugWriter
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from tests.processors.contexts import process_context, runtime_context


class Invert(Processor):
    """Inverts the colours of every frame, as the documentation writes it."""

    class Config(ProcessorConfig):
        """How much."""

        strength: Live[float] = 1.0

    config: Config
    video_in = LinkInput(VideoFrame, delivery="latest")
    video_out = LinkOutput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.video_in.read()
        assert_type(frame, VideoFrame | None)
        assert_type(self.config.strength, float)
        if frame is not None:
            self.video_out.write(frame.with_pixels(255 - frame.to_ndarray("rgb24")))


class OneFrame:
    """A reading end that holds one frame, and a writing end that keeps what is written."""

    def __init__(self, frame: VideoFrame) -> None:
        self.held: VideoFrame | None = frame
        self.written: list[VideoFrame] = []

    def read(self) -> VideoFrame | None:
        frame, self.held = self.held, None
        return frame

    def write(self, frame: VideoFrame) -> None:
        self.written.append(frame)


@pytest.mark.promise("processor.one-contract")
def test_a_processor_reads_what_comes_in_and_writes_what_comes_of_it() -> None:
    invert = Invert()
    link = OneFrame(VideoFrame.from_ndarray(np.zeros((2, 2, 3), np.uint8)))
    for port in ("video_in", "video_out"):
        setattr(invert, port, link)
    invert.process(process_context())
    invert.process(process_context())
    assert [int(frame.to_ndarray("rgb24").min()) for frame in link.written] == [255]


@pytest.mark.promise("processor.from-config")
def test_an_instance_is_made_from_its_config() -> None:
    assert Invert.from_config(Invert.Config(strength=0.5)).config.strength == 0.5
    assert Invert.from_config({"strength": 0.5}).config.strength == 0.5
    assert Invert.from_config().config.strength == 1.0


def test_a_wrong_config_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"Invert\.strength: expected float, got str"):
        Invert({"strength": "much"})


def test_ports_are_plugs_until_links_are_wired() -> None:
    invert = Invert()
    assert {name: type(port) for name, port in vars(invert).items() if name != "config"} == {
        "video_in": PlugReader,
        "video_out": PlugWriter,
    }
    invert.process(process_context())


def test_two_instances_have_ports_of_their_own() -> None:
    assert Invert().video_in is not Invert().video_in


def test_methods_that_an_author_leaves_out_do_nothing() -> None:
    invert = Invert()
    invert.setup(runtime_context())
    invert.flush(process_context())
    invert.config_changed(invert.config)
    invert.teardown()
    assert not Invert.exclusive(invert.config)


@pytest.mark.promise("processor.one-contract")
def test_a_subclass_has_its_own_config_beside_the_inherited_one() -> None:
    class File(Invert):
        class Config(Invert.Config):
            path: str

        config: Config

        @classmethod
        def exclusive(cls, config: File.Config) -> Collection[str]:
            return (f"file:{config.path}",)

        def setup(self, ctx: RuntimeContext) -> None: ...

    made = File.from_config({"path": "a", "strength": 2})
    assert File.exclusive(made.config) == ("file:a",)
    assert made.declaration.config.live == {"strength"}


def test_an_abstract_processor_cannot_be_made() -> None:
    class Shared(Processor):
        """Neither ports nor process."""

    with pytest.raises(DeclarationError, match="Shared has no process"):
        Shared()


def test_an_init_that_forgets_its_base_is_named() -> None:
    class Forgetful(Invert):
        def __init__(self, config: ProcessorConfig | Mapping[str, object] | None = None) -> None:
            self.seen = config

    with pytest.raises(DeclarationError, match=r"Forgetful.__init__ begins with super\(\).__init__\(config\)"):
        Forgetful.from_config()


def test_the_contract_itself_has_no_process() -> None:
    with pytest.raises(DeclarationError, match="filter_0: Invert has no process"):
        Processor.process(Invert(), process_context())


def test_an_init_that_takes_no_config_is_told_how_to_begin() -> None:
    class Bare(Processor):
        def __init__(self) -> None:
            super().__init__()

        def process(self, ctx: ProcessContext) -> None: ...

    with pytest.raises(DeclarationError, match=r"write def __init__\(self, config=None\)"):
        Bare.from_config()
