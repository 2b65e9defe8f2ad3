"""A graph becomes that of a file, as one edit: what is the same in both is not touched."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamlib import (
    CommitMode,
    DataFrame,
    GraphFile,
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    RuntimeContext,
    StreamRuntime,
)
from streamlib.errors import CommitError, GraphFileError
from streamlib.graph.components import WiredChannel
from streamlib.graph.difference import ChangeKind, difference
from streamlib.graph.outline import Outline
from streamlib.graph.saved import SavedGroup, SavedLink, SavedProcessor
from streamlib.links.delivery import Delivery
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution
from tests.scenarios.stage import STRATEGIES, Both, Line, Numbers, Pass, Record

RECORDS: dict[str, Record] = {}


@dataclasses.dataclass
class Note:
    text: str


class Source(Numbers):
    """Counts; its config can stand in a file."""

    class Config(ProcessorConfig):
        first: int = 0
        count: int = 3
        speed: Live[int] = 1

    def teardown(self) -> None:
        """Nobody is told."""

    def export_state(self) -> object:
        return self.n

    def import_state(self, state: Any) -> None:
        self.n = state


class Slow(Pass):
    """Another type with the ports of `Pass`."""


class Asynchronous(Pass):
    """One that cannot run where `Pass` does."""

    async def process(self, ctx: ProcessContext) -> None:  # type: ignore[override]
        super().process(ctx)


class Gather(Processor):
    """Takes any number of links."""

    class Config(ProcessorConfig):
        name: str = ""

    inputs = LinkInput(DataFrame, many=True)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.inputs.read()
        record = RECORDS.get(self.config.name)
        if frame is not None and record is not None:
            record.add(int(str(frame.data["n"])))


class Words:
    """Frames that only `Teller` and `Listener` know."""


class Teller(Processor):
    """A source whose frames are others than those of `Source`."""

    out = LinkOutput(Words)
    execution = ProcessExecution.continuous(interval_ms=50)

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(Words())


class Listener(Processor):
    """A sink for them, with the port of `Pass`."""

    into = LinkInput(Words)

    def process(self, ctx: ProcessContext) -> None:
        self.into.read()


class Unwilling(Pass):
    """Its setup fails."""

    def setup(self, ctx: object) -> None:
        raise OSError("no luck")


KINDS = (Source, Pass, Slow, Asynchronous, Gather, Both, Teller, Listener, Unwilling, Note)
PORTS = {"Source": ([], True), "Pass": (["into"], True), "Slow": (["into"], True), "Asynchronous": (["into"], True),
         "Both": (["left", "right"], True), "Gather": (["inputs"], False)}  # fmt: skip
IDS = ("a", "b", "g/x", "c", "g/y", "d", "e")


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    RECORDS.clear()
    yield
    RECORDS.clear()


# ------------------------------------------------------------------------------------------------------ any two graphs

notes: st.SearchStrategy[Any] = st.just({}) | st.fixed_dictionaries(
    {f"{__name__}:Note": st.fixed_dictionaries({"text": st.text(max_size=3)})}
)
overrides = st.fixed_dictionaries(
    {}, optional={"delivery": st.sampled_from(Delivery), "capacity": st.integers(1, 4), "components": notes}
)


@st.composite
def processors(draw: st.DrawFn) -> SavedProcessor:
    kind = draw(st.sampled_from(sorted(PORTS)))
    config = {}
    if kind == "Source":
        config = draw(st.fixed_dictionaries({}, optional={"first": st.integers(1, 3), "speed": st.integers(2, 4)}))
    elif kind in {"Pass", "Slow"}:
        config = draw(st.fixed_dictionaries({}, optional={"tag": st.sampled_from("xy"), "gain": st.integers(1, 3)}))
    on_error = draw(st.none() | st.sampled_from([ErrorPolicy.SKIP, ErrorPolicy.FAIL]))
    return SavedProcessor(type=kind, config=config, on_error=on_error, components=draw(notes))


@st.composite
def graphs(draw: st.DrawFn) -> GraphFile:
    """Graphs of the same few ids, in any of which a link leads from an earlier one to a later one."""
    present = [id_ for id_ in IDS if draw(st.booleans())]
    made = {id_: draw(processors()) for id_ in present}
    grouped = draw(st.booleans())
    outer: list[SavedLink] = []
    inner: list[SavedLink] = []
    for index, id_ in enumerate(present):
        sources = [one for one in present[:index] if PORTS[made[one].type][1]]
        for port in PORTS[made[id_].type][0]:
            chosen = draw(st.permutations(sources))[: draw(st.integers(0, 3 if port == "inputs" else 1))]
            for source in chosen:
                within = grouped and source.startswith("g/") and id_.startswith("g/")
                ends = [source, id_] if not within else [source[2:], id_[2:]]
                link = SavedLink(link=f"{ends[0]}.out -> {ends[1]}.{port}", **draw(overrides))
                (inner if within else outer).append(link)
    members = {id_[2:]: made[id_] for id_ in present if id_.startswith("g/")}
    if not grouped or not members:
        return GraphFile(made, {}, tuple(outer))
    offers = {"out": next(iter(members)) + ".out"} if PORTS[next(iter(members.values())).type][1] else {}
    groups = {"g": SavedGroup(processors=members, links=tuple(inner), outputs=offers)}
    return GraphFile({id_: one for id_, one in made.items() if not id_.startswith("g/")}, groups, tuple(outer))


def by_input(file: GraphFile) -> GraphFile:
    """The same with links sorted by where they lead; those to one input stay in their order."""

    def in_order(links: tuple[SavedLink, ...]) -> tuple[SavedLink, ...]:
        return tuple(sorted(links, key=lambda link: link.ends[1]))

    groups = {
        id_: SavedGroup(
            processors=group.processors, links=in_order(group.links), inputs=group.inputs, outputs=group.outputs
        )
        for id_, group in file.groups.items()
    }
    return dataclasses.replace(file, groups=groups, links=in_order(file.links))


def saved(runtime: StreamRuntime) -> GraphFile:
    return by_input(GraphFile.from_graph(runtime.graph))


def without_order(file: GraphFile) -> object:
    links = sorted(map(repr, file.links))
    return file.processors, {id_: (g.processors, sorted(map(repr, g.links))) for id_, g in file.groups.items()}, links


def loaded(file: GraphFile, **choices: Any) -> StreamRuntime:
    runtime = StreamRuntime(**choices)
    runtime.load(GraphFile.parse(file.to_yaml()), classes=KINDS)
    return runtime


def running(runtime: StreamRuntime) -> dict[str, object]:
    """What runs: instances by the ids of processors, channels by those of links."""
    instances: dict[str, object] = {id_: runtime.processor(id_).instance() for id_ in runtime.graph.processor_ids()}
    channels = {id_: runtime.graph.get(id_, WiredChannel) for id_ in runtime.graph.link_ids()}
    return {**instances, **{str(id_): wired and wired.channel for id_, wired in channels.items()}}


def check(a: GraphFile, b: GraphFile, runtime: StreamRuntime) -> None:
    wanted = saved(loaded(b))
    before, outline, records = saved(runtime), Outline.of_graph(runtime.graph), len(runtime.history)
    assert not runtime.diff(a, classes=KINDS)
    assert not runtime.apply(a, classes=KINDS)
    assert len(runtime.history) == records
    ran, foreseen = running(runtime), runtime.diff(b, classes=KINDS)
    assert foreseen == difference(runtime.graph, loaded(b).graph)
    changed = runtime.apply(b, classes=KINDS)
    assert changed == foreseen
    assert saved(runtime) == wanted
    assert len(runtime.history) == records + bool(changed)
    assert not runtime.diff(b, classes=KINDS)
    subjects = {change.subject for change in changed.changes}
    runs = running(runtime)
    for id_ in outline.processors:
        if id_ in runs and id_ not in subjects:
            assert runs[id_] is ran[id_], id_
    for id_, link in outline.links.items():
        ends = {one.partition(".")[0] for one in (link.source, link.target)}
        if id_ in runs and id_ not in subjects and not ends & subjects:
            assert runs[id_] is ran[id_], id_
    if changed:
        runtime.undo()
    assert without_order(saved(runtime)) == without_order(before)
    if changed:
        runtime.redo()
        assert without_order(saved(runtime)) == without_order(wanted)


@pytest.mark.promise("graph.file-diff-apply")
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), graphs())
def test_any_graph_becomes_any_other_one(a: GraphFile, b: GraphFile) -> None:
    check(a, b, loaded(a))


@pytest.mark.promise("graph.file-diff-apply", "edit.generations")
@pytest.mark.parametrize("strategy", ["dedicated", "lightweight"])
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), graphs())
def test_any_graph_that_runs_becomes_any_other_one(strategy: str, a: GraphFile, b: GraphFile) -> None:
    with loaded(a, scheduler=STRATEGIES[strategy]()) as runtime:
        runtime.start()
        check(a, b, runtime)


@pytest.mark.promise("graph.file-diff-apply")
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(graphs(), st.sampled_from(["yaml", "json"]))
def test_a_graph_that_is_saved_and_applied_is_the_same_graph(a: GraphFile, format: str) -> None:
    one, other = loaded(a), StreamRuntime()
    file = GraphFile.from_graph(one.graph)
    text = file.to_yaml() if format == "yaml" else file.to_json()
    other.apply(GraphFile.parse(text, format=format), classes=KINDS)
    assert GraphFile.from_graph(other.graph) == file
    assert not difference(one.graph, other.graph)
    assert not difference(file, file)


# ------------------------------------------------------------------------------------------------------------- by hand

LINE = """\
streamlib: 1
processors:
  source: {type: Source, config: {count: -1}}
  filter: {type: Pass}
  sink: {type: Gather, config: {name: main}}
