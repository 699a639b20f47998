from __future__ import annotations

import gc
import importlib.util
import threading
import time
import tracemalloc
import weakref

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import framelane as fl
from needs import need
from networks import doubler, endless, frames_of_points, model_path, network, value, weighted_reference
from odd_arrays import IN_PLACE, ODD_ARRAYS, REFUSED


def test_each_call_reads_the_inputs_and_writes_the_outputs_in_place(weighted, picture):
    bound = weighted.bind({"x": picture})
    assert bound.inputs["x"] is picture
    outputs = bound()
    result, address = outputs["y"], outputs["y"].ctypes.data
    np.testing.assert_array_equal(result, weighted_reference(picture))
    picture *= 2
    assert bound() is outputs
    assert bound.outputs is outputs
    assert outputs["y"] is result
    assert result.ctypes.data == address
    np.testing.assert_array_equal(result, weighted_reference(picture))
    assert weighted.stats() == fl.SessionStats(2, 0, 0)


def test_a_shape_makes_an_array(weighted, picture):
    bound = weighted.bind({"x": picture.shape})
    bound.inputs["x"][:] = picture
    np.testing.assert_array_equal(bound()["y"], weighted_reference(picture))


def test_inputs_of_fixed_size_need_nothing():
    with fl.Session(doubler((2, 3))) as session:
        bound = session.bind()
        bound.inputs["x"][:] = 4
        np.testing.assert_array_equal(bound()["y"], np.full((2, 3), 8))


def test_given_outputs_are_written(weighted, picture):
    target = np.empty_like(picture)
    bound = weighted.bind(picture, {"y": target})
    assert bound()["y"] is target
    np.testing.assert_array_equal(target, weighted_reference(picture))


@pytest.mark.parametrize("odd", ODD_ARRAYS)
def test_an_odd_array_gives_the_same_pixels_or_a_shape_error(weighted, picture, odd):
    array = ODD_ARRAYS[odd](picture)
    if odd in REFUSED:
        with pytest.raises(fl.ShapeError, match=r"x: expected float32 \(N, 3, H, W\), got"):
            weighted.bind({"x": array})
        return
    bound = weighted.bind({"x": array})
    for scale in (1, 2):
        if array.flags.writeable:
            array *= scale
        np.testing.assert_array_equal(bound()["y"], weighted_reference(np.ascontiguousarray(array, np.float32)))
    copies = 0 if odd in IN_PLACE else 2
    assert weighted.stats() == fl.SessionStats(2, copies, copies * array.size * 4)


@pytest.mark.parametrize(
    ("inputs", "outputs", "text"),
    [
        (None, None, "input x: float32 (N, 3, H, W) has free sizes; give bind() an array for it, or a shape"),
        ({"x": (1, 4, 2, 2)}, None, "cannot have the shape (1, 4, 2, 2)"),
        ({"x": (3, 2, 2)}, None, "cannot have the shape (3, 2, 2)"),
        ({"z": (1, 3, 2, 2)}, None, "'z' is no input of this model; it has: x"),
        ({"x": (1, 3, 2, 2)}, {"z": 1}, "'z' is no output of this model; it has: y"),
        ({"x": (1, 3, 2, 2)}, {"y": np.zeros((1, 3, 2, 2))}, "'y': expected float32 (N, 3, H, W), got float64"),
        ({"x": (1, 3, 2, 2)}, {"y": np.zeros((1, 3, 2, 4), np.float32)[..., ::2]}, "'y': the tensor is not contiguous"),
        ({"x": [1.0]}, None, "a 'list' is no array"),
    ],
)
def test_what_cannot_be_bound_is_named(weighted, inputs, outputs, text):
    with pytest.raises(fl.ShapeError) as caught:
        weighted.bind(inputs, outputs)
    assert text in str(caught.value)


def test_read_only_memory_is_no_output(weighted, picture):
    target = np.empty_like(picture)
    target.flags.writeable = False
    with pytest.raises(fl.ShapeError, match="read-only"):
        weighted.bind(picture, {"y": target})


def test_an_output_of_another_size_than_the_bound_one_is_a_shape_error(weighted, picture):
    bound = weighted.bind(picture, {"y": np.empty((1, 3, 4, 4), np.float32)})
    with pytest.raises(fl.ShapeError, match="another size than the memory that it was bound to"):
        bound()


def test_two_inputs_cannot_be_one_array():
    with fl.Session(model_path("any_two_inputs")) as session, pytest.raises(fl.ShapeError, match="2 inputs"):
        session.bind(np.zeros(2, np.float32))


def test_outputs_of_varying_size_have_no_stale_rows():
    frames = list(frames_of_points([0, 3, 64, 2, 0, 1, 5]))
    with fl.Session(model_path("04_points")) as session:
        bound = session.bind(frames[0].copy())
        rows = []
        for frame in frames:
            wanted = session.run(frame)
            bound.inputs["x"][:] = frame
            results = bound()
            for name, array in wanted.items():
                np.testing.assert_array_equal(results[name], array)
            rows.append(results["points"])
        assert len({len(row) for row in rows}) > 3
        # Each is an array of its own, which later runs leave alone.
        for frame, row in zip(frames, rows, strict=True):
            np.testing.assert_array_equal(row, session.run(frame)["points"])


