"""What would fit where two ports do not: other ports of the two processors, and types that stand well between.

Asked when `connect` refuses, to say what to do instead. Types come from a registry by name; one that cannot be
imported is passed over. `ports.py` says whether two ports fit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from streamlib.errors import StreamError
from streamlib.processors.declaration import Declaration
from streamlib.processors.ports import LinkInput, LinkOutput, misfit
from streamlib.processors.registry import ProcessorRegistry

_SHOWN = 4  # proposals of one message


def fitting_ports(source: Declaration, target: Declaration) -> list[tuple[str, str]]:
    """All pairs of an output of `source` and an input of `target` that fit, by name."""
    return [
        (name, other)
        for name, output in source.outputs.items()
        for other, input_ in target.inputs.items()
        if misfit("", output, "", input_) is None
    ]


def what_would_fit(
    source: Declaration,
    target: Declaration,
    tried: Iterable[tuple[str, str]],
    free: Collection[str],
    registry: ProcessorRegistry,
) -> list[str]:
    """Words for an error about ports that do not fit: what to do instead; none where there is nothing to propose.

    `tried` are the pairs of ports that were meant, `free` the inputs of the target that a link may still lead to.
    """
    others = [f"{output} -> {input_}" for output, input_ in fitting_ports(source, target) if input_ in free]
    if others:
        return [f"these ports of the two fit: {', '.join(others[:_SHOWN])}"]
    wanted = [(source.outputs[output], target.inputs[input_]) for output, input_ in tried]
    between = [name for name in registry.names() if any(_between(name, *pair, registry) for pair in wanted)]
    return [f"what goes between: {', '.join(between[:_SHOWN])}"] if between else []


def _between(name: str, output: LinkOutput[Any], input_: LinkInput[Any], registry: ProcessorRegistry) -> bool:
    """Whether a type takes what the output carries, and emits what the input wants and says so."""
    try:
        declared = registry.resolve(name).declaration
    except StreamError:  # it is not installed in full; whoever asks for it by name is told
        return False
    takes = any(misfit("", output, "", taken) is None for taken in declared.inputs.values())
    return takes and any(_promises(emitted, input_) for emitted in declared.outputs.values())


def _promises(output: LinkOutput[Any], input_: LinkInput[Any]) -> bool:
    """Whether an output fits an input and leaves nothing open that the input says."""
    if misfit("", output, "", input_) is not None:
        return False
    if input_.schema is not None and output.schema is None:
        return False
    return input_.audio is None or (output.audio is not None and output.audio.says_all_of(input_.audio))
