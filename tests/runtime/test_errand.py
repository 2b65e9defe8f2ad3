"""An errand makes a call on a thread of its own, and brings back what came of it."""

from __future__ import annotations

import threading

import pytest

from streamlib.runtime.errand import Errand
from tests.scenarios.stage import SECONDS


def test_an_errand_brings_back_what_the_call_returned_and_says_when() -> None:
    back = threading.Event()
    errand = Errand(lambda: threading.current_thread().name, back.set, "shopping")
    assert back.wait(SECONDS)
    assert errand.done()
    assert errand.result() == "streamlib:shopping"


def test_an_errand_raises_what_the_call_raised() -> None:
    back = threading.Event()

    def fail() -> None:
        raise SystemExit(3)

    errand = Errand(fail, back.set, "shopping")
    assert back.wait(SECONDS)
    with pytest.raises(SystemExit):
        errand.result()
