"""A box keeps frames in order, wakes who waits for a change of it, and outlives the one who filled it."""

from __future__ import annotations

import asyncio
import threading

from streamlib.runtime.box import Box
from tests.scenarios.stage import SECONDS


def test_a_box_gives_what_was_put_in_and_then_the_end() -> None:
    box = Box(2)
    assert box.try_take() == ()
    assert (box.try_put("a"), box.try_put("b"), box.try_put("c")) == ((True,), (True,), ())
    box.end()
    assert box.try_put("c") == (False,)
    assert [box.try_take() for _ in range(3)] == [("a",), ("b",), (None,)]
    assert (box.take(), len(box), box.has_room()) == (None, 0, True)


def test_who_waits_in_a_thread_is_woken_by_a_change() -> None:
    box, answers = Box(1), list[object]()
    thread = threading.Thread(target=lambda: answers.append(box.wait(box.try_take, SECONDS)))
    thread.start()
    box.put(7)
    thread.join(SECONDS)
    assert answers == [(7,)]
    assert box.wait(box.try_take, 0) == ()


def test_of_two_coroutines_one_gets_the_frame_and_the_other_waits_on_without_holding_up_the_event_loop() -> None:
    """Both were woken by one frame, and the loser then waited on the thread of the event loop for good."""

    async def main() -> list[str]:
        box = Box(1)
        takers = [asyncio.create_task(box.wait_async(box.try_take)) for _ in range(2)]
        await asyncio.sleep(0)  # both wait
        box.put("first")
        done, waiting = await asyncio.wait(takers, return_when=asyncio.FIRST_COMPLETED)
        assert (len(done), len(waiting)) == (1, 1)
        box.put("second")
        return sorted(answer[0] for answer in await asyncio.gather(*takers))

    assert asyncio.run(asyncio.wait_for(main(), SECONDS)) == ["first", "second"]


def test_who_is_cancelled_leaves_nothing_behind_and_has_taken_nothing() -> None:
    async def main() -> None:
        box = Box(1)
        waiting = asyncio.create_task(box.wait_async(box.try_take))
        await asyncio.sleep(0)
        box.put("frame")  # it is woken, and cancelled before it looks
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert (waiting.cancelled(), box.try_take(), box._called) == (True, ("frame",), [])

    asyncio.run(asyncio.wait_for(main(), SECONDS))


def test_a_coroutine_whose_event_loop_was_closed_disturbs_nobody() -> None:
    box, loop = Box(1), asyncio.new_event_loop()
    task = loop.create_task(box.wait_async(box.try_take))
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    box.put("frame")
    assert box.try_take() == ("frame",)
    task.get_coro().close()
    task._log_destroy_pending = False  # type: ignore[attr-defined]


def test_a_box_that_is_passed_on_keeps_its_frames_and_opens_again_if_it_was_closed() -> None:
    box = Box(1)
    box.put("frame")
    assert box.pass_on(2) is box
    assert (box.capacity, box.ended) == (2, False)
    box.end()
    assert box.pass_on(2).ended  # who ended it meant the end of the stream
    box.close()
    assert not box.pass_on(2).ended
    assert box.try_take() == ("frame",)
    box.put("frame")
    box.clear()
    assert len(box) == 0
