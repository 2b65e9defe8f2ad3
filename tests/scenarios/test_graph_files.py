"""One graph, described in Python, in YAML and in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamlib import (
    CommitMode,
    DataFrame,
    GraphFile,
    GraphState,
    LinkInput,
    LinkOutput,
    Live,
    ProcessContext,
    Processor,
    ProcessorConfig,
    ProcessorHandle,
    StreamRuntime,
)
from streamlib.errors import CommitError, GraphFileError
from tests.repository.clips import write_clip
from tests.scenarios.stage import SECONDS, STRATEGIES, Numbers, Pass

SEEN: dict[str, list[object]] = {}


class Scaled(Processor):
    """Hands on each number, times a factor."""

    class Config(ProcessorConfig):
        factor: Live[int] = 1
        path: Path | None = None
        steps: tuple[int, ...] = ()

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.out.write(DataFrame({"n": frame.data["n"] * self.config.factor}))


class Listed(Processor):
    """Writes down what arrives, under a name that a file can hold."""

    class Config(ProcessorConfig):
        name: str

    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            SEEN.setdefault(self.config.name, []).append(frame.data["n"])


class Unwilling(Listed):
    def setup(self, ctx: object) -> None:
        raise OSError("no luck")


@dataclass
class Note:
    text: str


KINDS = (Numbers, Scaled, Listed, Unwilling, Pass)

LINE = """\
streamlib: 1
processors:
  source: {type: Numbers, config: {count: 40}}
  scaled: {type: Scaled, config: {factor: 3}, on_error: fail}
  sink: {type: Listed, config: {name: NAME}}
