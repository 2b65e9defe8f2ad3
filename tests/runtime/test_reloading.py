from __future__ import annotations

import textwrap
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest

from streamlib.errors import CommitError, ConfigError
from streamlib.runtime.reloading import class_in, nodes_of
from streamlib.runtime.runtime import StreamRuntime
from tests.scenarios.stage import Collect, Record

OLD = """
from streamlib import DataFrame, LinkInput, LinkOutput, Processor, ProcessorConfig, processor

class Source(Processor):
    class Config(ProcessorConfig):
        first: int = 0
        step: int = 1
    out = LinkOutput(DataFrame)
    def setup(self, ctx):
        self.n = self.config.first
    def process(self, ctx):
        self.out.write(DataFrame({"n": self.n}))
        self.n += self.config.step
    def export_state(self):
        return self.n
    def import_state(self, state):
        self.n = state

@processor
def change(frame: DataFrame, by: int = 1) -> DataFrame:
    return DataFrame({"n": frame.data["n"] * by})
"""


def module(text: str) -> ModuleType:
    made = ModuleType("streamlib_reloaded")
    exec(textwrap.dedent(text), vars(made))  # noqa: S102
    return made


def started(old: ModuleType, record: Record) -> StreamRuntime:
    runtime = StreamRuntime()
    source = runtime.add_processor(old.Source, id="source", first=5)
    filter_ = runtime.add_processor(old.change, id="change", on_error="fail")
    runtime.connect(source, filter_)
    runtime.connect(filter_, runtime.add_processor(Collect, id="sink", record=record))
    runtime.start()
    record.wait_for(20)
    return runtime


@pytest.mark.promise("edit.code-reload")
def test_new_classes_take_the_place_of_the_old_with_state_and_config_and_no_frame_lost() -> None:
    record, new = Record(), module(OLD.replace("* by", "* -by").replace("step: int = 1", "step: int = 2"))
    with started(module(OLD), record) as runtime:
        assert runtime.reload(new) == ("source", "change")
        record.wait_until(lambda: record.numbers[-1] < -50)
        assert runtime.processor("source").config == new.Source.Config(first=5, step=2)
        assert runtime.graph.node(runtime.processor("change").id).error_policy == "fail"
        assert len(runtime.history) == 6
        assert runtime.add_processor("Source").declaration.processor is new.Source
        runtime.stop()
    numbers = [abs(number) for number in record.numbers]
    assert all(after - before in {1, 2} for before, after in pairwise(numbers))
    assert numbers[0] == 5


@pytest.mark.promise("edit.code-reload")
@pytest.mark.parametrize(
    ("change", "error"),
    [
        (("first: int", "first: bytes"), ConfigError),
        (("def setup(self, ctx):", "def setup(self, ctx):\n        raise OSError('no')"), CommitError),
    ],
)
def test_new_classes_that_do_not_fit_change_nothing(change: tuple[str, str], error: type[Exception]) -> None:
    record, old = Record(), module(OLD)
    with started(old, record) as runtime:
        text = OLD.replace(*change).replace("bytes = 0", "bytes = b''")
        with pytest.raises(error):
            runtime.reload(module(text))
        record.wait_for(20)
        assert record.is_gapless()
        assert runtime.add_processor("Source").declaration.processor is old.Source


def test_a_class_that_is_gone_is_left_as_it_is_and_a_field_that_is_gone_is_forgotten() -> None:
    record = Record()
    with started(module(OLD), record) as runtime:
        text = OLD.replace("def change", "def other").replace("first: int = 0", "last: int = 0").replace(
            "self.config.first", "0"
        )  # fmt: skip
        assert runtime.reload(module(text)) == ("source",)
        assert runtime.reload(module("")) == ()
        record.wait_for(20)


def test_a_class_is_found_by_its_qualified_name_wherever_it_stands() -> None:
    text = "class Outer:\n    class Inner(Processor):\n        def process(self, ctx): ...\n"
    alias = "def f(frame: DataFrame) -> None: ...\ng = processor(f)\n"
    old, new = module(OLD + text + alias), module(OLD + text + alias)
    assert class_in(new, old.Outer.Inner) is new.Outer.Inner
    assert class_in(new, old.g) is new.g
    assert class_in(module(OLD), old.g) is None
    assert class_in(module(OLD), old.Outer.Inner) is None
    assert nodes_of(StreamRuntime().graph, module(OLD)) == []


def test_what_is_no_module_is_said() -> None:
    nothing: Any = None
    with pytest.raises(ConfigError, match=r"reload takes a module .*importlib.reload\(my_processors\), not None"):
        StreamRuntime().reload(nothing)
