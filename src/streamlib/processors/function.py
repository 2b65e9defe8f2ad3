"""`@processor`: a processor from a function, its ports and its config from the annotations.

Each parameter without default is an input; one with a default becomes a config field, live; the return
annotation is the output, named `output`. A returned frame goes on with the stamps of the frame it was made
from. `signature.py` reads the annotations; `processor.py` is the contract that the made class fulfils.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, cast, overload

import msgspec
import numpy as np

from streamlib.errors import DeclarationError
from streamlib.links.delivery import Delivery
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext
from streamlib.processors.execution_mode import ErrorPolicy, Placement, ProcessExecution, Wake
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.processors.signature import FunctionSignature, read_signature

OUTPUT = "output"


class FunctionProcessor(Processor, abstract=True):
    """What every processor made from a function is; `function` is that function, for tests and direct calls."""

    _names: ClassVar[tuple[str, ...]] = ()
    _returns: ClassVar[tuple[type, ...]] = ()

    @staticmethod
    def function(*frames: Any, **settings: Any) -> Any:
        """The function as it was written."""
        raise DeclarationError(f"no function was decorated; called with {frames} and {settings}")

    def __init__(self, config: ProcessorConfig | Mapping[str, object] | None = None) -> None:
        super().__init__(config)
        self._call = self.bound()

    def bound(self) -> Callable[..., Any]:
        """The function with the settings of the present config; it takes the frames, in the order of the inputs."""
        settings = {name: getattr(self.config, name) for name in self.declaration.config.fields}
        return functools.partial(self.function, **settings) if settings else self.function

    def config_changed(self, previous: Any) -> None:
        """Call the function with the new settings from now on."""
        del previous
        self._call = self.bound()

    def _send(self, result: Any, source: Any) -> None:
        made = accepted(self, result, source)
        if made is not None:
            output: LinkOutput[Any] = getattr(self, OUTPUT)
            output.write(made)

    def _wrong(self, result: Any) -> str:
        said = " | ".join(one.__name__ for one in self._returns) or "None"
        hint = "; return frame.with_pixels(array)" if isinstance(result, np.ndarray) else ""
        return f"{type(self).__name__} returned {type(result).__name__} and is annotated -> {said}{hint}"


class FunctionSource(FunctionProcessor, abstract=True):
    """A function without inputs: each call may return the next frame."""

    def process(self, ctx: ProcessContext) -> None:
        """Call the function and send what it returns."""
        del ctx
        self._send(self._call(), None)


class FunctionFilter(FunctionProcessor, abstract=True):
    """A function of one input."""

    def process(self, ctx: ProcessContext) -> None:
        """Read a frame, call the function and send what it returns."""
        del ctx
        frame = getattr(self, self._names[0]).read()
        if frame is not None:
            self._send(self._call(frame), frame)


class FunctionJoin(FunctionProcessor, abstract=True):
    """A function of several inputs, called when each has a frame; when one has ended, the rest is let go."""

    wake = Wake.ALL

    def __init__(self, config: ProcessorConfig | Mapping[str, object] | None = None) -> None:
        super().__init__(config)
        self._held: dict[str, Any] = {}

    def process(self, ctx: ProcessContext) -> None:
        """Hold a frame of each input; with all of them call the function and send what it returns."""
        del ctx
        missing = [name for name in self._names if not self._hold(name)]
        if not missing:
            frames = [self._held.pop(name) for name in self._names]
            self._send(self._call(*frames), frames[0])
        elif any(getattr(self, name).ended for name in missing):
            self._let_go()

    def _hold(self, name: str) -> bool:
        if name not in self._held:
            frame = getattr(self, name).read()
            if frame is None:
                return False
            self._held[name] = frame
        return True

    def _let_go(self) -> None:
        self._held.clear()
        for name in self._names:
            while getattr(self, name).read() is not None:
                pass


def reader_of(processor: FunctionFilter) -> Any:
    """What stands at its input at present."""
    return getattr(processor, processor._names[0])


def straight(processor: FunctionProcessor) -> Callable[..., Any]:
    """What it calls with its frames at present: the function, with the settings of its config."""
    return processor._call


def accepted(processor: FunctionProcessor, result: Any, source: Any) -> Any:
    """What is to be written of what a function made of `source`: with its stamps, or None for nothing.

    Raises:
        TypeError: It is not what the function is annotated to return.
    """
    if result is None:
        return None
    if not isinstance(result, processor._returns):
        raise TypeError(processor._wrong(result))
    return stamped(result, source)


def may_hand_on(first: FunctionProcessor, second: FunctionProcessor) -> bool:
    """Whether the second may return whatever the first returns, as it is."""
    return bool(second._returns) and all(issubclass(made, second._returns) for made in first._returns)


def stamped(result: Any, source: Any) -> Any:
    """`result` with the stamps of `source` where it has none of its own."""
    if result.entered_ns or source is None or result is source:
        return result
    unset = {"timestamp_ns": 0, "duration_ns": 0, "entered_ns": 0, "sequence": -1}
    stamps = {name: getattr(source, name) for name, nothing in unset.items() if getattr(result, name) == nothing}
    return msgspec.structs.replace(result, **stamps)


@overload
def processor(function: Callable[..., Any], /) -> type[FunctionProcessor]: ...
@overload
def processor(
    *,
    name: str | None = None,
    execution: ProcessExecution | None = None,
    placement: Placement | str = ...,
    error_policy: ErrorPolicy | str = ...,
    live: bool = ...,
    delivery: Delivery | str = ...,
    capacity: int = ...,
) -> Callable[[Callable[..., Any]], type[FunctionProcessor]]: ...
def processor(
    function: Callable[..., Any] | None = None,
    /,
    *,
    name: str | None = None,
    execution: ProcessExecution | None = None,
    placement: Placement | str = Placement.ANY,
    error_policy: ErrorPolicy | str = ErrorPolicy.SKIP,
    live: bool = False,
    delivery: Delivery | str = Delivery.EVERY,
    capacity: int = 8,
) -> type[FunctionProcessor] | Callable[[Callable[..., Any]], type[FunctionProcessor]]:
    """Make a processor type of a function; `delivery` and `capacity` are those of all its inputs.

    Each parameter without default is an input, annotated with its class of frames. One with a default is a setting:
    `add_processor(fade, by=0.5)` gives it and `update_config` changes it while it runs. The return annotation is the
    class of frames that go out; `None` sends nothing.

        @processor
        def fade(frame: VideoFrame, by: float = 0.8) -> VideoFrame:
            return frame.with_pixels((frame.to_ndarray("rgb24") * by).astype("uint8"))

    A schema or audio requirements are said by `Annotated[DataFrame, Detections]`.

    Raises:
        DeclarationError: An annotation is missing, cannot be resolved, or is no frame class.
    """
    settings = {"execution": execution, "placement": placement, "error_policy": error_policy, "live": live}

    def decorate(decorated: Callable[..., Any]) -> type[FunctionProcessor]:
        signature = read_signature(decorated, name or decorated.__name__)
        said = signature.said
        inputs = {
            port: LinkInput(types, delivery=delivery, capacity=capacity, **said.get(port, {}))
            for port, types in signature.inputs
        }
        return _made(decorated, signature, inputs, settings)

    return decorate if function is None else decorate(function)


def _made(
    function: Callable[..., Any],
    signature: FunctionSignature,
    inputs: Mapping[str, LinkInput[Any]],
    settings: Mapping[str, object],
) -> type[FunctionProcessor]:
    base = (FunctionSource, FunctionFilter, FunctionJoin)[min(len(inputs), 2)]
    output = {OUTPUT: LinkOutput(signature.output, **signature.said["return"])} if signature.output else {}
    namespace: dict[str, object] = {
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "__doc__": function.__doc__,
        "Config": signature.config_type(f"{function.__qualname__}.Config", function.__module__),
        "function": staticmethod(function),
        "_names": tuple(inputs),
        "_returns": signature.output,
        **settings,
        **output,
    }
    taken = [port for port in inputs if port in namespace]
    if taken:
        raise DeclarationError(f"{signature.name}: a parameter cannot be called {taken[0]!r}; rename it")
    return cast("type[FunctionProcessor]", type(signature.name, (base,), {**namespace, **inputs}))
