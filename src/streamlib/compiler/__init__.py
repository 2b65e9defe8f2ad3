"""From a changed graph to running processors.

`delta` says what changed, `plan` in which order it is done, `phases` does it (create, wire, set up, ask; then
switch and start), `wiring` makes links run and `joints` says which takes another's place, `teardown` drains what
goes, `patience` limits the waiting, `reports` tells what happens to processors, `site` is what all of them work
with, and `compiler` is the way through them.
"""
