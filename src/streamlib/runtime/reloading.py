"""Code reload: the classes of a module that was imported anew, for the processors that run those of the old one.

A class is the same by its qualified name. `edit.reload` puts the new ones in the place of the old; importing a module
anew is for who asks (`streamlib run --reload` does, in `streamlib.control.cli.fresh_import`).
"""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from streamlib.errors import ConfigError
from streamlib.graph.file_saving import is_default
from streamlib.graph.node import ProcessorNode
from streamlib.graph.plain_values import to_plain
from streamlib.graph.property_graph import PropertyGraph
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.declaration import Declaration
from streamlib.processors.processor import Processor


def nodes_of(graph: PropertyGraph, module: object) -> list[ProcessorNode]:
    """The processors whose class stands in a module.

    Raises:
        ConfigError: It is no module.
    """
    if not isinstance(module, ModuleType):
        words = f"reload takes a module that was imported anew, importlib.reload(my_processors), not {module!r}"
        raise ConfigError(words, field="module")
    return [node for node in graph.processors() if node.declaration.processor.__module__ == module.__name__]


def class_in(module: ModuleType, old: type[Processor]) -> type[Processor] | None:
    """The class of a module that bears the qualified name of another; None where there is none any more."""
    found: Any = module
    for step in old.__qualname__.split("."):
        found = vars(found).get(step) if hasattr(found, "__dict__") else None
    if _is_processor(found):
        return found  # type: ignore[no-any-return]
    return next((one for one in vars(module).values() if _is_processor(one) and _bears_name_of(one, old)), None)


def kept_config(node: ProcessorNode, declaration: Declaration) -> ProcessorConfig:
    """The config of a processor for its new class: what it was told stays, where there still is such a field.

    Raises:
        ConfigError: A value is not one of the new field's type, or a new field has no default.
    """
    values = {name: _carried(value) for name, value in _told(node) if name in declaration.config.fields}
    try:
        return declaration.config.build(values)
    except ConfigError as error:
        message = f"{node.id} cannot go on with its config: {error}"
        raise ConfigError(message, processor_type=error.processor_type, field=error.field) from error


def _told(node: ProcessorNode) -> Iterator[tuple[str, object]]:
    """What is not as declared: who changes a default means those who were not told otherwise."""
    for name, declared in node.declaration.config.fields.items():
        value = getattr(node.config, name)
        if not is_default(value, declared):
            yield name, value


def _carried(value: object) -> object:
    """A value that has nothing of the old module's classes in it, if it is one that a file could hold."""
    try:
        return to_plain(value)
    except ValueError:
        return value


def _is_processor(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, Processor)


def _bears_name_of(one: type[Processor], old: type[Processor]) -> bool:
    """Also where a function was decorated under another name than it is called by."""
    return (one.__module__, one.__qualname__) == (old.__module__, old.__qualname__)
