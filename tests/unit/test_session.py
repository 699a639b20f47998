"""Session: what it takes, and what comes out."""

from __future__ import annotations

import gc
import importlib.util
import os
import types

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper

import framelane as fl
from needs import need
from networks import doubler, model_path, network, value, weighted_reference
from odd_arrays import IN_PLACE, ODD_ARRAYS, REFUSED


def test_inputs_and_outputs_have_name_dtype_and_shape(weighted):
    assert weighted.inputs == (fl.TensorInfo("x", "float32", ("N", 3, "H", "W")),)
    assert weighted.outputs == (fl.TensorInfo("y", "float32", ("N", 3, "H", "W")),)
    assert str(weighted.inputs[0]) == "x: float32 (N, 3, H, W)"


def test_axes_without_a_name_are_none():
    with fl.Session(model_path("any_unnamed_axes")) as session:
        assert None in session.inputs[0].shape


def test_a_free_rank_is_none():
    model = network([helper.make_node("Relu", ["x"], ["y"])], [value("x", None)], [value("y", None)])
    with fl.Session(model) as session:
        assert session.inputs[0].shape is None
        assert str(session.inputs[0]) == "x: float32 of any rank"
        for shape in [(), (3,), (2, 3, 4)]:
            assert session.run(np.ones(shape, np.float32))["y"].shape == shape


def test_metadata():
    model = doubler()
    model.producer_name, model.domain, model.doc_string, model.model_version = "maker", "video.test", "says", 7
    onnx.helper.set_model_props(model, {"scale": "4", "größe": "µ"})
    metadata = fl.Session(model).metadata
    assert metadata == fl.ModelMetadata("maker", "test", "video.test", "says", 7, {"scale": "4", "größe": "µ"})


def test_the_result_is_onnxruntimes(weighted, picture):
    np.testing.assert_array_equal(weighted.run({"x": picture})["y"], weighted_reference(picture))


def test_one_input_takes_an_array_without_its_name(weighted, picture):
    np.testing.assert_array_equal(weighted.run(picture)["y"], weighted_reference(picture))
    np.testing.assert_array_equal(weighted.run(feeds=picture)["y"], weighted_reference(picture))


def test_any_mapping_will_do(weighted, picture):
    np.testing.assert_array_equal(
        weighted.run(types.MappingProxyType({"x": picture}))["y"], weighted_reference(picture)
    )


@pytest.mark.parametrize("odd", ODD_ARRAYS)
def test_an_odd_array_gives_the_same_pixels_or_a_shape_error(weighted, picture, odd):
    array = ODD_ARRAYS[odd](picture)
    if odd in REFUSED:
        with pytest.raises(fl.ShapeError, match=r"x: expected float32 \(N, 3, H, W\), got"):
            weighted.run({"x": array})
        return
    np.testing.assert_array_equal(
        weighted.run({"x": array})["y"], weighted_reference(np.ascontiguousarray(array, np.float32))
    )
    copies = 0 if odd in IN_PLACE else 1
    assert weighted.stats() == fl.SessionStats(1, copies, copies * array.size * 4)


@pytest.mark.timing
def test_a_contiguous_array_is_read_in_place():
    # The network only asks for the size: pages that nobody touches cost no memory, unless somebody copies them.
    array = np.zeros((1 << 26,), np.float32)
    model = network(
        [helper.make_node("Shape", ["x"], ["y"])], [value("x", ["n"])], [value("y", [1], TensorProto.INT64)]
    )
    with fl.Session(model) as session:
        session.run(array[:1])
        before = psutil.Process().memory_info().rss
        assert session.run(array)["y"] == [1 << 26]
        assert session.bind(array)()["y"] == [1 << 26]
        assert psutil.Process().memory_info().rss - before < array.nbytes / 8
        assert session.stats().copies == 0


@pytest.mark.parametrize(
    ("feeds", "text"),
    [
        ({}, "x: expected float32 (N, 3, H, W), got nothing"),
        ({"y": 1}, "y: no input of this model"),
        ({"x": np.zeros((3, 6, 8), np.float32)}, "add the first axis: array[None]"),
        ({"x": np.zeros((1, 4, 6, 8), np.float32)}, "got float32 (1, 4, 6, 8)"),
        ({"x": np.zeros((1, 3, 6, 8))}, 'got float64 (1, 3, 6, 8); convert it: array.astype("float32")'),
        ({"x": np.zeros((1, 3, 6, 8), ">f4")}, "big-endian"),
        ({"x": None}, "NoneType"),
        ({"x": [1.0, 2.0]}, "a 'list' is no array"),
        ({"x": np.array(["a"])}, "got <U1 (1,)"),
        ({"x": np.zeros(1, object)}, "got object (1,)"),
        (None, "NoneType"),
        ("text", "str"),
    ],
)
def test_what_does_not_fit_is_shown_as_expected_and_got(weighted, feeds, text):
    with pytest.raises(fl.ShapeError) as caught:
        weighted.run(feeds)
    assert text in str(caught.value)
    assert "x: expected float32 (N, 3, H, W), got " in str(caught.value)


