"""What becomes of an exit raised inside a processor: SystemExit, a cancelled call, anything that is no `Exception`.

On the main thread it is the program's, Ctrl-C for one, and goes on to whoever called. On a thread of ours nobody is
above to take it: there it is a failure of the processor that raised it, and of nobody else on that thread.
"""

from __future__ import annotations

import threading


class ExitRaisedError(RuntimeError):
    """A processor raised something that ends programs or threads; `__cause__` is what."""


def survived(error: BaseException) -> Exception:
    """The error to go on with; raises an exit where that is the caller's."""
    if isinstance(error, Exception):
        return error
    if threading.current_thread() is threading.main_thread():
        raise error
    exit_raised = ExitRaisedError(f"{error!r} on a thread of the runtime ends the processor that raised it")
    exit_raised.__cause__ = error
    return exit_raised
