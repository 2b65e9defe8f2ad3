"""A stream of frames comes to its end when what it streams is gone."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from streamlib import StreamRuntime
from tests.scenarios.stage import SECONDS, Line, Pass


class Reading:
    """Iterates over a stream on a thread of its own."""

    def __init__(self, stream: Any) -> None:
        self.numbers: list[int] = []
        self._some = threading.Event()
        self._thread = threading.Thread(target=self._read, args=[stream])
        self._thread.start()

    def _read(self, stream: Any) -> None:
        for frame in stream:
            self.numbers.append(frame.data["n"])
            if len(self.numbers) == 20:
                self._some.set()

    def wait_for_some(self) -> None:
        assert self._some.wait(SECONDS)

    def ends(self) -> bool:
        self._thread.join(SECONDS)
        return not self._thread.is_alive()


@pytest.mark.parametrize("drain", [True, False])
def test_it_ends_when_its_processor_is_removed(runtime: StreamRuntime, *, drain: bool) -> None:
    line = Line(runtime).run()
    extra = runtime.add_processor(Pass)
    runtime.connect(line.filter, extra)
    reading = Reading(extra.output("out").frames())
    reading.wait_for_some()
    runtime.remove(extra, drain=drain)
    assert reading.ends()
    assert reading.numbers == list(range(reading.numbers[0], reading.numbers[0] + len(reading.numbers)))
    line.record.wait_for(20)
    assert line.record.is_gapless()
    assert [id_ for id_ in runtime.graph.processor_ids() if id_.startswith("pull_sink")] == []


def test_it_goes_on_when_its_processor_is_replaced_or_restarted(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    reading = Reading(line.filter.output("out").frames())
    reading.wait_for_some()
    runtime.replace(line.filter, Pass, tag="another")
    runtime.restart(line.filter)
    count = len(reading.numbers)
    line.record.wait_until(lambda: len(reading.numbers) > count + 20)
    runtime.stop()
    assert reading.ends()
    assert reading.numbers == list(range(reading.numbers[0], reading.numbers[0] + len(reading.numbers)))
