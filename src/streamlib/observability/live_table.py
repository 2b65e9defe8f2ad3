"""A table of a graph at work that draws itself again in a notebook, until the runtime stops or somebody closes it.

Made by `inspector.live()`; what it shows is a `table`, where it is shown a `notebook`'s. One thread draws it, which
holds the table only while it draws: a table that nobody holds any more is gone, and the thread with it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from weakref import ReferenceType, finalize, ref

from streamlib.clock import NS_PER_S, Clock, MonotonicClock
from streamlib.errors import ConfigError, StateError
from streamlib.events.bus import EventBus
from streamlib.events.closing import Closing
from streamlib.events.event import Event
from streamlib.events.runtime import RuntimeStopped
from streamlib.events.subscription import Subscription
from streamlib.events.topics import RUNTIME_GLOBAL
from streamlib.links.wake import Waker
from streamlib.observability.notebook import Screen, screen_here
from streamlib.observability.table import GraphTable, Looks
from streamlib.states import GraphState

LOG = logging.getLogger("streamlib.observability")

SHORTEST_S, LONGEST_S = 0.1, 3_600.0
"""Between two drawings, in seconds."""

JOIN_S = 2.0
"""How long closing waits for the thread, in seconds; it may be in the middle of a drawing."""


class _Drawing:
    """What the thread has of a table: where it sleeps, and whether it is over."""

    def __init__(self, clock: Clock) -> None:
        self.waker = Waker(clock)
        self.over = False

    def end(self) -> None:
        """Have the thread end; from any thread, also from the collector's."""
        self.over = True
        self.waker.wake()


class LiveTable(Closing):
    """Processors and links of a graph with rates, latencies, errors and queues, drawn anew while it is shown.

    In a notebook it is shown as the value of a cell, or by `display`; elsewhere `print` shows it once. It stops with
    the runtime, by `close`, at the end of a `with` block, when its cell runs again, and when nobody holds it any more.

    Args:
        inspector: What it looks by.
        events: Where it hears that the runtime has stopped; None looks at the state of the graph alone.
        interval_s: Between two drawings, in seconds.
        clock: What the interval goes by.
        screen: Where it is shown; None where there is none.

    Raises:
        ConfigError: The interval is not 0.1 s to an hour.
    """

    def __init__(
        self,
        inspector: Looks,
        events: EventBus | None = None,
        *,
        interval_s: float = 1.0,
        clock: Clock | None = None,
        screen: Callable[[], Screen | None] = screen_here,
    ) -> None:
        if not _is_interval(interval_s):
            words = f"interval_s is {interval_s!r}; give seconds, {SHORTEST_S:g} to {LONGEST_S:g}"
            raise ConfigError(words, field="interval_s")
        self._inspector = inspector
        self._events = events
        self._hears: Subscription | None = None
        self._interval_ns = int(interval_s * NS_PER_S)
        self._clock = clock or MonotonicClock()
        self._new_screen = screen
        self._screen: Screen | None = None
        self._drawing: _Drawing | None = None
        self._thread: threading.Thread | None = None
        self._ran = False

    @property
    def is_live(self) -> bool:
        """Whether it is drawn again and again."""
        return self._drawing is not None and not self._drawing.over

    def __repr__(self) -> str:
        return str(GraphTable.of(self._inspector))

    def _ipython_display_(self) -> None:
        """Show it in the cell that runs, and no longer in one before."""
        self.close()
        screen = self._new_screen()
        if screen is None:  # IPython in a terminal
            print(self)  # noqa: T201 - it is what was asked for
            return
        self._screen, self._ran = screen, False
        if not self._draw():
            self._leave()
            return
        self._drawing = drawing = _Drawing(self._clock)
        myself = ref(self)
        screen.when_overtaken(lambda: _close(myself))
        if self._events is not None:
            with suppress(StateError):  # the runtime is gone, and nothing of it will be told
                self._hears = self._events.subscribe(RUNTIME_GLOBAL, lambda event: _close_if_stopped(myself, event))
        finalize(self, _let_go, drawing, screen, self._hears).atexit = False
        arguments = (myself, drawing, self._clock, self._interval_ns)
        self._thread = threading.Thread(target=_run, args=arguments, name="streamlib:live-table", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Draw it for the last time; what it shows stays. From any thread."""
        drawing, thread = self._drawing, self._thread
        was_live = self.is_live
        if drawing is not None:
            drawing.end()
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_S)
        if was_live:
            self._draw()
        self._leave()

    def _leave(self) -> None:
        """It is over, and its screen is nobody's."""
        drawing, self._drawing, self._thread = self._drawing, None, None
        if drawing is not None:
            drawing.end()
        hears, self._hears = self._hears, None
        if hears is not None:
            hears.close()
        screen, self._screen = self._screen, None
        if screen is not None:
            screen.leave()

    def _draw(self) -> bool:
        """Draw it; False where it was the last time: the runtime has stopped, or there is no place to draw any more."""
        screen = self._screen
        if screen is None:
            return False
        table = GraphTable.of(self._inspector)
        idle = table.health.state is GraphState.IDLE
        try:
            screen.show(table.to_html())
        except Exception as error:  # the page has gone
            LOG.warning("a live table cannot be shown any more: %r", error)
            return False
        over = self._ran and idle
        self._ran = self._ran or not idle
        return not over


def _is_interval(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and SHORTEST_S <= given <= LONGEST_S


def _let_go(drawing: _Drawing, screen: Screen, hears: Subscription | None) -> None:
    """Nobody holds the table any more."""
    drawing.end()
    screen.leave()
    if hears is not None:
        hears.close()


def _close_if_stopped(table: ReferenceType[LiveTable], event: Event) -> None:
    if isinstance(event, RuntimeStopped):
        _close(table)


def _close(table: ReferenceType[LiveTable]) -> None:
    held = table()
    if held is not None:
        held.close()


def _run(table: ReferenceType[LiveTable], drawing: _Drawing, clock: Clock, interval_ns: int) -> None:
    """The thread: it holds the table while it draws, and not while it sleeps."""
    while not drawing.over:
        drawing.waker.sleep(lambda: drawing.over, lambda: clock.now_ns() + interval_ns)
        held = table()
        if held is None or drawing.over:
            return
        if not held._draw():
            held._leave()
        del held
