"""`python -m streamlib` is the command."""

from __future__ import annotations

import subprocess
import sys


def test_python_dash_m_streamlib_is_the_command() -> None:
    command = [sys.executable, "-m", "streamlib", "--help"]
    helped = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert helped.returncode == 0, helped.stderr
    assert "demo" in helped.stdout
    assert "run" in helped.stdout
