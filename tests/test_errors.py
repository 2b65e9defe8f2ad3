from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib import errors
from streamlib.errors import (
    CommitError,
    ConfigError,
    ConnectError,
    CycleError,
    DeadlineError,
    DuplicateIdError,
    MissingExtraError,
    ProcessorFailed,
    ResourceBusyError,
    StrategyError,
    StreamError,
    UnknownLinkError,
    UnknownPortError,
    UnknownProcessorError,
    UnknownTypeError,
    nearest,
    nearest_file,
)

LEAVES = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, StreamError) and value is not StreamError
]


def _drawn() -> dict[str, tuple[str, str]]:
    """The tree of the docstring: each error with the error it hangs from and the builtin in brackets, if any."""
    drawn: dict[str, tuple[str, str]] = {}
    above = ["StreamError"]
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"    ((?:│   |    )*)[├└]── (\w+)(?: \((\w+)\))?", line)
        if found is None:
            continue
        depth = len(found[1]) // 4 + 1
        above[depth:] = [found[2]]
        drawn[found[2]] = (above[depth - 1], found[3] or "")
    return drawn


def _real() -> dict[str, tuple[str, str]]:
    return {
        leaf.__name__: (leaf.__bases__[0].__name__, "".join(base.__name__ for base in leaf.__bases__[1:]))
        for leaf in LEAVES
    }


@pytest.mark.promise("error.one-root")
def test_the_tree_that_is_drawn_is_the_real_one() -> None:
    assert _drawn() == _real()


@pytest.mark.promise("error.one-root")
@pytest.mark.parametrize("leaf", LEAVES)
def test_every_error_is_one_of_ours_and_a_builtin(leaf: type[StreamError]) -> None:
    builtins = [base for base in leaf.__mro__ if base.__module__ == "builtins"]
    assert {base.__name__ for base in builtins} > {"Exception", "BaseException", "object"}


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_error_says_what_it_means(leaf: type[StreamError]) -> None:
    assert leaf.__doc__


# --------------------------------------------------------------------------------------------------- the nearest name


@pytest.mark.promise("error.nearest")
def test_the_nearest_name_comes_first_and_then_all() -> None:
    assert nearest("vidoe", ["audio", "video"]) == "did you mean 'video'? known: audio, video"


def test_a_name_that_resembles_none_gets_no_guess() -> None:
    assert nearest("xyz", ["video", "audio"]) == "known: audio, video"


def test_where_there_are_no_names_that_is_said() -> None:
    assert nearest("video", []) == "there are none"


def test_many_names_are_not_all_listed() -> None:
    words = nearest("p77", [f"p{number:02}" for number in range(100)])
    assert words.startswith("did you mean 'p77'? known: p00, p01")
    assert words.endswith("p23 and 76 more")


@given(st.text(), st.lists(st.text(max_size=5), max_size=30))
def test_any_name_gets_an_answer(name: str, known: list[str]) -> None:
    words = nearest(name, known)
    assert bool(known) == words.endswith(("more", *known)) or words == "there are none"
    assert not (name and name in known) or f"did you mean {name!r}?" in words


# ------------------------------------------------------------------------------------------- what the leaves carry


def test_an_unknown_thing_is_carried_and_named_with_the_nearest() -> None:
    kind = UnknownTypeError("H265Encoder", ["H264Encoder", "AacEncoder"])
    processor = UnknownProcessorError("camera", ["camera_0"])
    port = UnknownPortError("camera_0", "vidoe", "output", ["video"])
    link = UnknownLinkError("a.out->b", ["a.out->b.in"])
    assert (kind.processor_type, processor.processor_id, link.link_id) == ("H265Encoder", "camera", "a.out->b")
    assert (port.processor, port.port) == ("camera_0", "vidoe")
    assert str(port) == "camera_0 has no output port 'vidoe'; did you mean 'video'? known: video"
    for error, guess in ((kind, "H264Encoder"), (processor, "camera_0"), (link, "a.out->b.in")):
        assert f"did you mean {guess!r}?" in str(error)


def test_an_unknown_name_is_a_lookup_error() -> None:
    with pytest.raises(LookupError, match="'camera'"):
        raise UnknownProcessorError("camera", [])


def test_a_taken_id_says_what_to_do() -> None:
    error = DuplicateIdError("camera_0")
    assert error.id == "camera_0"
    assert "choose another" in str(error)


def test_a_config_error_carries_type_and_field() -> None:
    error = ConfigError("bitrate is negative", processor_type="H264Encoder", field="bitrate")
    assert (error.processor_type, error.field, str(error)) == ("H264Encoder", "bitrate", "bitrate is negative")


