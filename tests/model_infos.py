"""What models say of their inputs and outputs, without ONNX Runtime."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from needs import need

MODELS = Path(__file__).parent / "data" / "models"


ELEMENTS = {1: "float32", 2: "uint8", 7: "int64", 8: "string", 10: "float16"}


class Info(NamedTuple):
    name: str
    dtype: str
    shape: tuple | None


def info(name="x", shape=(1, 3, "H", "W"), dtype="float32"):
    return Info(name, dtype, shape)


def read_infos(values):
    def axis(dim):
        return dim.dim_value if dim.HasField("dim_value") else (dim.dim_param or None)

    return [
        Info(
            value.name,
            ELEMENTS[value.type.tensor_type.elem_type],
            tuple(axis(dim) for dim in value.type.tensor_type.shape.dim),
        )
        for value in values
    ]


def model(name):
    need("onnx", find_spec("onnx") is not None)
    import onnx

    graph = onnx.load(MODELS / f"{name}.onnx", load_external_data=False).graph
    return read_infos(graph.input), read_infos(graph.output)


# Reading the input
