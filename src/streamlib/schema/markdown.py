"""Pieces of Markdown: tables, lists, code. What they are about is not known here; `descriptors` puts them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; empty without rows. A column in which no row has anything is left out."""
    cells = [[_cell(text) for text in row] for row in rows]
    kept = [at for at in range(len(titles)) if any(row[at] for row in cells)]
    if not cells:
        return ""
    lines = [[titles[at] for at in kept], ["---" for _ in kept], *([row[at] for at in kept] for row in cells)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def code(text: str, language: str = "") -> str:
    """A block of code, in a fence that the text does not contain."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}{language}\n{text.strip()}\n{fence}"


def word(text: str) -> str:
    """A name or value within a line; empty stays empty."""
    mark = "``" if "`" in text else "`"
    return f"{mark}{text}{mark}" if text else ""


def page(*parts: str) -> str:
    """Parts with a line between them; empty ones are left out."""
    return "\n\n".join(part for part in parts if part) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
