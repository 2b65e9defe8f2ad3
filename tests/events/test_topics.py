from __future__ import annotations

from typing import Any

import pytest

from streamlib.errors import ConfigError
from streamlib.events.topics import (
    EVERYTHING,
    FAMILIES,
    INPUT_KEYBOARD,
    INPUT_MOUSE,
    INPUT_WINDOW,
    RUNTIME_COMPILER,
    RUNTIME_GLOBAL,
    check_custom,
    check_pattern,
    link_topic,
    prefix_of,
    processor_topic,
)
from streamlib.ids import LinkId, ProcessorId


@pytest.mark.promise("event.topics")
def test_topics_are_named_as_ordered() -> None:
    assert RUNTIME_GLOBAL == "runtime:global"
    assert processor_topic(ProcessorId("camera_0")) == "processor:camera_0"
    assert link_topic(LinkId("a.out->b.in")) == "link:a.out->b.in"


@pytest.mark.promise("event.input-topics")
def test_input_has_a_topic_for_keyboard_mouse_and_window() -> None:
    assert (INPUT_KEYBOARD, INPUT_MOUSE, INPUT_WINDOW) == ("input:keyboard", "input:mouse", "input:window")
    assert FAMILIES["input"] == {INPUT_KEYBOARD, INPUT_MOUSE, INPUT_WINDOW}


def test_a_pattern_ends_with_a_star() -> None:
    assert prefix_of("processor:*") == "processor:"
    assert prefix_of(EVERYTHING) == ""
    assert prefix_of("processor:camera_0") is None


@pytest.mark.parametrize(
    "pattern",
    ["*", "runtime:*", "runtime:g*", RUNTIME_COMPILER, "processor:*", "processor:a*", "link:a.out->b.in", "pro*"],
)
def test_a_built_in_topic_may_be_listened_to(pattern: str) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize("topic", ["door", "game:scored", "blink:on", "line:1", "output:x", "inputs", "links"])
def test_any_other_name_is_a_topic_of_ones_own(topic: str) -> None:
    check_custom(topic)
    check_pattern(topic)
    check_pattern(f"{topic}*")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("runtime:globl", "did you mean 'runtime:global'"),
        ("runtime:x*", "there is no topic 'runtime:x\\*'"),
        ("input:keybord", "did you mean 'input:keyboard'"),
        ("imput:mouse", "did you mean input:"),
        ("Processor:camera_0", "did you mean processor:"),
        ("links:*", "did you mean link:"),
        ("processor", "processor:\\* are all of them"),
        ("processor:", "processor:\\* are all of them"),
        ("*:camera_0", "stands at the end"),
        ("", "give a text"),
        (5, "give a text"),
        (["door"], "give a text"),
    ],
)
def test_what_could_never_hear_anything_is_refused(pattern: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        check_pattern(pattern)
    assert caught.value.field == "topic"


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("runtime:global", "belongs to the built-in topics runtime:"),
        ("runtime", "belongs to the built-in topics runtime:"),
        ("processor:mine", "belongs to the built-in topics processor:"),
        ("procesor:mine", "did you mean processor:"),
        ("door*", "publish on one of them"),
        ("", "give a text"),
        (["door"], "give a text"),
    ],
)
def test_what_is_not_ones_own_is_not_published_on(topic: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_custom(topic)


class _Named:
    def __init__(self, id_: str) -> None:
        self.id = id_


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (_Named("counter_0"), r"its topic is f'processor:\{handle.id\}', 'processor:counter_0'"),
        (_Named("a.out->b.into"), r"its topic is f'link:\{handle.id\}', 'link:a.out->b.into'"),
        ("a.out->b.into", "is no topic; what passes in a link is told on 'link:a.out->b.into'"),
    ],
)
def test_who_subscribes_to_a_handle_or_the_id_of_a_link_is_told_its_topic(given: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        check_pattern(given)
