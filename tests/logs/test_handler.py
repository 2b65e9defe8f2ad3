from __future__ import annotations

import io
import logging
import sys
from collections.abc import Iterator

import pytest

from streamlib.clock import NS_PER_S
from streamlib.errors import ConfigError
from streamlib.logs import LogHandler, ProcessorFields, configure
from streamlib.testing import ManualClock

WHO = {"processor_id": "a"}


class Wire:
    """A logger that ends in a handler of ours, with the clock in the test's hand."""

    def __init__(self) -> None:
        self.clock, self.stream = ManualClock(), io.StringIO()
        self.handler = LogHandler(self.stream, clock=self.clock, colors=False)
        self.log = logging.Logger("wire")  # noqa: LOG001 - it is nobody else's
        self.log.addHandler(self.handler)

    def lines(self) -> list[str]:
        """What was written, without the time."""
        return [line.partition(" ")[2] for line in self.stream.getvalue().splitlines()]


@pytest.fixture
def wire() -> Iterator[Wire]:
    wire = Wire()
    yield wire
    wire.handler.close()


def test_warnings_that_repeat_are_counted_and_told_by_the_clock(wire: Wire) -> None:
    for number in range(61):
        if number == 60:
            assert len(wire.lines()) == 1
            wire.clock.wait_for_sleepers(1)
            wire.clock.advance(NS_PER_S)
            wire.clock.wait_for_sleepers(1)
        wire.log.warning("late by %d ms", number, extra=WHO)
    wire.clock.wait_for_sleepers(1)
    wire.handler.close()
    assert wire.lines() == [
        "[warning  ] a late by 0 ms",
        "[warning  ] a late by 59 ms: 59 times more in 1.0 s",
        "[warning  ] a late by 60 ms: 1 time more in 0.0 s",
    ]


def test_what_is_another_line_another_processor_or_other_words_is_written(wire: Wire) -> None:
    for number in range(3):
        wire.log.warning("x %d", number, extra=WHO)
        wire.log.warning("x %d", number, extra={"processor_id": "b"})
        wire.log.warning("y %d", number, extra=WHO)
        wire.log.error("x %d", number, extra=WHO)
    assert len(wire.lines()) == 4


def test_lines_below_a_warning_or_of_nobody_are_all_written(wire: Wire) -> None:
    for _ in range(3):
        wire.log.info("x", extra=WHO)
        wire.log.error("x")
    assert len(wire.lines()) == 6


def test_closing_twice_does_no_harm_and_what_comes_after_is_written_uncounted(wire: Wire) -> None:
    wire.handler.close()
    wire.handler.close()
    for _ in range(2):
        wire.log.error("late", extra=WHO)
    assert len(wire.lines()) == 2


def test_a_message_that_does_not_fit_its_arguments_is_told_with_them(wire: Wire) -> None:
    wire.log.warning("%d of %d", *[1])
    assert wire.lines() == ["[warning  ] wire %d of %d % (1,)"]


def test_a_stream_that_cannot_be_written_harms_nobody(wire: Wire, capsys: pytest.CaptureFixture[str]) -> None:
    wire.stream.close()
    wire.log.warning("lost")
    assert "I/O operation on closed file" in capsys.readouterr().err


def test_an_encoding_that_lacks_a_character_gets_its_number() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    handler = LogHandler(stream)
    handler.handle(logging.makeLogRecord({"msg": "größer \udcff", "levelname": "INFO"}))
    handler.close()
    stream.seek(0)
    assert "gr\\xf6\\xdfer \\udcff" in stream.read()


def test_it_writes_to_the_standard_error_of_the_moment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with LogHandler() as handler:
        handler.handle(logging.makeLogRecord({"msg": "here", "levelname": "INFO"}))
        assert "here" in capsys.readouterr().err
        monkeypatch.setattr(sys, "stderr", None)
        handler.handle(logging.makeLogRecord({"msg": "nowhere", "levelname": "INFO"}))


def test_fields_that_a_record_has_are_kept() -> None:
    record = logging.makeLogRecord({"processor_id": "mine"})
    assert ProcessorFields().filter(record)
    assert vars(record)["processor_id"] == "mine"


def test_configure_takes_the_place_of_its_former_and_leaves_other_handlers_alone() -> None:
    root, other = logging.getLogger(), logging.NullHandler()
    before = root.handlers[:], root.level
    root.addHandler(other)
    try:
        first = configure(level="debug", stream=io.StringIO())
        with configure(json=True, level=logging.ERROR, stream=io.StringIO()) as second:
            assert first not in root.handlers
            assert {second, other} <= set(root.handlers)
            assert root.level == logging.ERROR
        assert [one for one in root.handlers if isinstance(one, LogHandler)] == []
    finally:
        root.removeHandler(other)
    assert (root.handlers, root.level) == before


@pytest.mark.parametrize("level", ["loud", "", None, 1.5, True, -5])
def test_a_level_that_there_is_not_is_refused_and_changes_nothing(level: object) -> None:
    before = logging.getLogger().handlers[:]
    with pytest.raises(ConfigError, match="there is no level .*; there are critical, "):
        configure(level=level)  # type: ignore[arg-type]
    assert logging.getLogger().handlers == before


@pytest.mark.parametrize(("name", "given"), [("stream", "log.txt"), ("json", "yes"), ("colors", 1), ("json", None)])
def test_what_is_no_such_choice_is_refused_by_name_and_changes_nothing(name: str, given: object) -> None:
    before = logging.getLogger().handlers[:]
    with pytest.raises(ConfigError, match=f"{name} is {given!r}; give ") as raised:
        configure(**{name: given})  # type: ignore[arg-type]
    assert (raised.value.field, logging.getLogger().handlers) == (name, before)
