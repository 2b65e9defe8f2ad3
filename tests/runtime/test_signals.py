"""Signals are caught on the main thread alone, and given back."""

from __future__ import annotations

import signal
import threading

import pytest

from streamlib.errors import StateError
from streamlib.runtime.signals import caught_signals


def test_the_first_signal_and_the_later_ones_are_told_apart_and_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[str] = []
    with caught_signals(lambda: seen.append("first"), lambda: seen.append("later")):
        for _ in range(3):
            signal.raise_signal(signal.SIGTERM)
    assert seen == ["first", "later", "later"]
    assert signal.getsignal(signal.SIGTERM) is before


def test_another_thread_is_refused_in_words() -> None:
    refused: list[str] = []

    def attempt() -> None:
        with pytest.raises(StateError, match="main thread"), caught_signals(print, print):
            refused.append("entered")
        refused.append("refused")

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join(10)
    assert refused == ["refused"]
