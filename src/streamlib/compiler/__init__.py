"""From a changed graph to running processors.

`delta` says what changed, `plan` in which order it is done, `phases` does it (create, wire, set up, ask; then
switch and start), `wiring` makes links run, `teardown` drains what goes, `compiler` is the way through them.
"""
