"""Whether a processor keeps what every processor owes its graph, whoever wrote it.

`check.py` has the way in. Each check of `checks.py` runs the processor in a `rig.py`: `feeder.py` feeds its inputs
with a `supply.py`, `witness.py` looks at what comes out (`content.py` at whether it stays so), `watch.py` at what is
called, `footprint.py` and `hoard.py` at what is held.
"""
