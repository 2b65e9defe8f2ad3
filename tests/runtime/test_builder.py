"""The builder makes what the constructor's keywords make."""

from __future__ import annotations

import pytest

from streamlib import CommitMode, DataFrame, SchedulingStrategy, StreamRuntime
from streamlib.errors import DeclarationError
from streamlib.graph.node import ProcessorNode
from streamlib.processors.context import MediaConfig
from streamlib.testing import ListSink, ListSource, ManualClock


class Counted:
    """A scheduler delegate that counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        self.asked += 1
        return SchedulingStrategy.dedicated_thread()


@pytest.mark.promise("runtime.builder", "runtime.keywords")
@pytest.mark.parametrize("by_keywords", [True, False])
def test_every_choice_reaches_the_runtime(by_keywords: bool) -> None:
    scheduler, media, clock = Counted(), MediaConfig(sample_rate=44_100), ManualClock()
    if by_keywords:
        runtime = StreamRuntime(scheduler=scheduler, commit_mode="manual", media=media, clock=clock)
    else:
        runtime = (
            StreamRuntime.builder()
            .with_scheduler(scheduler)
            .with_commit_mode("manual")
            .with_media(media)
            .with_clock(clock)
            .build()
        )
    assert runtime.commit_mode is CommitMode.MANUAL
    source = runtime.add_processor(ListSource, items=[DataFrame({})])
    runtime.connect(source, runtime.add_processor(ListSink))
    with runtime:
        runtime.start()
        assert runtime.wait(10)
    assert scheduler.asked == 2


def test_an_object_that_is_no_delegate_is_refused_in_words() -> None:
    builder = StreamRuntime.builder().with_scheduler(object())  # type: ignore[arg-type]
    with pytest.raises(DeclarationError, match="scheduling_strategy"):
        builder.build()
