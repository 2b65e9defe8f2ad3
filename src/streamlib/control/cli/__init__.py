"""The command `streamlib`; `app.py` has its subcommands."""

from __future__ import annotations


def main() -> None:
    """Run the command with the arguments of the process, and exit with its code."""
    from streamlib.control.cli.app import app  # rich and typer take a while to load

    app(prog_name="streamlib")
