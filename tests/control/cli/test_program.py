from __future__ import annotations

import errno
import io
import os
import sys
from pathlib import Path

import pytest
import typer
from rich.console import Console

from streamlib import GraphFile, StreamRuntime
from streamlib.control.cli.attendance import Attendance, Outcome
from streamlib.control.cli.program import MODULE, run_program

COUNTER = """
from streamlib import DataFrame, LinkOutput, Processor
from streamlib.testing import ListSink

class Source(Processor):
    out = LinkOutput(DataFrame)

    def setup(self, ctx):
        self.n = 0

    def process(self, ctx):
        self.out.write(DataFrame({"n": self.n}))
        self.n += 1
        if self.n == COUNT:
            ctx.end()

def setup(runtime):
    runtime.connect(runtime.add_processor(Source), runtime.add_processor(ListSink, on_error="fail"))
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    monkeypatch.setitem(sys.modules, MODULE, sys)  # so that it is taken away again
    return tmp_path / "program.py"


def run(path: Path, text: str, duration_ns: int | None = None) -> tuple[int, str]:
    path.write_text(text)
    out = io.StringIO()
    code = run_program(path, duration_ns, Console(file=out, width=140))
    return code, out.getvalue()


@pytest.mark.promise("cli.run")
def test_a_program_runs_until_its_sources_end(program: Path) -> None:
    code, said = run(program, COUNTER.replace("COUNT", "5"))
    assert code == 0
    assert "done: all sources have ended" in said
    assert "list_sink_0" in said
    assert "streamlib:source_0" in said


@pytest.mark.promise("cli.run")
def test_a_program_without_end_runs_as_long_as_it_is_told(program: Path) -> None:
    code, said = run(program, COUNTER.replace("COUNT", "-1"), 30_000_000)
    assert (code, "done: the time is up" in said) == (0, True)


def test_a_program_that_a_second_signal_cuts_short_has_failed(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def twice(attendance: Attendance, end_ns: int | None) -> Outcome:
        attendance.forced()
        return Outcome.SIGNAL

    monkeypatch.setattr(Attendance, "until", twice)
    code, said = run(program, COUNTER.replace("COUNT", "-1"))
    assert (code, "cut short by a second signal" in said) == (1, True)


def test_what_stands_beside_a_program_can_be_imported(program: Path) -> None:
    program.with_name("beside_it.py").write_text("COUNT = 3\n")
    code, said = run(program, "from beside_it import COUNT\n" + COUNTER)
    assert code == 0, said


def test_a_program_may_start_the_runtime_itself(program: Path) -> None:
    code, said = run(program, COUNTER.replace("COUNT", "3") + "    runtime.start()\n")
    assert code == 0, said


@pytest.mark.promise("cli.run")
def test_a_processor_that_fails_is_named_and_gives_another_exit_code(program: Path) -> None:
    broken = COUNTER.replace('DataFrame({"n": self.n})', "1 / 0").replace("Source)", 'Source, on_error="fail")')
    code, said = run(program, broken)
    assert code == 1
    assert "error: 1 processor(s) failed: source_0: ZeroDivisionError" in said
    assert "errors" in said


FAULTY = """
from streamlib import LinkInput

class Faulty(Processor):
    into = LinkInput(DataFrame)

    def process(self, ctx):
        frame = self.into.read()
        if frame is not None and frame.data["n"] not in GOOD:
            raise ValueError("no luck")

def setup(runtime):
    runtime.connect(runtime.add_processor(Source), runtime.add_processor(Faulty))
"""


@pytest.mark.promise("cli.run")
def test_a_processor_that_never_succeeds_is_named_and_gives_another_exit_code(program: Path) -> None:
    """Its policy skips each frame, so nobody ends; and nothing came of the run."""
    code, said = run(program, COUNTER.replace("COUNT", "5") + FAULTY.replace("GOOD", "()"))
    assert code == 1
    assert said.rstrip().endswith("error: faulty_0 failed in each of its 5 calls; its errors are told above")
    assert "done:" not in said


def test_a_processor_that_succeeds_at_times_does_not_fail_a_run(program: Path) -> None:
    code, said = run(program, COUNTER.replace("COUNT", "5") + FAULTY.replace("GOOD", "(2,)"))
    assert (code, "error:" in said, "done:" in said) == (0, False, True)


def test_a_start_that_fails_is_told_in_a_sentence(program: Path) -> None:
    code, said = run(program, 'def setup(runtime):\n    runtime.add_processor("FileReader", path="/no/such.mp4")\n')
    assert code == 1
    assert said.startswith("error: setup of file_reader_0 failed: there is no file /no/such.mp4")
    assert "Traceback" not in said


@pytest.mark.promise("cli.run")
def test_what_setup_raises_is_shown_as_its_author_wrote_it(program: Path) -> None:
    code, said = run(
        program, "def setup(runtime):\n    help_of(runtime)\n\ndef help_of(runtime):\n    return {}['key']\n"
    )
    assert code == 1
    assert "KeyError: 'key'" in said
    assert "in help_of" in said
    assert "streamlib/control" not in said


def test_what_streamlib_raises_in_setup_is_shown_without_lines_of_streamlib(program: Path) -> None:
    code, said = run(program, 'def setup(runtime):\n    runtime.add_processor("FileRaeder")\n')
    assert code == 1
    assert "did you mean 'FileReader'?" in said
    assert 'add_processor("FileRaeder")' in said
    assert "runtime/edit.py" not in said


def test_a_program_with_a_mistake_in_its_syntax_is_told_where(program: Path) -> None:
    code, said = run(program, "def setup(runtime) pass\n")
    assert code == 1
    assert "SyntaxError" in said
    assert "line 1" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def setpu(runtime): pass\n", "no setup.runtime.; functions: did you mean 'setpu'"),
        ("setup = 3\n", "no setup"),
        ("def setup(runtime): pass\n", "adds no processor"),
    ],
)
def test_a_program_that_is_none_is_refused(program: Path, text: str, said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said):
        run(program, text)


def test_a_file_that_does_not_exist_is_named_with_the_nearest(program: Path) -> None:
    program.write_text("")
    with pytest.raises(typer.BadParameter, match=r"did you mean 'program\.py'"):
        run_program(program.with_name("porgram.py"), None, Console())
    with pytest.raises(typer.BadParameter, match="is a folder"):
        run_program(program.parent, None, Console())


GRAPH = """\
streamlib: 1
processors:
  source: {type: FilterSource, config: {audio: "sine=duration=0.2"}}
  encoder: {type: AacEncoder}
  writer: {type: Mp4Writer, config: {path: PATH}, components: {"not_imported:Note": {text: by the door}}}