def test_a_circle_is_told_whole() -> None:
    error = CycleError("c", "a", ["a", "b", "c"])
    assert isinstance(error, ConnectError)
    assert (error.source, error.target, error.path) == ("c", "a", ("a", "b", "c"))
    assert "c -> a -> b -> c" in str(error)


def test_a_long_circle_is_told_by_its_ends() -> None:
    path = [f"p{number}" for number in range(10_000)]
    error = CycleError("p9999", "p0", path)
    assert error.path == tuple(path)
    assert "p9999 -> p0 -> p1 -> p2 -> p3 -> 9992 more -> p9996 -> p9997 -> p9998 -> p9999" in str(error)


def test_a_busy_resource_names_both_sides() -> None:
    error = ResourceBusyError("file:/out.mp4", "writer_1", "writer_0")
    assert (error.resource, error.processor_id, error.holder) == ("file:/out.mp4", "writer_1", "writer_0")
    assert "remove writer_0" in str(error)


def test_an_illegal_strategy_names_the_legal_ones() -> None:
    error = StrategyError("camera_0", "continuous", "lightweight", ["dedicated_thread", "main_thread"])
    assert error.processor_id == "camera_0"
    assert str(error).endswith("may choose dedicated_thread, main_thread")


@pytest.mark.parametrize("note", ["", "writer_0 holds its file again"])
def test_a_failed_commit_names_step_subject_and_cause(note: str) -> None:
    cause = OSError("no disk")
    error = CommitError("setup", "writer_1", cause, note)
    assert (error.step, error.subject, error.__cause__) == ("setup", "writer_1", cause)
    assert str(error) == "setup of writer_1 failed: no disk. Nothing was changed" + (f"; {note}" if note else "")


def test_failed_processors_are_told_with_their_errors() -> None:
    failures: dict[str, BaseException] = {"a": ValueError("dark"), "b": OSError("full")}
    error = ProcessorFailed(failures)
    assert error.failures == failures
    assert error.failures is not failures
    assert str(error) == "2 processor(s) failed: a: ValueError: dark; b: OSError: full"


def test_failed_processors_are_told_with_how_often_they_were_made_anew() -> None:
    error = ProcessorFailed({"a": ValueError("dark"), "b": OSError("full")}, {"a": 5, "b": 0, "c": 1})
    assert error.restarts == {"a": 5}
    assert str(error) == "2 processor(s) failed: a: ValueError: dark (after 5 restarts); b: OSError: full"
    assert str(ProcessorFailed({"a": ValueError("x")}, {"a": 1})).endswith("ValueError: x (after 1 restart)")


def test_a_deadline_names_who_did_not_answer() -> None:
    error = DeadlineError("stop", 2.5, ["encoder_0", "writer_0"])
    assert error.waiting_for == ("encoder_0", "writer_0")
    assert str(error) == "stop took longer than 2.5 s; still waiting for encoder_0, writer_0"
    assert "nobody that is known" in str(DeadlineError("stop", 1, []))
    assert isinstance(error, TimeoutError)


def test_a_missing_part_says_how_to_install_it() -> None:
    error = MissingExtraError("the microphone", "audio")
    assert error.extra == "audio"
    assert 'pip install "streamlib[audio]"' in str(error)


@pytest.mark.promise("error.nearest")
def test_a_file_that_does_not_exist_is_told_with_the_nearest_beside_it(tmp_path: Path) -> None:
    (tmp_path / "holiday.mp4").touch()
    assert nearest_file(tmp_path / "holidays.mp4") == "did you mean 'holiday.mp4'?"
    assert nearest_file(tmp_path / "x.txt") == "check the path"
    assert nearest_file(tmp_path / "nowhere" / "holiday.mp4") == "check the path"


@pytest.mark.promise("error.nearest")
def test_a_file_of_another_kind_is_the_nearest_only_where_it_is_nearly_the_same(tmp_path: Path) -> None:
    for name in ("nostop.mp4", "graph.yaml", "clip.MP4"):
        (tmp_path / name).touch()
    assert nearest_file(tmp_path / "nosetup.py") == "check the path"
    assert nearest_file(tmp_path / "graph.yml") == "did you mean 'graph.yaml'?"
    assert nearest_file(tmp_path / "clip") == "did you mean 'clip.MP4'?"
    assert nearest_file(tmp_path / "klip.mp4") == "did you mean 'clip.MP4'?"
    assert nearest_file(tmp_path / "nostop.mpg") == "did you mean 'nostop.mp4'?"


def test_a_path_that_is_not_absolute_is_told_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert nearest_file(Path("nothere.mp4")) == f"check the path: it leads to {tmp_path / 'nothere.mp4'}"
