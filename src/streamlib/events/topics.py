"""The topics under which events are published, and how a subscription names several.

`runtime:global` carries what concerns the whole: the runtime's lifecycle, and the graph's events, so that one
subscription sees a processor's adding, which is told before anybody could know its id. `runtime:compiler` carries
each step of each commit, apart from the others because those are many. `processor:<id>` and `link:<id>` carry what
happens in one of them, `input:…` what somebody does with keys, mouse and window. Any other name is a topic of your
own (`CustomEvent`): `door`, `game:scored`.
"""

from __future__ import annotations

import difflib
from functools import lru_cache

from streamlib.errors import ConfigError, nearest
from streamlib.ids import LinkId, ProcessorId

RUNTIME_GLOBAL = "runtime:global"
RUNTIME_COMPILER = "runtime:compiler"
INPUT_KEYBOARD = "input:keyboard"
INPUT_MOUSE = "input:mouse"
INPUT_WINDOW = "input:window"
EVERYTHING = "*"

FAMILIES: dict[str, frozenset[str]] = {
    "runtime": frozenset({RUNTIME_GLOBAL, RUNTIME_COMPILER}),
    "input": frozenset({INPUT_KEYBOARD, INPUT_MOUSE, INPUT_WINDOW}),
    "processor": frozenset(),
    "link": frozenset(),
}
"""What built-in topics begin with, and all topics of those families that have a fixed number of them."""

LINK_MARK = "->"
"""What stands in the id of every link, and in no topic of one's own."""

_ALIKE = 0.8  # with the first letter: `links:` and `imput:` are meant for a built-in family, `line:`, `blink:` are not


def processor_topic(processor_id: ProcessorId) -> str:
    """The topic of one processor's events."""
    return f"processor:{processor_id}"


def link_topic(link_id: LinkId) -> str:
    """The topic of one link's events."""
    return f"link:{link_id}"


def prefix_of(pattern: str) -> str | None:
    """What the topics of a pattern begin with (`processor:*`, `*`); None where it names one topic alone."""
    return pattern[:-1] if pattern.endswith("*") else None


def check_pattern(pattern: str) -> None:
    """Refuse what a subscription could never hear anything by.

    Raises:
        ConfigError: It is no topic and no beginning of one, or misspells a built-in one; the message has the nearest.
    """
    _check_words(pattern)
    _check_meaning(pattern)


def check_custom(topic: str) -> None:
    """Refuse a topic that is not one's own to publish on.

    Raises:
        ConfigError: It is empty, holds a star, is of a built-in family, or looks like one.
    """
    _check_words(topic)
    _check_own(topic)


@lru_cache(maxsize=256)
def _check_own(topic: str) -> None:
    if topic.endswith("*"):
        raise _refused(f"{topic!r} are many topics; publish on one of them")
    family, colon, _ = topic.partition(":")
    if family in FAMILIES:
        raise _refused(f"{topic!r} belongs to the built-in topics {family}:…; a custom event has a name of its own")
    if colon:
        _check_spelling(topic, family)


def _check_words(pattern: object) -> None:
    if not isinstance(pattern, str) or not pattern:
        raise _refused(f"a topic is {pattern!r}; {_instead_of(pattern)}")
    if LINK_MARK in pattern and not pattern.startswith("link:"):
        raise _refused(f"{pattern!r} is no topic; what passes in a link is told on {link_topic(LinkId(pattern))!r}")
    if "*" in pattern[:-1]:
        raise _refused(f"the star of {pattern!r} stands within; it stands at the end, for whatever follows")


def _instead_of(given: object) -> str:
    """What to subscribe to instead of what is no text: with a handle, its topic."""
    id_ = getattr(given, "id", None)
    if not isinstance(id_, str):
        return "give a text, 'runtime:global', 'processor:*' or a name of your own"
    family = "link" if LINK_MARK in id_ else "processor"
    return f"its topic is f'{family}:{{handle.id}}', {f'{family}:{id_}'!r}"


@lru_cache(maxsize=256)
def _check_meaning(pattern: str) -> None:
    family, colon, rest = pattern.partition(":")
    if not colon:
        if family in FAMILIES:
            raise _refused(f"there is no topic {pattern!r}; {pattern}:* are all of them")
        return
    if family not in FAMILIES:
        _check_spelling(pattern, family)
    elif not rest:
        raise _refused(f"{pattern!r} names nothing; {pattern}* are all of them")
    elif known := FAMILIES[family]:
        prefix = prefix_of(pattern)
        if not (pattern in known if prefix is None else any(topic.startswith(prefix) for topic in known)):
            raise _refused(f"there is no topic {pattern!r}; {nearest(pattern, known)}")


def _check_spelling(pattern: str, family: str) -> None:
    """Refuse a family that is nearly a built-in one."""
    near = [known for known in FAMILIES if known[:1] == family[:1].lower()]
    close = difflib.get_close_matches(family.lower(), near, n=1, cutoff=_ALIKE)
    if close:
        raise _refused(f"there is no topic {pattern!r}; did you mean {close[0]}:…? a topic of your own is less alike")


def _refused(message: str) -> ConfigError:
    return ConfigError(message, field="topic")
