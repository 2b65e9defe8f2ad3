from __future__ import annotations

from typing import Any, get_args

import pytest

from streamlib.delegates.delegates import Delegates
from streamlib.delegates.factory import FactoryDelegate, RegistryBackedFactory
from streamlib.delegates.processor import DefaultProcessorDelegate, ProcessorDelegate
from streamlib.delegates.scheduler import SchedulerDelegate
from streamlib.errors import DeclarationError
from streamlib.execution.strategy import SchedulingStrategy, StrategyKind
from streamlib.graph import ProcessorNode
from streamlib.ids import ProcessorId
from streamlib.processors.registry import ProcessorRegistry
from tests.graph.relays import Relay, relay

PROTOCOLS = (*get_args(FactoryDelegate), *get_args(ProcessorDelegate), SchedulerDelegate)


class OnlyStarts:
    """Has one of the seven methods of its role."""

    def __init__(self) -> None:
        self.asked: list[ProcessorId] = []

    def will_start(self, processor_id: ProcessorId) -> None:
        self.asked.append(processor_id)


class Inlines:
    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        return SchedulingStrategy.lightweight()


def methods(protocol: Any) -> list[str]:
    return [name for name, value in vars(protocol).items() if callable(value) and not name.startswith("_")]


@pytest.mark.promise("delegate.any-object")
def test_what_a_delegate_lacks_is_the_defaults() -> None:
    mine, node = OnlyStarts(), relay("a")
    delegates = Delegates(processor=mine)
    delegates.will_create(node)
    delegates.will_start(node.id)
    delegates.did_start(node.id)
    delegates.did_update_config(node.id, node.config)
    assert mine.asked == ["a"]
    assert isinstance(delegates.create(node), Relay)


def test_one_role_leaves_the_others_to_their_defaults() -> None:
    delegates = Delegates(scheduler=Inlines())
    assert delegates.scheduling_strategy(relay("a")).kind is StrategyKind.LIGHTWEIGHT
    assert Delegates().scheduling_strategy(relay("a")).kind is StrategyKind.DEDICATED_THREAD


@pytest.mark.parametrize(
    ("role", "named"),
    [
        ("factory", "can_create, create, port_info"),
        (
            "processor",
            "did_create, did_start, did_stop, did_update_config, will_create, will_start, will_stop",
        ),
        ("scheduler", "scheduling_strategy"),
    ],
)
def test_an_object_with_none_of_the_methods_is_refused_with_their_names(role: str, named: str) -> None:
    stranger: Any = object()
    with pytest.raises(DeclarationError, match=f"object is no {role} delegate; it needs at least one of {named}$"):
        Delegates(**{role: stranger})


def test_a_delegate_of_one_role_is_refused_in_another() -> None:
    misplaced: Any = OnlyStarts()
    with pytest.raises(DeclarationError, match="OnlyStarts is no factory delegate"):
        Delegates(factory=misplaced)


def test_an_attribute_that_cannot_be_called_is_not_a_method() -> None:
    class Half(OnlyStarts):
        did_start = None
        will_stop = "later"

    half, id_ = Half(), ProcessorId("a")
    delegates = Delegates(processor=half)
    delegates.will_start(id_)
    for told in (delegates.did_start, delegates.will_stop):
        assert isinstance(getattr(told, "__self__", None), DefaultProcessorDelegate)
        told(id_)
    assert half.asked == [id_]


def test_a_registry_that_was_brought_is_the_one_that_is_used() -> None:
    registry = ProcessorRegistry()
    factory = RegistryBackedFactory(registry)
    delegates = Delegates(factory=factory)
    assert delegates.registered is factory
    registry.register(Relay)
    assert delegates.port_info("Relay") is Relay.declaration


def test_two_runtimes_delegates_share_no_registry() -> None:
    one, other = Delegates(), Delegates()
    one.registered.registry.register(Relay)
    assert (one.can_create("Relay"), other.can_create("Relay")) == (True, False)


@pytest.mark.promise("delegate.typed")
def test_each_method_is_a_protocol_of_its_own() -> None:
    assert [len(methods(protocol)) for protocol in PROTOCOLS] == [1] * len(PROTOCOLS)
    assert sorted(methods(protocol)[0] for protocol in PROTOCOLS) == sorted(Delegates.__annotations__)
    accepted: ProcessorDelegate = OnlyStarts()  # that this type-checks is the point; mypy reads it
    assert [protocol.__name__ for protocol in PROTOCOLS if isinstance(accepted, protocol)] == ["WillStart"]