def test_all_inputs_are_shown():
    with fl.Session(model_path("any_two_inputs")) as session:
        names = [info.name for info in session.inputs]
        with pytest.raises(fl.ShapeError) as caught:
            session.run({names[0]: np.zeros(3, np.int8)})
        assert all(f"\n  {name}: expected " in str(caught.value) for name in names)
        with pytest.raises(fl.ShapeError, match="the model has 2 inputs; give a dict of arrays"):
            session.run(np.zeros(3, np.float32))


@pytest.mark.parametrize("call", [lambda run: run(), lambda run: run(1, 2), lambda run: run(feed={})])
def test_run_takes_one_argument(weighted, call):
    with pytest.raises(TypeError, match=r"run\(\) takes one argument, 'feeds'"):
        call(weighted.run)


def test_an_error_in_a_mapping_comes_through(weighted):
    class Broken(dict):
        def __hash__(self):
            raise KeyError

    class Name(str):
        __slots__ = ()

        def __eq__(self, other):
            raise ZeroDivisionError

        __hash__ = str.__hash__

    with pytest.raises(ZeroDivisionError):
        weighted.run({Name("x"): 1})


@pytest.mark.parametrize("dtype", ["float16", "float64", "uint8", "int8", "uint16", "int16", "int32", "int64",
                                   "uint32", "uint64", "bool"])  # fmt: skip
def test_every_dtype_goes_through(dtype):
    number = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    model = network([helper.make_node("Identity", ["x"], ["y"])], [value("x", [4], number)], [value("y", [4], number)])
    array = np.array([0, 1, 1, 0], dtype)
    with fl.Session(model) as session:
        assert session.inputs[0].dtype == dtype
        result = session.run(array)["y"]
        assert result.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(result, array)


def test_bfloat16_is_an_ml_dtypes_array():
    import ml_dtypes

    array = np.array([1.5, -2.0, 3.0], ml_dtypes.bfloat16)
    kinds = [value(name, [3], TensorProto.BFLOAT16) for name in "xy"]
    with fl.Session(network([helper.make_node("Identity", ["x"], ["y"])], kinds[:1], kinds[1:])) as session:
        result = session.run(array)["y"]
        assert result.dtype == ml_dtypes.bfloat16
        np.testing.assert_array_equal(result, array)
        assert session.stats().copies == 0
        np.testing.assert_array_equal(session.bind(array)()["y"], array)
        np.testing.assert_array_equal(session.bind()()["y"], np.zeros(3, ml_dtypes.bfloat16))


def test_tensors_in_give_tensors_out(weighted, picture):
    result = weighted.run(fl.Tensor.wrap(picture))["y"]
    assert isinstance(result, fl.Tensor)
    np.testing.assert_array_equal(np.asarray(result), weighted_reference(picture))
    assert weighted.stats().copies == 0


def test_torch_in_gives_torch_out(weighted, picture):
    need("torch", importlib.util.find_spec("torch") is not None)
    import torch

    result = weighted.run({"x": torch.from_numpy(picture)})["y"]
    assert isinstance(result, torch.Tensor)
    np.testing.assert_array_equal(result.numpy(), weighted_reference(picture))
    assert weighted.stats().copies == 0
    strided = torch.from_numpy(picture).permute(0, 1, 3, 2)
    np.testing.assert_array_equal(
        weighted.run({"x": strided})["y"].numpy(), weighted_reference(np.ascontiguousarray(strided.numpy()))
    )
    assert weighted.stats().copies == 1
    with pytest.raises(fl.ShapeError, match=r"requires? grad"):
        weighted.run(torch.from_numpy(picture).requires_grad_())


def test_numpy_scalars_are_arrays_without_axes():
    model = network([helper.make_node("Neg", ["x"], ["y"])], [value("x", [])], [value("y", [])])
    with fl.Session(model) as session:
        assert session.run({"x": np.float32(2)})["y"] == -2


