from __future__ import annotations

import pytest

from streamlib import StreamRuntime
from streamlib.errors import UnknownLinkError, UnknownProcessorError
from streamlib.ids import ProcessorId
from streamlib.observability.naming import link_named, processor_named, subject_named
from tests.observability.views import Hear, Pictures


def test_a_processor_that_is_not_there_is_named() -> None:
    runtime, other = StreamRuntime(), StreamRuntime()
    source = runtime.add_processor(Pictures)
    assert processor_named(runtime.graph, source) == "pictures_0"
    assert processor_named(runtime.graph, ProcessorId("pictures_0")) == "pictures_0"
    for given in ("pictures_1", 7, None):
        with pytest.raises(UnknownProcessorError, match="pictures_0|none"):
            processor_named(runtime.graph, given)
    with pytest.raises(UnknownProcessorError, match="another runtime|of this"):
        processor_named(other.graph, source)


def test_a_link_is_named_by_its_id_or_a_handle() -> None:
    runtime = StreamRuntime()
    source, sink = runtime.add_processor(Pictures), runtime.add_processor(Hear)
    link = runtime.connect(source, sink.input("video"))
    assert link_named(runtime.graph, link) == link_named(runtime.graph, link.id) == link.id
    for given in (source, source.id, 7):
        with pytest.raises(UnknownLinkError):
            link_named(runtime.graph, given)
    with pytest.raises(UnknownLinkError):
        link_named(StreamRuntime().graph, link)


def test_a_subject_is_a_processor_or_a_link_of_this_runtime() -> None:
    runtime, other = StreamRuntime(), StreamRuntime()
    source, sink = runtime.add_processor(Pictures), runtime.add_processor(Hear)
    link = runtime.connect(source, sink.input("video"))
    assert [subject_named(runtime.graph, one) for one in (source, sink.id, link, link.id)] == [
        source.id, sink.id, link.id, link.id
    ]  # fmt: skip
    for foreign in (source, link):
        with pytest.raises((UnknownProcessorError, UnknownLinkError), match="another runtime"):
            subject_named(other.graph, foreign)
    with pytest.raises(UnknownLinkError):
        subject_named(runtime.graph, "a.out->b.into")
    with pytest.raises(UnknownProcessorError, match="names no processor"):
        subject_named(runtime.graph, 7)
