from __future__ import annotations

import io
import json
import logging
import sys
from typing import Any

import numpy as np
import pytest

from streamlib.logs.rendering import DEEPEST, LONGEST, MOST, HumanLines, JsonLines, to_json


def record(message: str = "hello", **fields: object) -> logging.LogRecord:
    raised = fields.pop("exc_info", None)
    made = logging.LogRecord("a.library", logging.WARNING, __file__, 7, message, (), raised)  # type: ignore[arg-type]
    vars(made).update(fields)
    return made


def human(message: str = "hello", **fields: object) -> str:
    """The line without the time."""
    return HumanLines().of(record(message, **fields), io.StringIO()).partition(" ")[2]


def as_json(message: str = "hello", **fields: object) -> dict[str, Any]:
    line = JsonLines().of(record(message, **fields), io.StringIO())
    assert "\n" not in line
    assert line.isascii()

    def refuse(word: str) -> None:
        pytest.fail(f"{word} is no JSON")

    said: dict[str, Any] = json.loads(line, parse_constant=refuse)
    json.dumps(said, ensure_ascii=False).encode()  # lone surrogates could not be written
    return said


def raised(error: BaseException) -> Any:
    try:
        raise error
    except BaseException:
        return sys.exc_info()


def test_a_line_for_people_has_time_level_processor_message_and_fields() -> None:
    line = HumanLines().of(record("x: opened", processor_id="x", path="a b", n=3), io.StringIO())
    assert line[2] == line[5] == ":"
    assert line.partition(" ")[2] == "[warning  ] x opened n=3 path='a b'"


def test_without_a_processor_the_logger_stands_in_its_place() -> None:
    assert human() == "[warning  ] a.library hello"


def test_the_time_of_the_frame_is_shown_in_seconds_unless_the_message_says_it() -> None:
    assert human("late", processor_id="x", frame_timestamp_ns=1_250_000_000).endswith("late frame=1.250s")
    assert human("x: at 1.250 s: late", processor_id="x", frame_timestamp_ns=1_250_000_000).endswith("1.250 s: late")


def test_a_traceback_stands_behind_the_line_and_so_does_a_stack() -> None:
    line = human("bad", exc_info=raised(ValueError("no luck")), stack_info="Stack (most recent call last):\n  here")
    assert "Traceback" in line
    assert "ValueError: no luck" in line
    assert "  here" in line


def test_there_are_colours_on_a_terminal_and_nowhere_else() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    assert "\x1b[" in HumanLines().of(record(), Terminal())
    assert "\x1b[" not in HumanLines().of(record(), io.StringIO())
    assert "\x1b[" not in HumanLines(colors=False).of(record(), Terminal())
    assert "\x1b[" in HumanLines(colors=True).of(record(), io.StringIO())


@pytest.mark.promise("look.logs-structured")
def test_a_json_line_has_the_record_and_its_fields() -> None:
    said = as_json("x: opened\nit", processor_id="x", generation=2, link_id="a.b->c.d", depth=[1, {"k": 2.5}])
    assert said.pop("time").endswith("+00:00")
    assert said == {
        "level": "warning", "logger": "a.library", "message": "opened\nit", "thread": "MainThread",
        "processor_id": "x", "generation": 2, "link_id": "a.b->c.d", "depth": [1, {"k": 2.5}],
    }  # fmt: skip


@pytest.mark.promise("look.logs-structured")
def test_an_exception_is_fields_too_with_its_cause_and_its_group() -> None:
    error = ValueError("no luck")
    error.__cause__ = raised(OSError("gone"))[1]
    said = as_json(exc_info=raised(error))["exception"]
    assert [(one["exc_type"], one["exc_value"], one["is_cause"]) for one in said] == [
        ("ValueError", "no luck", False), ("OSError", "gone", True),
    ]  # fmt: skip
    assert said[0]["frames"][-1]["filename"] == __file__
    group = as_json(exc_info=raised(ExceptionGroup("two", [ValueError("x"), KeyError("y")])))["exception"]
    assert len(group[0]["exceptions"]) == 2
    loop = ValueError("x")
    loop.__cause__ = loop
    assert as_json(exc_info=raised(loop))["exception"][0]["exc_value"] == "x"


def test_fields_never_hide_what_a_line_has_by_itself() -> None:
    said = as_json(level="mine", exception="mine", time=4)
    assert (said["level"], said["field_level"], said["field_exception"], said["field_time"]) == (
        "warning", "mine", "mine", 4,
    )  # fmt: skip


class Odd:
    def __repr__(self) -> str:
        raise RuntimeError("no")


class OddMapping(dict[str, int]):
    def items(self) -> Any:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("a\udcffb", "a\\udcffb"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (np.float32(1.5), repr(np.float32(1.5))),
        (b"\xff", "b'\\xff'"),
        (Odd(), "<Odd whose repr raised RuntimeError>"),
        ({1: {2, }, (3,): None}, {"1": [2], "(3,)": None}),
        (True, True),
        (10**30, 10**30),
        ("x" * (LONGEST + 5), f"{'x' * LONGEST}… ({LONGEST + 5:,} characters)"),
        (list(range(MOST + 5)), list(range(MOST))),
        (OddMapping(a=1), "{'a': 1}"),
    ],
)  # fmt: skip
def test_whatever_a_field_holds_there_is_json_for_it(value: object, shown: object) -> None:
    assert to_json(value) == shown
    assert as_json(field=value)["field"] == shown


def test_what_holds_itself_ends_somewhere() -> None:
    loop: list[object] = []
    loop.extend([loop] * 5)
    text = json.dumps(to_json(loop))
    assert len(text) < 100 * MOST
    nested: list[object] = []
    for _ in range(DEEPEST + 3):
        nested = [nested]
    assert json.dumps(to_json(nested)) == "[" * DEEPEST + '"[[[[]]]]"' + "]" * DEEPEST


def test_a_message_that_is_hostile_stays_one_line_of_json() -> None:
    assert as_json('"}\n{"level": "info\r\u2028\udc80\x00')["message"] == '"}\n{"level": "info\r\u2028\\udc80\x00'
