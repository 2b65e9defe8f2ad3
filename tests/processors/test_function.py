"""Processors made of functions."""

from __future__ import annotations

from collections import deque
from typing import Annotated, Any

import msgspec
import pytest

from streamlib.errors import ConfigError, DeclarationError
from streamlib.frames import AudioFrame, DataFrame, VideoFrame
from streamlib.frames.stamped import Stamped
from streamlib.links.delivery import Delivery
from streamlib.processors.execution_mode import ErrorPolicy, ExecutionMode, Placement, ProcessExecution, Wake
from streamlib.processors.function import FunctionProcessor, processor, stamped
from streamlib.schema.descriptors import AudioRequirements
from tests.processors.contexts import process_context


class Note(Stamped, frozen=True, gc=False, eq=False, kw_only=True):
    """A frame of one number."""

    value: int = 0


class Line:
    """Both ends of a link, in memory."""

    connected = True

    def __init__(self, *frames: Note, ended: bool = False) -> None:
        self.frames = deque(frames)
        self.last = ended

    @property
    def ended(self) -> bool:
        return self.last and not self.frames

    def read(self) -> Note | None:
        return self.frames.popleft() if self.frames else None

    def write(self, frame: Note) -> None:
        self.frames.append(frame)

    def values(self) -> list[int]:
        return [frame.value for frame in self.frames]


@processor
def raised(note: Note, by: int = 1) -> Note:
    """Raises a note."""
    return Note(value=note.value + by)


@processor
def added(left: Note, right: Note) -> Note:
    """Adds two notes."""
    return Note(value=left.value + right.value)


def wired(type_: type[FunctionProcessor], config: dict[str, object] | None = None, **lines: Line) -> FunctionProcessor:
    """A processor with these ends at its ports."""
    made = type_.from_config(config)
    for port, line in lines.items():
        setattr(made, port, line)
    return made


@pytest.mark.promise("processor.function")
def test_ports_and_config_come_from_the_annotations() -> None:
    declaration = raised.declaration
    assert list(declaration.inputs) == ["note"]
    assert declaration.inputs["note"].frame_types == (Note,)
    assert list(declaration.outputs) == ["output"]
    assert declaration.config.live == {"by"}
    assert declaration.execution == ProcessExecution.reactive()


def test_the_type_bears_the_functions_name_and_words() -> None:
    assert (raised.__name__, raised.__module__, raised.__doc__) == ("raised", __name__, "Raises a note.")
    assert raised.declaration.type_name == "raised"


def test_the_function_itself_can_be_called() -> None:
    assert raised.function(Note(value=1), by=2).value == 3


@pytest.mark.promise("processor.function")
def test_a_frame_goes_through_the_function() -> None:
    out = Line()
    made = wired(raised, {"by": 10}, note=Line(Note(value=1)), output=out)
    made.process(process_context())
    made.process(process_context())
    assert out.values() == [11]


def test_a_live_change_of_a_setting_takes_effect() -> None:
    out = Line()
    made = wired(raised, None, note=Line(Note(value=1)), output=out)
    previous, made.config = made.config, raised.declaration.config.build(by=5)
    made.config_changed(previous)
    made.process(process_context())
    assert out.values() == [6]


def test_a_wrong_setting_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match=r"raised\.by: expected int, got str"):
        raised.from_config({"by": "ten"})


def test_the_decorator_takes_settings() -> None:
    @processor(
        name="Doubled", placement="realtime", delivery="latest", capacity=2, error_policy="fail",
        execution=ProcessExecution.manual(),
    )  # fmt: skip
    def doubled(note: Note) -> Note:
        return Note(value=2 * note.value)

    declaration = doubled.declaration
    assert declaration.type_name == "Doubled"
    assert (declaration.placement, declaration.error_policy) == (Placement.REALTIME, ErrorPolicy.FAIL)
    assert declaration.execution.mode is ExecutionMode.MANUAL
    assert (declaration.inputs["note"].delivery, declaration.inputs["note"].capacity) == (Delivery.LATEST, 2)


def test_a_function_may_return_nothing_now_and_then() -> None:
    @processor
    def odd(note: Note) -> Note | None:
        return note if note.value % 2 else None

    out = Line()
    made = wired(odd, None, note=Line(*(Note(value=n) for n in range(4))), output=out)
    for _ in range(4):
        made.process(process_context())
    assert out.values() == [1, 3]


def test_a_sink_has_no_output() -> None:
    seen: list[int] = []

    @processor
    def noted(note: Note) -> None:
        seen.append(note.value)

    wired(noted, None, note=Line(Note(value=4))).process(process_context())
    assert seen == [4]
    assert not noted.declaration.outputs


