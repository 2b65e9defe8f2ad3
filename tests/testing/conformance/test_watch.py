from __future__ import annotations

import pytest

from streamlib.errors import CommitError
from streamlib.runtime.runtime import StreamRuntime
from streamlib.testing.conformance.watch import Fault, InjectedError, Watch
from tests.testing.conformance import misfits


def test_what_is_called_of_each_instance_is_counted() -> None:
    watch = Watch(misfits.Dimmer, Fault.NONE)
    with StreamRuntime(factory=watch) as runtime:
        dimmer = runtime.add_processor(misfits.Dimmer)
        runtime.add_processor(misfits.Mute)
        runtime.start()
        runtime.update_config(dimmer, by=0.25)
        runtime.restart(dimmer)
    assert [(life.setups, life.changes, life.teardowns) for life in watch.lives] == [(1, 1, 1), (1, 0, 1)]
    assert all(life.raised is None for life in watch.lives)


def test_fields_that_are_read_after_a_change_are_noted() -> None:
    watch = Watch(misfits.Dimmer, Fault.NONE)
    with StreamRuntime(factory=watch) as runtime:
        dimmer = runtime.add_processor(misfits.Dimmer)
        runtime.start()
        runtime.update_config(dimmer, by=0.25)
        instance = dimmer.instance()
        assert instance is not None
        assert watch.lives[0].read == set()
        assert instance.processor.config.by == 0.25
        assert watch.lives[0].read == {"by"}
        assert isinstance(instance.processor.config, misfits.Dimmer.Config)


@pytest.mark.parametrize(("fault", "words"), [(Fault.AT_THE_END, "end of setup"), (Fault.SHARED, "shared(Path)")])
def test_setup_fails_where_the_fault_says(fault: Fault, words: str) -> None:
    watch = Watch(misfits.TearsDownWhatIsNotThere, fault)
    runtime = StreamRuntime(factory=watch)
    runtime.add_processor(misfits.TearsDownWhatIsNotThere)
    with pytest.raises(CommitError) as failed:
        runtime.start()
    assert isinstance(failed.value.__cause__, InjectedError)
    assert words in str(failed.value)
    assert (watch.lives[0].setups, watch.lives[0].teardowns) == (1, 1)
    assert isinstance(watch.lives[0].raised, AttributeError if fault is Fault.SHARED else type(None))
