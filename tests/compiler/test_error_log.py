from __future__ import annotations

from collections.abc import Iterator

import pytest

from streamlib.clock import NS_PER_S
from streamlib.compiler.error_log import ErrorLog
from streamlib.errors import FormatError
from streamlib.frames.pixel_format import format_named
from streamlib.ids import ProcessorId
from streamlib.processors.context import ProcessorLog
from streamlib.testing import ManualClock


class Desk:
    """An error log by a clock of the test's."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        self.clock = ManualClock()
        self.log = ErrorLog(self.clock)
        self.caplog = caplog

    def add(self, error: Exception, *, times: int = 1, id_: str = "a", at_ns: int | None = None) -> None:
        for _ in range(times):
            self.log.add((id_, 0), ProcessorLog(ProcessorId(id_), "Filter", 7), error, at_ns, "process")

    def wait(self, seconds: float = 1.0) -> None:
        """Let time pass, and the alarm do what is due."""
        self.clock.wait_for_sleepers(1)
        self.clock.advance(int(seconds * NS_PER_S))
        self.clock.wait_for_sleepers(1)

    def said(self) -> list[str]:
        said = self.caplog.messages[:]
        self.caplog.clear()
        return said


@pytest.fixture
def desk(caplog: pytest.LogCaptureFixture) -> Iterator[Desk]:
    desk = Desk(caplog)
    yield desk
    desk.log.close()


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


@pytest.mark.promise("look.logs-repeats")
def test_an_error_of_a_loop_is_a_line_with_a_traceback_and_then_a_count(desk: Desk) -> None:
    desk.add(raised(ValueError("no luck")), times=600, at_ns=1_250_000_000)
    (record,) = desk.caplog.records
    assert (record.getMessage(), record.exc_info is None) == ("a: at 1.250 s: ValueError: no luck", False)
    fields = vars(record)
    assert fields["error_type"] == "ValueError"
    assert fields["processor_type"] == "Filter"
    assert fields["frame_timestamp_ns"] == 1_250_000_000
    desk.said()
    desk.wait()
    (record,) = desk.caplog.records
    assert vars(record)["repeats"] == 599
    assert desk.said() == ["a: ValueError: no luck: 599 times more in 1.0 s"]


def test_counts_go_on_in_longer_intervals_until_each_minute(desk: Desk) -> None:
    for _ in range(30):
        desk.add(ValueError("no luck"), times=60)
        desk.wait()
    assert desk.said()[1:] == [
        "a: ValueError: no luck: 59 times more in 1.0 s",
        "a: ValueError: no luck: 600 times more in 10.0 s",
    ]


def test_errors_of_one_line_are_the_same_whatever_they_say(desk: Desk) -> None:
    for number in range(5):
        desk.add(raised(KeyError(f"key {'x' * number}")))
    desk.wait()
    assert desk.said() == ["a: KeyError: 'key '", "a: KeyError: 'key xxxx': 4 times more in 1.0 s"]


def test_without_a_line_type_and_words_say_what_is_the_same(desk: Desk) -> None:
    for words in ("bad frame 1", "bad frame 2", "bad luck"):
        desk.add(ValueError(words))
    desk.add(OSError("bad luck"))
    desk.add(ValueError("bad luck"), id_="b")
    assert desk.said() == [
        "a: ValueError: bad frame 1", "a: ValueError: bad luck", "a: OSError: bad luck", "b: ValueError: bad luck",
    ]  # fmt: skip


def test_two_errors_that_alternate_are_two_lines(desk: Desk) -> None:
    for _ in range(100):
        desk.add(ValueError("x"))
        desk.add(ValueError("y"))
    assert len(desk.said()) == 2


def test_at_the_end_of_a_processor_the_rest_is_told(desk: Desk) -> None:
    desk.add(ValueError("x"), times=4)
    desk.add(ValueError("x"), times=2, id_="b")
    desk.said()
    desk.clock.advance(NS_PER_S // 2)
    desk.log.end(("a", 0))
    assert desk.said() == ["a: ValueError: x: 3 times more in 0.5 s"]
    desk.wait(0.5)
    assert desk.said() == ["b: ValueError: x: 1 time more in 1.0 s"]


def test_once_closed_it_has_no_thread_until_it_is_opened(desk: Desk) -> None:
    desk.log.close()
    desk.add(ValueError("x"), times=2)
    assert desk.clock.sleepers == 0
    desk.log.open()
    desk.add(ValueError("x"))
    desk.wait()
    assert desk.said() == ["a: ValueError: x", "a: ValueError: x: 2 times more in 1.0 s"]


def test_an_error_of_ours_is_logged_with_the_users_line_that_led_there(desk: Desk) -> None:
    desk.add(raised(FormatError("no format 'rbg24'")))
    line = raised.__code__.co_firstlineno + 2
    assert desk.said() == [f"a: FormatError: no format 'rbg24' (at {__file__}:{line})"]


def test_an_error_that_only_lines_of_ours_led_to_has_no_place(desk: Desk) -> None:
    with pytest.raises(FormatError) as caught:
        format_named("rbg24")
    desk.add(caught.value.with_traceback(caught.tb.tb_next))
    assert " (at " not in desk.said()[0]
