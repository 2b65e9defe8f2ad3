"""What a runtime knows of its own trouble: who explains it when asked, and who tells of stalls unasked.

Put together here from what the runtime owns once; neither holds the runtime itself, because threads hold them.
"""

from __future__ import annotations

from streamlib.clock import NS_PER_S
from streamlib.compiler.site import Site
from streamlib.execution.whereabouts import whereabouts
from streamlib.observability.explainer import Explainer
from streamlib.observability.facts import Surroundings
from streamlib.observability.gathering import Gathering
from streamlib.observability.proposals import Proposals
from streamlib.observability.stalls import StallWatcher
from streamlib.runtime.restarts import Restarts

STALL_AFTER_S = 5.0
"""After how many seconds without going on something is told as a stall."""


def insight(site: Site, restarts: Restarts, stall_after: float | None) -> tuple[Explainer, StallWatcher | None]:
    """Who explains this runtime, and who watches over it; nobody does where no time is given."""
    threads = site.threads
    around = Surroundings(site.clock, site.media_clock, site.reports, restarts.next_attempt, threads.event_loop)
    registry = site.delegates.registered.registry
    proposals = Proposals(site.graph, lambda: {name: one.declaration for name, one in registry.loaded().items()})
    explainer = Explainer(Gathering(site.graph, around), proposals.advise)
    if stall_after is None:
        return explainer, None
    watcher = StallWatcher(
        site.graph,
        site.bus,
        site.clock,
        explain=explainer.explain,
        explain_calls=explainer.explain_calls,
        waiting=threads.waiting,
        look=lambda: whereabouts(threads.event_loop()),
        after_ns=round(stall_after * NS_PER_S),
    )
    around.begun_ns = watcher.begun_ns
    return explainer, watcher
