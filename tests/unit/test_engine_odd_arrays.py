"""Arrays that a naive copy of memory gets wrong, on their way through an engine and through stages."""

import numpy as np
import pytest

import framelane as fl
from networks import model_path, weighted_reference
from odd_arrays import IN_PLACE, ODD_ARRAYS, REFUSED


@pytest.mark.parametrize("odd", ODD_ARRAYS)
@pytest.mark.parametrize("batch", [1, 3])
def test_an_engine_gives_the_same_pixels_or_a_shape_error(picture, odd, batch):
    arrays = [ODD_ARRAYS[odd](picture * factor) for factor in (1, 2, 3)]
    with fl.Engine(model_path("01_weighted"), batch=batch, batch_timeout=5, streams=1) as engine:
        if odd in REFUSED:
            with pytest.raises(
                fl.ShapeError, match=r"input 'x': expected float32 \(N, 3, H, W\), got|the other byte order"
            ):
                engine.put(arrays[0])
            return
        for array in arrays:
            engine.put(array)
        engine.finish()
        results = [frame.tensors["y"] for frame in engine]
        assert engine.stats().copies == (0 if odd in IN_PLACE else 3)
        assert engine.stats().batches == 3 // batch
    for array, result in zip(arrays, results, strict=True):
        np.testing.assert_array_equal(result, weighted_reference(np.ascontiguousarray(array, np.float32)))


@pytest.mark.parametrize("odd", ODD_ARRAYS)
def test_a_stage_hands_on_what_it_returns(picture, odd):
    returned = ODD_ARRAYS[odd](picture)
    taken = []
    fl.Pipeline([[picture], lambda _: returned, lambda frame: taken.append(frame.image)]).run()
    np.testing.assert_array_equal(taken[0], returned)
    assert taken[0].dtype == returned.dtype


@pytest.mark.parametrize("odd", ODD_ARRAYS)
def test_a_network_behind_a_stage_gives_the_same_pixels_or_names_the_frame(picture, odd):
    returned = ODD_ARRAYS[odd](picture)
    pipeline = fl.Pipeline([[picture], lambda _: returned, fl.Infer(model_path("01_weighted"), name="network")])
    if odd in REFUSED:
        with pytest.raises(fl.StageError, match="stage 'network' raised ShapeError on frame 0"):
            pipeline.run()
        return
    (frame,) = pipeline
    expected = weighted_reference(np.ascontiguousarray(returned, np.float32))
    np.testing.assert_array_equal(frame.tensors["y"], expected)
