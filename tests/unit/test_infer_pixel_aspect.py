"""A network of a fixed size sees the picture in the shape that a viewer sees, whatever the shape of its pixels."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import framelane as fl
from networks import doubler

CLIPS = Path(__file__).parents[1] / "data" / "clips"
WIDE = CLIPS / "22_wide_pixels.mp4"  # 180x144, seen as 16:9


def bars(tensor):
    """Rows and columns of a (1, 3, H, W) tensor that are black all over, at the bottom and at the left."""
    shown = np.asarray(tensor)[0].max(axis=0) > 0.02
    return int(shown.any(axis=1)[::-1].argmax()), int(shown.any(axis=0).argmax())


def first_frame(**options):
    with fl.VideoReader(WIDE, frames=1, **options) as reader:
        return next(iter(reader))


@pytest.mark.parametrize(("size", "expected"), [((64, 64), (14, 0)), ((180, 90), (65, 0)), ((36, 640), (0, 288))])
def test_a_letterbox_keeps_the_shape_that_is_seen(size, expected):
    network = doubler((1, 3, *size))
    (frame,) = fl.Pipeline([fl.VideoReader(WIDE, frames=1), fl.Infer(network, postprocess=False)])
    assert bars(frame.tensors["y"]) == expected


def test_the_picture_comes_back_in_its_own_pixels():
    (frame,) = fl.Pipeline([fl.VideoReader(WIDE, frames=1), fl.Infer(doubler((1, 3, 64, 64)))])
    assert frame.image.shape[:2] == (144, 180)
    assert frame.meta["pixel_aspect"] == Fraction(64, 45)


def test_the_reader_says_it_only_of_pictures_of_the_file_s_size():
    assert first_frame().meta == {"pixel_format": "rgb24", "pixel_aspect": Fraction(64, 45)}
    assert first_frame(size=(256, 144)).meta == {"pixel_format": "rgb24"}
    with fl.VideoReader(CLIPS / "00_base.mp4", frames=1) as reader:
        assert next(iter(reader)).meta == {"pixel_format": "rgb24"}


def test_frames_of_one_size_and_several_shapes_are_planned_apart():
    image = np.full((32, 32, 3), 200, np.uint8)
    with fl.Engine(doubler((1, 3, 32, 32)), postprocess=False) as engine:
        for index, aspect in enumerate([1, 2, Fraction(1, 2), 1]):
            engine.put(
                fl.Frame(index, tensors={"image": image}, meta={"pixel_format": "rgb24", "pixel_aspect": aspect})
            )
        engine.finish()
        assert [bars(frame.tensors["y"]) for frame in engine] == [(0, 0), (8, 0), (0, 8), (0, 0)]
