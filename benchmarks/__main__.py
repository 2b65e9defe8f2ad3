"""The command line: which rows, how long, and where the results go."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from benchmarks import comparison, instructions, machine, report, result
from benchmarks.pairing import FULL, QUICK, Effort, Progress, Sample, measure
from benchmarks.program import ROOT
from benchmarks.row import Figure, Row, SideError, UnavailableError
from benchmarks.rows import ROWS


def main(arguments: Sequence[str]) -> int:
    """Measure what was asked for; 1 when a side broke, 2 when the arguments are wrong."""
    options = _parser().parse_args(arguments)
    if options.list:
        width = max(len(row.name) for row in ROWS)
        print("\n".join(f"{row.name:{width}}  {row.method}" for row in ROWS))
        return 0
    if options.instructions:
        return _count_instructions(compiled=options.compiled)
    if options.compare or options.compiled:
        keep = not (options.compare or options.quick)
        return _compare_all(_chosen(options.rows), _effort(options), options.compare, keep=keep)
    if not options.table:
        return _measure_all(_chosen(options.rows), _effort(options), keep=not options.quick)
    _write_page()
    for place in result.saved():
        print(f"{place.machine}\n\n{report.as_text(place.of(ROWS), place.results, place.compiled)}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures StreamLib beside what it is compared with: both sides in turn, each sample in a process "
        "of its own. Results go to benchmarks/results, and all that are there as a table into docs/benchmarks.md.",
    )
    names = ", ".join(row.name for row in ROWS)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"rows to measure; all when none is named: {names}")
    parser.add_argument("--quick", action="store_true", help="three short pairs a row; nothing is kept or written")
    parser.add_argument("--pairs", type=int, metavar="N", help=f"pairs a row, instead of {FULL.pairs}")
    parser.add_argument("--table", action="store_true", help="write the table of the kept results anew, and stop")
    parser.add_argument(
        "--compare", metavar="REV", help="our sides here beside those at another revision, in shuffled pairs; not kept"
    )
    parser.add_argument(
        "--compiled",
        action="store_true",
        help="our sides compiled beside our sides as they come, as --compare; kept for a column",
    )
    parser.add_argument(
        "--instructions",
        action="store_true",
        help="count the instructions of a hop and of an edit with callgrind, and keep what the tests compare with; "
        "with --compiled, of the compiled build",
    )
    parser.add_argument("--list", action="store_true", help="say what each row does, and stop")
    return parser


def _chosen(names: Sequence[str]) -> list[Row]:
    known = {row.name: row for row in ROWS}
    unknown = [name for name in names if name not in known]
    if unknown:
        _say(f"scripts/bench: no row is called {', '.join(unknown)}; there are {', '.join(known)}")
        sys.exit(2)
    return [known[name] for name in names] if names else list(ROWS)


def _effort(options: argparse.Namespace) -> Effort:
    effort = QUICK if options.quick else FULL
    return replace(effort, pairs=options.pairs) if options.pairs else effort


def _measure_all(rows: Sequence[Row], effort: Effort, *, keep: bool) -> int:
    place = machine.this_machine()
    _say(f"{place}; load average {machine.load():.2f}")
    done: dict[str, result.Result] = {}
    broken = 0
    for row in rows:
        try:
            done[row.name] = _measure_one(row, effort, place)
        except SideError as error:
            _say(f"{row.name}: {error}")
            broken += 1
            continue
        if keep:
            result.save(done[row.name])
    print(report.as_text(rows, done))
    if keep:
        _write_page()
    return 1 if broken else 0


def _write_page() -> None:
    """The table and the plots of all that is kept."""
    from benchmarks import plots  # the tests import this module's neighbours without what draws

    places = result.saved()
    report.write_page(ROWS, places)
    plots.draw(ROWS, places)
    _say(f"written: {report.PAGE.relative_to(ROOT)}")


def _measure_one(
    row: Row, effort: Effort, place: machine.Machine, chance: random.Random | None = None
) -> result.Result:
    facts = result.Result(
        row=row.name,
        date=datetime.now(UTC).date().isoformat(),
        revision=machine.revision(),
        machine=place,
        ours=row.ours.name,
        theirs=row.theirs.name,
    )
    try:
        facts = msgspec.structs.replace(
            facts,
            ours=row.ours.version(),
            theirs=row.theirs.version(),
            payload=row.prepare() if row.prepare else "",
        )
    except UnavailableError as error:
        _say(f"{row.name}: {error}")
        return msgspec.structs.replace(facts, missing=str(error))
    before = machine.load()
    pairs = measure(row, effort, _progress(row, effort), chance)
    figures = [_measured(figure, pairs) for figure in row.figures]
    return msgspec.structs.replace(facts, figures=figures, loads=(before, machine.load()))


def _compare_all(rows: Sequence[Row], effort: Effort, revision: str | None, *, keep: bool) -> int:
    """Print how our sides do here in terms of how they do there, or without a revision, how compiled."""
    place, done, compared = machine.this_machine(), dict[str, result.Result](), list[Row]()
    chance = random.Random()  # noqa: S311 - an order, not a secret
    _say(f"{place}; load average {machine.load():.2f}")
    try:
        if revision is None:
            there, present = comparison.here("as it comes"), comparison.compiled()
        else:
            there, present = comparison.checked_out(revision), comparison.here()
    except SideError as error:
        _say(f"scripts/bench: {error}")
        return 2
    for row in rows:
        try:
            both = comparison.compared(row, there, present)
            one = _measure_one(both, effort, place, chance)
        except SideError as error:
            _say(f"{row.name}: {error}")
            continue
        done[row.name] = msgspec.structs.replace(one, ours=present.name, theirs=there.name)
        compared.append(both)
        if keep:
            result.save(done[row.name], compiled=True)
    _say(f"ours is {present.name}, theirs is {there.name}; less is better")
    print(report.as_text(compared, done))
    if keep:
        _write_page()
    return 0 if len(compared) == len(rows) else 1


def _count_instructions(*, compiled: bool) -> int:
    """Count those of what is installed, or those of what lies here, compiled."""
    try:
        counts = instructions.count(comparison.compiled().sources if compiled else None)
    except (UnavailableError, SideError) as error:
        _say(f"scripts/bench: {error}")
        return 1
    build = instructions.this_python(compiled=True) if compiled else instructions.this_python()
    before = instructions.kept().get(build, {})
    print(f"{build}:")
    for piece, number in counts.items():
        was = f", {number / before[piece] - 1:+.1%} beside what was kept" if piece in before else ""
        print(f"{piece}: {number:,.0f} instructions{was}")
    instructions.keep(counts, build)
    _say(f"written: {instructions.COUNTS.relative_to(ROOT)}")
    return 0


def _measured(figure: Figure, pairs: Sequence[tuple[Sample, Sample]]) -> result.Measured:
    ours = [sample[figure.key] for sample, _ in pairs]
    theirs = [sample[figure.key] for _, sample in pairs]
    return result.Measured(key=figure.key, ours=ours, theirs=theirs)


def _progress(row: Row, effort: Effort) -> Progress:
    def say(number: int, ours: Sample, theirs: Sample) -> None:
        parts = [
            f"{ours[f.key]:,.{f.digits}f} beside {theirs[f.key]:,.{f.digits}f} {f.unit}"
            f" = {result.in_terms_of(ours[f.key], theirs[f.key]):.2f}"
            for f in row.figures
        ]
        count = f"{number}/{effort.pairs}" if number else "warm-up"
        _say(f"{row.name:16} {count:>7}  {'; '.join(parts)}")

    return say


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
