from __future__ import annotations

import threading
import time

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

import framelane as fl


def network(nodes, inputs, outputs, opset=17):
    graph = helper.make_graph(nodes, "test", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def value(name, shape, dtype=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def doubler(first="N"):
    return network([helper.make_node("Add", ["x", "x"], ["y"])], [value("x", [first, 3])], [value("y", [first, 3])])


def frames(count):
    for index in range(count):
        yield fl.Frame(
            index,
            timestamp=index / 25,
            tensors={"x": np.full((1, 3), index, np.float32), "face": np.full(2, index)},
            meta={"shot": index},
        )


def run(engine, source):
    feeder = threading.Thread(target=engine.put_all, args=(source,))
    feeder.start()
    results = list(engine)
    feeder.join()
    return results


@pytest.mark.parametrize(("streams", "batch"), [(1, 1), (3, 1), (1, 4), (3, 4)])
def test_every_frame_comes_out_once_and_in_order(streams, batch):
    with fl.Engine(doubler(), streams=streams, batch=batch, capacity=4) as engine:
        results = run(engine, frames(101))
    assert [frame.index for frame in results] == list(range(101))
    for frame in results:
        np.testing.assert_array_equal(frame.tensors["y"], np.full((1, 3), 2 * frame.index))
        assert (frame.timestamp, frame.meta) == (frame.index / 25, {"shot": frame.index})


def test_outputs_come_first_and_other_tensors_pass_through():
    with fl.Engine(doubler()) as engine:
        engine.put(next(frames(1)))
        frame = engine.get(timeout=10)
    assert list(frame.tensors) == ["y", "x", "face"]


def test_frames_are_batched():
    with fl.Engine(doubler(), batch=8, batch_timeout=5, capacity=16, streams=1) as engine:
        assert len(run(engine, frames(20))) == 20
        assert engine.stats().batches == 3


def test_a_partial_batch_does_not_wait_longer_than_its_timeout():
    with fl.Engine(doubler(), batch=8, batch_timeout=0.02) as engine:
        engine.put(next(frames(1)))
        assert engine.get(timeout=10).index == 0


def test_a_batch_needs_a_free_first_axis():
    with pytest.raises(fl.ShapeError, match="batch=4 needs a model whose first axis is free"):
        fl.Engine(doubler(first=1), batch=4)


def test_an_output_without_a_batch_axis_is_named():
    total = network([helper.make_node("ReduceSum", ["x"], ["y"], keepdims=0)], [value("x", ["N", 3])], [value("y", [])])
    with fl.Engine(total, batch=2, batch_timeout=5, streams=1) as engine:
        # a batch that cannot be divided runs frame by frame instead
        results = run(engine, frames(2))
    assert [float(np.asarray(frame.tensors["y"])) for frame in results] == [0.0, 3.0]


def test_what_does_not_fit_is_refused_before_it_is_put():
    with fl.Engine(doubler()) as engine:
        with pytest.raises(fl.ShapeError, match=r"input 'x': expected float32 \(N, 3\), got float32 \(1, 4\)"):
            engine.put(np.zeros((1, 4), np.float32))
        with pytest.raises(fl.ShapeError, match="float64"):
            engine.put(np.zeros((1, 3)))
        engine.put(np.ones((1, 3), np.float32))
        np.testing.assert_array_equal(engine.get(timeout=10).tensors["y"], np.full((1, 3), 2))


def failing_at(index):
    """Gathers by the frame's own number: out of range at `index`."""
    table = helper.make_node("Constant", [], ["table"], value=onnx.numpy_helper.from_array(np.zeros(index, np.float32)))
    return network(
        [table, helper.make_node("Gather", ["table", "i"], ["y"])],
        [value("i", ["N"], TensorProto.INT64)],
        [value("y", ["N"])],
    )


@pytest.mark.parametrize("batch", [1, 4])
def test_a_failed_frame_is_reported_by_index_and_the_others_come(batch):
    source = (fl.Frame(i, tensors={"i": np.array([i if i == 7 else 0])}) for i in range(12))
    outcome: list[int | str] = []
    causes = []
    with fl.Engine(failing_at(7), batch=batch, streams=2, batch_timeout=0.2) as engine:
        feeder = threading.Thread(target=engine.put_all, args=(source,))
        feeder.start()
        while True:
            try:
                outcome.append(engine.get(timeout=10).index)
            except fl.StageError as error:
                outcome.append(f"{error.frame_index} failed")
                causes.append(error.__cause__)
            except fl.RingClosed:
                break
        feeder.join()
    assert outcome == [0, 1, 2, 3, 4, 5, 6, "7 failed", 8, 9, 10, 11]
    assert len(causes) == 1
    assert isinstance(causes[0], fl.FramelaneError)


def test_an_exception_of_the_source_comes_out_of_get():
    def broken():
        yield from frames(3)
        raise OSError("the camera is gone")

    with fl.Engine(doubler()) as engine:
        threading.Thread(target=engine.put_all, args=(broken(),)).start()
        assert [engine.get(timeout=10).index for _ in range(3)] == [0, 1, 2]
        with pytest.raises(OSError, match="the camera is gone"):
            engine.get(timeout=10)


def test_a_full_engine_makes_its_producer_wait():
    with fl.Engine(doubler(), capacity=2, streams=1) as engine:
        put = 0
        for frame in frames(100):
            try:
                engine.put(frame, timeout=0.2)
            except fl.RingTimeout:
                break
            put += 1
        # both rings, one batch that waits to be delivered, and one that was taken and is not yet admitted
        assert put <= 2 + 2 + 3
        engine.finish()
        assert len(list(engine)) == put


def test_dropped_frames_are_handed_back():
    dropped = []
    with fl.Engine(doubler(), capacity=1, streams=1, overflow="drop_oldest", on_drop=dropped.append) as engine:
        for frame in frames(200):
            engine.put(frame)
        engine.finish()
        results = [frame.index for frame in engine]
        assert engine.stats().dropped == len(dropped) > 0
    assert sorted(results + [frame.index for frame in dropped]) == list(range(200))


def test_close_with_frames_inside_does_not_hang():
    for _ in range(20):
        engine = fl.Engine(doubler(), capacity=4, streams=2)
        feeder = threading.Thread(target=engine.put_all, args=(frames(1000),))
        feeder.start()
        engine.get(timeout=10)
        engine.close()
        engine.close()
        feeder.join(10)
        assert not feeder.is_alive()
        with pytest.raises(fl.RingClosed):
            engine.put(next(frames(1)))


def slow_network(steps):
    """A chain of products of 512 x 512 matrices: some milliseconds a step."""
    nodes = [helper.make_node("MatMul", ["x" if i == 0 else f"t{i}", "x"], [f"t{i + 1}"]) for i in range(steps)]
    nodes[-1].output[0] = "y"
    return network(nodes, [value("x", [512, 512])], [value("y", [512, 512])])


@pytest.mark.timing
def test_close_terminates_a_long_run():
    engine = fl.Engine(slow_network(20000), streams=1)
    engine.put(np.zeros((512, 512), np.float32))
    time.sleep(0.1)
    start = time.monotonic()
    engine.close()
    assert time.monotonic() - start < 5


def test_frames_are_freed_when_they_are_out():
    import gc
    import weakref

    class Tag:
        pass

    with fl.Engine(doubler(), streams=2) as engine:
        tags = []
        for frame in frames(6):
            tag = Tag()
            tags.append(weakref.ref(tag))
            frame.meta["tag"] = tag
            engine.put(frame)
            del tag
            engine.get(timeout=10)
        del frame
        gc.collect()
        assert [tag() for tag in tags] == [None] * 6


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"capacity": 0}, "capacity"),
        ({"batch": 0}, "batch"),
        ({"streams": 0}, "streams"),
        ({"batch_timeout": -1}, "batch_timeout"),
    ],
)
def test_impossible_options_are_named(options, text):
    with pytest.raises(ValueError, match=text):
        fl.Engine(doubler(), **options)