def test_a_sink_that_returns_something_is_told() -> None:
    @processor
    def noted(note: Note) -> None:
        return note  # type: ignore[return-value]

    with pytest.raises(TypeError, match="noted returned Note and is annotated -> None"):
        wired(noted, None, note=Line(Note())).process(process_context())


def test_a_function_without_inputs_is_a_continuous_source() -> None:
    @processor
    def ticking() -> Note:
        return Note(value=7)

    out = Line()
    wired(ticking, None, output=out).process(process_context())
    assert ticking.declaration.execution == ProcessExecution.continuous()
    assert out.values() == [7]


@pytest.mark.promise("processor.function")
def test_a_function_of_several_inputs_is_called_when_each_has_a_frame() -> None:
    left, right, out = Line(Note(value=1), Note(value=2)), Line(), Line()
    made = wired(added, None, left=left, right=right, output=out)
    made.process(process_context())
    assert out.values() == []
    right.write(Note(value=10))
    made.process(process_context())
    assert out.values() == [11]
    assert added.declaration.wake is Wake.ALL


def test_when_one_input_has_ended_the_frames_of_the_others_are_let_go() -> None:
    left, right, out = Line(Note(value=1), Note(value=2)), Line(ended=True), Line()
    wired(added, None, left=left, right=right, output=out).process(process_context())
    assert left.values() == out.values() == []


def test_a_returned_frame_inherits_the_stamps_it_lacks() -> None:
    out = Line()
    source = Note(timestamp_ns=5, duration_ns=6, entered_ns=7, sequence=8)
    wired(raised, None, note=Line(source), output=out).process(process_context())
    made = out.frames[0]
    assert (made.timestamp_ns, made.duration_ns, made.entered_ns, made.sequence) == (5, 6, 7, 8)
    assert made.value == 1


def test_a_returned_frame_keeps_the_stamps_it_has() -> None:
    source = Note(timestamp_ns=5, entered_ns=7, sequence=8)
    own = stamped(Note(timestamp_ns=50, duration_ns=1, sequence=3), source)
    assert (own.timestamp_ns, own.duration_ns, own.entered_ns, own.sequence) == (50, 1, 7, 3)


def test_a_frame_that_entered_goes_on_as_it_is() -> None:
    entered = Note(entered_ns=1)
    assert stamped(entered, Note(entered_ns=9)) is entered
    same = Note()
    assert stamped(same, same) is same


def test_something_that_is_no_frame_is_refused() -> None:
    @processor
    def wrong(note: Note) -> Note:
        return 3  # type: ignore[return-value]

    with pytest.raises(TypeError, match="wrong returned int and is annotated -> Note"):
        wired(wrong, None, note=Line(Note()), output=Line()).process(process_context())


def test_the_function_is_bound_to_the_present_settings() -> None:
    assert wired(raised, {"by": 3}).bound()(Note(value=1)).value == 4
    assert wired(added).bound() is added.function


@pytest.mark.parametrize("name", ["output", "function", "Config"])
def test_an_input_cannot_take_a_name_that_is_needed(name: str) -> None:
    def made(note: Any) -> None: ...

    scope: dict[str, Any] = {"Note": Note}
    exec(f"def made({name}: Note) -> Note: ...", scope)  # noqa: S102
    with pytest.raises(DeclarationError, match=f"made: a parameter cannot be called '{name}'"):
        processor(scope["made"])


def test_an_input_cannot_be_called_like_a_method() -> None:
    scope: dict[str, Any] = {"Note": Note}
    exec("def made(bound: Note) -> Note: ...", scope)  # noqa: S102
    with pytest.raises(DeclarationError, match="every processor has 'bound' already"):
        processor(scope["made"])


def test_what_no_function_stands_behind_says_so() -> None:
    with pytest.raises(DeclarationError, match="no function was decorated"):
        FunctionProcessor.function()


class Seen(msgspec.Struct):
    """What data holds."""

    n: int


SPEECH = AudioRequirements(rates=16_000)


def test_a_function_says_its_schema_and_its_sound_by_annotated() -> None:
    @processor
    def listen(
        frame: Annotated[AudioFrame, SPEECH], hint: Annotated[DataFrame, Seen] | VideoFrame, least: float = 0.5
    ) -> Annotated[DataFrame, Seen] | None:
        return None

    declared = listen.declaration
    assert (str(declared.inputs["frame"].audio), declared.inputs["frame"].schema) == ("16000 Hz", None)
    assert declared.inputs["hint"].frame_types == (DataFrame, VideoFrame)
    assert str(declared.inputs["hint"].schema) == str(declared.outputs["output"].schema) == "Seen 1.0.0"


def test_a_mark_that_is_neither_says_nothing() -> None:
    @processor
    def mute(frame: Annotated[AudioFrame, "loud"]) -> None:
        return None

    port = mute.declaration.inputs["frame"]
    assert (port.schema, port.audio, port.frame_types) == (None, None, (AudioFrame,))