def test_no_elements():
    with fl.Session(doubler(("N", 3))) as session:
        assert session.run(np.zeros((0, 3), np.float32))["y"].shape == (0, 3)
        assert session.bind(np.zeros((0, 3), np.float32))()["y"].shape == (0, 3)


def test_a_network_without_inputs():
    table = helper.make_node("Constant", [], ["y"], value=onnx.numpy_helper.from_array(np.arange(3.0)))
    with fl.Session(network([table], [], [value("y", [3], TensorProto.DOUBLE)])) as session:
        assert session.inputs == ()
        np.testing.assert_array_equal(session.run({})["y"], np.arange(3.0))


def test_many_inputs_and_outputs():
    names = [f"x{i}" for i in range(40)]
    nodes = [helper.make_node("Neg", [name], [f"y{name}"]) for name in names]
    model = network(nodes, [value(name, [1]) for name in names], [value(f"y{name}", [1]) for name in names])
    with fl.Session(model) as session:
        results = session.run({name: np.full(1, i, np.float32) for i, name in enumerate(names)})
        assert [results[f"y{name}"].item() for name in names] == [-i for i in range(40)]


def test_outputs_own_their_memory():
    session = fl.Session(doubler(("N", 3)))
    results = [session.run(np.full((1000, 3), i, np.float32))["y"] for i in range(20)]
    view = results[7][500:]
    session.close()
    del session, results[7]
    gc.collect()
    assert all((result == 2 * i).all() for i, result in zip([*range(7), *range(8, 20)], results, strict=True))
    assert (view == 14).all()
    results[0][:] = 5  # writable


def test_an_input_that_is_an_output_comes_back_as_a_copy():
    model = network([helper.make_node("Neg", ["x"], ["y"])], [value("x", [2])], [value("x", [2]), value("y", [2])])
    with fl.Session(model) as session:
        array = np.array([1, 2], np.float32)
        result = session.run(array)["x"]
        assert not np.shares_memory(result, array)
        array[:] = 9
        np.testing.assert_array_equal(result, [1, 2])
        bound = session.bind(array)
        fixed = bound()["x"]
        np.testing.assert_array_equal(fixed, [9, 9])
        array[:] = 4
        assert bound()["x"] is fixed
        np.testing.assert_array_equal(fixed, [4, 4])


def test_an_initializer_that_is_an_output_cannot_be_changed_from_outside():
    table = onnx.numpy_helper.from_array(np.ones(2, np.float32), "y")
    model = network(
        [helper.make_node("Neg", ["x"], ["z"])], [value("x", [2])], [value("y", [2]), value("z", [2])], [table]
    )
    with fl.Session(model) as session:
        session.run(np.zeros(2, np.float32))["y"][:] = 7
        np.testing.assert_array_equal(session.run(np.zeros(2, np.float32))["y"], [1, 1])


def test_a_failing_node_is_named():
    shape = onnx.numpy_helper.from_array(np.array([4, 4]), "shape")
    model = network([helper.make_node("Reshape", ["x", "shape"], ["y"], name="fold")], [value("x", ["n"])],
                    [value("y", None)], [shape])  # fmt: skip
    with fl.Session(model) as session:
        assert session.run(np.zeros(16, np.float32))["y"].shape == (4, 4)
        with pytest.raises(fl.FramelaneError, match=r"node 'fold' \(Reshape\)") as caught:
            session.run(np.zeros(15, np.float32))
        assert ".cc:" not in str(caught.value)


@pytest.mark.skipif("FRAMELANE_SANITIZED" in os.environ, reason="ASan ends the process where new would throw")
def test_what_needs_too_much_memory_is_a_memory_error():
    model = network([helper.make_node("ConstantOfShape", ["x"], ["y"])], [value("x", [1], TensorProto.INT64)],
                    [value("y", ["n"])])  # fmt: skip
    with fl.Session(model) as session, pytest.raises(fl.DeviceMemoryError) as caught:
        session.run(np.array([2**44]))
    assert caught.value.asked >= 2**44


@pytest.mark.parametrize("device", ["cuda:0", "cuda", "tensorrt:1"])
def test_a_device_that_is_not_there_is_refused_and_never_the_cpu(device):
    with pytest.raises((fl.NoDeviceError, fl.MissingLibraryError), match=f"device '{device}' cannot be used"):
        fl.Session(model_path("01_weighted"), device=device)


def test_an_unknown_device_lists_what_there_is():
    with pytest.raises(fl.NoDeviceError, match="unknown device 'gpu'; there is: cpu"):
        fl.Session(model_path("01_weighted"), device="gpu")