def test_a_scalar_output_of_a_bound_run():
    with fl.Session(model_path("04_largest")) as session:
        bound = session.bind({"x": (1, 3, 8, 8)})
        first = {name: array.copy() for name, array in bound().items()}
        bound.inputs["x"][:] = 1
        for name, array in session.run(bound.inputs).items():
            np.testing.assert_array_equal(bound()[name], array)
        assert first.keys() == bound.outputs.keys()


def test_a_model_that_is_wrong_about_the_size_of_an_output_works_all_the_same():
    repeats = onnx.numpy_helper.from_array(np.array([1, 2]), "repeats")
    model = network(
        [helper.make_node("Tile", ["x", "repeats"], ["y"]), helper.make_node("Neg", ["x"], ["z"])],
        [value("x", ["N", "W"])],
        [value("y", ["N", "W"]), value("z", ["N", "W"])],
        [repeats],
    )
    with fl.Session(model) as session:
        bound = session.bind({"x": (2, 3)})
        for number in (1, 2):
            bound.inputs["x"][:] = number
            results = bound()
            np.testing.assert_array_equal(results["y"], np.full((2, 6), number))
            np.testing.assert_array_equal(results["z"], np.full((2, 3), -number))


def test_a_symbol_with_two_sizes_fixes_nothing():
    model = network(
        [helper.make_node("Concat", ["a", "b"], ["y"], axis=0)],
        [value("a", ["N"]), value("b", ["N"])],
        [value("y", ["N"])],
    )
    with fl.Session(model) as session:
        np.testing.assert_array_equal(session.bind({"a": (2,), "b": (3,)})()["y"], np.zeros(5))


def test_tensors_and_torch(weighted, picture):
    bound = weighted.bind(fl.Tensor.wrap(picture))
    assert isinstance(bound()["y"], fl.Tensor)
    np.testing.assert_array_equal(np.asarray(bound.outputs["y"]), weighted_reference(picture))
    need("torch", importlib.util.find_spec("torch") is not None)
    import torch

    bound = weighted.bind({"x": torch.from_numpy(picture).permute(0, 1, 3, 2)})
    assert isinstance(bound()["y"], torch.Tensor)
    np.testing.assert_array_equal(
        bound.outputs["y"].numpy(), weighted_reference(np.ascontiguousarray(picture.transpose(0, 1, 3, 2)))
    )
    with fl.Session(model_path("04_points")) as session:
        bound = session.bind(torch.zeros(1, 3, 8, 8))
        assert isinstance(bound()["points"], torch.Tensor)


def test_it_takes_no_arguments(weighted, picture):
    bound = weighted.bind(picture)
    for call in (lambda: bound(picture), lambda: bound(x=picture)):
        with pytest.raises(TypeError, match="takes no arguments"):
            call()
    with pytest.raises(TypeError):
        fl.BoundRun()


def stopped(call):
    with pytest.raises(fl.FramelaneError, match="the run was stopped"):
        call()


def test_one_thread_at_a_time():
    with fl.Session(endless()) as session:
        bound = session.bind()
        thread = threading.Thread(target=stopped, args=(bound,))
        thread.start()
        time.sleep(0.2)
        for call in (bound, bound.close):
            with pytest.raises(fl.FramelaneError, match="running in another thread"):
                call()
        session.terminate()
        thread.join(20)


def test_close(weighted, picture):
    with weighted.bind(picture) as bound:
        bound()
    bound.close()
    with pytest.raises(fl.FramelaneError, match="closed"):
        bound()
    assert weighted.run(picture)


def test_it_keeps_what_it_needs_alive(picture):
    bound = fl.Session(model_path("01_weighted")).bind(picture.copy())
    gc.collect()
    np.testing.assert_array_equal(bound()["y"], weighted_reference(picture))


def test_cycles_are_collected(weighted, picture):
    class Canary:
        pass

    canary = Canary()
    bound = weighted.bind(picture)
    bound.inputs["me"] = (bound, canary)
    alive = weakref.ref(canary)
    del bound, canary
    gc.collect()
    assert alive() is None


@pytest.mark.timing
def test_a_call_allocates_no_python_memory():
    with fl.Session(doubler((2, 3))) as session:
        bound = session.bind()
        bound()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            bound()
        after, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak - before < 2000
    assert after - before < 1000


def test_integers_and_bool_are_bound_as_they_are():
    for number in (TensorProto.UINT8, TensorProto.INT64, TensorProto.BOOL, TensorProto.FLOAT16):
        dtype = onnx.helper.tensor_dtype_to_np_dtype(number)
        model = network(
            [helper.make_node("Identity", ["x"], ["y"])], [value("x", [3], number)], [value("y", [3], number)]
        )
        with fl.Session(model) as session:
            bound = session.bind()
            bound.inputs["x"][:] = [0, 1, 1]
            assert bound()["y"].dtype == dtype
            np.testing.assert_array_equal(bound.outputs["y"], np.array([0, 1, 1], dtype))
