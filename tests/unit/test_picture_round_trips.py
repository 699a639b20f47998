"""Pictures into a network's input and out of its output again."""

from __future__ import annotations

import json
from importlib.util import find_spec

import numpy as np
import pytest

import framelane as fl
from model_infos import MODELS
from needs import need


def picture(width, height, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def test_there_and_back_with_padding():
    preprocess = fl.Preprocess(multiple_of=16)
    image = picture(180, 145)
    tensor = preprocess.pack(image)
    assert tensor.shape == (1, 3, 160, 192)
    rows, columns = np.minimum(np.arange(160), 144), np.minimum(np.arange(192), 179)
    np.testing.assert_array_equal(tensor, fl.pack(image[rows][:, columns]))
    geometry = preprocess.plan(180, 145).geometry
    np.testing.assert_array_equal(fl.Postprocess().unpack(tensor, geometry), image)
    twice = tensor.repeat(2, 2).repeat(2, 3)
    np.testing.assert_array_equal(fl.Postprocess().unpack(twice, geometry), image.repeat(2, 0).repeat(2, 1))


def test_there_and_back_through_a_letterbox():
    need("av", find_spec("av") is not None)
    gradient = np.add.outer(np.arange(90), np.arange(160)).astype(np.uint8)
    image = np.stack([gradient // 2, gradient, 249 - gradient], axis=2).astype(np.uint8)
    preprocess = fl.Preprocess(size=(64, 64), border_color=(255, 0, 0))
    tensor = preprocess.pack(image)
    geometry = preprocess.plan(160, 90).geometry
    assert tensor[0, :, 0, 0].tolist() == [1, 0, 0]
    assert tensor[0, :, 13, 63].tolist() == [1, 0, 0]
    back = fl.Postprocess().unpack(tensor, geometry)
    assert back.shape == image.shape
    assert np.abs(back.astype(int) - image).mean() < 2
    small = fl.Postprocess(restore=False).unpack(tensor, geometry)
    assert small.shape == (36, 64, 3)


def test_a_crop_gives_its_middle_back():
    need("av", find_spec("av") is not None)
    image = picture(160, 90)
    preprocess = fl.Preprocess(size=(90, 90), resize="crop")
    geometry = preprocess.plan(160, 90).geometry
    back = fl.Postprocess().unpack(preprocess.pack(image), geometry)
    np.testing.assert_array_equal(back, image[:, 35:125])


@pytest.mark.parametrize("pixel_format", ["gbrp", "rgb24", "rgba", "gbrp10le", "gray"])
def test_unpack_to_any_format(pixel_format):
    image = picture(21, 13)
    geometry = fl.Preprocess().plan(21, 13).geometry
    back = fl.Postprocess().unpack(fl.pack(image), geometry, pixel_format=pixel_format)
    again = fl.pack(back, pixel_format=pixel_format)
    if pixel_format != "gray":
        np.testing.assert_allclose(again, fl.pack(image), atol=1e-3)
    assert again.shape == (1, 3, 13, 21)


def test_plans_name_the_shortest_format():
    geometry = fl.Preprocess().plan(21, 13).geometry
    assert fl.Postprocess().plan(geometry, (1, 3, 13, 21)).pixel_format == "gbrp"
    assert fl.Postprocess(layout="NHWC").plan(geometry, (1, 13, 21, 3)).pixel_format == "rgb24"
    assert fl.Postprocess().plan(geometry, (1, 4, 13, 21), planar=False).pixel_format == "rgba"
    assert fl.Postprocess().plan(geometry, (1, 1, 13, 21)).pixel_format == "gray"
    assert fl.Postprocess(layout="NHW").plan(geometry, (1, 13, 21)).color == "gray"
    assert json.loads(json.dumps(fl.Postprocess().to_dict()))["layout"] == "NCHW"


# Through networks


def through(name, image, pixel_format="rgb24", **options):
    """Take a picture through a network: what comes out, and how it went in."""
    need("onnxruntime", find_spec("onnxruntime") is not None)
    with fl.Session(MODELS / f"{name}.onnx") as session:
        preprocess = fl.Preprocess.from_model(session.inputs, session.metadata, **options)
        postprocess = fl.Postprocess.from_model(session.outputs, preprocess)
        outputs = session.run({preprocess.input: preprocess.pack(image, pixel_format=pixel_format)})
        height, width = image.shape[:2]
        return postprocess.unpack(outputs[postprocess.output], preprocess.plan(width, height).geometry)


@pytest.mark.parametrize("size", [(64, 48), (65, 33), (1, 1), (1, 50), (514, 3)])
@pytest.mark.parametrize("name", ["any_identity", "any_unnamed_axes", "any_two_sizes_out"])
def test_an_identity_gives_the_picture_back(name, size):
    if name == "any_two_sizes_out":  # its other output is an eighth of the size
        size = tuple(max(side, 8) for side in size)
    image = picture(*size)
    np.testing.assert_array_equal(through(name, image), image)


def test_networks_of_all_kinds():
    image = picture(40, 30)
    np.testing.assert_array_equal(through("any_rank_3", image), 255 - image)
    assert through("any_grey", image).shape == (30, 40)
    assert through("any_shrink_by_border", image).shape == (26, 36, 3)
    assert through("any_upscale_2", image).shape == (60, 80, 3)
    matte = through("21_matte", image)
    np.testing.assert_array_equal(matte[..., :3], image)
    np.testing.assert_array_equal(matte[..., 3], image[..., 0])
    rgba = np.dstack([image, image[..., 0]])
    assert through("21_rgba", rgba, "rgba").shape == rgba.shape
    assert through("21_rgba", image).shape == rgba.shape


@pytest.mark.parametrize("size", [(180, 144), (161, 97), (16, 16), (15, 17), (1, 1)])
def test_windows_of_16_need_multiples_and_leave_no_seam(size):
    image = picture(*size)
    np.testing.assert_array_equal(through("07_windows_of_16", image, multiple_of=16), image)
