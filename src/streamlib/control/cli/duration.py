"""Lengths of time as one types them, and as one reads them."""

from __future__ import annotations

import re

import typer

from streamlib.clock import NS_PER_MS, NS_PER_S

UNITS = {"ms": NS_PER_MS, "s": NS_PER_S, "m": 60 * NS_PER_S, "h": 3600 * NS_PER_S, "": NS_PER_S}

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)\s*")


def parse_duration(text: str) -> int:
    """The nanoseconds of `10s`, `500ms`, `1m30s`, `2h`; a number alone is seconds.

    Raises:
        typer.BadParameter: It is not written so, or is nothing.
    """
    parts = _PART.findall(text)
    rest = _PART.sub("", text.strip())
    total_ns = round(sum(float(number) * UNITS[unit] for number, unit in parts))
    if rest or total_ns <= 0:
        message = f"{text!r} is no length of time; write 10s, 500ms, 1m30s or 2h"
        raise typer.BadParameter(message, param_hint="--duration")
    return total_ns


def milliseconds(ns: int) -> str:
    """A latency, as tables show it."""
    return f"{ns / NS_PER_MS:.2f} ms"


def seconds(ns: int) -> str:
    """A length of media, as tables show it."""
    return f"{ns / NS_PER_S:.2f} s"
