"""The contract: the class that every processor inherits from.

An author writes ports, a `Config` and some of these methods; the class is read into a `Declaration` when it
is made, and the engine calls the methods, each on one thread at a time. Nothing here knows who calls.
`declaration.py` reads the class; `context.py` is what the methods are handed.
"""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Mapping, Sequence
from typing import Any, ClassVar, Self

from streamlib.errors import DeclarationError
from streamlib.links.reader import PlugReader
from streamlib.links.writer import PlugWriter
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.declaration import Declaration, declare, takes
from streamlib.processors.execution_mode import ErrorPolicy, Placement, ProcessExecution, RestartLimits, Wake


class Processor:
    """One step of a graph: frames come in by its inputs and leave by its outputs.

    A subclass declares ports (`LinkInput`, `LinkOutput`), a `Config` and the settings below, and writes
    `process`; the other methods do nothing unless written. `class Base(Processor, abstract=True)` may have
    ports without `process`, for its own subclasses.

    `execution` is reactive with inputs and continuous without, unless given. `wake` says whether one input
    with a frame suffices to call a reactive processor or all must hold one; an input that has ended is not waited for,
    so that under "all" `read` gives None there while the others go on. `placement` is what it asks of its
    thread. A `live` source (camera, microphone) is never slowed: into a full link it drops its newest frame.
    `error_policy` says what follows an exception in `process`, and `restart_limits` how often `restart` tries.
    `version` is the semantic version of the type; `examples` show its use: configs as mappings, or code as text,
    both checked when the class is made.
    """

    Config: ClassVar[type[ProcessorConfig]] = ProcessorConfig
    execution: ClassVar[ProcessExecution | None] = None
    wake: ClassVar[str] = Wake.ANY
    placement: ClassVar[str] = Placement.ANY
    live: ClassVar[bool] = False
    error_policy: ClassVar[str] = ErrorPolicy.SKIP
    restart_limits: ClassVar[RestartLimits] = RestartLimits()

    version: ClassVar[str] = "1.0.0"
    examples: ClassVar[Sequence[Mapping[str, object] | str]] = ()

    handle_type: ClassVar[Any] = None  # a subclass of the runtime's handle, for those that plain code speaks to
    unread_because: ClassVar[str] = ""  # why frames wait there, for those that plain code empties

    declaration: ClassVar[Declaration]
    _streamlib_context: RuntimeContext | None = None  # the engine's; `origin.py` reads it for the log
    config: Any  # a Config; an author who wants its fields checked annotates it in the class body

    def __init_subclass__(cls, *, abstract: bool = False, **keywords: object) -> None:
        super().__init_subclass__(**keywords)
        cls.declaration = declare(cls, Processor, abstract=abstract)

    def __init__(self, config: ProcessorConfig | Mapping[str, object] | None = None) -> None:
        """Check the config and put a plug where each port will be.

        Raises:
            ConfigError: A field is unknown, missing or has a wrong value.
            DeclarationError: The class is abstract.
        """
        declaration = self.declaration
        if declaration.abstract:
            raise DeclarationError(f"{declaration.type_name} has no process; only a subclass with one can be made")
        self.config = declaration.config.build(config)
        for name in declaration.inputs:
            setattr(self, name, PlugReader())
        for name in declaration.outputs:
            setattr(self, name, PlugWriter())

    @classmethod
    def from_config(cls, config: ProcessorConfig | Mapping[str, object] | None = None) -> Self:
        """A processor with this config; what the default factory calls.

        Raises:
            ConfigError: A field is unknown, missing or has a wrong value.
            DeclarationError: `__init__` takes no config, or does not hand it on.
        """
        if cls.__init__ is not Processor.__init__ and not takes(cls, "__init__", 1):
            raise DeclarationError(
                f"{cls.__name__}.__init__ is called with a config; write def __init__(self, config=None) and begin it "
                "with super().__init__(config), or write setup(self, ctx) instead"
            )
        made = cls(config)
        if not hasattr(made, "config"):
            raise DeclarationError(f"{cls.__name__}.__init__ begins with super().__init__(config)")
        return made

    @classmethod
    def declaration_for(cls, config: Any) -> Declaration:
        """What a processor with this config declares; where ports depend on the config, not what the class does."""
        del config
        return cls.declaration

    @classmethod
    def exclusive(cls, config: Any) -> Collection[str]:
        """What only one processor may hold at a time: `("file:/absolute/path",)`, a device, a network port."""
        del config
        return ()

    def setup(self, ctx: RuntimeContext) -> None:
        """Open what `process` needs; before the first call of it, on the thread that commits."""

    def process(self, ctx: ProcessContext) -> Coroutine[Any, Any, None] | None:
        """Do one step: read what there is, write what comes of it.

        An `async def process` is called on the runtime's event loop, and not again before it has returned.
        """
        raise DeclarationError(f"{ctx.processor_id}: {type(self).__name__} has no process(self, ctx)")

    def flush(self, ctx: ProcessContext) -> None:
        """Write what is held back; once, behind the last frame of every input and before the outputs end."""

    def config_changed(self, previous: Any) -> None:
        """Apply a live change: `self.config` is the new one; between two calls of `process`."""

    def export_state(self) -> Any:
        """What the one that takes this one's place goes on from: counters, a buffer, what a model has learned.

        Called between two calls of `process` where another processor is put in this place (`runtime.replace`), or a
        change of config makes it anew; after it `process` is not called any more, unless the edit fails. Not called
        after a failure, nor by `runtime.restart`, which begin anew. Both have to declare it for it to be called.
        """
        return None

    def import_state(self, state: Any) -> None:
        """Go on from what another has exported; behind `setup`. What it raises rolls the edit back."""

    def hand_over(self, heir: Self) -> None:
        """In a restart: give what must not end with this one to the one that takes its place, which is set up by now.

        Between two calls, before `flush` and `teardown`; behind them where this one has ended already, or had to stop
        before the other could be set up.
        """

    def waits_for(self) -> str:
        """What it waits for from outside, as the end of a sentence that begins with its id; empty where for nothing.

        Asked by `inspector.explain()` of one that has nothing to do or leaves its frames, from any thread, beside
        `process`: "waits for a caller: nobody has rung".
        """
        return ""

    def teardown(self) -> None:
        """Close what `setup` opened; always once when `setup` was called, even where that raised."""
