"""Our reader of ONNX files against the onnx package."""

from __future__ import annotations

import contextlib
import time

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from framelane._onnx_file import DamagedModelError, read_onnx
from networks import MODELS

FILES = sorted(MODELS.glob("*.onnx"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_reads_what_onnx_reads(path):
    model = onnx.load(path, load_external_data=False)
    file = read_onnx(memoryview(path.read_bytes()))
    assert file.ir_version == model.ir_version
    assert file.has_graph
    assert file.operator_sets == {entry.domain: entry.version for entry in model.opset_import}
    nodes = [(node.name or node.output[0], node.op_type, node.domain) for node in model.graph.node]
    assert [(node.name, node.operator, node.domain) for node in file.nodes] == nodes
    values = [*model.graph.input, *model.graph.output]
    assert sorted(value.name for value in file.values) == sorted(value.name for value in values)
    external = [weight.name for weight in model.graph.initializer if weight.data_location == onnx.TensorProto.EXTERNAL]
    assert [data.tensor for data in file.external_data] == external


def test_functions_are_read():
    model = onnx.parser.parse_model(
        """
        <ir_version: 8, opset_import: ["" : 17, "local" : 1]>
        agraph (float[N] x) => (float[N] y) { y = local.twice(x) }
        <domain: "local", opset_import: ["" : 17]>
        twice (a) => (b) { b = Add(a, a) }
        """
    )
    file = read_onnx(memoryview(model.SerializeToString()))
    assert file.functions == {("local", "twice")}
    assert [node.operator for node in file.nodes] == ["twice", "Add"]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_damaged(data):
    with contextlib.suppress(DamagedModelError):
        read_onnx(memoryview(data))


@given(st.data())
def test_a_spoilt_model_is_read_or_damaged(data):
    spoilt = bytearray((MODELS / "05_external.onnx").read_bytes())
    for _ in range(3):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DamagedModelError):
        read_onnx(memoryview(spoilt))


def test_what_is_cut_short_says_how_long_it_should_be():
    data = (MODELS / "04_points.onnx").read_bytes()
    with pytest.raises(DamagedModelError) as caught:
        read_onnx(memoryview(data)[:200])
    assert caught.value.begins_well
    assert 200 < caught.value.needed <= len(data)


def test_graphs_within_graphs_without_end_are_damaged():
    graph = b""
    for _ in range(200):
        attribute = b"\x32" + length(graph) + graph
        node = b"\x2a" + length(attribute) + attribute
        graph = b"\x0a" + length(node) + node
    with pytest.raises(DamagedModelError):
        read_onnx(memoryview(b"\x08\x08\x3a" + length(graph) + graph))


def length(data):
    number, out = len(data), bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


@pytest.mark.timing
def test_weights_are_stepped_over():
    weights = onnx.numpy_helper.from_array(np.zeros(50_000_000, np.uint8), "w")
    data = onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [], [weights])).SerializeToString()
    start = time.perf_counter()
    assert read_onnx(memoryview(data)).has_graph
    assert time.perf_counter() - start < 1
