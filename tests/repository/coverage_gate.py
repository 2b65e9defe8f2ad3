"""Refuses a coverage report in which a module is covered less than it must be: a step of scripts/test."""

from __future__ import annotations

import json
import sys
from pathlib import Path

AT_LEAST = 85.0


def main(report: Path, sources: Path) -> int:
    """Print the modules below the bar, those no test ever loaded included, and return how many there are."""
    files = json.loads(report.read_text())["files"]
    covered = {Path(name).as_posix(): float(entry["summary"]["percent_covered"]) for name, entry in files.items()}
    modules = [path.as_posix() for path in sorted(sources.rglob("*.py")) if path.read_text().strip()]
    short = {module: covered.get(module, 0.0) for module in modules if covered.get(module, 0.0) < AT_LEAST}
    for module, percent in short.items():
        missing = _ranges(files[module]["missing_lines"]) if module in files else "never loaded"
        print(f"{module}: {percent:.1f} %, at least {AT_LEAST:.0f} % are needed; missing: {missing}")  # noqa: T201
    print(f"coverage: {len(modules) - len(short)} of {len(modules)} modules at {AT_LEAST:.0f} % or more")  # noqa: T201
    return len(short)


def _ranges(lines: list[int]) -> str:
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


if __name__ == "__main__":
    sys.exit(bool(main(Path(sys.argv[1]), Path("src/streamlib"))))
