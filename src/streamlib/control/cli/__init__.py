"""The command `streamlib`; `app.py` has its subcommands, `entry.py` stands before them."""

from __future__ import annotations

from streamlib.control.cli.entry import run_command


def main() -> None:
    """Run the command with the arguments of the process, and exit with its code."""
    run_command(_run_app)


def _run_app() -> None:
    from streamlib.control.cli.app import app  # rich and typer take a while to load

    app(prog_name="streamlib")
