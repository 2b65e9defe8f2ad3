"""Why there is nothing to sample somewhere, as far as one can tell, and what to do about it.

A `Viewpoint` comes in, and a `Catch` that has waited there in vain; a `NoSample` goes out. It only reads the graph.
Asked by `sampler` before it waits, while it does, and afterwards.
"""

from __future__ import annotations

from streamlib.events.event import described
from streamlib.execution.instance import ProcessorInstance
from streamlib.graph.property_graph import PropertyGraph
from streamlib.observability.catch import Catch
from streamlib.observability.causes import listed
from streamlib.observability.no_sample import NoSample, NoSampleCause
from streamlib.observability.viewpoint import PICTURES, SOUND, Viewpoint, link_to
from streamlib.states import GraphState, ProcessorState


class Hindrances:
    """Knows why nothing comes, in one graph. From any thread."""

    def __init__(self, graph: PropertyGraph) -> None:
        self._graph = graph

    def now(self, view: Viewpoint) -> NoSample | None:
        """Why nothing can come there just now, or None."""
        id_, graph = view.port.processor_id, self._graph
        with graph.lock:
            if id_ not in graph:
                return no_sample(view, NoSampleCause.REMOVED, f"{id_} is not in the graph any more")
            declared, instance = graph.node(id_).declaration, graph.get(id_, ProcessorInstance)
            state, whole, link = graph.get(id_, ProcessorState), graph.state, link_to(graph, view)
        if view.port.port not in (declared.outputs if view.is_output else declared.inputs):
            why = f"{id_} was replaced by a processor that has no {view.port.port}"
            return no_sample(view, NoSampleCause.REMOVED, why)
        if whole is GraphState.IDLE:
            return no_sample(view, NoSampleCause.NOT_RUNNING, "the runtime does not run; start it, then sample again")
        if not view.is_output and link is None:
            why = f"no link leads to {view.port}; connect it, then sample again"
            return no_sample(view, NoSampleCause.UNCONNECTED, why)
        if whole is GraphState.PAUSED:
            return no_sample(view, NoSampleCause.PAUSED, "the runtime is paused; resume it, then sample again")
        return _by_state(view, state, None if instance is None else instance.failure)

    def nothing_came(self, catch: Catch, view: Viewpoint, timeout_s: float) -> NoSample:
        """What to say when a catch that could have had something has nothing after so many seconds."""
        port, within = view.port, f"within {timeout_s:g} s"
        if catch.stranger:
            other = (SOUND if view.kind is PICTURES else PICTURES).sampled_by
            why = f"{port} carries no {view.kind.word} but {catch.stranger}; try {other}, or another port"
            return no_sample(view, NoSampleCause.OTHER_MEDIA, why)
        if catch.passed:
            why = f"{catch.passed} packets passed {port} {within}, none of them a key frame; {self._key_distance(view)}"
            return no_sample(view, NoSampleCause.NO_KEY_FRAME, why)
        return no_sample(view, NoSampleCause.QUIET, f"nothing passed {port} {within}; {self._advice(view)}")

    def _key_distance(self, view: Viewpoint) -> str:
        """When the next key frame comes, as far as the config of who makes the packets says."""
        graph = self._graph
        with graph.lock:
            link = link_to(graph, view)
            id_ = view.port.processor_id if link is None else graph.link(link).source.processor_id
            config = graph.node(id_).config if id_ in graph else None
        seconds = getattr(config, "gop_seconds", None)
        if seconds is None:
            return "give a longer timeout"
        return f"one comes every {seconds:g} s of pictures (gop_seconds of {id_}), so give a longer timeout"

    def _advice(self, view: Viewpoint) -> str:
        graph, id_ = self._graph, view.port.processor_id
        with graph.lock:
            if id_ not in graph:
                return f"{id_} was removed meanwhile"
            instance = graph.get(id_, ProcessorInstance)
        if instance is not None and instance.declaration.inputs and not instance.incoming():
            return f"nothing is connected to its input {listed(tuple(instance.declaration.inputs))}: connect that"
        if view.is_output and instance is not None and not instance.outputs.get(view.port.port):
            return "no link leaves from there, and some processors send nothing to nobody: connect it"
        return f"runtime.inspector.explain({id_!r}) says why; or give a longer timeout"


def no_sample(view: Viewpoint, cause: NoSampleCause, reason: str) -> NoSample:
    """There is no sample of a place."""
    return NoSample(processor_id=view.port.processor_id, cause=cause, reason=reason)


def _by_state(view: Viewpoint, state: ProcessorState | None, failure: BaseException | None) -> NoSample | None:
    id_ = view.port.processor_id
    if state is ProcessorState.PAUSED:
        return no_sample(view, NoSampleCause.PAUSED, f"{id_} is paused; resume it, then sample again")
    if state is ProcessorState.ENDED:
        why = f"{id_} has come to its end; restart it, or sample one that still runs"
        return no_sample(view, NoSampleCause.ENDED, why)
    if state is ProcessorState.FAILED:
        error = "" if failure is None else f" ({described(failure)})"
        return no_sample(view, NoSampleCause.FAILED, f"{id_} was ended by an error{error}; mend it and restart it")
    return None
