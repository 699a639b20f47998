"""Preprocess: what a model's inputs say of how frames get in."""

from __future__ import annotations

import json

import pytest

import framelane as fl
from model_infos import info, model


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("any_identity", ("x", "NCHW", "rgb", "gbrp")),
        ("any_grey", ("x", "NCHW", "gray", "gray")),
        ("any_rank_3", ("x", "CHW", "rgb", "gbrp")),
        ("any_unnamed_axes", ("x", "NCHW", "rgb", "gbrp")),
        ("any_two_inputs", ("frame", "NCHW", "rgb", "gbrp")),
        ("21_rgba", ("x", "NCHW", "rgba", "gbrap")),
        ("07_windows_of_16", ("x", "NCHW", "rgb", "gbrp")),
    ],
)
def test_models_say_what_they_take(name, expected):
    inputs, _ = model(name)
    preprocess = fl.Preprocess.from_model(inputs)
    found = (preprocess.input, preprocess.layout, preprocess.color, preprocess.pixel_format())
    assert found == expected
    assert preprocess.size is None
    assert preprocess.scale == 1 / 255


@pytest.mark.parametrize(
    ("shape", "layout", "size"),
    [
        ((1, 3, 224, 320), "NCHW", (320, 224)),
        ((1, 224, 320, 3), "NHWC", (320, 224)),
        (("N", "H", "W", 3), "NHWC", None),
        ((1, 3, None, 512), "NCHW", (512, None)),
        ((None, None, 64, 64), "NCHW", (64, 64)),
        ((1, 64, 64, None), "NHWC", (64, 64)),
        (("b", "c", "h", "w"), "NCHW", None),
        (("batch", "height", "width", "channels"), "NHWC", None),
        (("batch_size", "num_channels", "height", "width"), "NCHW", None),
        ((1, 4, "height", 4), "NCHW", (4, None)),
        ((3, 20, 30), "CHW", (30, 20)),
        ((20, 30, 3), "HWC", (30, 20)),
        (("H", "W"), "HW", None),
        (("N", "H", "W"), "NHW", None),
    ],
)
def test_shapes_say_their_layout(shape, layout, size):
    preprocess = fl.Preprocess.from_model([info(shape=shape)])
    assert (preprocess.layout, preprocess.size) == (layout, size)


def test_uint8_is_not_scaled_and_other_numbers_are_0_to_1():
    assert fl.Preprocess.from_model([info(dtype="uint8")]).scale == 1
    assert fl.Preprocess.from_model([info(dtype="float16")]).scale == 1 / 255


def test_a_picture_goes_before_its_mask():
    inputs = [info("mask", (1, 1, "H", "W")), info("image")]
    assert fl.Preprocess.from_model(inputs).input == "image"


def test_options_decide_and_none_does_not():
    options = {"color": "bgr", "scale": 1.0, "mean": (104, 117, 123), "resize": "stretch", "size": None}
    preprocess = fl.Preprocess.from_model([info(shape=(1, 3, 300, 300))], **options)
    assert (preprocess.color, preprocess.mean, preprocess.std) == ("bgr", (104, 117, 123), (1, 1, 1))
    assert preprocess.size == (300, 300)


def test_metadata_of_the_standard_and_of_ultralytics():
    said = {"image.bitmappixelformat": "BGR8", "Image.NominalPixelRange": "Normalized_1_1", "stride": "32"}
    preprocess = fl.Preprocess.from_model([info()], said)
    assert (preprocess.color, preprocess.mean, preprocess.std) == ("bgr", (0.5,) * 3, (0.5,) * 3)
    assert preprocess.multiple_of == 32
    assert "-1..1" in preprocess.describe()
    assert fl.Preprocess.from_model([info(shape=(1, 3, 640, 640))], said).multiple_of == 1
    assert fl.Preprocess.from_model([info()], said, color="rgb").color == "rgb"
    linear = fl.Preprocess.from_model([info()], {"Image.ColorSpaceGamma": "Linear"})
    assert "linear light" in linear.describe()


