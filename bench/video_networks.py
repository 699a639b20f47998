"""The three networks of the video benchmark, of rising weight; image in, image of the same size out, 0 to 1.

`python bench/video_networks.py FOLDER` writes them.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

NETWORKS = {
    "light": ((3, 3), 1),
    "middle": ((3, 4, 3), 3),
    "heavy": ((3, 16, 16, 16, 3), 3),
}  # name -> channels after each layer, kernel


def network(name: str, height: int | None = None, width: int | None = None) -> onnx.ModelProto:
    """Convolutions with a Relu between, weights by a fixed seed; sizes left out are free."""
    channels, kernel = NETWORKS[name]
    random = np.random.default_rng(7)
    nodes, weights, value = [], [], "image"
    for layer, (before, after) in enumerate(pairwise(channels)):
        weight = random.random((after, before, kernel, kernel), np.float32)
        weight /= weight.sum((1, 2, 3), keepdims=True)  # values stay within 0 to 1, so that no rival has to clip
        weights.append(numpy_helper.from_array(weight, f"weight_{layer}"))
        last = layer == len(channels) - 2
        result = "out" if last else f"convolved_{layer}"
        pads = [kernel // 2] * 4
        nodes.append(helper.make_node("Conv", [value, f"weight_{layer}"], [result], f"conv_{layer}", pads=pads))
        value = result
        if not last:
            value = f"active_{layer}"
            nodes.append(helper.make_node("Relu", [result], [value], f"relu_{layer}"))
    shape = [1, 3, height or "height", width or "width"]
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)
    out = helper.make_tensor_value_info("out", TensorProto.FLOAT, shape)
    graph = helper.make_graph(nodes, name, [image], [out], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def save_networks(folder: Path, height: int | None = None, width: int | None = None) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.onnx" for name in NETWORKS}
    for name, path in paths.items():
        onnx.save(network(name, height, width), path)
    return paths


if __name__ == "__main__":
    save_networks(Path(sys.argv[1]))
