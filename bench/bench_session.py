"""What a call costs: Session.run and BoundRun against onnxruntime, on a network that does next to nothing."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

import framelane as fl

SHAPE = (1, 8)
ROUNDS = {"rounds": 60, "iterations": 2000, "warmup_rounds": 5}


def tiny_network():
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Add", ["x", "x"], ["y"])], "tiny", values[:1], values[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()


@pytest.fixture(scope="module")
def ours():
    with fl.Session(tiny_network(), options=fl.SessionOptions(intra_op_threads=1)) as session:
        yield session


@pytest.fixture(scope="module")
def theirs():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(tiny_network(), options)


@pytest.fixture
def array():
    return np.arange(8, dtype=np.float32).reshape(SHAPE)


def check(result, array):
    np.testing.assert_array_equal(result, 2 * array)


@pytest.mark.benchmark(group="run, tiny network")
def test_session_run(benchmark, ours, array):
    feeds = {"x": array}
    check(benchmark.pedantic(ours.run, (feeds,), **ROUNDS)["y"], array)
    assert ours.stats().copies == 0


@pytest.mark.benchmark(group="run, tiny network")
def test_baseline_onnxruntime_run(benchmark, theirs, array):
    check(benchmark.pedantic(theirs.run, (["y"], {"x": array}), **ROUNDS)[0], array)


@pytest.mark.benchmark(group="run, tiny network")
def test_baseline_onnxruntime_rebind(benchmark, theirs, array):
    binding = theirs.io_binding()

    def rebind_and_run():
        binding.bind_cpu_input("x", array)
        binding.bind_output("y")
        theirs.run_with_iobinding(binding)
        return binding.get_outputs()[0]

    check(benchmark.pedantic(rebind_and_run, **ROUNDS).numpy(), array)


@pytest.mark.benchmark(group="bound run, tiny network")
def test_bound_run(benchmark, ours, array):
    bound = ours.bind({"x": array})
    check(benchmark.pedantic(bound, **ROUNDS)["y"], array)


@pytest.mark.benchmark(group="bound run, tiny network")
def test_baseline_onnxruntime_run_with_iobinding(benchmark, theirs, array):
    binding = theirs.io_binding()
    binding.bind_cpu_input("x", array)
    binding.bind_output("y")
    benchmark.pedantic(theirs.run_with_iobinding, (binding,), **ROUNDS)
    check(binding.copy_outputs_to_cpu()[0], array)