links:
- source -> encoder
- encoder -> writer.audio
"""


@pytest.mark.promise("graph.files")
@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_a_graph_file_runs_as_a_program_does(suffix: str, program: Path) -> None:
    file = GraphFile.parse(GRAPH.replace("PATH", str(program.with_name("out.mp4"))))
    code, said = run(program.with_suffix(suffix), file.to_json() if suffix == ".json" else file.to_yaml())
    assert code == 0, said
    assert "done: all sources have ended" in said
    size = program.with_name("out.mp4").stat().st_size
    assert size > 0
    assert f"out.mp4 ({size:,} bytes)" in said


def test_who_holds_up_the_end_is_explained(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = """
from threading import Event
from streamlib import DataFrame, LinkInput, Processor
from streamlib.testing import ListSource

class Hanging(Processor):
    data = LinkInput(DataFrame)

    def process(self, ctx):
        while not ctx.is_cut_off:
            Event().wait(0.01)

def setup(runtime):
    runtime.connect(runtime.add_processor(ListSource, items=[DataFrame({})]), runtime.add_processor(Hanging))
"""
    stop = StreamRuntime.stop

    def stop_soon(self: StreamRuntime, *, drain: bool = True) -> None:
        stop(self, timeout=0.2, drain=drain)

    monkeypatch.setattr(StreamRuntime, "stop", stop_soon)
    code, said = run(program, text, 1_500_000_000)
    assert code == 1
    assert "hanging_0 has been inside process() for" in said
    assert "still waiting for hanging_0" in said


def test_a_file_whose_writer_failed_is_said_to_be_incomplete(program: Path) -> None:
    text = """
from pathlib import Path
from streamlib import LinkInput, Processor, DataFrame
from streamlib.testing import ListSource

class Half(Processor):
    data = LinkInput(DataFrame)

    @classmethod
    def exclusive(cls, config):
        return ("file:OUT",)

    def process(self, ctx):
        self.data.read()
        Path("OUT").write_text("half")

    def teardown(self, ctx=None):
        raise OSError("the disk is full")

def setup(runtime):
    runtime.connect(runtime.add_processor(ListSource, items=[DataFrame({})]), runtime.add_processor(Half))
"""
    code, said = run(program, text.replace("OUT", str(program.with_name("out.txt"))))
    assert code == 1
    assert "out.txt (4 bytes); it is incomplete: half_0 failed" in said
    assert "the disk is full" in said


def test_a_file_from_before_that_was_not_written_is_not_told(program: Path) -> None:
    out = program.with_name("out.mp4")
    out.write_text("from before")
    text = f"""
from streamlib import PushSource, EncodedPacket

def setup(runtime):
    source = runtime.add_processor(PushSource, type=EncodedPacket)
    writer = runtime.add_processor("Mp4Writer", path={str(out)!r})
    runtime.connect(source, writer.input("video"))
"""
    code, said = run(program, text, 10_000_000)
    assert (code, "wrote" in said, out.read_text()) == (0, False, "from before")


@pytest.mark.promise("graph.files")
def test_a_graph_file_that_says_something_wrong_is_told_with_its_line(program: Path) -> None:
    code, said = run(program.with_suffix(".yaml"), GRAPH.replace("encoder ->", "encodre ->"))
    assert code == 1
    assert "program.yaml:8: links[1]: no processor 'encodre' in this file; did you mean 'encoder'?" in said
    assert "Traceback" not in said


def test_a_graph_file_without_processors_is_refused(program: Path) -> None:
    with pytest.raises(typer.BadParameter, match="has no processor"):
        run(program.with_suffix(".yaml"), "streamlib: 1\n")


def test_what_is_no_file_is_told_for_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    for path, words in (
        (Path("/dev/null"), "is a device or a pipe"),
        (tmp_path / "pipe.py", "is a device or a pipe"),
        (tmp_path, "is a folder"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
    ):
        with pytest.raises(typer.BadParameter, match=words):
            run_program(path, None, Console(file=io.StringIO()))


def test_a_file_that_may_not_be_read_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, mode: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / "program.py").touch()
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(typer.BadParameter, match=r"program\.py cannot be read: Permission denied"):
        run_program(tmp_path / "program.py", None, Console(file=io.StringIO()))
