from __future__ import annotations

import asyncio

import pytest

from streamlib.events.closing import AsyncClosing, Closing


class Door(Closing, AsyncClosing):
    def __init__(self) -> None:
        self.closed = 0

    def close(self) -> None:
        self.closed += 1


def test_it_is_closed_at_the_end_of_a_with_also_behind_an_error() -> None:
    with Door() as door:
        pass
    assert door.closed == 1
    with pytest.raises(KeyError), door:
        raise KeyError
    assert door.closed == 2


def test_it_is_closed_at_the_end_of_an_async_with_also_behind_an_error() -> None:
    async def go(door: Door) -> None:
        async with door as same:
            assert same is door
            assert not door.closed
        async with door:
            raise KeyError

    door = Door()
    with pytest.raises(KeyError):
        asyncio.run(go(door))
    assert door.closed == 2
