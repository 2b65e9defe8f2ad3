"""Logs for programs: lines that name the processor they come from, for people or as JSON, and repeats as counts.

Nothing is set up by importing it. `handler.py` is how a line is let through, `rendering.py` how it looks.
"""

from streamlib.logs.handler import LogHandler, ProcessorFields, configure

__all__ = ["LogHandler", "ProcessorFields", "configure"]
