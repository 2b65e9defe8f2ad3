from __future__ import annotations

from pathlib import Path

import pytest

from streamlib.control.cli.clip import make_clip
from streamlib.errors import CommitError
from tests.media.clips import assert_plays, probe


def test_a_clip_has_pictures_and_stereo_of_the_same_length(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    make_clip(path, seconds=0.5, size="64x48")
    assert_plays(path)
    told = probe(path)
    assert (told["video"]["codec_name"], told["video"]["nb_frames"]) == ("h264", "15")
    assert (told["audio"]["codec_name"], told["audio"]["channels"]) == ("aac", 2)
    assert float(told["format"]["duration"]) == pytest.approx(0.5, abs=0.05)


def test_where_it_cannot_be_written_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommitError, match="no folder"):
        make_clip(tmp_path / "nowhere" / "clip.mp4", seconds=0.1, size="64x48")
