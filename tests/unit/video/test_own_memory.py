"""A frame's pixels are its own: who draws on them changes no other frame."""

import av
import numpy as np
import pytest

import framelane as fl


@pytest.fixture
def film(tmp_path):
    """A hundred times one picture. Its decoder has them in rgb24 already, and makes each of the one before."""
    path = tmp_path / "same.mov"
    noise = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    with av.open(path, "w") as container:
        stream = container.add_stream("qtrle", rate=25)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = 64, 48, "rgb24", 1000
        for _ in range(100):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
        container.mux(stream.encode(None))
    return path, noise


def test_drawing_on_a_frame_changes_no_later_one(film):
    path, noise = film
    count = 0
    with fl.VideoReader(path, threads=1) as reader:
        for frame in reader:
            np.testing.assert_array_equal(frame.image, noise)
            frame.image[...] = 0
            count += 1
    assert count == 100
