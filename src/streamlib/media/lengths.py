"""What a file says of its own length, against what came of it: how a cut file is told from one that is whole.

Tracks come in when they are over, nanoseconds go out. `demuxer.py` asks.
"""

from __future__ import annotations

from collections.abc import Collection

from streamlib.clock import NS_PER_MS, NS_PER_S
from streamlib.media.track import Track

# Containers, as FFmpeg calls them, that are exact to a frame: in what each stream says, or in what the file says of
# its longest. Others count differently (AVI, ASF), or name nothing and have their length guessed from their size.
EXACT_STREAMS = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm", "flac"})
EXACT_FILES = frozenset({"matroska,webm", "flv"})
# A whole file may lack this: a decoder's delay is counted in or not, and the last frame is counted shorter or longer.
USUAL_FRAMES = 2
# Codecs for sound swallow up to 80 ms (Opus, RFC 7845, 4.2), and Matroska counts in milliseconds.
USUAL_SOUND_NS = 100 * NS_PER_MS
# Where lengths are not exact, a file that lacks this much was cut.
INEXACT_NS = NS_PER_S


def missing_ns(container: str, file_end_ns: int, tracks: Collection[Track]) -> int:
    """How much did not come of what is wanted of a file, in nanoseconds; 0 where it is no more than usual.

    A stream of which nothing could be decoded does not count: its packets were there.

    Args:
        container: FFmpeg's name of it.
        file_end_ns: Where the pass should end by what the file says; 0 where it says nothing.
        tracks: All of the file that could be read.
    """
    wanted = [track for track in tracks if track.wanted and not track.awaits_key and not track.tally.is_lost]
    if not wanted:
        return 0
    if container in EXACT_STREAMS and all(track.expected_ns for track in wanted):
        return max(_beyond(track.expected_ns - track.end_ns, _usual_ns(track)) for track in wanted)
    end_ns = max(track.end_ns for track in wanted)
    if container in EXACT_FILES and len(wanted) == len(tracks):
        return _beyond(file_end_ns - end_ns, max(_usual_ns(track) for track in wanted))
    named = max(track.expected_ns for track in wanted) or file_end_ns
    return _beyond(named - end_ns, INEXACT_NS)


def _usual_ns(track: Track) -> int:
    usual = USUAL_FRAMES * track.frame_ns
    return usual if track.has_pictures else max(usual, USUAL_SOUND_NS)


def _beyond(missing: int, usual: int) -> int:
    return missing if missing > usual else 0
