"""One run on zeros, before anything is written: whether the network takes frames of this size."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ._exit import CommandError, ExitCode
from ._model_facts import load_model
from ._sizes import find_working_sizes

if TYPE_CHECKING:
    from pathlib import Path

    from ._network import Network
    from ._sizes import Size

_NODE = re.compile(r"running (\S+) node\. Name:'([^']*)'")


def try_frame(model: Path, network: Network, size: Size, pixel_aspect: Any = 1) -> dict[str, tuple[int, ...]]:
    """Run the network on one black frame.

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
        outputs = _run(network, size, pixel_aspect)
    except CommandError:
        raise
    except Exception as error:
        sizes = None if _fixed(network) else find_working_sizes(lambda other: _works(network, other), size)
        if sizes is None:
            return {}
        near = " and ".join(f"{width}x{height}" for width, height in filter(None, (sizes.below, sizes.above)))
        verb = "work" if sizes.below else "works"
        raise CommandError(
            f"{_culprit(error, model)} does not take frames of {size[0]}x{size[1]}: the network needs sides that are "
            f"multiples of {sizes.multiple} ({near} {verb}); --multiple-of {sizes.multiple} fills frames up with their "
            "own edge and cuts that off the output again",
            ExitCode.MODEL,
        ) from error
    return {name: tuple(np.shape(array)) for name, array in outputs.items()}


def _fixed(network: Network) -> bool:
    return None not in network.preprocess.box


def _run(network: Network, size: Size, pixel_aspect: Any = 1) -> dict[str, Any]:
    plan = network.preprocess.plan(*size, pixel_aspect)
    zeros = np.zeros(plan.shape, plan.dtype)
    outputs: dict[str, Any] = network.session.run({network.input: zeros, **network.constants(plan.shape)})
    return outputs


def _works(network: Network, size: Size) -> bool:
    try:
        _run(network, size)
    except Exception:
        return False
    return True


def _culprit(error: Exception, model: Path) -> str:
    """Name the node that failed; one without a name by its operator and what it makes."""
    match = _NODE.search(str(error))
    if match is None:
        return "the network"
    operator, name = match.groups()
    if name:
        return f"node {name!r} ({operator})"
    alike = [node for node in load_model(model).graph.node if node.op_type == operator and not node.name]
    return f"the {operator} node that makes {alike[0].output[0]!r}" if len(alike) == 1 else f"a {operator} node"
