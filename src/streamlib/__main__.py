"""`python -m streamlib` is the command `streamlib`."""

from __future__ import annotations

from streamlib.control.cli import main

if __name__ == "__main__":
    main()
