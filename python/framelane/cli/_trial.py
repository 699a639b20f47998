"""One run on zeros, before anything is written: whether the network takes frames of this size."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ._exit import CommandError, ExitCode
from ._model_facts import load_model
from ._sizes import find_working_sizes

if TYPE_CHECKING:
    from pathlib import Path

    from framelane._preprocess import PackPlan

    from ._network import Network
    from ._sizes import Size, WorkingSizes
    from ._source import Source

_NODE = re.compile(r"node (?:'([^']*)' )?\((\w+)\)")


def try_frame(model: Path, network: Network, source: Source) -> dict[str, tuple[int, ...]]:
    """Run the network on one black frame of the source's size.

    Returns
    -------
    dict
        Name of each output to the shape that it has for one frame. Empty where the network fails on zeros at any
        size, so that the size is not the reason; then the run on real frames shall say what is wrong.

    Raises
    ------
    CommandError
        The network does not take frames of this size, but of others: says which, and the option that pads.
    """
    try:
        outputs = _run(network, source.plan)
    except CommandError:
        raise
    except Exception as error:
        size = source.plan.geometry.tensor
        sizes = None if _fixed(network) else find_working_sizes(lambda other: _works(network, other), size)
        if sizes is None:
            return {}
        text = f"{_culprit(error, model)} does not take frames of {size}: {_cure(network, sizes)}"
        raise CommandError(text, ExitCode.MODEL) from error
    return {name: tuple(np.shape(array)) for name, array in outputs.items()}


def _cure(network: Network, sizes: WorkingSizes) -> str:
    near = [f"{width}x{height}" for width, height in filter(None, (sizes.below, sizes.above))]
    text = f"the network needs sides that are multiples of {sizes.multiple} "
    text += f"({' and '.join(near)} {'work' if sizes.below else 'works'}); "
    if network.preprocess.size is not None:
        return text + f"give {' or '.join(f'--size {size}' for size in near)}"
    return text + (
        f"--multiple-of {sizes.multiple} fills frames up with their own edge and cuts that off the output again"
    )


def _fixed(network: Network) -> bool:
    """Whether the model itself, not an option, has one size."""
    sides = zip(network.preprocess.layout, network.preprocess.shape or (), strict=False)
    return all(isinstance(side, int) for axis, side in sides if axis in "HW")


def _run(network: Network, plan: PackPlan) -> dict[str, Any]:
    zeros = np.zeros(plan.shape, plan.dtype)
    outputs: dict[str, Any] = network.session.run({network.input: zeros, **network.constants(plan.shape)})
    return outputs


def _works(network: Network, size: Size) -> bool:
    try:
        _run(network, replace(network.preprocess, size=None, multiple_of=1).plan(*size))
    except Exception:
        return False
    return True


def _culprit(error: Exception, model: Path) -> str:
    """Name the node that failed; one without a name by its operator and what it makes."""
    match = _NODE.search(str(error))
    if match is None:
        return "the network"
    name, operator = match.groups()
    if name:
        return f"node {name!r} ({operator})"
    alike = [node for node in load_model(model).graph.node if node.op_type == operator and not node.name]
    return f"the {operator} node that makes {alike[0].output[0]!r}" if len(alike) == 1 else f"a {operator} node"