links:
- source -> filter
- {link: filter -> sink, capacity: 3}
"""


def apply(runtime: StreamRuntime, text: str) -> str:
    return str(runtime.apply(GraphFile.parse(text, "x"), classes=KINDS))


@pytest.fixture
def line(runtime: StreamRuntime) -> StreamRuntime:
    RECORDS["main"] = Record()
    apply(runtime, LINE)
    runtime.start()
    RECORDS["main"].wait_for(20)
    return runtime


@pytest.mark.promise("graph.file-diff-apply", "edit.untouched-links")
def test_what_a_file_does_not_change_loses_no_frame(line: StreamRuntime) -> None:
    record = RECORDS["main"]
    steps = {
        LINE.replace("links:", "  more: {type: Slow}\nlinks:\n- source -> more"): (
            "+ more: Slow\n+ source.out -> more.into"
        ),
        LINE.replace("filter: {type: Pass}", "filter: {type: Slow, config: {tag: x}}"): (
            "- more\n"
            "~ filter: type Pass -> Slow\n~ filter: tag as declared -> 'x'"
        ),
        LINE.replace("capacity: 3", "delivery: every"): (
            "~ filter: type Slow -> Pass\n~ filter: tag 'x' -> as declared\n"
            "~ filter.out -> sink.inputs: delivery as declared -> every\n"
            "~ filter.out -> sink.inputs: capacity 3 -> as declared"
        ),
        LINE.replace("{type: Pass}", "{type: Pass, on_error: fail}"): (
            "~ filter: on_error as declared -> fail\n"
            "~ filter.out -> sink.inputs: delivery every -> as declared\n"
            "~ filter.out -> sink.inputs: capacity as declared -> 3"
        ),
        LINE: "~ filter: on_error fail -> as declared",
    }  # fmt: skip
    for text, said in steps.items():
        changed = apply(line, text)
        assert changed.replace("- source.out -> more.into\n", "") == said
        record.wait_for(20)
    assert record.is_gapless(), record.gaps()
    node = line.graph.node(line.processor("filter").id)
    assert (node.error_policy, line.graph.links()[1].capacity) == (None, 3)


def test_one_that_cannot_run_where_the_other_did_is_removed_and_added(line: StreamRuntime) -> None:
    assert apply(line, LINE.replace("{type: Pass}", "{type: Asynchronous}")) == "~ filter: type Pass -> Asynchronous"
    RECORDS["main"].wait_for(20)
    assert line.processor("filter").processor_type == "Asynchronous"


def test_two_who_are_joined_may_change_what_they_say_to_each_other() -> None:
    runtime = StreamRuntime()
    text = "streamlib: 1\nprocessors: {a: {type: Source}, b: {type: Pass}}\nlinks: [a.out -> b.into]\n"
    apply(runtime, text)
    runtime.start()
    said = apply(runtime, text.replace("Source", "Teller").replace("Pass", "Listener"))
    assert said == "~ a: type Source -> Teller\n~ b: type Pass -> Listener"
    assert runtime.history[-1].changes == ("replace a by Teller", "replace b by Listener")
    runtime.undo()
    assert runtime.processor("a").processor_type == "Source"
    runtime.stop()


def test_links_to_an_input_of_many_come_in_the_order_of_the_file() -> None:
    runtime = StreamRuntime()
    head = "streamlib: 1\nprocessors: {a: {type: Source}, b: {type: Source}, c: {type: Source}, m: {type: Gather}}\n"
    apply(runtime, head + "links: [a -> m, b -> m, c -> m]\n")
    said = apply(runtime, head + "links: [a -> m, c -> m, b -> m]\n")
    assert said == "~ c.out -> m.inputs: place 2 -> 1 among the links of its input"
    assert runtime.history[-1].changes == ("order the links into m.inputs: a.out, c.out, b.out",)
    assert runtime.graph.link_ids() == ["a.out->m.inputs", "c.out->m.inputs", "b.out->m.inputs"]
    apply(runtime, head + "links: [c -> m, a -> m]\n")
    assert apply(runtime, head + "links: [c -> m, b -> m, a -> m]\n") == "+ b.out -> m.inputs"
    assert runtime.graph.link_ids() == ["c.out->m.inputs", "b.out->m.inputs", "a.out->m.inputs"]
    assert not runtime.diff(GraphFile.from_graph(runtime.graph))


@pytest.mark.promise("graph.file-diff-apply")
def test_a_file_that_is_wrong_changes_nothing_and_says_where(line: StreamRuntime) -> None:
    before = GraphFile.from_graph(line.graph)
    for wrong, said in {
        LINE.replace("Pass", "Pas"): "x:4: processors.filter.type: no processor type 'Pas'",
        LINE.replace("count", "cuont"): "x:3: processors.source.config.cuont: Source has no config field",
        LINE.replace("filter -> sink", "filter.in -> sink"): "x:8: links[1]: Pass has no output port 'in'",
        LINE + "- source.out -> filter.into\n": "x:9: links[2]: filter.into already has the link",
    }.items():
        with pytest.raises(GraphFileError) as raised:
            apply(line, wrong)
        assert said in str(raised.value)
    with pytest.raises(CommitError, match="setup of filter failed: no luck"):
        apply(line, LINE.replace("Pass", "Unwilling"))
    assert GraphFile.from_graph(line.graph) == before
    RECORDS["main"].wait_for(20)
    assert RECORDS["main"].is_gapless()


def test_the_frames_of_a_stream_are_no_part_of_the_graph(line: StreamRuntime) -> None:
    with line.processor("filter").output("out").frames(delivery="latest") as frames:
        reading = iter(frames)
        next(reading)
        assert not line.diff(GraphFile.parse(LINE), classes=KINDS)
        assert apply(line, LINE.replace("{type: Pass}", "{type: Slow}")) == "~ filter: type Pass -> Slow"
        next(reading)
        assert "pull_sink" not in GraphFile.from_graph(line.graph).to_yaml()
    assert len(line.graph.processor_ids()) == 3


def test_a_stream_that_no_longer_fits_is_parted_from_its_port() -> None:
    text = "streamlib: 1\nprocessors: {a: {type: Source, config: {count: -1}}}\n"
    with StreamRuntime() as runtime:
        apply(runtime, text)
        runtime.start()
        frames = runtime.processor("a").output("out").frames(delivery="latest")
        apply(runtime, text.replace("{type: Source, config: {count: -1}}", "{type: Teller}"))
        frames.close()
        assert runtime.graph.processor_ids() == ["a"]


def test_what_no_file_can_hold_is_removed_by_one_that_does_not_have_it(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    pushed = runtime.add_processor("PushSource", type=DataFrame)
    held = runtime.add_processor("PullSink", type=DataFrame)
    runtime.connect(pushed, held)
    changed = runtime.apply(GraphFile.parse(LINE), classes=KINDS)
    removed = {change.subject for change in changed.of(ChangeKind.PROCESSOR_REMOVED)}
    assert removed == {line.source.id, line.filter.id, line.sink.id, pushed.id, held.id}
    assert runtime.graph.processor_ids() == ["source", "filter", "sink"]


def test_a_file_is_applied_behind_what_is_asked_for_before_it() -> None:
    runtime = StreamRuntime(commit_mode=CommitMode.MANUAL)
    gone = runtime.add_processor(Pass, id="gone")
    changed = runtime.apply(GraphFile.parse(LINE), classes=KINDS)
    assert str(changed).startswith("- gone\n+ source")
    runtime.connect(runtime_processor(runtime, "source"), runtime.add_processor(Pass, id="late"))
    assert runtime.plan().changes[:2] == ("add gone (Pass)", "remove gone")
    runtime.commit()
    assert gone.id not in runtime.graph
    assert runtime.graph.processor_ids() == ["source", "filter", "sink", "late"]


def runtime_processor(runtime: StreamRuntime, id_: str) -> Any:
    """The handle of one that an edit that is collected will bring."""
    pending = runtime._pending
    assert pending is not None
    return pending._prospect.handle(id_)


def test_a_plan_of_it_is_a_line_for_each_change_and_takes_nothing_apart(line: StreamRuntime) -> None:
    edit = line.edit()
    edit.apply(GraphFile.parse(LINE.replace("{type: Pass}", "{type: Slow}")), classes=KINDS)
    plan = edit.plan()
    assert (plan.changes, plan.errors) == (("replace filter by Slow",), ())
    assert line.processor("filter").processor_type == "Pass"
    line.commit_edit(edit)
    assert line.history[-1].changes == ("replace filter by Slow",)


@pytest.mark.promise("graph.file-diff-apply", "edit.inside-process")
def test_a_processor_may_apply_a_file(runtime: StreamRuntime) -> None:
    class Eager(Processor):
        """Has the graph become another one, once."""

        into = LinkInput(DataFrame)

        def setup(self, ctx: RuntimeContext) -> None:
            self.done = False

        def process(self, ctx: ProcessContext) -> None:
            if self.into.read() is not None and not self.done:
                self.done = True
                runtime.apply(GraphFile.parse(LINE), classes=KINDS)

    RECORDS["main"] = Record()
    eager = runtime.add_processor(Eager)
    runtime.connect(runtime.add_processor(Numbers), eager)
    runtime.start()
    RECORDS["main"].wait_for(5)
    assert eager.id not in runtime.graph


def test_a_file_is_named_by_its_path_and_what_goes_need_not_be_drained(line: StreamRuntime, tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text(LINE.replace("  filter: {type: Pass}\n", "").split("- source")[0])
    assert str(line.diff(path, classes=KINDS)).splitlines()[-1] == "- filter"
    line.apply(path, classes=KINDS, drain=False)
    assert line.graph.processor_ids() == ["source", "sink"]
