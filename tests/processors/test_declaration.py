"""What a class declares, and what is wrong with one that cannot be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import wraps
from typing import Any

import pytest

from streamlib.errors import DeclarationError, UnknownPortError
from streamlib.frames.stamped import Stamped
from streamlib.frames.video import VideoFrame
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext
from streamlib.processors.execution_mode import ErrorPolicy, ExecutionMode, Placement, ProcessExecution, Wake
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor


class Sound(Stamped, frozen=True, gc=False, eq=False):
    """Another frame class."""


class Filter(Processor):
    """A processor with both kinds of port."""

    video_in = LinkInput(VideoFrame, delivery="latest")
    sound_in = LinkInput(Sound)
    video_out = LinkOutput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None: ...


def made(name: str = "Made", base: type[Processor] = Filter, **body: object) -> type[Processor]:
    """A processor class with this body, for bodies that no author could write down twice."""
    return type(name, (base,), body)


def process(self: Processor, ctx: ProcessContext) -> None: ...


def test_ports_are_listed_in_the_order_of_the_class_body() -> None:
    assert list(Filter.declaration.inputs) == ["video_in", "sound_in"]
    assert list(Filter.declaration.outputs) == ["video_out"]


def test_ports_are_taken_out_of_the_class() -> None:
    assert not {"video_in", "sound_in", "video_out"} & vars(Filter).keys()
    assert not hasattr(Filter, "video_in")


def test_a_declaration_tells_what_the_class_says() -> None:
    class Mixer(Filter):
        execution = ProcessExecution.manual()
        placement = "realtime"
        error_policy = "stop"
        wake = "all"
        live = True

    declaration = Mixer.declaration
    assert declaration.type_name == "Mixer"
    assert declaration.processor is Mixer
    assert declaration.execution == ProcessExecution.manual()
    assert (declaration.placement, declaration.error_policy) == (Placement.REALTIME, ErrorPolicy.STOP)
    assert (declaration.wake, declaration.live) == (Wake.ALL, True)
    assert declaration.config_type is ProcessorConfig


def test_a_processor_with_inputs_is_reactive_and_one_without_continuous() -> None:
    source = made(base=Processor, out=LinkOutput(VideoFrame), process=process)
    assert Filter.declaration.execution.mode is ExecutionMode.REACTIVE
    assert source.declaration.execution == ProcessExecution.continuous()


def test_a_reactive_processor_needs_no_input() -> None:
    woken = made(base=Processor, process=process, execution=ProcessExecution.reactive())
    assert woken.declaration.execution.mode is ExecutionMode.REACTIVE


def test_a_subclass_inherits_ports_and_may_override_and_add() -> None:
    class Wider(Filter):
        video_in = LinkInput(VideoFrame, capacity=3)
        extra_out = LinkOutput(Sound)

    assert list(Wider.declaration.inputs) == ["video_in", "sound_in"]
    assert Wider.declaration.inputs["video_in"].capacity == 3
    assert list(Wider.declaration.outputs) == ["video_out", "extra_out"]
    assert Filter.declaration.inputs["video_in"].capacity == 8


def test_an_unknown_port_is_named_with_the_nearest() -> None:
    assert Filter.declaration.input("video_in") is Filter.declaration.inputs["video_in"]
    assert Filter.declaration.output("video_out") is Filter.declaration.outputs["video_out"]
    with pytest.raises(UnknownPortError, match="Filter has no input port 'vide_in'; did you mean 'video_in'"):
        Filter.declaration.input("vide_in")
    with pytest.raises(UnknownPortError, match="no output port 'video'"):
        Filter.declaration.output("video")


def test_an_abstract_class_may_have_ports_without_process() -> None:
    class Ports(Processor, abstract=True):
        video_in = LinkInput(VideoFrame)

    sink = made(base=Ports, process=process)
    assert Ports.declaration.abstract
    assert not sink.declaration.abstract
    assert list(sink.declaration.inputs) == ["video_in"]


def test_a_class_without_ports_and_process_is_abstract() -> None:
    class Shared(Processor):
        placement = "main"
        execution = ProcessExecution.continuous(interval_ms=16)

    assert Shared.declaration.abstract
    assert made(base=Shared, process=process).declaration.placement is Placement.MAIN


def test_ports_without_process_are_refused() -> None:
    with pytest.raises(DeclarationError, match=r"Made has ports and no process\(self, ctx\)"):
        made(base=Processor, video_in=LinkInput(VideoFrame))


def test_an_async_process_is_declared_as_one_unless_it_is_manual() -> None:
    async def later(self: Processor, ctx: ProcessContext) -> None: ...

    assert made(process=later).declaration.is_async
    with pytest.raises(DeclarationError, match="is manual and is called by step"):
        made(process=later, execution=ProcessExecution.manual())


def test_a_process_without_context_is_refused() -> None:
    def forgetful(self: Processor) -> None: ...

    with pytest.raises(DeclarationError, match=r"write def process\(self, ctx\)"):
        made(process=forgetful)


@pytest.mark.parametrize("name", ["config", "process", "setup", "live", "declaration", "wake", "Config"])
def test_a_port_cannot_take_a_name_that_every_processor_has(name: str) -> None:
    with pytest.raises(DeclarationError, match=f"every processor has '{name}' already"):
        type("Made", (Filter,), {name: LinkInput(VideoFrame)})


@pytest.mark.parametrize("name", ["_hidden", "two words", "class", "1st"])
def test_a_port_has_a_plain_name(name: str) -> None:
    with pytest.raises(DeclarationError, match="plain Python name"):
        type("Made", (Filter,), {name: LinkInput(VideoFrame)})


def test_a_port_cannot_hide_a_method_of_its_base() -> None:
    class Named(Filter):
        def label(self) -> str:
            return "label"

    with pytest.raises(DeclarationError, match="every processor has 'label' already"):
        made(base=Named, label=LinkOutput(VideoFrame))


@pytest.mark.parametrize("other", [3, LinkOutput(VideoFrame)])
def test_an_inherited_port_cannot_become_something_else(other: object) -> None:
    with pytest.raises(DeclarationError, match=r"Made\.video_in is an inherited LinkInput"):
        made(video_in=other)


def test_two_bases_cannot_use_one_name_for_an_input_and_an_output() -> None:
    other = made("Other", base=Processor, video_out=LinkInput(VideoFrame), process=process)
    with pytest.raises(
        DeclarationError, match=r"Both\.video_out is an inherited Link\w+put and cannot be anything else"
    ):
        type("Both", (Filter, other), {})


def test_one_port_object_has_one_name() -> None:
    port = LinkInput(VideoFrame)
    with pytest.raises(DeclarationError, match=r"Made\.second is the same object as the port 'first'"):
        made(first=port, second=port)


def test_a_plain_class_cannot_lend_ports() -> None:
    class Lender:
        video = LinkInput(VideoFrame)

    with pytest.raises(DeclarationError, match=r"write class Lender\(Processor, abstract=True\)"):
        type("Made", (Lender, Filter), {})


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("placement", "realtme", "Made.placement is 'realtme'; did you mean 'realtime'"),
        ("error_policy", "ignore", "Made.error_policy is 'ignore'"),
        ("wake", "both", "Made.wake is 'both'"),
        ("execution", "reactive", "Made.execution is 'reactive'; known: ProcessExecution.continuous()"),
    ],
)
def test_an_unknown_setting_is_named_with_the_known_ones(setting: str, value: Any, words: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        made(**{setting: value})
    assert words in str(caught.value)


@pytest.mark.parametrize(("limits", "shown"), [(3, 3), ({"max": 3}, 3), (None, 3), (7, 7)])
def test_restart_limits_that_are_none_are_refused_with_what_to_write(limits: Any, shown: int) -> None:
    with pytest.raises(DeclarationError) as caught:
        made(restart_limits=limits)
    assert str(caught.value) == f"Made.restart_limits is {limits!r}; write RestartLimits(attempts={shown})"


def test_a_processor_that_frames_call_cannot_be_placed_on_the_main_thread() -> None:
    """It has its turns there, and the cure is to be called at intervals."""
    with pytest.raises(DeclarationError, match=r"Made\.placement is 'main'.*continuous\(interval_ms=16\) in Made"):
        made(placement="main")
    window = made(placement="main", execution=ProcessExecution.continuous(interval_ms=16))
    assert window.declaration.placement is Placement.MAIN


def test_only_a_processor_with_outputs_can_be_live() -> None:
    with pytest.raises(DeclarationError, match="Made is live and has no output"):
        made(base=Processor, video_in=LinkInput(VideoFrame), process=process, live=True)


def test_a_config_that_is_declared_wrongly_is_found_when_the_class_is_made() -> None:
    with pytest.raises(DeclarationError, match=r"Made\.Config is no ProcessorConfig"):
        made(Config=dict)


def test_a_version_that_is_none_is_refused_with_the_class() -> None:
    with pytest.raises(DeclarationError, match=r"Made\.version: '2' is no semantic version"):
        made(version="2")


@pytest.mark.promise("schema.descriptors")
def test_a_declaration_has_its_descriptor_and_one_made_of_it_has_its_own() -> None:
    declaration = made(base=Processor, video_in=LinkInput(VideoFrame), process=process, version="1.1.0").declaration
    assert [port.name for port in declaration.descriptor.inputs] == ["video_in"]
    assert declaration.descriptor.version == "1.1.0"
    other = replace(declaration, inputs={})
    assert (other.descriptor.inputs, len(declaration.descriptor.inputs)) == ((), 1)


def test_a_process_that_yields_is_refused() -> None:
    """It was called and never ran, without a word."""

    def process(self: Any, ctx: ProcessContext) -> Iterator[None]:
        yield self.video_in.read()

    with pytest.raises(DeclarationError, match=r"Made.process is a generator.* write frames to an output"):
        made(process=process)


def test_what_is_called_around_process_has_to_be_callable_so() -> None:
    """It was known at the start, or with the file unfinished at the end; what was async never ran."""

    def bare(self: Any) -> None: ...

    def told(self: Any, ctx: ProcessContext) -> None: ...

    async def later(self: Any, ctx: ProcessContext) -> None: ...

    refused: list[tuple[dict[str, Any], str]] = [
        ({"setup": bare}, r"Made.setup is called with a context; write def setup\(self, ctx\)"),
        ({"flush": bare}, r"Made.flush is called with a context; write def flush\(self, ctx\)"),
        ({"teardown": told}, r"Made.teardown is called without a context; write def teardown\(self\)"),
        ({"setup": staticmethod(told)}, r"Made.setup is called with a context"),
        ({"process": staticmethod(told)}, r"Made.process is called with a context"),
        ({"teardown": classmethod(told)}, r"Made.teardown is called without a context"),
        ({"setup": later}, r"Made.setup is async, and nobody awaits it; write def setup\(self, ctx\)"),
    ]
    for methods, words in refused:
        with pytest.raises(DeclarationError, match=words):
            made(**methods)
    made(setup=told, flush=told, teardown=bare)


def nothing() -> None: ...


def one(ctx: Any) -> None: ...


def two(self: Any, ctx: Any) -> None: ...


def injecting(method: Callable[..., None]) -> Callable[..., None]:
    """Calls it with one argument more."""

    @wraps(method)
    def with_one_more(self: Any, ctx: Any) -> None:
        method(self, ctx, "a database")

    return with_one_more


@injecting
def three(self: Any, ctx: Any, database: str) -> None: ...


class Called:
    """Is called, and is no function."""

    def __call__(self, ctx: Any) -> None: ...


@pytest.mark.parametrize("held", [classmethod(two), staticmethod(one), three, Called()])
def test_a_method_may_stand_in_a_class_in_any_way_in_which_it_can_be_called(held: Any) -> None:
    """A decorated one was taken for what it wraps, and one that is not called with the instance for one that is."""
    instance = made(setup=held, process=held, flush=held)()
    for method in (instance.setup, instance.process, instance.flush):
        method(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("held", [classmethod(one), staticmethod(nothing)])
def test_so_may_one_that_is_called_with_nothing(held: Any) -> None:
    made(teardown=held)().teardown()
