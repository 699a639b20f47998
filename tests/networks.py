"""Small ONNX networks for tests: those in tests/data/models by name, and others made on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper

MODELS = Path(__file__).parent / "data" / "models"


def model_path(name):
    """The path of a file in tests/data/models."""
    return MODELS / f"{name}.onnx"


def reference(name, feeds):
    """Results of onnxruntime itself, by output name."""
    import onnxruntime

    session = onnxruntime.InferenceSession(model_path(name))
    return dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds), strict=True))


def weighted_reference(picture):
    """What onnxruntime itself makes of a picture with 01_weighted."""
    return reference("01_weighted", {"x": picture})["y"]


def frames_of_points(counts, side=8):
    """Inputs for 04_points: as many bright pixels as it is to find, each at another place."""
    for seed, count in enumerate(counts):
        frame = np.zeros((1, 3, side, side), np.float32)
        places = np.random.default_rng(seed).choice(side * side, count, replace=False)
        frame[0].reshape(3, -1)[:, places] = 1
        yield frame


def run_on_ones(session):
    """Run 01_weighted on a small picture, in whatever process."""
    return session.run(np.ones((1, 3, 2, 2), np.float32))["y"]


def value(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def network(nodes, inputs, outputs, initializers=(), opset=17, **fields):
    """A ModelProto that every supported ONNX Runtime reads."""
    graph = helper.make_graph(nodes, "test", inputs, outputs, initializer=list(initializers))
    domains = sorted({node.domain for node in nodes} - {""})
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, **fields)


def doubler(shape=("N", 3), dtype=TensorProto.FLOAT):
    """Y = x + x."""
    return network([helper.make_node("Add", ["x", "x"], ["y"])], [value("x", shape, dtype)], [value("y", shape, dtype)])


def split(shape=(1, 3, 32, 32), middle="Hardmax", domain="", name="middle"):
    """Sigmoid, an operator that no GPU provider has in software, Sigmoid; of a free size where `shape` is."""
    return network(
        [
            helper.make_node("Sigmoid", ["x"], ["a"], "before"),
            helper.make_node(middle, ["a"], ["b"], name, domain=domain),
            helper.make_node("Sigmoid", ["b"], ["y"], "after"),
        ],
        [value("x", shape)],
        [value("y", shape)],
    )


def identity_of(type_proto):
    """A network whose input and output have this type."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["x"], ["y"])],
        "test",
        [helper.make_value_info("x", type_proto)],
        [helper.make_value_info("y", type_proto)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def endless(steps=2**40):
    """A network that loops for about as long as one waits; for what stops a run."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["go_on"]), helper.make_node("Add", ["a", "one"], ["b"])],
        "body",
        [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("a", [1])],
        [value("go_on", [], TensorProto.BOOL), value("b", [1])],
    )
    one = onnx.helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])
    count = onnx.helper.make_tensor("count", TensorProto.INT64, [], [steps])
    return network(
        [helper.make_node("Loop", ["count", "", "x"], ["y"], body=body)],
        [value("x", [1])],
        [value("y", [1])],
        [one, count],
    )
