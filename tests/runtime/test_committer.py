"""One commit at a time, from whatever thread it comes."""

from __future__ import annotations

import threading

from streamlib import StreamRuntime
from tests.scenarios.stage import SECONDS, Numbers


def test_an_edit_from_a_subscriber_comes_after_the_commit_that_told_it() -> None:
    runtime = StreamRuntime()
    seen: list[object] = []

    def add_another(event: object) -> None:
        if not seen:
            seen.append(runtime.add_processor(Numbers, id="second"))
            seen.append("second" in runtime.graph)

    with runtime.events.subscribe("runtime:global", add_another):
        runtime.add_processor(Numbers, id="first")
    handle, there_at_once = seen
    handle.commit.wait(SECONDS)  # type: ignore[attr-defined]
    assert not there_at_once
    assert runtime.graph.processor_ids() == ["first", "second"]


def test_edits_of_many_threads_are_all_made() -> None:
    runtime = StreamRuntime()

    def add() -> None:
        for _ in range(20):
            runtime.add_processor(Numbers)

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(runtime.graph.processor_ids()) == sorted(f"numbers_{n}" for n in range(80))
