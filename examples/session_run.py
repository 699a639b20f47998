"""Load a network, see what it wants, run it; NumPy in, NumPy out, nothing copied on the way in."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper

import framelane as fl

# A network for the example: the negative of a picture of any size.
shape = [1, 3, "height", "width"]
negative = helper.make_model(
    helper.make_graph(
        [helper.make_node("Sub", ["white", "image"], ["negative"])],
        "negative",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("negative", TensorProto.FLOAT, shape)],
        [helper.make_tensor("white", TensorProto.FLOAT, [], [1.0])],
    ),
    opset_imports=[helper.make_opsetid("", 17)],
    ir_version=8,
)

image = np.random.default_rng(0).random((1, 3, 72, 128), np.float32)

with fl.Session(negative, device="cpu") as session:
    print(*session.inputs, sep="\n")
    result = session.run({"image": image})["negative"]
    np.testing.assert_allclose(result, 1 - image)
    print(f"{session.stats().runs} run, {session.stats().copies} copies")

    try:
        session.run({"image": image[0]})
    except fl.ShapeError as error:  # also a ValueError
        print(error)
