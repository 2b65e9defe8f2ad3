from __future__ import annotations

import dataclasses

import pytest

from streamlib import StreamRuntime
from streamlib.delegates.scheduler import DefaultScheduler, SchedulerDelegate
from streamlib.errors import StrategyError
from streamlib.execution.strategy import LEGAL_STRATEGIES, SchedulingStrategy
from streamlib.graph import ProcessorNode
from streamlib.graph.components import LightweightMarker, ThreadHandle
from streamlib.ids import ProcessorId
from streamlib.processors.execution_mode import Placement
from streamlib.processors.processor import Processor
from tests.scenarios.stage import SECONDS, Collect, Hand, Numbers, Pass, Record


class Attentive:
    """Inlines by what the node's config says, and names threads by what its type is."""

    def __init__(self) -> None:
        self.nodes: list[ProcessorNode] = []

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        self.nodes.append(node)
        if getattr(node.config, "tag", "") == "light":
            return SchedulingStrategy.lightweight()
        return SchedulingStrategy.dedicated_thread(name=f"my {node.processor_type}")


@pytest.mark.parametrize("type_", [Numbers, Pass, Hand])
def test_the_default_gives_a_thread_which_every_mode_allows(type_: type[Processor]) -> None:
    node = ProcessorNode(ProcessorId("a"), type_.__name__, type_.Config(), type_.declaration)
    strategy = DefaultScheduler().scheduling_strategy(node)
    assert strategy == SchedulingStrategy.dedicated_thread()
    assert strategy.kind in LEGAL_STRATEGIES[type_.declaration.execution.mode]


@pytest.mark.promise("delegate.scheduler.placement")
@pytest.mark.parametrize(
    ("placement", "strategy"),
    [
        ("any", SchedulingStrategy.dedicated_thread()),
        ("realtime", SchedulingStrategy.dedicated_thread(priority="realtime")),
        ("main", SchedulingStrategy.main_thread()),
    ],
)
def test_the_default_reads_the_placement_and_not_the_name(placement: str, strategy: SchedulingStrategy) -> None:
    class AudioCameraDisplayProcessor(Numbers):
        pass

    declaration = dataclasses.replace(AudioCameraDisplayProcessor.declaration, placement=Placement(placement))
    node = ProcessorNode(ProcessorId("a"), declaration.type_name, Numbers.Config(), declaration)
    assert DefaultScheduler().scheduling_strategy(node) == strategy


@pytest.mark.promise("delegate.scheduler.asked", "execution.dedicated-thread")
def test_a_runtime_runs_each_processor_where_the_delegate_says() -> None:
    scheduler, record = Attentive(), Record()
    runtime = StreamRuntime(scheduler=scheduler)
    source = runtime.add_processor(Numbers, count=3)
    filter_ = runtime.add_processor(Pass, tag="light")
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(source, filter_)
    runtime.connect(filter_, sink)
    runtime.start()
    names = [handle and handle.name for handle in (runtime.graph.get(h.id, ThreadHandle) for h in runtime.processors())]
    assert names == ["my Numbers", None, "my Collect"]
    assert filter_.components.get(LightweightMarker) is not None
    assert runtime.wait(SECONDS)
    runtime.stop()
    assert record.numbers == [0, 1, 2]


def test_it_is_asked_once_for_each_processor_and_not_again_for_a_restart() -> None:
    scheduler = Attentive()
    runtime = StreamRuntime(scheduler=scheduler)
    handle = runtime.add_processor(Pass)
    assert scheduler.nodes == []
    runtime.start()
    runtime.restart(handle)
    runtime.update_config(handle, gain=1)
    assert [(node.id, node.processor_type) for node in scheduler.nodes] == [("pass_0", "Pass")]
    runtime.stop()
    runtime.start()
    runtime.stop()
    assert len(scheduler.nodes) == 2


@pytest.mark.promise("execution.matrix")
def test_a_choice_that_the_mode_forbids_leaves_the_runtime_as_it_was() -> None:
    class Careless:
        def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
            return SchedulingStrategy.lightweight()

    runtime = StreamRuntime(scheduler=Careless())
    runtime.start()
    with pytest.raises(StrategyError, match="numbers_0 is continuous .* may choose dedicated_thread"):
        runtime.add_processor(Numbers)
    assert runtime.graph.processor_ids() == []
    runtime.stop()


def test_an_object_with_the_method_is_a_scheduler() -> None:
    accepted: SchedulerDelegate = Attentive()
    assert isinstance(accepted, SchedulerDelegate)
    assert not isinstance(object(), SchedulerDelegate)
