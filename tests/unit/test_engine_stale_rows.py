"""What an engine gives for a frame has nothing of the frames before it, whose memory it uses again."""

import threading

import numpy as np
import pytest

import framelane as fl
from networks import frames_of_points, model_path


def run(engine, frames):
    feeder = threading.Thread(target=engine.put_all, args=(frames,))
    feeder.start()
    results = list(engine)
    feeder.join()
    return results


SIZES = [(40, 60), (3, 5), (40, 60), (7, 60), (40, 2), (1, 1), (3, 5), (3, 5), (3, 5), (41, 61), (2, 2)]
RUNS = [(1, 1), (1, 4), (3, 4)]  # streams and batch: 11 frames make short batches, and so does each other size


@pytest.mark.parametrize(("streams", "batch"), RUNS)
def test_pictures_of_changing_size_are_their_own(streams, batch):
    pictures = [np.random.default_rng(i).integers(0, 256, (*size, 3), np.uint8) for i, size in enumerate(SIZES)]
    frames = (fl.Frame(i, tensors={"image": p}, meta={"pixel_format": "rgb24"}) for i, p in enumerate(pictures))
    with fl.Engine(model_path("any_identity"), streams=streams, batch=batch) as engine:
        results = [frame.image.copy() for frame in run(engine, frames)]
    for picture, result in zip(pictures, results, strict=True):
        np.testing.assert_array_equal(result, picture)


@pytest.mark.parametrize(("streams", "batch"), RUNS)
def test_tensors_of_changing_size_and_number_of_rows_are_their_own(streams, batch):
    tensors = [np.random.default_rng(i).random((1 + i % 3, 3, *size), np.float32) for i, size in enumerate(SIZES)]
    with fl.Engine(model_path("any_identity"), streams=streams, batch=batch) as engine:
        results = [np.array(frame.tensors["y"]) for frame in run(engine, tensors)]
    for tensor, result in zip(tensors, results, strict=True):
        np.testing.assert_array_equal(result, tensor)


@pytest.mark.parametrize("streams", [1, 3])
def test_rows_that_a_network_finds_are_the_frame_s(streams):
    counts = [0, 3, 64, 2, 0, 1, 5, 64, 0, 0, 7]
    frames = list(frames_of_points(counts))
    with fl.Session(model_path("04_points")) as session:
        expected = [session.run(frame) for frame in frames]
    with fl.Engine(model_path("04_points"), streams=streams) as engine:
        results = run(engine, frames)
        # kept while the frames after them were run
        for frame, wanted in zip(results, expected, strict=True):
            for name, array in wanted.items():
                np.testing.assert_array_equal(frame.tensors[name], array)
    assert [np.asarray(frame.tensors["points"]).shape[0] for frame in results] == counts
