"""Which networks take several frames in one run."""

import numpy as np
import pytest
from onnx import TensorProto, helper

import framelane as fl
from networks import doubler, network, value


def engine(shape, **options):
    return fl.Engine(doubler(shape), batch=4, streams=1, batch_timeout=5, **options)


@pytest.mark.parametrize(
    ("shape", "row"),
    [
        (("N",), (1,)),
        ((None,), (2,)),
        (("batch", 3), (1, 3)),
        (("samples", "features"), (2, 5)),
        ((None, None), (1, 4)),
        (("N", "C", "H", "W"), (1, 3, 2, 2)),
        (("batch_channels", 2), (1, 2)),
    ],
)
def test_a_free_axis_in_front_is_batched(shape, row):
    with engine(shape) as running:
        for index in range(4):
            running.put(np.full(row, index, np.float32))
        running.finish()
        results = [np.asarray(frame.tensors["y"]) for frame in running]
        assert running.stats().batches == 1
    for index, result in enumerate(results):
        np.testing.assert_array_equal(result, np.full(row, 2 * index, np.float32))


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ((), r"of shape \(\) has no axis"),
        ((1,), r"of shape \(1,\) has 1 there"),
        ((1, 3, "H", "W"), "has 1 there"),
        (("C", "H", "W"), r"of shape \(C, H, W\) has its channels there"),
        (("channels", 8, 8), "has its channels there"),
        (("height", "width", 3), "has its height there"),
        (("H", "W"), "has its height there"),
        (("width",), "has its width there"),
        (("size", "size"), "has 'size' a second time"),
    ],
)
def test_what_cannot_be_batched_is_refused_with_the_cure(shape, words):
    with pytest.raises(fl.ShapeError, match=rf"batch=4 needs .* input 'x' .*{words}.*Use batch=1"):
        engine(shape)
    fl.Engine(doubler(shape), batch=1).close()


@pytest.mark.parametrize(("layout", "shape"), [("CHW", (None, 8, 8)), ("HWC", (None, None, 3))])
def test_a_chosen_layout_without_a_batch_axis_is_refused_at_once(layout, shape):
    preprocess = fl.Preprocess(layout=layout, shape=shape)
    with pytest.raises(fl.ShapeError, match=rf"batch=4 needs a batch axis, and the input .* layout {layout}.*batch=1"):
        engine(shape, preprocess=preprocess)


def picture(index=0):
    image = np.full((8, 8, 3), index, np.uint8)
    return fl.Frame(index, tensors={"image": image}, meta={"pixel_format": "rgb24"})


def test_a_layout_that_the_first_picture_brings_is_refused_by_its_put():
    with engine((None, 8, 3)) as running:  # (frames, 8, 3), or the height, width and channels of a picture
        for _ in range(2):
            with pytest.raises(fl.ShapeError, match=r"the input is a picture of layout HWC, which has none.*batch=1"):
                running.put(picture())
        running.put(np.ones((1, 8, 3), np.float32))
        running.finish()
        assert len(list(running)) == 1


def test_an_output_picture_without_a_batch_axis_is_refused():
    preprocess = fl.Preprocess(layout="NCHW")
    postprocess = fl.Postprocess(layout="CHW")
    with pytest.raises(fl.ShapeError, match=r"the output is a picture of layout CHW"):
        engine(("N", 3, "H", "W"), preprocess=preprocess, postprocess=postprocess)


def test_infer_says_so_before_the_first_frame():
    taken = []

    def source():
        taken.append(0)
        yield picture()

    with pytest.raises(fl.ShapeError, match="Use batch=1"):
        fl.Pipeline([source(), fl.Infer(doubler(("C", 8, 8)), batch=2), list]).run()
    assert taken == []


def finder(output_axis):
    """A network that gives the positive numbers of all frames together."""
    nodes = [
        helper.make_node("Greater", ["x", "zero"], ["found"]),
        helper.make_node("Reshape", ["found", "flat"], ["mask"]),
        helper.make_node("Compress", ["x", "mask"], ["y"]),
    ]
    constants = [
        helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0]),
        helper.make_tensor("flat", TensorProto.INT64, [1], [-1]),
    ]
    return network(nodes, [value("x", ("N", 4))], [value("y", (output_axis,))], constants)


@pytest.mark.parametrize("output_axis", ["found", None])
def test_rows_that_only_happen_to_fit_are_not_dealt_out(output_axis):
    counts = [3, 1, 0, 4, 2, 2, 0, 0]  # two frames together always have a number that divides by two
    with fl.Engine(finder(output_axis), batch=2, streams=1, batch_timeout=5, capacity=16) as running:
        for index, count in enumerate(counts):
            running.put(np.array([[index + 1] * count + [-1] * (4 - count)], np.float32))
        running.finish()
        results = [np.asarray(frame.tensors["y"]).tolist() for frame in running]
    assert results == [[index + 1] * count for index, count in enumerate(counts)]
