from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.media.mp4.fragments import cut_to_fragments, fragments_end, is_whole


def box(name: str, content: bytes = b"", *, long: bool = False) -> bytes:
    if long:
        return (1).to_bytes(4, "big") + name.encode() + (len(content) + 16).to_bytes(8, "big") + content
    return (len(content) + 8).to_bytes(4, "big") + name.encode() + content


HEAD = box("ftyp", b"isom") + box("moov", b"tracks")
FRAGMENT = box("moof", b"times") + box("mdat", b"samples")


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_what_stands_behind_the_last_whole_fragment_is_cut_off(tmp_path: Path) -> None:
    path = written(tmp_path / "cut.mp4", HEAD + FRAGMENT * 2 + FRAGMENT[:-3])
    assert cut_to_fragments(path)
    assert path.read_bytes() == HEAD + FRAGMENT * 2


def test_a_whole_file_stays_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "whole.mp4", HEAD + FRAGMENT)
    assert cut_to_fragments(path)
    assert path.read_bytes() == HEAD + FRAGMENT


@pytest.mark.parametrize("content", [b"", b"abc", HEAD, HEAD + FRAGMENT[:-1], box("ftyp") + box("mdat", b"samples")])
def test_a_file_without_a_whole_fragment_is_not_changed(tmp_path: Path, content: bytes) -> None:
    path = written(tmp_path / "none.mp4", content)
    assert not cut_to_fragments(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(("content", "whole"), [(b"", True), (HEAD, True), (HEAD + b"\0", False), (HEAD[:-1], False)])
def test_a_file_is_whole_when_its_last_box_is(tmp_path: Path, content: bytes, whole: bool) -> None:
    assert is_whole(written(tmp_path / "file.mp4", content)) is whole


def test_long_boxes_count(tmp_path: Path) -> None:
    fragment = box("moof", b"times") + box("mdat", b"samples", long=True)
    assert fragments_end(written(tmp_path / "long.mp4", HEAD + fragment + b"rest")) == len(HEAD + fragment)


@given(kept=st.integers(0, 3 * len(FRAGMENT)))
def test_wherever_a_file_breaks_off_whole_fragments_are_left(
    tmp_path_factory: pytest.TempPathFactory, kept: int
) -> None:
    path = written(tmp_path_factory.mktemp("broken") / "cut.mp4", HEAD + (FRAGMENT * 3)[:kept])
    assert fragments_end(path) == (len(HEAD) + kept // len(FRAGMENT) * len(FRAGMENT) if kept >= len(FRAGMENT) else 0)


@given(content=st.binary(max_size=64))
def test_no_bytes_lead_it_astray(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = written(tmp_path_factory.mktemp("bytes") / "any.mp4", content)
    assert 0 <= fragments_end(path) <= len(content)
