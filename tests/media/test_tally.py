from __future__ import annotations

import logging

import pytest

from streamlib.media.tally import Tally, say


@pytest.mark.parametrize(
    ("tally", "words"),
    [
        (Tally(packets=50, frames=50), ""),
        (Tally(packets=50, frames=48), ""),
        (Tally(packets=50, frames=25), ""),  # a packet for each half of a picture
        (Tally(packets=50, frames=20), "30 of 50 packets of video gave nothing"),
        (Tally(packets=50, frames=49, refused=1, reason="bad"), "1 of 50 packets of video could not be decoded (bad)"),
        (
            Tally(packets=50, frames=30, refused=5, reason="bad"),
            "5 of 50 packets of video could not be decoded (bad), 15 of 50 packets of video gave nothing",
        ),
        (Tally(packets=50, frames=50, spoilt=3), "3 of 50 frames of video show damage"),
        (Tally(packets=50, refused=7, reason="bad"), "none of 50 packets of video could be decoded (bad)"),
        (Tally(), ""),
    ],
)
def test_it_says_in_one_sentence_what_came_to_nothing(tally: Tally, words: str) -> None:
    assert tally.words("video") == words
    assert tally.is_damaged == bool(words)


def test_the_first_reason_is_kept() -> None:
    tally = Tally()
    tally.refuse("first")
    tally.refuse("second")
    assert (tally.refused, tally.reason) == (2, "first")


def test_what_a_decoder_still_holds_is_not_lost() -> None:
    assert Tally(packets=9).words("video", is_over=False) == ""


def test_a_stream_of_which_nothing_came_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    for tally in (Tally(packets=5, frames=5), Tally(packets=5, frames=4, refused=1), Tally(packets=5)):
        say(tally, "audio", logging.getLogger("streamlib.test"))
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.ERROR]
    assert "none of 5 packets of audio could be decoded; look at what sends them" in caplog.text
