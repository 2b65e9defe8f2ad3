"""What became of the packets of one stream: how many there were, how many came to nothing, and why the first did.

Numbers and words come in, one sentence goes out. `track.py` and `packet_decoder.py` count; the reader and the
decoders say it at the end, so that damage is told once and not packet by packet.
"""

from __future__ import annotations

from dataclasses import dataclass
from logging import Logger, LoggerAdapter
from typing import Any

# So many packets of a whole stream may give no frame of their own: a codec's delay and its priming.
USUAL_SILENT = 2


@dataclass(slots=True)
class Tally:
    """Counts of one stream.

    Attributes:
        packets: Those that were given to the decoder.
        frames: What came out.
        refused: Packets that the decoder said it cannot decode.
        spoilt: Frames among those that came out that show damage.
        reason: Why the first was refused, in the decoder's words.
    """

    packets: int = 0
    frames: int = 0
    refused: int = 0
    spoilt: int = 0
    reason: str = ""

    def refuse(self, reason: str) -> None:
        """Count a packet that could not be decoded."""
        self.refused += 1
        self.reason = self.reason or reason

    @property
    def is_lost(self) -> bool:
        """Whether there was something to decode and nothing came of it."""
        return self.packets > 0 and not self.frames

    @property
    def is_damaged(self) -> bool:
        """Whether something is to be said."""
        return bool(self.refused or self.spoilt or self._silent)

    def words(self, media: str, *, is_over: bool = True) -> str:
        """What is to be said of a stream of this kind, as a clause; empty where all is well.

        Before the stream is over, packets that gave nothing yet are not held against it: decoders hold some back.
        """
        why = f" ({self.reason})" if self.reason else ""
        if self.is_lost and is_over:
            return f"none of {self.packets} packets of {media} could be decoded{why}"
        silent = self._silent if is_over else 0
        clauses = [
            f"{self.refused} of {self.packets} packets of {media} could not be decoded{why}" if self.refused else "",
            f"{silent} of {self.packets} packets of {media} gave nothing" if silent else "",
            f"{self.spoilt} of {self.frames} frames of {media} show damage" if self.spoilt else "",
        ]
        return ", ".join(filter(None, clauses))

    @property
    def _silent(self) -> int:
        """Packets that were taken and gave nothing, where those are too many for a whole stream.

        Some codecs have a packet for each half of a picture: half of the packets may give none.
        """
        silent = self.packets - self.refused - self.frames
        usual = USUAL_SILENT if self.refused else max(USUAL_SILENT, (self.packets + 1) // 2)
        return silent if silent > usual else 0


def say(tally: Tally, media: str, log: Logger | LoggerAdapter[Any]) -> None:
    """Tell a log what became of a stream's packets, where not all is well: an error where nothing came of them."""
    if tally.is_lost:
        log.error("%s; look at what sends them", tally.words(media))
    elif tally.is_damaged:
        log.warning("%s", tally.words(media))