def test_an_unknown_overflow_lists_what_there_is():
    with pytest.raises(ValueError, match="drop_oldest"):
        fl.Engine(doubler(), overflow="maybe")


def scaler(height="H", width="W", factor=1, first="N"):
    """Passes a picture on, enlarged by repetition."""
    sizes = onnx.numpy_helper.from_array(np.array([1, 1, factor, factor], np.float32))
    nodes = [
        helper.make_node("Constant", [], ["sizes"], value=sizes),
        helper.make_node(
            "Resize",
            ["x", "", "sizes"],
            ["y"],
            mode="nearest",
            nearest_mode="floor",
            coordinate_transformation_mode="asymmetric",
        ),
    ]
    shape = [first, 3, height, width]
    larger = [side * factor if isinstance(side, int) else f"{side}_out" for side in (height, width)]
    return network(nodes, [value("x", shape)], [value("y", [first, 3, *larger])])


def picture_frames(count, height=6, width=8, pixel_format="rgb24"):
    for index in range(count):
        random = np.random.default_rng(index)
        shape = (3, height, width) if pixel_format == "gbrp" else (height, width, 3)
        image = random.integers(0, 256, shape, np.uint8)
        yield fl.Frame(index, tensors={"image": image}, meta={"pixel_format": pixel_format})


