from __future__ import annotations

import pytest

from streamlib import StreamRuntime
from streamlib.delegates.factory import RegistryBackedFactory
from streamlib.errors import ConfigError, UnknownTypeError
from streamlib.graph import ProcessorNode
from streamlib.ids import ProcessorId
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.declaration import Declaration
from streamlib.processors.processor import Processor
from streamlib.processors.registry import ProcessorRegistry
from tests.graph.relays import Relay, RelayConfig, relay
from tests.scenarios.stage import SECONDS, Collect, Numbers, Record


def later() -> type[Processor]:
    """Another class of the same name, as a notebook's cell makes it when it is run again."""

    class Relay(Processor):
        def process(self, ctx: object) -> None:
            """Nothing."""

    return Relay


@pytest.mark.promise("delegate.factory.default")
def test_the_default_makes_the_declared_class_with_the_nodes_config() -> None:
    made = RegistryBackedFactory().create(relay("a", gain=0.5))
    assert type(made) is Relay
    assert made.config == RelayConfig(gain=0.5)


def test_it_keeps_the_class_that_was_declared_when_its_name_is_registered_anew() -> None:
    factory = RegistryBackedFactory()
    factory.registry.register(Relay)
    node = relay("a")
    new = later()
    factory.registry.register(new)
    assert factory.port_info("Relay") is new.declaration
    assert type(factory.create(node)) is Relay


def test_it_makes_a_new_processor_each_time() -> None:
    factory, node = RegistryBackedFactory(), relay("a")
    assert factory.create(node) is not factory.create(node)


def test_it_can_create_what_it_knows_the_ports_of() -> None:
    factory = RegistryBackedFactory(ProcessorRegistry("nobody.offers.these"))
    factory.registry.register(Relay)
    known = {name: (factory.can_create(name), factory.port_info(name) is not None) for name in ("Relay", "Relais")}
    assert known == {"Relay": (True, True), "Relais": (False, False)}


def test_a_config_that_its_class_refuses_is_not_hidden() -> None:
    node = ProcessorNode(ProcessorId("a"), "Relay", OtherConfig(), Relay.declaration)
    with pytest.raises(ConfigError):
        RegistryBackedFactory().create(node)


class OtherConfig(ProcessorConfig):
    volume: int = 1


class Workshop:
    """Knows one type of its own by name, and makes everything itself."""

    def __init__(self) -> None:
        self.made: list[ProcessorNode] = []
        self.asked: list[str] = []

    def create(self, node: ProcessorNode) -> Processor:
        self.made.append(node)
        made: Processor = node.declaration.processor.from_config(node.config)
        return made

    def port_info(self, processor_type: str) -> Declaration | None:
        self.asked.append(processor_type)
        return Collect.declaration if processor_type == "Bin" else None


@pytest.mark.promise("delegate.factory.create", "delegate.factory.port-info")
def test_a_runtime_asks_its_factory_for_ports_and_for_each_processor() -> None:
    workshop, record = Workshop(), Record()
    runtime = StreamRuntime(factory=workshop)
    source = runtime.add_processor(Numbers, count=3)
    sink = runtime.add_processor("Bin", record=record)
    runtime.connect(source, sink)
    assert workshop.made == []
    with pytest.raises(UnknownTypeError, match="no processor type 'Tin'"):
        runtime.add_processor("Tin")
    assert workshop.asked == ["Bin", "Tin"]
    runtime.start()
    assert runtime.wait(SECONDS)
    runtime.stop()
    assert [node.id for node in workshop.made] == [source.id, sink.id]
    assert workshop.made[1].config.record is record  # type: ignore[attr-defined]
    assert record.numbers == [0, 1, 2]
