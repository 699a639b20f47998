from __future__ import annotations

import av
import numpy as np
import pytest

from framelane.video._colour import Colour
from framelane.video._convert import Converter
from framelane.video._pixels import array_of


def noise(width, pixel_format):
    frame = av.VideoFrame(width, 16, pixel_format)
    random = np.random.default_rng(width)
    for plane in frame.planes:
        np.frombuffer(plane, np.uint8)[:] = random.integers(16, 235, plane.buffer_size)
    return frame


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p", "yuvj420p", "yuva420p", "yuv444p"])
@pytest.mark.parametrize("width", range(161, 178))
def test_planes_are_whole_at_every_width(width, pixel_format):
    colour = Colour(1)
    to_planes, to_rgb = (Converter(colour, width, 16, name, decoding=True) for name in ("gbrp", "rgb24"))
    for _ in range(2):  # the second time into memory that was used before
        frame = noise(width, pixel_format)
        planes, rgb = array_of(to_planes(frame)), array_of(to_rgb(frame))
        assert np.array_equal(planes[[2, 0, 1]], np.moveaxis(rgb, 2, 0))