links:
- source -> scaled
- {link: scaled.out -> sink.into, capacity: 3}
"""


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    SEEN.clear()
    yield
    SEEN.clear()


def run(runtime: StreamRuntime) -> None:
    runtime.start()
    assert runtime.wait(SECONDS)
    runtime.stop()


def in_python(runtime: StreamRuntime, name: str) -> None:
    source = runtime.add_processor(Numbers, id="source", count=40)
    scaled = runtime.add_processor(Scaled, id="scaled", on_error="fail", factor=3)
    sink = runtime.add_processor(Listed, id="sink", name=name)
    runtime.connect(source, scaled)
    runtime.connect(scaled.output("out"), sink.input("into"), capacity=3)


@pytest.mark.promise("graph.files")
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_graph_runs_the_same_from_python_yaml_and_json(strategy: str, tmp_path: Path) -> None:
    for name in ("python", "yaml", "json"):
        runtime = StreamRuntime(scheduler=STRATEGIES[strategy]())
        if name == "python":
            in_python(runtime, name)
        else:
            file = tmp_path / f"graph.{name}"
            GraphFile.parse(LINE.replace("NAME", name)).write(file)
            runtime.load(file, classes=KINDS)
        run(runtime)
    assert SEEN["yaml"] == SEEN["json"] == SEEN["python"] == list(range(0, 120, 3))


@pytest.mark.promise("graph.files")
def test_the_clip_plays_the_same_from_python_yaml_and_json(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    write_clip(clip, frames=20, frame_rate=30)
    described = StreamRuntime()
    reader = described.add_processor("FileReader", id="reader", path=clip)
    scaler = described.add_processor("VideoScaler", id="scaler", width=160, height=90)
    encoder = described.add_processor("H264Encoder", id="encoder", bitrate=300_000)
    writer = described.add_processor("Mp4Writer", id="writer", path=tmp_path / "python.mp4")
    described.connect(reader.output("video"), scaler)
    described.connect(scaler, encoder)
    described.connect(encoder, writer.input("video"))
    for name in ("yaml", "json"):
        described.save(tmp_path / f"graph.{name}")
    run(described)
    for name in ("yaml", "json"):
        file = tmp_path / f"graph.{name}"
        file.write_text(file.read_text().replace("python.mp4", f"{name}.mp4"))
        runtime = StreamRuntime()
        runtime.load(file)
        run(runtime)
    python, yaml, json_ = (_packets(tmp_path / f"{name}.mp4") for name in ("python", "yaml", "json"))
    assert len(python) == 20
    assert yaml == json_ == python


def _packets(path: Path) -> list[tuple[int | None, bytes]]:
    with av.open(str(path)) as container:
        return [(packet.pts, bytes(packet)) for packet in container.demux(video=0) if packet.size]


@pytest.mark.promise("graph.files")
def test_a_graph_that_is_saved_and_loaded_is_the_same_graph() -> None:
    one, other = StreamRuntime(), StreamRuntime()
    in_python(one, "x")
    file = GraphFile.from_graph(one.graph)
    handles = other.load(GraphFile.parse(file.to_yaml()), classes=KINDS)
    assert GraphFile.from_graph(other.graph) == file
    assert list(handles) == ["source", "scaled", "sink"]
    assert handles["scaled"].config == one.processor("scaled").config
    assert other.graph.links() == one.graph.links()


graphs = st.lists(
    st.tuples(
        st.integers(-(2**70), 2**70),
        st.none() | st.text(min_size=1).filter(lambda text: "\0" not in text).map(Path),
        st.lists(st.integers()).map(tuple),
        st.lists(st.integers(0, 20), max_size=3),
        st.text(),
    ),
    max_size=8,
)


@pytest.mark.promise("graph.files", "graph.user-components-saved")
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs, st.sampled_from(["yaml", "json"]))
def test_any_graph_that_is_saved_and_loaded_is_the_same_graph(
    members: list[tuple[int, Path | None, tuple[int, ...], list[int], str]], format: str
) -> None:
    one, other = StreamRuntime(), StreamRuntime()
    added: list[ProcessorHandle] = []
    for index, (factor, path, steps, feeders, text) in enumerate(members):
        handle = one.add_processor(Scaled, factor=factor, path=path, steps=steps)
        handle.components[Note] = Note(text)
        for feeder in dict.fromkeys(feeder % index for feeder in feeders[:1] if index):
            one.connect(added[feeder], handle).components[Note] = Note(text)
        added.append(handle)
    file = GraphFile.from_graph(one.graph)
    text = file.to_yaml() if format == "yaml" else file.to_json()
    other.load(GraphFile.parse(text, format=format), classes=[*KINDS, Note])
    assert GraphFile.from_graph(other.graph) == file
    for handle in added:
        again = other.processor(handle.id)
        assert again.config == handle.config
        assert again.components[Note] == handle.components[Note]
    assert other.graph.links() == one.graph.links()


@pytest.mark.promise("graph.user-components-saved")
def test_a_users_own_components_come_back(tmp_path: Path) -> None:
    one, other = StreamRuntime(), StreamRuntime()
    in_python(one, "x")
    one.processor("source").components[Note] = Note("left of the door")
    one.graph.insert("scaled.out->sink.into", Note("short"))
    one.save(tmp_path / "graph.yaml")
    handles = other.load(tmp_path / "graph.yaml", classes=KINDS)
    assert handles["source"].components[Note] == Note("left of the door")
    assert other.graph.get("scaled.out->sink.into", Note) == Note("short")
    assert other.graph.query(Note) == ["source", "scaled.out->sink.into"]


def test_a_component_that_cannot_be_saved_may_be_left_out(tmp_path: Path) -> None:
    class Widget:
        pass

    runtime = StreamRuntime()
    runtime.add_processor(Pass).components[Widget] = Widget()
    with pytest.raises(GraphFileError, match="Widget of pass_0 cannot be saved"):
        runtime.save(tmp_path / "graph.yaml")
    assert not list(tmp_path.iterdir())
    runtime.save(tmp_path / "graph.yaml", without=[Widget])
    assert GraphFile.read(tmp_path / "graph.yaml").processors["pass_0"].components == {}


@pytest.mark.promise("graph.files")
def test_a_file_is_added_to_a_graph_that_runs() -> None:
    with StreamRuntime() as runtime:
        before = runtime.add_processor(Numbers, id="before")
        runtime.connect(before, runtime.add_processor(Listed, name="before"))
        runtime.start()
        runtime.load(GraphFile.parse(LINE.replace("NAME", "after")), classes=KINDS)
        runtime.remove(before)
        assert runtime.wait(SECONDS)
    assert SEEN["after"] == list(range(0, 120, 3))


@pytest.mark.promise("graph.files")
@pytest.mark.parametrize("state", [GraphState.IDLE, GraphState.RUNNING])
@pytest.mark.parametrize(
    ("old", "new"),
    [("-> scaled", "-> scald"), ("sink.into", "sink.in"), ("type: Listed", "type: Lister"), ("factor", "faktor")],
)
def test_a_file_that_does_not_fit_changes_nothing(old: str, new: str, state: GraphState) -> None:
    with StreamRuntime() as runtime:
        runtime.add_processor(Pass, id="there")
        if state is GraphState.RUNNING:
            runtime.start()
        with pytest.raises(GraphFileError):
            runtime.load(GraphFile.parse(LINE.replace(old, new)), classes=KINDS)
        assert runtime.graph.processor_ids() == ["there"]


def test_a_processor_of_a_file_that_cannot_be_set_up_takes_the_whole_back() -> None:
    with StreamRuntime() as runtime:
        runtime.start()
        with pytest.raises(CommitError, match="setup of sink failed: no luck"):
            runtime.load(GraphFile.parse(LINE.replace("Listed", "Unwilling")), classes=KINDS)
        assert runtime.graph.processor_ids() == []


def test_a_file_that_does_not_fit_leaves_what_is_collected_as_it_was() -> None:
    runtime = StreamRuntime(commit_mode=CommitMode.MANUAL)
    runtime.add_processor(Pass, id="mine")
    with pytest.raises(GraphFileError):
        runtime.load(GraphFile.parse(LINE.replace("sink.into", "sink.in")), classes=KINDS)
    runtime.load(GraphFile.parse(LINE), classes=KINDS)
    assert runtime.graph.processor_ids() == []
    runtime.commit()
    assert runtime.graph.processor_ids() == ["mine", "source", "scaled", "sink"]


@pytest.mark.promise("graph.files")
def test_an_id_that_the_graph_has_already_is_told_with_its_line(tmp_path: Path) -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Pass, id="scaled")
    file = tmp_path / "graph.yaml"
    file.write_text(LINE)
    with pytest.raises(GraphFileError, match=r"graph\.yaml:4: processors\.scaled: the id 'scaled' is taken"):
        runtime.load(file, classes=KINDS)
    assert runtime.graph.processor_ids() == ["scaled"]


def test_a_second_link_to_one_input_is_told_with_its_line() -> None:
    text = LINE + "- source.out -> sink.into\n"
    runtime = StreamRuntime()
    with pytest.raises(GraphFileError, match=r"x:9: links\[2\]: sink.into already has the link"):
        runtime.load(GraphFile.parse(text, "x"), classes=KINDS)
    assert json.loads(GraphFile.from_graph(runtime.graph).to_json())["processors"] == {}
