"""Reads from ONNX Runtime's profile of one run which nodes ran where, and how many bytes they moved."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

_NODE_SUFFIX = "_kernel_time"
# Bytes an element, by the names that the profile has for them.
_SIZES = {
    "float": 4,
    "float16": 2,
    "bfloat16": 2,
    "double": 8,
    "bool": 1,
    "int4": 1,
    "uint4": 1,
    "int8": 1,
    "uint8": 1,
    "int16": 2,
    "uint16": 2,
    "int32": 4,
    "uint32": 4,
    "int64": 8,
    "uint64": 8,
    "complex64": 8,
    "complex128": 16,
}
# They ask for a tensor's shape and leave its elements where they are.
_SHAPE_READERS = ("Shape", "Size")


@dataclass(frozen=True, slots=True)
class ProfiledNode:
    """A node that ran.

    Attributes
    ----------
    name, operator, provider : str
        As the profile has them; a node without a name is called by its operator and `index`.
    index : int
        Of the node in its graph.
    inputs, outputs : tuple of int
        Bytes of the tensors that it read and wrote, weights among them.
    moved : int
        Bytes that it read and wrote, without weights.
    types : tuple of str
        Element types of what it read, such as ``"float"``.
    """

    name: str
    operator: str
    provider: str
    index: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    moved: int
    types: tuple[str, ...] = ()


def read_profile(text: str) -> list[list[ProfiledNode]]:
    """Read the nodes of each run that got as far as a node.

    Returns
    -------
    list of lists of ProfiledNode
        A list a run, in the order of execution; a node that ran several times, in a loop, is there once with the most
        that it moved. Empty when the text is no profile.
    """
    try:
        events = json.loads(text)
    except ValueError:
        return []
    runs: list[dict[tuple[str, str, int], ProfiledNode]] = [{}]
    for event in events if isinstance(events, list) else ():
        if not isinstance(event, dict):
            continue
        if event.get("name") == "model_run":
            runs.append({})
        elif (node := _node(event)) is not None:
            key = (node.name, node.operator, node.index)
            if key not in runs[-1] or runs[-1][key].moved < node.moved:
                runs[-1][key] = node
    return [list(run.values()) for run in runs if run]


def _node(event: dict[str, Any]) -> ProfiledNode | None:
    name, arguments = str(event.get("name", "")), event.get("args")
    if event.get("cat") != "Node" or not name.endswith(_NODE_SUFFIX) or not isinstance(arguments, dict):
        return None
    operator = str(arguments.get("op_name", ""))
    inputs, outputs = (_bytes(arguments.get(key)) for key in ("input_type_shape", "output_type_shape"))
    read = 0 if operator in _SHAPE_READERS else _number(arguments.get("activation_size"))
    return ProfiledNode(
        name.removesuffix(_NODE_SUFFIX),
        operator,
        str(arguments.get("provider", "")),
        _number(arguments.get("node_index")),
        () if operator in _SHAPE_READERS else inputs,
        outputs,
        read + _number(arguments.get("output_size")),
        _types(arguments.get("input_type_shape")),
    )


def _bytes(shapes: Any) -> tuple[int, ...]:
    """Return the sizes of ``[{"float": [1, 3, 64, 64]}, ...]``."""
    if not isinstance(shapes, list):
        return ()
    pairs = [next(iter(shape.items())) for shape in shapes if isinstance(shape, dict) and shape]
    return tuple(math.prod(sizes) * _SIZES.get(kind, 1) for kind, sizes in pairs if isinstance(sizes, list))


def _types(shapes: Any) -> tuple[str, ...]:
    if not isinstance(shapes, list):
        return ()
    return tuple(next(iter(shape)) for shape in shapes if isinstance(shape, dict) and shape)


def _number(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0
