"""The two ways in which changes take effect."""

from __future__ import annotations

import pytest

from streamlib import CommitMode, StreamRuntime


def test_a_mode_may_be_named_by_its_word() -> None:
    assert StreamRuntime(commit_mode="manual").commit_mode is CommitMode.MANUAL
    assert StreamRuntime().commit_mode is CommitMode.AUTO


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="sometimes"):
        StreamRuntime(commit_mode="sometimes")
