"""What StreamLib promises, as data: each promise with an id, where it is promised, and whether it is kept.

A test that proves one carries `@pytest.mark.promise("id", ...)`; tests/repository/test_requirements.py checks
that every kept promise has such a test and that no test claims another. To flip a promise, change its status.

Sources: "order" is the architecture that was ordered, by its section; "design" is the design's part of promises.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Status(StrEnum):
    """Kept, or open with the part of the plan that brings it."""

    KEPT = "kept"
    CORE = "issue 3"  # every strategy, every policy
    EDITS = "issue 4"  # edits are transactions
    LOOK = "issue 5"  # look inside
    SPEED = "issue 6"  # speed and scale
    LATER = "later"


class Promise(NamedTuple):
    """One promise, in our words."""

    id: str
    status: Status
    source: str
    text: str


KEPT, CORE, EDITS, LOOK, SPEED, LATER = Status

ORDER_DELEGATES = "order: Delegate Pattern"
ORDER_GRAPH = "order: PropertyGraph"
ORDER_COMPILE = "order: Compilation as Component Attachment"
ORDER_EXECUTION = "order: Execution Mode vs Scheduling Strategy"
ORDER_LOOK = "order: Observability Layer"
ORDER_AGENT = "order: AI Agent Perception"
ORDER_API = "order: Transparent Internal Refactoring"
ORDER_CLEANUP = "order: Codebase Cleanup"
ORDER_GLOBALS = "order: Global State and Naming Cleanup"
ORDER_IDIOMS = "order: Rust Patterns and Idioms"
ORDER_FILES = "order: File Structure"
GRAPH = "design: Graph"
EDIT = "design: Edits"
LIFECYCLE = "design: Lifecycle"
LINKS = "design: Links"
EXECUTION = "design: Execution and scheduling"
ERRORS = "design: Errors"
EVENTS = "design: Events"
LOOKING = "design: Observability"
AGENTS = "design: Agents"
SCHEMA = "design: Schema"
MEDIA = "design: Media"
PYTHON = "design: At home in Python"
NAMES = "design: How it feels"
LAYOUT = "design: The layout"
PART = "issue 2: The parts"
DEMO = "issue 2: The demo"
INPUT = "issue 2: Bad input"
DONE = "issue 2: It is done when"
REPOSITORY = "issue 2: The repository"

# fmt: off

_RUNTIME = (
    Promise("runtime.mutations", KEPT, ORDER_API, "A runtime adds, removes, connects and disconnects; users see no ECS."),
    Promise("runtime.defaults", KEPT, ORDER_DELEGATES, "StreamRuntime() works with nothing configured."),
    Promise("runtime.builder", KEPT, ORDER_DELEGATES, "builder() takes factory, processor delegate, scheduler and commit mode."),
    Promise("runtime.keywords", KEPT, NAMES, "The constructor takes by keyword what the builder takes."),
    Promise("runtime.owns-the-compiler", KEPT, ORDER_GLOBALS, "Starting calls the compiler directly; no event triggers it."),
    Promise("runtime.side-by-side", KEPT, ORDER_GLOBALS, "Several runtimes in one process share no state."),
    Promise("runtime.process-settings", KEPT, LIFECYCLE, "Process-wide settings have one owner that restores them after the last runtime."),
    Promise("runtime.type-by-name", KEPT, NAMES, "A processor is added by class, or by type name and a mapping."),
    Promise("runtime.only-ports-that-fit", KEPT, NAMES, "connect(a, b) finds the only ports that fit; ambiguity is an error that lists them."),
    Promise("runtime.readable-ids", KEPT, NAMES, "Ids are numbered per type and readable, h264_encoder_0; none is issued twice."),
    Promise("runtime.own-ids", KEPT, NAMES, "A caller may give its own id; a taken one is refused."),
    Promise("runtime.step", KEPT, NAMES, "step(handle) makes one process call of a manual processor on the caller's thread."),
    Promise("runtime.same-handle", KEPT, NAMES, "Edit calls return the same handle everywhere, inside process too."),
    Promise("runtime.commit-waits", KEPT, NAMES, "handle.commit can be waited for; inside process that is an error."),
    Promise("runtime.with", KEPT, PART, "with and async with start nothing by surprise and stop what runs."),
    Promise("runtime.async-finished", KEPT, NAMES, "async with StreamRuntime() and await finished() work in an asyncio program."),
    Promise("runtime.push-source", KEPT, NAMES, "PushSource takes frames from plain code."),
    Promise("runtime.pull-sink", KEPT, NAMES, "handle.output().frames() gives frames to plain code, bounded."),
    Promise("runtime.pull-async", KEPT, NAMES, "frames() works under async for."),
    Promise("runtime.restart", KEPT, PART, "restart(handle) makes a processor anew in its place."),
    Promise("prelude", KEPT, ORDER_IDIOMS, "streamlib.prelude holds the commonly used names."),
)

_DELEGATES = (
    Promise("delegate.any-object", KEPT, NAMES, "A delegate is any object with at least one of the methods; what it lacks is the default."),
    Promise("delegate.factory.create", KEPT, ORDER_DELEGATES, "The factory delegate makes each instance from its node."),
    Promise("delegate.factory.port-info", KEPT, ORDER_DELEGATES, "The factory delegate tells the ports of a type."),
    Promise("delegate.factory.can-create", KEPT, ORDER_DELEGATES, "The factory delegate is asked whether it can create a type."),
    Promise("delegate.factory.default", KEPT, ORDER_DELEGATES, "RegistryBackedFactory is the default factory."),
    Promise("delegate.processor.will-create", KEPT, ORDER_DELEGATES, "will_create is called before an instance is made, and can veto."),
    Promise("delegate.processor.did-create", KEPT, ORDER_DELEGATES, "did_create is called after an instance was made, with it."),
    Promise("delegate.processor.will-start", KEPT, ORDER_DELEGATES, "will_start is called before a processor starts, and can veto."),
    Promise("delegate.processor.did-start", KEPT, ORDER_DELEGATES, "did_start is called after a processor started."),
    Promise("delegate.processor.will-stop", KEPT, ORDER_DELEGATES, "will_stop is called before a processor stops."),
    Promise("delegate.processor.did-stop", KEPT, ORDER_DELEGATES, "did_stop is called after a processor stopped."),
    Promise("delegate.processor.did-update-config", KEPT, ORDER_DELEGATES, "did_update_config is called with the new config."),
    Promise("delegate.processor.default", KEPT, ORDER_DELEGATES, "The default processor delegate does nothing."),
    Promise("delegate.scheduler.asked", KEPT, ORDER_DELEGATES, "The scheduler delegate decides the strategy of each processor from its node."),
    Promise("delegate.scheduler.placement", KEPT, EXECUTION, "The default scheduler reads placement from the descriptor, never the type's name."),
    Promise("delegate.did-raises", KEPT, EDIT, "A did_* that raises is reported by name and changes nothing."),
    Promise("delegate.typed", KEPT, ORDER_DELEGATES, "Each delegate method is a protocol, so that an object with some of them type-checks."),
)

_GRAPH = (
    Promise("graph.single-source-of-truth", KEPT, ORDER_GRAPH, "PropertyGraph is the only place where graph state lives."),
    Promise("graph.topology", KEPT, ORDER_GRAPH, "The topology is kept in a graph library and holds only ids."),
    Promise("graph.real-ecs", KEPT, ORDER_API, "Everything else is components of entities in a real ECS library."),
    Promise("graph.one-lock", KEPT, GRAPH, "The registry is used only under the graph's one lock."),
    Promise("graph.state", KEPT, ORDER_GRAPH, "The graph is Idle, Running or Paused, and Idle at first."),
    Promise("graph.insert-get-remove-has", KEPT, ORDER_GRAPH, "Components are inserted, read, removed and asked for, on processors and links alike."),
    Promise("graph.query", KEPT, ORDER_GRAPH, "query finds processors and links by component."),
    Promise("graph.query-without", KEPT, GRAPH, "query takes several components and leaves out those with others."),
    Promise("graph.query-filter", KEPT, ORDER_GRAPH, "query_filter finds processors and links by predicate."),
    Promise("graph.component.processor-node", KEPT, ORDER_API, "ProcessorNode holds id, type and config."),
    Promise("graph.component.instance", KEPT, ORDER_GRAPH, "ProcessorInstance is attached when a processor is created."),
    Promise("graph.component.thread-handle", KEPT, ORDER_GRAPH, "ThreadHandle is attached when a thread is started."),
    Promise("graph.component.shutdown-channel", KEPT, ORDER_GRAPH, "ShutdownChannel is how a processor is told to stop."),
    Promise("graph.component.invoke-channel", KEPT, ORDER_GRAPH, "ProcessFunctionInvokeChannel is how a processor is called from outside."),
    Promise("graph.component.metrics", KEPT, ORDER_GRAPH, "ProcessorMetrics holds throughput and latency."),
    Promise("graph.component.wired-channel", KEPT, ORDER_API, "WiredChannel holds both ends of a wired link."),
    Promise("graph.component.markers", KEPT, ORDER_GRAPH, "Markers tell mode and placement: reactive, main thread, pool, lightweight."),
    Promise("graph.component.main-thread-marker", KEPT, ORDER_GRAPH, "A processor on the main thread carries its marker."),
    Promise("graph.component.pool-marker", KEPT, ORDER_COMPILE, "A processor on the pool carries its marker."),
    Promise("graph.component.state", KEPT, ORDER_API, "ProcessorState is a component of each processor."),
    Promise("graph.nothing-lingers", KEPT, GRAPH, "After stop() nothing that running attached is left."),
    Promise("graph.user-components", KEPT, GRAPH, "A user's own component attaches through handle.components."),
    Promise("graph.user-components-saved", KEPT, GRAPH, "A user's own components are saved with the graph file."),
    Promise("graph.files", KEPT, GRAPH, "A graph is saved to and loaded from YAML or JSON."),
    Promise("graph.file-diff-apply", KEPT, GRAPH, "Two graphs are compared, and a file is applied, as one edit."),
    Promise("graph.cycles", KEPT, GRAPH, "A link that closes a circle is refused with the path that closes it."),
    Promise("graph.constant-cost", KEPT, GRAPH, "Adding a processor or link does the same work in a graph of any size."),
    Promise("graph.sub-graphs", KEPT, "issue 3", "A named group of processors with its own ports is added, saved and removed as one."),
)

_COMPILER = (
    Promise("compiler.delta", KEPT, EDIT, "The compiler computes the delta of the dirty set, without side effects."),
    Promise("compiler.phases", KEPT, ORDER_COMPILE, "A commit creates, wires, sets up and starts, in this order."),
    Promise("compiler.attaches", KEPT, ORDER_COMPILE, "Compiling attaches components; tearing down removes them."),
    Promise("edit.idle-running-paused", KEPT, EDIT, "Every mutation works whether the runtime is idle, running or paused."),
    Promise("edit.any-thread", KEPT, EDIT, "Every mutation works from any thread."),
    Promise("edit.inside-process", KEPT, EDIT, "Every mutation works from inside a processor."),
    Promise("edit.commit-auto", KEPT, ORDER_DELEGATES, "CommitMode.AUTO commits each call."),
    Promise("edit.commit-manual", KEPT, ORDER_DELEGATES, "CommitMode.MANUAL collects until commit()."),
    Promise("edit.scope", KEPT, EDIT, "edit() collects in a scope and commits at its end, or not at all when it raises."),
    Promise("edit.plan", KEPT, NAMES, "plan() shows before a commit what it will create, wire, restart and remove."),
    Promise("edit.undo", KEPT, "issue 4", "undo() commits the inverse of the last commit; the history is bounded."),
    Promise("edit.generations", KEPT, NAMES, "Undo and apply restore an id as a new generation."),
    Promise("edit.replace", KEPT, "issue 4", "A processor is replaced in one step; its links and what is queued stay."),
    Promise("edit.make-before-break", KEPT, EDIT, "New parts are made, set up and asked for before links are switched; only then the old ones go."),
    Promise("edit.exclusive", KEPT, EDIT, "Where old and new hold the same exclusive resource, the old one stops first."),
    Promise("edit.exclusive-back", KEPT, EDIT, "A roll-back gives an exclusive resource back to the old one and says so."),
    Promise("edit.rollback", KEPT, EDIT, "A failing check, create, setup or will_* rolls the whole commit back."),
    Promise("edit.rollback-names-step", KEPT, NAMES, "The error of a rolled back commit names the step, the processor and the cause."),
    Promise("edit.rollback-any-step", KEPT, "issue 4", "A fault at any step of an edit of any shape leaves everything as it was."),
    Promise("edit.untouched-links", KEPT, "design: What it is", "Frames on links that an edit does not touch are never lost."),
    Promise("edit.removal-drains", KEPT, EDIT, "Removal cuts upstream, drains, calls teardown and says when it is done."),
    Promise("edit.update-config", KEPT, EDIT, "update_config answers applied live or restarted; each field declares which."),
    Promise("edit.update-invalid", KEPT, EDIT, "An invalid config changes nothing."),
    Promise("edit.stress", KEPT, DONE, "1,000 add, connect, remove cycles leave threads, files and memory as they were."),
    Promise("edit.cost", KEPT, "design: Speed", "A one-processor edit costs the same in a graph of any size."),
    Promise("edit.link-live", KEPT, "issue 4", "Capacity and delivery of a link are changed live."),
    Promise("edit.code-reload", KEPT, "issue 4", "A processor's module is reloaded while running."),
)

_LIFECYCLE = (
    Promise("lifecycle.graph-table", KEPT, LIFECYCLE, "One table holds the legal transitions of the graph's state."),
    Promise("lifecycle.processor-table", KEPT, LIFECYCLE, "One table holds the legal transitions of a processor's state."),
    Promise("lifecycle.events", KEPT, ORDER_IDIOMS, "Each verb publishes -ing, then -ed or Failed with the error, by one helper."),
    Promise("lifecycle.symmetric", KEPT, LIFECYCLE, "teardown follows setup even when setup raised."),
    Promise("lifecycle.deadlines", KEPT, LIFECYCLE, "What a user waits for has a timeout that names who did not answer."),
    Promise("lifecycle.parked-wakes", KEPT, LIFECYCLE, "A parked runner waits without a timeout and is always woken by stop."),
    Promise("lifecycle.pause-runtime", KEPT, LIFECYCLE, "Pausing the runtime really stops process calls."),
    Promise("lifecycle.pause-processor", KEPT, LIFECYCLE, "One processor alone can be paused and resumed."),
    Promise("lifecycle.pause-no-gap", KEPT, LIFECYCLE, "A pause leaves no gap in a recording."),
    Promise("lifecycle.end-of-stream", KEPT, LIFECYCLE, "End of stream travels in order behind the last frame, and sinks finalise."),
    Promise("lifecycle.wait", KEPT, LIFECYCLE, "wait() returns when every source has ended."),
    Promise("lifecycle.signals", KEPT, LIFECYCLE, "SIGINT and SIGTERM stop cleanly."),
    Promise("lifecycle.second-signal", KEPT, LIFECYCLE, "A second signal stops at once."),
)

_LINKS = (
    Promise("link.ring", KEPT, LINKS, "Where threads meet, a link is one bounded single-producer single-consumer ring."),
    Promise("link.ring-when-needed", KEPT, LINKS, "A ring is made when it is first needed."),
    Promise("link.capacity", KEPT, LINKS, "The default capacity is 8; an input may declare another."),
    Promise("link.capacity-per-link", KEPT, LINKS, "Connecting may override capacity and delivery of one link."),
    Promise("link.inlined-chain", KEPT, LINKS, "An inlined chain is one loop at its head with a slot per link."),
    Promise("link.every", KEPT, LINKS, "Delivery every, the default, hands on each frame and presses back."),
    Promise("link.latest", KEPT, LINKS, "Delivery latest keeps the newest frame and counts what it drops."),
    Promise("link.drop-oldest-newest", KEPT, LINKS, "Deliveries drop_oldest and drop_newest count what they drop."),
    Promise("link.drops-by-reason", KEPT, LINKS, "Drops are counted by reason."),
    Promise("link.bytes", KEPT, LINKS, "Queued bytes are reported."),
    Promise("link.back-pressure-thread", KEPT, LINKS, "On a dedicated thread a write waits for room."),
    Promise("link.back-pressure-ready", KEPT, LINKS, "Elsewhere a processor is ready only while its outputs have room."),
    Promise("link.overflow", KEPT, LINKS, "What one call writes beyond the room goes to a bounded, counted overflow."),
    Promise("link.live-source", KEPT, LINKS, "A live source is never slowed: into a full link it drops the newest and counts it."),
    Promise("link.nothing-unbounded", KEPT, LINKS, "No queue is unbounded."),
    Promise("link.plugs", KEPT, LINKS, "An unconnected port is a plug; writing to one does nothing."),
    Promise("link.many", KEPT, LINKS, "LinkInput(T, many=True) takes any number of links in a stable order."),
    Promise("link.fan-out", KEPT, PART, "One output feeds several consumers."),
    Promise("link.again-while-frames", KEPT, LINKS, "A reactive processor is called again while an input holds frames."),
    Promise("link.wake-all", KEPT, LINKS, 'wake="any" or "all" is declared.'),
    Promise("link.wake-at", KEPT, LINKS, "ctx.wake_at(ns) calls a processor at a clock time."),
    Promise("link.shared-read-only", KEPT, LINKS, "Consumers share frames by reference; frames are read-only."),
    Promise("link.untracked-frames", KEPT, LINKS, "The collector need not track frames."),
    Promise("link.two-timestamps", KEPT, LINKS, "timestamp_ns is media time; entered_ns is when the source emitted it."),
    Promise("link.counters", KEPT, PART, "Each link counts what it was given, delivered and dropped."),
    Promise("link.tap-slot", KEPT, PART, "Each link has a slot for taps."),
)

_FRAMES = (
    Promise("frame.video-formats", KEPT, PART, "VideoFrame is rgb24, bgr24, rgba, bgra, gray8, yuv420p or nv12."),
    Promise("frame.video-lazy", KEPT, PART, "A frame of PyAV is converted only when asked, without a copy where possible."),
    Promise("frame.video-colour", KEPT, PART, "Colour range and matrix are kept."),
    Promise("frame.video-refused", KEPT, PART, "What is not supported is converted, or refused in words."),
    Promise("frame.read-only", KEPT, PART, "Pixels and samples are read-only."),
    Promise("frame.with-pixels", KEPT, PART, "with_pixels gives a frame with other pixels and the same stamps."),
    Promise("frame.numpy-dlpack", KEPT, PYTHON, "Frames are numpy arrays and DLPack."),
    Promise("frame.repr-html", KEPT, PYTHON, "In a notebook a frame is its image."),
    Promise("frame.audio", KEPT, PART, "AudioFrame is float32, samples by channels, 1 to 8 channels, with a rate."),
    Promise("frame.data", KEPT, PART, "DataFrame carries a mapping."),
    Promise("frame.packet", KEPT, PART, "EncodedPacket carries bytes and the description of its stream."),
    Promise("frame.converters", KEPT, LAYOUT, "Converters are found through entry points and loaded on first use."),
)

_PROCESSORS = (
    Promise("processor.one-contract", KEPT, ORDER_GLOBALS, "Users implement one class: Config, process, setup, teardown."),
    Promise("processor.from-config", KEPT, ORDER_GLOBALS, "An instance is made from its config by from_config."),
    Promise("processor.config-errors", KEPT, PART, "An unknown or wrong config field is an error that names it and the nearest."),
    Promise("processor.config-live", KEPT, PART, "Each config field says live or restart."),
    Promise("processor.function", KEPT, PART, "@processor makes a processor of a function; its ports come from the annotations."),
    Promise("processor.continuous", KEPT, ORDER_EXECUTION, "A continuous processor is called at its interval, held against drift."),
    Promise("processor.reactive", KEPT, ORDER_EXECUTION, "A reactive processor is called when data arrives."),
    Promise("processor.manual", KEPT, ORDER_EXECUTION, "A manual processor is called by the user alone."),
    Promise("processor.contexts", KEPT, LAYOUT, "setup is handed a RuntimeContext, process a ProcessContext."),
    Promise("processor.media-config", KEPT, ORDER_CLEANUP, "MediaConfig holds the default rate, block, frame rate, size and colour."),
    Promise("processor.shared", KEPT, MEDIA, "shared(Type) makes one object per runtime and closes them in reverse at stop."),
    Promise("processor.registry", KEPT, PART, "Types are found by name through entry points; built-ins arrive as a third party's do."),
    Promise("processor.conformance", KEPT, "issue 3", "check_processor checks a third party's processor."),
    Promise("processor.template", KEPT, "issue 3", "streamlib new makes a package with a processor and its test."),
)

_EXECUTION = (
    Promise("execution.matrix", KEPT, EXECUTION, "A pair of mode and strategy outside the matrix is refused with the legal ones."),
    Promise("execution.matrix-full", KEPT, ORDER_EXECUTION, "Every pair of the matrix runs."),
    Promise("execution.dedicated-thread", KEPT, ORDER_DELEGATES, "A processor runs on its own thread, which bears its name."),
    Promise("execution.lightweight", KEPT, ORDER_DELEGATES, "A lightweight processor is inlined in its caller."),
    Promise("execution.lightweight-deep", KEPT, DONE, "A chain of 10,000 lightweight processors passes frames."),
    Promise("execution.pool", KEPT, ORDER_DELEGATES, "Processors run on a work-stealing pool."),
    Promise("execution.main-thread", KEPT, ORDER_DELEGATES, "Processors run on the main thread, pumped by wait."),
    Promise("execution.priorities", KEPT, ORDER_DELEGATES, "Real-time, high, normal and background priority are taken where granted, and what was got is told."),
    Promise("execution.never-twice", KEPT, EXECUTION, "A processor never runs on two threads at once."),
    Promise("execution.idle", KEPT, EXECUTION, "Idle costs no CPU: nothing polls."),
    Promise("execution.collector", KEPT, EXECUTION, "The heap is frozen at start and collector pauses are reported."),
    Promise("execution.switch-interval", KEPT, EXECUTION, "The switch interval is set and documented."),
    Promise("execution.async-process", KEPT, EXECUTION, "async def process runs on the runtime's event loop."),
    Promise("execution.metrics", KEPT, PART, "Each processor has counters and latency histograms."),
    Promise("execution.50000", KEPT, "design: Speed", "50,000 processors build, run, idle and stop."),
)

_ERRORS = (
    Promise("error.counted", KEPT, ERRORS, "An exception in process is counted and reported with id and timestamp."),
    Promise("error.skip", KEPT, ERRORS, "Under skip, the default, the frame is skipped and the processor goes on."),
    Promise("error.fail", KEPT, ERRORS, "Under fail the processor ends, its inputs become counted plugs, and wait() reports it."),
    Promise("error.stop", KEPT, ERRORS, "Under stop the runtime stops."),
    Promise("error.restart", KEPT, ERRORS, "Under restart it is made anew with back-off up to a limit."),
    Promise("error.isolated", KEPT, ERRORS, "The rest of the graph goes on."),
    Promise("error.delegate-named", KEPT, ERRORS, "A delegate that raises is named."),
    Promise("error.observer-removed", KEPT, ERRORS, "An observer that raises is named and removed."),
    Promise("error.teardown", KEPT, INPUT, "An exception in teardown is reported and stops nobody else's teardown."),
    Promise("error.told", KEPT, ERRORS, "Who leaves a with block, or waits in vain, hears of failures that no wait has raised."),
    Promise("error.one-root", KEPT, ORDER_IDIOMS, "StreamError is the root of all errors, and leaves inherit the fitting builtin."),
    Promise("error.nearest", KEPT, INPUT, "An unknown type, port, field or file is named together with the nearest that exists."),
)

_EVENTS = (
    Promise("event.bus-per-runtime", KEPT, EVENTS, "Each runtime owns its bus; there is no global one."),
    Promise("event.topics", KEPT, EVENTS, "Topics are runtime:global and processor:<id>."),
    Promise("event.input-topics", KEPT, EVENTS, "Topics for keyboard, mouse and window, and custom ones."),
    Promise("event.bounded", KEPT, EVENTS, "Subscribers are bounded and their drops counted."),
    Promise("event.typed", KEPT, EVENTS, "Each event is a typed record with a timestamp."),
    Promise("event.graph", KEPT, ORDER_LOOK, "Adding and removing processors and links is told as Will and Did, and changes of state."),
    Promise("event.processor", KEPT, ORDER_LOOK, "A processor's changes of state and config, and its errors, are events."),
    Promise("event.runtime", KEPT, ORDER_FILES, "The runtime's starting, stopping, pausing and resuming are events."),
    Promise("event.link", KEPT, PART, "A link's events are on the bus."),
    Promise("event.compiler", KEPT, ORDER_FILES, "What the compiler does is told as events."),
    Promise("event.input", KEPT, ORDER_FILES, "Keys, mouse buttons and modifiers are typed events."),
    Promise("event.subscriber-raises", KEPT, INPUT, "A subscriber that raises does no harm and is reported."),
    Promise("event.async", KEPT, "issue 3", "Events can be awaited."),
    Promise("event.commands", KEPT, "issue 3", "Anybody may ask for a pause, a stop or a config by an event; the runtime obeys in line with the commits and tells what fails."),
)

_LOOK = (
    Promise("look.zero-cost", KEPT, ORDER_LOOK, "A detached tap leaves no extra call on the frame's way."),
    Promise("look.attach-detach", KEPT, ORDER_LOOK, "Observers attach and detach while frames flow."),
    Promise("look.several", KEPT, ORDER_LOOK, "Several observers watch one place."),
    Promise("look.auto-detach", KEPT, ORDER_LOOK, "Leaving, closing or dropping an observer's handle detaches it."),
    Promise("look.bounded-observers", KEPT, LOOKING, "A slow observer loses its own copies, counted, never a frame of the pipeline."),
    Promise("look.processor", KEPT, ORDER_LOOK, "inspector.processor gives id, type, state, throughput, latency and config."),
    Promise("look.link", KEPT, ORDER_LOOK, "inspector.link gives ends, depth, capacity and throughput."),
    Promise("look.topology", KEPT, ORDER_LOOK, "inspector.topology gives the whole graph."),
    Promise("look.health", KEPT, ORDER_LOOK, "inspector.health gives state, counts, drops, errors and bottlenecks."),
    Promise("look.observe-processor", KEPT, ORDER_LOOK, "observe_processor streams state, config, frames and errors."),
    Promise("look.observe-link", KEPT, ORDER_LOOK, "observe_link streams pushes, full and empty queues."),
    Promise("look.observe-graph", KEPT, ORDER_LOOK, "observe_graph streams the graph's events."),
    Promise("look.exact-counters", KEPT, LOOKING, "Counters are exact and always on."),
    Promise("look.percentiles", KEPT, LOOKING, "p50, p90, p99 and max are always there."),
    Promise("look.sample-count", KEPT, LOOKING, "Each figure tells how many samples stand behind it."),
    Promise("look.consistent", KEPT, LOOKING, "A snapshot shows one version of the topology."),
    Promise("look.snapshot", KEPT, "issue 5", "inspector.snapshot gives the whole graph at once, of one version, frozen and as JSON."),
    Promise("look.counter-sets", KEPT, LOOKING, "Each set of counters agrees in itself: written = taken + depth + dropped, at full speed."),
    Promise("look.link-wait", KEPT, "issue 5", "How long frames wait in each link is there as p50, p90, p99 and max."),
    Promise("look.age", KEPT, "issue 5", "How old frames are since they entered the graph is there for each processor that reads."),
    Promise("look.place", KEPT, "issue 5", "A snapshot tells where a processor really runs: on which thread, in whose loop."),
    Promise("look.interpreter-wait", KEPT, "issue 5", "While somebody wants to know, how long threads wait for the interpreter is estimated."),
    Promise("look.logs-id", KEPT, "issue 5", "Each line that a processor logs, by whatever logger and on whatever thread of ours, has its id."),
    Promise("look.logs-structured", KEPT, "issue 5", "Lines of the log have fields, and are JSON on request, whatever the fields hold."),
    Promise("look.logs-repeats", KEPT, "issue 5", "A repeated error of a loop is one line in the log and then a count."),
    Promise("look.notebook", KEPT, "issue 5", "A notebook shows the graph, frames, and a table that draws itself anew until the runtime stops."),
    Promise("look.explain", KEPT, "design: What it is", "explain() has a sentence for what each processor waits for."),
    Promise("look.explain-root", KEPT, LOOKING, "explain() names the root cause first, and never only what comes of it."),
    Promise("look.explain-diamond", KEPT, LINKS, "explain names a diamond that starves itself."),
    Promise("look.stalls", KEPT, LOOKING, "Stalls are detected and published without anybody asking."),
    Promise("look.real-priority", KEPT, EXECUTION, "The snapshot tells the priority that was really got."),
)

_AGENTS = (
    Promise("agent.sample-video", KEPT, ORDER_AGENT, "sample_video gives a picture of a processor's output."),
    Promise("agent.sample-config", KEPT, ORDER_AGENT, "SampleConfig tells mode, size and image format."),
    Promise("agent.sample-audio", KEPT, ORDER_AGENT, "sample_audio gives samples of a processor's output."),
    Promise("agent.sample-never-delays", KEPT, LOOKING, "A sample delays no frame: converting is done on the thread that asks."),
    Promise("agent.sample-tap", KEPT, LOOKING, "A tap is there only as long as its sample, and not between two pictures of a watch."),
    Promise("agent.no-sample", KEPT, AGENTS, "Where nothing comes, a sample answers in time with a falsy NoSample that says why."),
    Promise("agent.watch-video", KEPT, AGENTS, "watch_video gives pictures at intervals, and counts those that nobody asked for."),
    Promise("agent.sound-shown", KEPT, AGENTS, "Sampled sound gives levels, WAV, speech at 16 kHz, its waveform and its spectrogram."),
    Promise("agent.status", KEPT, ORDER_AGENT, "processor_status gives metrics and state."),
    Promise("agent.health", KEPT, ORDER_AGENT, "graph_health gives the health of the whole."),
    Promise("agent.subscribe", KEPT, ORDER_AGENT, "subscribe streams events, drops among them."),
    Promise("agent.actions", KEPT, ORDER_AGENT, "AgentActions updates configs, adds, removes, connects and disconnects by id."),
    Promise("agent.loop", KEPT, ORDER_AGENT, "An agent can look, decide and change the graph in a loop."),
    Promise("agent.guard", LATER, AGENTS, "control wraps the actions with scopes, limits and audit."),
    Promise("agent.mcp", LATER, AGENTS, "The surface is offered over MCP with images and audio as content."),
    Promise("agent.loopback", LATER, AGENTS, "The control plane binds to loopback; any other address needs a token."),
    Promise("control.http", LATER, NAMES, "--serve opens HTTP, WebSocket, metrics and MCP."),
)

_SCHEMA = (
    Promise("schema.frame-class-fits", KEPT, PART, "Ports fit by their frame classes; others are refused with what would fit."),
    Promise("schema.types", KEPT, SCHEMA, "Schema, Field and FieldType describe frames."),
    Promise("schema.versions", KEPT, SCHEMA, "Semantic versions and compatibility, with the first field that differs."),
    Promise("schema.descriptors", KEPT, SCHEMA, "Descriptors of processors and ports are derived from the class once."),
    Promise("schema.builtins", KEPT, SCHEMA, "The frames that travel have built-in schemas."),
    Promise("schema.json-schema", KEPT, SCHEMA, "Descriptors export JSON Schema."),
)

_MEDIA = (
    Promise("media.file-reader", KEPT, PART, "FileReader reads video and audio, paced or as fast as links take it, and loops."),
    Promise("media.video-scaler", KEPT, PART, "VideoScaler changes its resolution live."),
    Promise("media.h264-bitrate", KEPT, PART, "H264Encoder takes a new bitrate live."),
    Promise("media.h264-size", KEPT, PART, "H264Encoder keeps the size it opened with and says so once."),
    Promise("media.aac", KEPT, PART, "AacEncoder encodes 1 to 8 channels."),
    Promise("media.mp4-frames-or-packets", KEPT, PART, "Mp4Writer takes frames or packets, by the same encoding code."),
    Promise("media.mp4-split", KEPT, ORDER_CLEANUP, "The writer is split in writer, encoder, muxer and formats."),
    Promise("media.mp4-never-overwrites", KEPT, PART, "A file that this runtime finished is never overwritten; the next is name-2.mp4."),
    Promise("media.one-writer", KEPT, "issue 3", "One file has one writer: another of this process or of another process is refused, under whatever name, and named."),
    Promise("media.damage-is-said", KEPT, "issue 3", "Readers and decoders say at the end how much could not be decoded; a file of which nothing can be is an error."),
    Promise("media.legal-ranges", KEPT, "issue 3", "A number that means nothing is refused when a config is built, with its field and its range."),
    Promise("media.mp4-starts-at-zero", KEPT, PART, "Every file starts at zero, with one offset for sound and picture."),
    Promise("media.in-step", KEPT, MEDIA, "Sound and picture in one file stay within 20 ms."),
    Promise("media.nanoseconds", KEPT, MEDIA, "Timestamps are nanoseconds."),
    Promise("media.extras", LATER, MEDIA, "A missing optional part says which extra brings it."),
    Promise("media.sources", KEPT, "issue 3", "TestPatternGenerator and ToneGenerator make pictures and sound."),
    Promise("media.mp4-fragmented", KEPT, "issue 3", "A fragmented mp4 plays up to its last fragment after a kill -9 or on a full disk."),
    Promise("media.ffmpeg-filter", KEPT, "issue 3", "FFmpegFilter runs any filters of libavfilter with one input and one output, on pictures or sound."),
    Promise("media.opus", KEPT, "issue 3", "OpusEncoder encodes 1 to 8 channels at 48 kHz, into mp4 too."),
    Promise("media.decoders", KEPT, "issue 3", "VideoDecoder and AudioDecoder decode packets, join at a key frame, follow changes and count damaged packets."),
    Promise("media.input-selector", KEPT, "issue 3", "InputSelector cuts between any number of links on a frame, packets at a key frame."),
    Promise("media.stream-sync", KEPT, "issue 3", "StreamSync joins frames of several inputs by timestamp within a tolerance, with a deadline."),
    Promise("media.audio-processors", LATER, ORDER_FILES, "Mixer, channel converter and resampler are processors."),
    Promise("media.camera-display", LATER, ORDER_API, "CameraProcessor and DisplayProcessor are processors."),
    Promise("media.webrtc", LATER, ORDER_CLEANUP, "A WebRTC session is split in state, negotiation and media."),
    Promise("media.gpu", LATER, ORDER_FILES, "A GpuContext is shared per runtime."),
    Promise("media.missing-file", KEPT, INPUT, "A missing, textual, truncated or empty file is refused with one sentence."),
    Promise("media.odd-streams", KEPT, INPUT, "Odd sizes, changes of size, variable rates and missing timestamps are handled."),
    Promise("media.full-disk", KEPT, INPUT, "When the disk is full or the path cannot be written, the writer fails and the rest goes on."),
    Promise("media.interrupted", KEPT, INPUT, "A recording that SIGINT ends plays."),
)

_DEMO = (
    Promise("demo.branch", KEPT, DEMO, "A branch is added and removed while the demo runs; both files play to the end."),
    Promise("demo.table", KEPT, DEMO, "The demo ends with a table read from components, and the files."),
    Promise("demo.without-file", KEPT, DEMO, "streamlib demo without FILE makes its own clip."),
    Promise("cli.run", KEPT, PART, "streamlib run FILE.py runs setup(runtime), with progress and a clear exit code."),
    Promise("python.graph-repr", KEPT, PYTHON, "In a notebook a graph is its picture."),
    Promise("python.platforms", LATER, PYTHON, "macOS and Windows import and run what has no device in it."),
    Promise("speed.table", SPEED, "design: Speed", "The table of speeds is measured and published, reached or not."),
    Promise("media.in-step-hours", LATER, MEDIA, "Sound and picture stay in step over hours."),
    Promise("cli.processors", KEPT, "issue 3", "streamlib processors shows the types there are."),
    Promise("cli.graph", KEPT, "issue 3", "streamlib graph shows a graph as a tree, for Mermaid and Graphviz, and as JSON."),
    Promise("testing.doubles", KEPT, PART, "ManualClock, ListSource, ListSink and run_processor test a processor without a thread of the test's own."),
)

_REPOSITORY = (
    Promise("repository.layers", KEPT, LAYOUT, "The layers hold, exhaustively, with no import cycle at any depth."),
    Promise("repository.media-alone", KEPT, LAYOUT, "Codecs and devices are imported in media alone, servers in control alone."),
    Promise("repository.lazy-import", KEPT, LAYOUT, "import streamlib loads none of the libraries; public names load on first use."),
    Promise("repository.public-names", KEPT, REPOSITORY, "__all__ is what the reference page shows."),
    Promise("repository.mirrored-tests", KEPT, ORDER_CLEANUP, "Each module has its test file; tests live apart from the code."),
    Promise("repository.coverage", KEPT, REPOSITORY, "The suite covers at least 85 % of each module."),
    Promise("repository.requirements", KEPT, REPOSITORY, "Promises and tests agree both ways."),
    Promise("repository.check-changes-nothing", KEPT, REPOSITORY, "scripts/check changes no file."),
    Promise("repository.docs-run", KEPT, REPOSITORY, "The code of README and tutorial runs."),
    Promise("repository.typed", KEPT, PYTHON, "The package is typed."),
)

# fmt: on

PROMISES: tuple[Promise, ...] = (
    *_RUNTIME,
    *_DELEGATES,
    *_GRAPH,
    *_COMPILER,
    *_LIFECYCLE,
    *_LINKS,
    *_FRAMES,
    *_PROCESSORS,
    *_EXECUTION,
    *_ERRORS,
    *_EVENTS,
    *_LOOK,
    *_AGENTS,
    *_SCHEMA,
    *_MEDIA,
    *_DEMO,
    *_REPOSITORY,
)
