"""What a model file says about itself, read with the onnx package: no runtime has to understand it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from framelane._errors import ModelError

from ._console import printable
from ._facts import Facts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import onnx

_DTYPES = {"FLOAT": "float32", "DOUBLE": "float64"}
_KNOWN_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview.training", "com.microsoft")


def model_facts(path: Path) -> Facts:
    """Read a model's facts.

    Raises
    ------
    ModelError
        The file is missing, empty or no ONNX model.
    """
    model = load_model(path)
    graph = model.graph
    weights = list(_weights(model))
    external = _external_files(weights)
    held = {tensor.name for tensor in graph.initializer}
    facts: dict[str, Any] = {
        "kind": "model",
        "path": printable(path),
        "bytes": path.stat().st_size,
        "ir_version": model.ir_version,
        "opsets": {entry.domain or "ai.onnx": entry.version for entry in model.opset_import},
        "producer": f"{model.producer_name} {model.producer_version}".strip(),
        "inputs": [_value(v) for v in graph.input if v.name not in held],
        "outputs": [_value(v) for v in graph.output],
        "nodes": len(graph.node),
        "operators": dict(Counter(node.op_type for node in graph.node).most_common()),
        "parameters": sum(_count(tensor.dims) for tensor in weights),
        "external_files": external,
        "metadata": {entry.key: entry.value for entry in model.metadata_props},
    }
    facts["notes"] = list(_notes(model, path, external))
    return Facts(facts["path"], facts, _lines(facts))


def load_model(path: Path) -> onnx.ModelProto:
    """Parse a model file without its external weights and without checking it.

    Raises
    ------
    ModelError
        The file is missing, empty or no ONNX model.
    """
    import onnx
    from google.protobuf.message import DecodeError

    name = printable(path)
    if path.is_dir():
        raise ModelError(f"{name} is a folder; a model is one .onnx file")
    if not path.exists():
        raise ModelError(f"{name}: no such file")
    if not path.stat().st_size:
        raise ModelError(f"{name} is empty (0 bytes); fetch or export it again")
    try:
        model = onnx.load(path, load_external_data=False, format="protobuf")
    except DecodeError:
        raise ModelError(f"{name} is not an ONNX model, or is cut off; fetch or export it again") from None
    if not model.ir_version or not model.graph.output:
        raise ModelError(f"{name} is not an ONNX model: it parses, but holds no graph")
    return model


def type_text(kind: onnx.TypeProto) -> str:
    """Name a type as in ``float32``, ``sequence(float32)``."""
    import onnx

    which = kind.WhichOneof("value")
    if which in ("tensor_type", "sparse_tensor_type"):
        name = onnx.TensorProto.DataType.Name(getattr(kind, which).elem_type)
        name = _DTYPES.get(name, name.lower())
        return name if which == "tensor_type" else f"sparse({name})"
    if which in ("sequence_type", "optional_type"):
        return f"{which.removesuffix('_type')}({type_text(getattr(kind, which).elem_type)})"
    if which == "map_type":
        key = onnx.TensorProto.DataType.Name(kind.map_type.key_type).lower()
        return f"map({key}, {type_text(kind.map_type.value_type)})"
    return "unknown"


def _lines(facts: dict[str, Any]) -> dict[str, str]:
    return {
        "inputs": "\n".join(map(_tensor, facts["inputs"])),
        "outputs": "\n".join(map(_tensor, facts["outputs"])),
        "nodes": f"{facts['nodes']:,}: {_pairs(facts['operators'])}",
        "parameters": f"{facts['parameters']:,}",
        "file": f"{facts['bytes']:,} bytes",
        "weights in": "\n".join(map(printable, facts["external_files"])),
        "version": f"IR {facts['ir_version']}, opset {_pairs(facts['opsets'])}",
        "made by": facts["producer"],
        "metadata": "\n".join(f"{key}: {value}" for key, value in facts["metadata"].items()),
    }


def _pairs(values: dict[str, int]) -> str:
    return ", ".join(f"{key} {value}" for key, value in values.items())


def _tensor(facts: dict[str, Any]) -> str:
    if facts["shape"] is None:
        return f"{facts['name']}: {facts['dtype']}, of any shape"
    axes = ", ".join("?" if axis is None else str(axis) for axis in facts["shape"])
    return f"{facts['name']}: {facts['dtype']} [{axes}]"


def _value(value: onnx.ValueInfoProto) -> dict[str, Any]:
    tensor = value.type.tensor_type
    known = value.type.HasField("tensor_type") and tensor.HasField("shape")
    shape = [_axis(dim) for dim in tensor.shape.dim] if known else None
    return {"name": value.name, "dtype": type_text(value.type), "shape": shape}


def _axis(dim: onnx.TensorShapeProto.Dimension) -> int | str | None:
    if dim.HasField("dim_value"):
        return int(dim.dim_value)
    return dim.dim_param or None


def _weights(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    yield from model.graph.initializer
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t


def _count(dims: Iterable[int]) -> int:
    total = 1
    for dim in dims:
        total *= dim
    return total


def _external_files(weights: Iterable[onnx.TensorProto]) -> list[str]:
    import onnx

    places = (
        entry.value
        for tensor in weights
        if tensor.data_location == onnx.TensorProto.EXTERNAL
        for entry in tensor.external_data
        if entry.key == "location"
    )
    return sorted(set(places))


def _notes(model: onnx.ModelProto, path: Path, external: list[str]) -> Iterator[str]:
    folder = path.resolve().parent
    for place in external:
        if not (folder / place).is_file():
            yield f"The weights file {printable(place)} is missing from {printable(folder)}."
    foreign: dict[str, set[str]] = {}
    for node in model.graph.node:
        if node.domain not in _KNOWN_DOMAINS:
            foreign.setdefault(node.domain, set()).add(node.op_type)
    for domain, operators in foreign.items():
        yield (
            f"{', '.join(sorted(operators))} of domain {domain} {'is' if len(operators) == 1 else 'are'} no part of "
            "ONNX: whoever supplies that domain has a library of operators, which --operators loads."
        )
