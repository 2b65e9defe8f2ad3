"""A yard for every test that asks for one; what runs there at the end is stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.compiler.yard import Yard

Open = Callable[..., Yard]


@pytest.fixture
def opens() -> Iterator[Open]:
    """Opens yards with delegates of the test's own."""
    opened: list[Yard] = []

    def one(**delegates: Any) -> Yard:
        opened.append(Yard(**delegates))
        return opened[-1]

    yield one
    for yard in opened:
        yard.close()
        assert yard.attached() == []


@pytest.fixture
def yard(opens: Open) -> Yard:
    """One yard with the default delegates."""
    return opens()
