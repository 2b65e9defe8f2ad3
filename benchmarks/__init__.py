"""Measures StreamLib beside what it is compared with: `scripts/bench`.

`rows/` says what is measured, `programs/` are the sides, each run in a process of its own, `pairing.py` runs
them in turn, `report.py` writes what came of it into docs/benchmarks.md. Nothing here is part of the package.
"""