@pytest.mark.parametrize("pixel_format", ["rgb24", "gbrp"])
@pytest.mark.parametrize(("streams", "batch"), [(1, 1), (2, 4)])
def test_pictures_go_in_and_come_out(pixel_format, streams, batch):
    with fl.Engine(scaler(), streams=streams, batch=batch) as engine:
        results = run(engine, picture_frames(20, pixel_format=pixel_format))
    assert len(results) == 20
    for frame, given in zip(results, picture_frames(20, pixel_format=pixel_format), strict=True):
        assert list(frame.tensors) == ["y", "image"]
        assert frame.meta == {"pixel_format": pixel_format, "source_pixel_format": pixel_format}
        np.testing.assert_array_equal(frame.image, given.image)


def test_a_picture_is_enlarged_with_the_network():
    with fl.Engine(scaler(factor=2)) as engine:
        engine.put(next(picture_frames(1)))
        result = engine.get(timeout=20)
    original = next(picture_frames(1)).image
    np.testing.assert_array_equal(result.image, original.repeat(2, 0).repeat(2, 1))


def test_a_picture_of_another_size_is_letterboxed_and_restored():
    pytest.importorskip("av")
    with fl.Engine(scaler(height=32, width=32, first=1)) as engine:
        flat = np.full((20, 40, 3), 200, np.uint8)
        engine.put(fl.Frame(0, tensors={"image": flat}, meta={"pixel_format": "rgb24"}))
        result = engine.get(timeout=20)
        assert engine.preprocess is not None
        assert engine.preprocess.size == (32, 32)
    np.testing.assert_array_equal(result.image, flat)


def test_pictures_of_changing_size_are_planned_anew():
    with fl.Engine(scaler(), batch=4) as engine:
        sizes = [(6, 8), (6, 8), (10, 4), (6, 8)]
        for index, (height, width) in enumerate(sizes):
            frame = next(picture_frames(1, height, width))
            frame.index = index
            engine.put(frame)
        engine.finish()
        assert [frame.image.shape[:2] for frame in engine] == sizes


def test_preprocess_false_feeds_tensors_as_they_are():
    with fl.Engine(scaler(), preprocess=False) as engine, pytest.raises(fl.ShapeError, match="expected float32"):
        engine.put(next(picture_frames(1)))


def test_what_a_stage_put_in_the_pictures_place_is_fed_as_it_is():
    with fl.Engine(scaler()) as engine:
        tensor = np.ones((1, 3, 4, 4), np.float32)
        engine.put(fl.Frame(0, tensors={"image": tensor}, meta={"pixel_format": "rgb24"}))
        np.testing.assert_array_equal(engine.get(timeout=20).image, tensor)


def test_pictures_that_the_caller_keeps_do_not_stop_the_engine():
    with fl.Engine(scaler(), capacity=2, streams=1) as engine:
        kept = run(engine, picture_frames(40))
        assert engine.stats().extra_pictures > 0
    for frame, given in zip(kept, picture_frames(40), strict=True):
        np.testing.assert_array_equal(frame.image, given.image)


def test_a_slot_is_free_again_when_its_frame_is_out():
    pool = fl.FramePool((1, 3), np.float32, 2)
    with fl.Engine(doubler(), streams=2) as engine:
        for index in range(6):
            slot = pool.acquire(timeout=10)
            slot.numpy()[...] = index
            engine.put({"x": slot})
            del slot
            np.testing.assert_array_equal(engine.get(timeout=10).tensors["y"], np.full((1, 3), 2 * index))
        assert pool.available == 2


def test_the_main_tensor_feeds_the_input_that_no_tensor_names():
    product = network(
        [helper.make_node("Mul", ["x", "gain"], ["y"])], [value("x", [1, 3]), value("gain", [1])], [value("y", [1, 3])]
    )
    with fl.Engine(product) as engine:
        engine.put({"picture": np.ones((1, 3), np.float32), "gain": np.array([4], np.float32)})
        np.testing.assert_array_equal(engine.get(timeout=10).tensors["y"], np.full((1, 3), 4))
        with pytest.raises(fl.ShapeError, match=r"the model's inputs are \['x', 'gain'\]"):
            engine.put({"picture": np.ones((1, 3), np.float32)})