@pytest.mark.parametrize(
    ("inputs", "options", "words"),
    [
        ([info("a"), info("b")], {}, ["'a'", "'b'", "input="]),
        ([info(shape=(None, None, None, None))], {}, ["layout='NCHW'", "layout='NHWC'"]),
        ([info(shape=(1, 3, None, 3))], {}, ["layout='NCHW'", "layout='NHWC'"]),
        ([info(shape=(1, 1000))], {}, ["no input", "layout="]),
        ([info(shape=(1, 64, 20, 20))], {}, ["no input"]),
        ([info(dtype="int64")], {}, ["int64", "Cast"]),
        ([info(dtype="string"), info("y", (1,))], {}, ["no input"]),
        ([info()], {"input": "gone"}, ["'gone'", "'x'"]),
        ([info()], {"color": "gray"}, ["'gray'", "'rgb' or 'bgr'"]),
        ([info()], {"color": "yuv"}, ["'yuv'", "bgra"]),
        ([info()], {"layout": "CHW"}, ["'CHW'", "'NCHW'"]),
        ([info(shape=(1, 6, 20, 20))], {"layout": "NCHW"}, ["6 channels", "no picture"]),
        ([info(dtype="float64")], {}, ["float64", "Cast"]),
        ([info(shape=(1, 3, 30, 40))], {"layout": "NHWC"}, ["40 channels", "'NCHW'"]),
        ([info(shape=(1, 3, 30, 40))], {"size": (20, 20)}, ["40x30", "size="]),
        ([info()], {"std": (1, 0, 1)}, ["std="]),
        ([info()], {"mean": (1, 2)}, ["mean", "2 numbers"]),
        ([info()], {"scale": 0.0}, ["scale="]),
        ([info()], {"resize": "squash"}, ["'squash'", "letterbox"]),
        ([info()], {"size": (0, 5)}, ["size="]),
        ([info()], {"multiple_of": 0}, ["multiple_of="]),
        ([info()], {"border_color": (256, 0, 0)}, ["border_color="]),
    ],
)
def test_what_is_not_said_is_asked_for(inputs, options, words):
    with pytest.raises(fl.ShapeError) as caught:
        fl.Preprocess.from_model(inputs, **options)
    text = str(caught.value)
    assert all(word in text for word in words), text
    assert "\n" not in text


def test_an_open_number_of_channels_is_said():
    preprocess = fl.Preprocess.from_model([info(shape=("N", "C", "H", "W"))])
    assert preprocess.color == "rgb"
    assert "color=" in preprocess.describe()


def test_describe_and_to_dict():
    preprocess = fl.Preprocess.from_model([info(shape=(1, 3, 256, 256))], mean=(0.485, 0.456, 0.406), std=0.25)
    assert "letterboxed to 256x256" in preprocess.describe()
    assert "1280x720 letterboxed to 256x256" in preprocess.describe(1280, 720)
    assert "0.485, 0.456, 0.406" in preprocess.describe()
    padded = fl.Preprocess(multiple_of=16)
    assert "180x144 filled up to 192x144" in padded.describe(180, 144)
    assert json.loads(json.dumps(preprocess.to_dict()))["size"] == [256, 256]
    with pytest.raises(AttributeError):
        preprocess.scale = 1


def test_pixel_formats_keep_the_depth_of_the_source():
    assert fl.Preprocess().pixel_format(10) == "gbrp10le"
    assert fl.Preprocess(layout="NHWC").pixel_format(10) == "gbrp10le"
    assert fl.Preprocess(layout="NHWC", color="bgr").pixel_format() == "bgr24"
    assert fl.Preprocess(dtype="uint8", scale=1).pixel_format(10) == "gbrp"
    assert fl.Preprocess(color="gray").pixel_format(9) == "gray16le"
    assert fl.Preprocess(color="rgba", layout="NHWC").pixel_format() == "rgba"


# Reading the output
