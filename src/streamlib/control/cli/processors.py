"""The types of processors that are installed: all in a table, or one with its ports, config and examples.

Types come by name from the registry, whoever offers them. A type that cannot be imported is listed with the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.syntax import Syntax
from rich.table import Table

from streamlib.errors import StreamError
from streamlib.processors.registry import ProcessorRegistry
from streamlib.schema import markdown
from streamlib.schema.descriptors import (
    ConfigField,
    PortDescriptor,
    ProcessorDescriptor,
    change_word,
    port_words,
    schema_words,
)


class Form(StrEnum):
    """How something is shown."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


@dataclass(frozen=True, slots=True)
class Listed:
    """A type by its name, where it is from, and what is known of it, or why nothing is."""

    name: str
    origin: str
    descriptor: ProcessorDescriptor | None
    problem: str = ""

    @property
    def says(self) -> str:
        """What it does in a sentence, or what keeps it from being shown."""
        return self.problem if self.descriptor is None else self.descriptor.summary

    def as_json(self) -> dict[str, Any]:
        """All of it, ready for JSON."""
        problem = {"problem": self.problem} if self.problem else {}
        known = {} if self.descriptor is None else msgspec.to_builtins(self.descriptor)
        return {"name": self.name, "from": self.origin, **problem, **known}


def show_processors(registry: ProcessorRegistry, form: Form, console: Console) -> None:
    """Print all types of a registry."""
    listed = [_listed(registry, name) for name in registry.names()]
    if form is Form.JSON:
        document = msgspec.json.encode([one.as_json() for one in listed])
        _print_plain(console, msgspec.json.format(document).decode())
    elif form is Form.MARKDOWN:
        rows = [[markdown.word(one.name), one.says, *_ends(one.descriptor, ", "), one.origin] for one in listed]
        _print_plain(console, markdown.table(("type", "what it does", "takes", "emits", "from"), rows))
    else:
        console.print(_list_table(listed))


def show_processor(registry: ProcessorRegistry, name: str, form: Form, console: Console) -> None:
    """Print one type.

    Raises:
        UnknownTypeError: There is none of that name; the message names the nearest.
        StreamError: It cannot be imported.
    """
    descriptor = registry.describe(name)
    if form is Form.JSON:
        _print_plain(console, descriptor.to_json())
    elif form is Form.MARKDOWN:
        _print_plain(console, descriptor.to_markdown().rstrip())
    else:
        _print_page(descriptor, registry.origin(name), console)


def _listed(registry: ProcessorRegistry, name: str) -> Listed:
    origin = registry.origin(name)
    try:
        return Listed(name, origin, registry.describe(name))
    except StreamError as error:
        return Listed(name, origin, None, str(error))


def _list_table(listed: list[Listed]) -> Table:
    table = _table("type", "what it does", "takes", "emits", "from")
    for one in listed:
        style = "" if one.descriptor is not None else "red"
        table.add_row(f"[bold]{one.name}[/]", _plain(one.says), *_ends(one.descriptor, "\n"), one.origin, style=style)
    return table


def _ends(descriptor: ProcessorDescriptor | None, between: str) -> tuple[str, str]:
    if descriptor is None:
        return "", ""
    return _port_words(descriptor.inputs, between), _port_words(descriptor.outputs, between)


def _port_words(ports: tuple[PortDescriptor, ...], between: str) -> str:
    return between.join(f"{port.name}: {port.carries}" for port in ports)


def _print_page(descriptor: ProcessorDescriptor, origin: str, console: Console) -> None:
    console.print(f"[bold]{descriptor.name}[/] {descriptor.version}  [dim]{_plain(origin)}[/]", highlight=False)
    if descriptor.description:
        console.print(_indented(_plain(descriptor.description)), highlight=False)
    if descriptor.ports:
        console.print(_port_table(descriptor.ports))
    if descriptor.config:
        console.print(_config_table(descriptor.config))
    console.print(_run_table(descriptor))
    for schema in descriptor.schemas():
        if schema not in descriptor.frames:
            table = _table(str(schema), "type", "", "")
            for words in schema_words(schema.fields):
                table.add_row(*map(_plain, words))
            console.print(table)
    for example in descriptor.examples:
        console.print(_indented(Syntax(descriptor.example_code(example), "python", background_color="default")))


def _port_table(ports: tuple[PortDescriptor, ...]) -> Table:
    table = _table("port", "", "frames", "delivery", "capacity", "")
    for port in ports:
        table.add_row(port.name, *map(_plain, port_words(port)))
    return table


def _config_table(fields: tuple[ConfigField, ...]) -> Table:
    table = _table("config", "type", "default", "a change", "")
    for field in fields:
        default = "[yellow]required[/]" if field.required else _plain(field.default)
        table.add_row(field.name, _plain(field.type), default, change_word(field), _plain(field.doc))
    return table


def _run_table(descriptor: ProcessorDescriptor) -> Table:
    table = _table("how it runs", "")
    for what, word in descriptor.runs().items():
        table.add_row(what, _plain(word))
    return table


def _table(*titles: str) -> Table:
    table = Table(header_style="bold", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, overflow="fold")
    return table


def _indented(shown: str | Syntax) -> Padding:
    return Padding(shown, (1, 0, 0, 0))


def _plain(text: str) -> str:
    """A text in which brackets are brackets and no markup."""
    return text.replace("[", r"\[")


def _print_plain(console: Console, text: str) -> None:
    """Print as it is, in lines as long as they are: for a file or another program."""
    console.print(text, highlight=False, markup=False, soft_wrap=True, overflow="ignore", crop=False)
