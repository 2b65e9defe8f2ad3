"""Processor types by name: those registered, and those that installed distributions offer.

A distribution offers a type by an entry point of the group `streamlib.processors`; its name is known without
importing anything, and the class is imported when somebody asks for it. Built-ins arrive in the same way.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from streamlib.errors import DeclarationError, MissingExtraError, UnknownTypeError
from streamlib.processors.processor import Processor
from streamlib.schema.descriptors import ProcessorDescriptor

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "streamlib.processors"


class ProcessorRegistry:
    """The processor types that may be asked for by name.

    A registered type goes before an installed one of the same name, and a later registration before an
    earlier one, so that a class defined anew in a notebook is the one that is found.
    """

    def __init__(self, group: str = GROUP) -> None:
        self._group = group
        self._types: dict[str, type[Processor]] = {}
        self._offers: dict[str, list[EntryPoint]] | None = None

    def __repr__(self) -> str:
        return f"<ProcessorRegistry of {len(self.names())} types>"

    def register(self, type_: type[Processor], name: str | None = None) -> None:
        """Make a type known under its own name, or another.

        Raises:
            DeclarationError: It is no processor class, or an abstract one.
        """
        checked = _checked(type_, str(getattr(type_, "__name__", type_)))
        self._types[name or checked.declaration.type_name] = checked

    def resolve(self, name: str) -> type[Processor]:
        """The type of that name, imported if need be.

        Raises:
            UnknownTypeError: There is none; the message names the nearest.
            DeclarationError: A distribution offers it and it cannot be imported, or several offer it.
            MissingExtraError: It needs a part that is not installed.
        """
        found = self._types.get(name)  # no lock: an import must not wait for one, and two that load find the same
        return self._types.setdefault(name, self._loaded(name)) if found is None else found

    def describe(self, name: str) -> ProcessorDescriptor:
        """What there is to know of the type of that name, under that name.

        Raises:
            UnknownTypeError: There is none; the message names the nearest.
            DeclarationError: A distribution offers it and it cannot be imported, or several offer it.
            MissingExtraError: It needs a part that is not installed.
        """
        descriptor = self.resolve(name).declaration.descriptor
        return descriptor if descriptor.name == name else replace(descriptor, name=name)

    def origin(self, name: str) -> str:
        """Where the type of that name is from: a distribution with its version, or the module of a registered class."""
        found = self._types.get(name)
        offers = self._offered().get(name, [])
        if found is not None and not any(found is _loaded_by(offer) for offer in offers):
            return found.__module__
        return ", ".join(dict.fromkeys(_distribution(offer) for offer in offers))

    def __contains__(self, name: str) -> bool:
        """Whether there is a type of that name; nothing is imported for it."""
        return name in self._types or name in self._offered()

    def names(self) -> tuple[str, ...]:
        """All names, sorted; nothing is imported for it."""
        return tuple(sorted({*list(self._types), *self._offered()}))

    def loaded(self) -> dict[str, type[Processor]]:
        """The types that are there without an import, by name: those registered, and those that somebody imported."""
        offered = {name: _loaded_by(offers[0]) for name, offers in (self._offers or {}).items()}
        there = {name: one for name, one in offered.items() if isinstance(one, type) and issubclass(one, Processor)}
        return there | self._types

    def _loaded(self, name: str) -> type[Processor]:
        offers = self._offered().get(name)
        if not offers:
            raise UnknownTypeError(name, self.names())
        if len({offer.value for offer in offers}) > 1:
            holders = ", ".join(_distribution(offer) for offer in offers)
            raise DeclarationError(f"{name} is offered by {holders}; import the one you mean and add its class")
        return _load(offers[0])

    def _offered(self) -> dict[str, list[EntryPoint]]:
        if self._offers is None:
            from importlib import metadata  # as dear to import as half of numpy, and needed for names alone

            offers: dict[str, list[EntryPoint]] = {}
            for offer in metadata.entry_points(group=self._group):
                offers.setdefault(offer.name, []).append(offer)
            self._offers = offers
        return self._offers


def _loaded_by(offer: EntryPoint) -> object:
    """What an entry point names, where its module is imported already."""
    return getattr(sys.modules.get(offer.module), offer.attr, None)


def _load(offer: EntryPoint) -> type[Processor]:
    try:
        loaded: Any = offer.load()
    except MissingExtraError:
        raise
    except Exception as error:
        message = f"{offer.name} of {_distribution(offer)} ({offer.value}) cannot be imported: {error}"
        raise DeclarationError(f"{message}; update or remove that distribution") from error
    return _checked(loaded, f"{offer.name} of {_distribution(offer)} ({offer.value})")


def _checked(type_: Any, where: str) -> type[Processor]:
    if not (isinstance(type_, type) and issubclass(type_, Processor)) or type_ is Processor:
        raise DeclarationError(f"{where} is no processor class; register a subclass of Processor")
    if type_.declaration.abstract:
        raise DeclarationError(f"{where} is abstract; register a subclass that has process(self, ctx)")
    return type_


def _distribution(offer: EntryPoint) -> str:
    return f"{offer.dist.name} {offer.dist.version}" if offer.dist is not None else "an unknown distribution"
