from __future__ import annotations

from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.delegates.factory import RegistryBackedFactory
from streamlib.errors import ConfigError, DeclarationError, UnknownTypeError
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
    assert list(dict.fromkeys(workshop.asked)) == ["Bin", "Tin"]
    runtime.start()
    assert runtime.wait(SECONDS)
    runtime.stop()
    assert [node.id for node in workshop.made] == [source.id, sink.id]
    assert workshop.made[1].config.record is record  # type: ignore[attr-defined]
    assert record.numbers == [0, 1, 2]


class Picky:
    """Says which types it can create, and leaves all else to the default."""

    def __init__(self, *able: str) -> None:
        self.able = able
        self.asked: list[str] = []

    def can_create(self, processor_type: str) -> bool:
        self.asked.append(processor_type)
        return processor_type in self.able


@pytest.mark.promise("delegate.factory.can-create")
def test_a_type_that_the_factory_cannot_create_is_refused_when_it_is_added() -> None:
    picky = Picky("Numbers")
    runtime = StreamRuntime(factory=picky)
    runtime.add_processor(Numbers)
    for refused in (Collect, "Collect"):
        with pytest.raises(DeclarationError, match="factory delegate Picky cannot create Collect: .*; add a type"):
            runtime.add_processor(refused, record=Record())
    assert picky.asked == ["Numbers", "Collect", "Collect"]
    assert runtime.graph.processor_ids() == ["numbers_0"]


@pytest.mark.promise("delegate.factory.can-create")
def test_a_refusal_in_an_edit_leaves_the_rest_of_it_out_too() -> None:
    runtime = StreamRuntime(factory=Picky("Numbers"))
    with pytest.raises(DeclarationError), runtime.edit() as edit:
        edit.add_processor(Numbers)
        edit.add_processor(Collect, record=Record())
    assert runtime.graph.processor_ids() == []


@pytest.mark.promise("delegate.factory.can-create")
def test_a_factory_that_can_create_a_type_whose_ports_nobody_tells_is_not_enough() -> None:
    with pytest.raises(UnknownTypeError, match="no processor type 'Bin'"):
        StreamRuntime(factory=Picky("Bin")).add_processor("Bin")


class OnlyMakes:
    """Makes processors, and leaves all else to the default."""

    def create(self, node: ProcessorNode) -> Processor:
        made: Processor = node.declaration.processor.from_config(node.config)
        return made


@pytest.mark.parametrize("factory", [None, OnlyMakes(), RegistryBackedFactory()])
def test_who_does_not_say_what_it_can_create_can_create_what_is_registered(factory: Any) -> None:
    runtime = StreamRuntime(factory=factory)
    with pytest.raises(UnknownTypeError, match="no processor type 'Colect'"):
        runtime.add_processor("Colect", record=Record())
    runtime.add_processor(Collect, record=Record())
    with pytest.raises(UnknownTypeError, match="did you mean 'Collect'"):
        runtime.add_processor("Colect", record=Record())
    assert runtime.add_processor("Collect", record=Record()).id == "collect_1"


def test_a_registry_that_knows_more_or_less_than_the_default_decides_by_its_own_can_create() -> None:
    class Shy(RegistryBackedFactory):
        def can_create(self, processor_type: str) -> bool:
            return processor_type != "Collect" and super().can_create(processor_type)

    class Generous(RegistryBackedFactory):
        def port_info(self, processor_type: str) -> Declaration | None:
            return Collect.declaration if processor_type == "Bin" else super().port_info(processor_type)

    with pytest.raises(DeclarationError, match="Shy cannot create Collect"):
        StreamRuntime(factory=Shy()).add_processor(Collect, record=Record())
    assert StreamRuntime(factory=Generous()).add_processor("Bin", record=Record()).id == "collect_0"
