from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given

from streamlib import GraphFile
from streamlib.errors import ConfigError, GraphFileError
from streamlib.graph.document import FileFormat
from streamlib.graph.graph_file import file_format
from streamlib.graph.saved import SavedLink, SavedProcessor
from tests.graph.graphs import graph_files

SMALL = GraphFile(
    {
        "reader": SavedProcessor(type="FileReader", config={"path": "clip.mp4"}),
        "writer": SavedProcessor(type="Mp4Writer", config={"path": "out.mp4", "tags": ["a", "b"]}),
    },
    links=(SavedLink(link="reader.video -> writer.video"), SavedLink(link="reader.audio -> writer.audio", capacity=32)),
)


@pytest.mark.promise("graph.files")
@given(graph_files(finite=False))
def test_a_graph_in_yaml_comes_back_as_it_was(file: GraphFile) -> None:
    assert GraphFile.parse(file.to_yaml(), format="yaml") == file


@pytest.mark.promise("graph.files")
@given(graph_files())
def test_a_graph_in_json_comes_back_as_it_was(file: GraphFile) -> None:
    assert GraphFile.parse(file.to_json()) == file


@given(graph_files())
def test_both_formats_say_the_same(file: GraphFile) -> None:
    assert json.loads(file.to_json()) == file.to_plain()
    assert GraphFile.parse(file.to_yaml(), format="yaml") == GraphFile.parse(file.to_json())


def test_what_is_written_reads_well() -> None:
    assert SMALL.to_yaml() == (
        "streamlib: 1\n"
        "processors:\n"
        "  reader:\n"
        "    type: FileReader\n"
        "    config: {path: clip.mp4}\n"
        "  writer:\n"
        "    type: Mp4Writer\n"
        "    config:\n"
        "      path: out.mp4\n"
        "      tags: [a, b]\n"
        "links:\n"
        "- reader.video -> writer.video\n"
        "- {link: reader.audio -> writer.audio, capacity: 32}\n"
    )


def test_the_record_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        SMALL.links = ()  # type: ignore[misc]


@pytest.mark.promise("graph.files")
@pytest.mark.parametrize("name", ["g.yaml", "g.yml", "g.JSON"])
def test_a_file_comes_back_as_it_was(name: str, tmp_path: Path) -> None:
    SMALL.write(tmp_path / name)
    assert GraphFile.read(tmp_path / name) == SMALL
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_that_is_there_stays_whole_when_it_cannot_be_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "g.yaml"
    folder.mkdir()
    with pytest.raises(GraphFileError, match=r"g\.yaml: it cannot be written"):
        SMALL.write(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["g.yaml"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nowhere/g.yaml", "No such file"),
        ("file/g.yaml", "Not a directory"),
        ("x" * 300 + ".yaml", "File name too long"),
        ("a\0b.yaml", "embedded null byte"),
    ],
)
def test_a_path_that_is_none_is_told_in_words(path: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(GraphFileError, match=f"it cannot be written: .*{words}"):
        SMALL.write(tmp_path / path)
    with pytest.raises(GraphFileError, match="it cannot be read|there is no file"):
        GraphFile.read(tmp_path / path)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_the_longest_name_that_a_file_may_have_is_no_obstacle(tmp_path: Path) -> None:
    name = "x" * 250 + ".yaml"
    SMALL.write(tmp_path / name)
    assert [one.name for one in tmp_path.iterdir()] == [name]


def test_nothing_is_left_behind_where_a_text_cannot_be_written(tmp_path: Path) -> None:
    for name in ("g.json", "g.yaml"):
        with pytest.raises(GraphFileError, match=r"processors\.a\.config\.path: 'a\\udcff' cannot be written"):
            GraphFile({"a": SavedProcessor(type="X", config={"path": "a\udcff"})}).write(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_format_that_is_none_is_told_in_words() -> None:
    with pytest.raises(ConfigError, match="format is 'toml'; did you mean 'yaml'"):
        GraphFile.parse("streamlib: 1", format="toml")


def test_a_file_with_a_mark_of_its_encoding_is_read(tmp_path: Path) -> None:
    (tmp_path / "g.yaml").write_bytes(b"\xef\xbb\xbf" + SMALL.to_yaml().encode())
    assert GraphFile.read(tmp_path / "g.yaml") == SMALL


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_bytes(b"\xff\xfe")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(GraphFileError, match=r"grap\.yaml; did you mean 'graph\.yaml'"):
        GraphFile.read(tmp_path / "grap.yaml")
    with pytest.raises(GraphFileError, match="no text in UTF-8"):
        GraphFile.read(tmp_path / "graph.yaml")
    with pytest.raises(GraphFileError, match="it cannot be read: Is a directory"):
        GraphFile.read(tmp_path / "folder.yaml")


def test_the_suffix_tells_the_format() -> None:
    assert file_format(Path("a.YML")) is FileFormat.YAML
    with pytest.raises(GraphFileError, match=r"'\.yamll' is none of a graph file; did you mean '\.yaml'"):
        file_format(Path("a.yamll"))


def test_an_infinite_number_is_refused_in_json_alone() -> None:
    file = GraphFile({"a": SavedProcessor(type="X", config={"n": math.inf})})
    assert GraphFile.parse(file.to_yaml()) == file
    with pytest.raises(GraphFileError, match="save it as YAML"):
        file.to_json()
