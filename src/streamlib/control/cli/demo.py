"""The demo: a file played through a graph that grows a branch and loses it while it runs.

`clip.py` makes a file where there is none, `vignette.py` is the filter, `recording.py` looks at what came of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from streamlib.clock import NS_PER_S
from streamlib.control.cli.attendance import Outcome, attending
from streamlib.control.cli.clip import make_clip
from streamlib.control.cli.display import Display, processor_table
from streamlib.control.cli.duration import seconds
from streamlib.control.cli.entry import raised_interrupts
from streamlib.control.cli.recording import Contents, play_back
from streamlib.control.cli.tally import Row, Tally
from streamlib.control.cli.vignette import Vignette
from streamlib.errors import StreamError, nearest_file
from streamlib.ids import LinkId
from streamlib.runtime.handles import ProcessorHandle
from streamlib.runtime.runtime import StreamRuntime

GROWS_NS = 1 * NS_PER_S
SHRINKS_NS = 3 * NS_PER_S
SMALL = {"width": 320, "height": 180}

LAST_WORDS = {
    Outcome.ENDED: "the file has ended",
    Outcome.SIGNAL: "stopping: what is on its way is recorded",
}


@dataclass(frozen=True, slots=True)
class Trunk:
    """What runs from the beginning to the end."""

    vignette: ProcessorHandle
    sound: ProcessorHandle


@dataclass(frozen=True, slots=True)
class Recorded:
    """A file that the demo has written, and how many pictures its writer was given."""

    path: Path
    given: int
    contents: Contents | None

    @property
    def is_complete(self) -> bool:
        """Whether all of it can be played."""
        return self.contents is not None and self.contents.pictures == self.given > 0


def show_demo(file: Path | None, folder: Path, console: Console) -> bool:
    """Run the demo and print what it did; True when nothing was lost.

    Raises:
        typer.BadParameter: There is no such file, or it is where the demo writes.
        StreamError: The graph could not be run.
    """
    if file is not None:
        _check_file(file, folder)
    folder.mkdir(parents=True, exist_ok=True)
    with raised_interrupts(), TemporaryDirectory(prefix="streamlib-demo-") as scratch:
        if file is None:
            file = Path(scratch) / "clip.mp4"
            console.print("making a clip of 5 s, 1280x720, with sound", highlight=False)
            make_clip(file)
        return Demo(file, folder, console).run()


class Demo:
    """One run of the demo."""

    def __init__(self, file: Path, folder: Path, console: Console) -> None:
        self._file = file
        self._whole, self._small = folder / "demo.mp4", folder / "demo-small.mp4"
        self._console = console
        self._runtime = StreamRuntime()
        self._tally = Tally(self._runtime.graph)
        self._links: dict[Path, LinkId] = {}

    def run(self) -> bool:
        """Play the file, print the tables; True when nothing was lost."""
        with Display(self._tally, self._console) as display:
            finished = self._play(display)
        rows = self._tally.rows()
        self._console.print(processor_table(rows))
        files = [self._recorded(path) for path in (self._whole, self._small)]
        self._console.print(file_table(files))
        faults = _faults(rows, files, finished=finished)
        words = (
            f"not as it should be: {'; '.join(faults)}" if faults else "nothing was dropped, both files are complete"
        )
        style = "red" if faults else "green"
        self._console.print(words, style=style, highlight=False, markup=False, soft_wrap=True)
        return not faults

    def _play(self, display: Display) -> bool:
        """From start to stop; False when a signal came in between."""
        trunk = self._build()
        branch: list[ProcessorHandle] = []
        with attending(self._runtime, display.tick) as attendance:
            self._runtime.start()
            self._tally.look()
            display.say(f"playing {self._file}, recording {self._whole}")
            outcome = attendance.until(GROWS_NS)
            if outcome is Outcome.TIME:
                branch = self._grow(trunk)
                display.say(f"added a branch that records {self._small}")
                outcome = attendance.until(SHRINKS_NS)
            if outcome is Outcome.TIME and branch:
                self._shrink(branch)
                display.say(f"removed the branch; {self._small} is complete")
                outcome = attendance.until(None)
            display.say(LAST_WORDS[outcome])
            self._runtime.stop()
        return outcome is Outcome.ENDED

    def _build(self) -> Trunk:
        runtime = self._runtime
        reader = runtime.add_processor("FileReader", id="reader", path=str(self._file))
        vignette = runtime.add_processor(Vignette, id="vignette")
        encoder = runtime.add_processor("H264Encoder", id="encoder")
        sound = runtime.add_processor("AacEncoder", id="sound")
        writer = runtime.add_processor("Mp4Writer", id="writer", path=str(self._whole))
        runtime.connect(reader, vignette)
        runtime.connect(vignette, encoder)
        runtime.connect(reader, sound)
        pictures = runtime.connect(encoder, writer.input("video"))
        runtime.connect(sound, writer.input("audio"))
        self._links[self._whole] = pictures.id
        return Trunk(vignette, sound)

    def _grow(self, trunk: Trunk) -> list[ProcessorHandle]:
        """Add a branch to the running graph: all of it at once."""
        with self._runtime.edit() as edit:
            scaler = edit.add_processor("VideoScaler", SMALL, id="small_scaler")
            encoder = edit.add_processor("H264Encoder", id="small_encoder", bitrate=600_000)
            writer = edit.add_processor("Mp4Writer", id="small_writer", path=str(self._small))
            edit.connect(trunk.vignette, scaler)
            edit.connect(scaler, encoder)
            pictures = edit.connect(encoder, writer.input("video"))
            edit.connect(trunk.sound, writer.input("audio"))
        self._tally.look()
        self._links[self._small] = pictures.id
        return [scaler, encoder, writer]

    def _shrink(self, branch: list[ProcessorHandle]) -> None:
        """Remove the branch: what is on its way is recorded, then its file is completed."""
        self._tally.look()
        with self._runtime.edit() as edit:
            for processor in branch:
                edit.remove(processor)

    def _recorded(self, path: Path) -> Recorded:
        given = self._tally.carried(self._links[path]) if path in self._links else 0
        if not given:
            return Recorded(path, 0, None)
        try:
            return Recorded(path, given, play_back(path))
        except StreamError as error:
            self._console.print(str(error), style="red", highlight=False, markup=False)
            return Recorded(path, given, None)


def file_table(files: list[Recorded]) -> Table:
    """Files with their sizes and lengths, and what is in them."""
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("file", overflow="fold")
    for title in ("size", "duration", "pictures", "sound"):
        table.add_column(title, justify="right")
    for file in files:
        if file.contents is not None:
            table.add_row(str(file.path), _size(file.path), *_described(file.contents))
    return table


def _described(contents: Contents) -> list[str]:
    pictures = f"{contents.pictures} of {contents.width}x{contents.height}"
    return [seconds(contents.end_ns), pictures, f"{contents.channels} channels" if contents.channels else "none"]


def _faults(rows: list[Row], files: list[Recorded], *, finished: bool) -> list[str]:
    dropped = [f"{row.id} lost {row.dropped} frames" for row in rows if row.dropped]
    errors = [f"{row.id} raised {row.errors} errors" for row in rows if row.errors]
    incomplete = [f"{file.path} {_missing(file)}" for file in files if not file.is_complete]
    return [*dropped, *errors, *incomplete, *([] if finished else ["it was interrupted"])]


def _missing(file: Recorded) -> str:
    if not file.given:
        return "was not written: the file is too short, or has no pictures"
    found = 0 if file.contents is None else file.contents.pictures
    return f"has {found} of {file.given} pictures"


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1000:,.0f} kB"


def _check_file(file: Path, folder: Path) -> None:
    if not file.is_file():
        raise typer.BadParameter(f"there is no file {file}; {nearest_file(file)}", param_hint="FILE")
    if file.resolve() in {(folder / name).resolve() for name in ("demo.mp4", "demo-small.mp4")}:
        raise typer.BadParameter(f"{file} is what the demo writes; choose another --output", param_hint="FILE")
