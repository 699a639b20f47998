"""Preprocess and Postprocess: read from the model, shown, overridable; geometry to the pixel, and undone."""

from __future__ import annotations

import json
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import framelane as fl
from framelane._geometry import Rect, Size, fit, window
from framelane._output_picture import split_outputs
from needs import need

MODELS = Path(__file__).parent.parent / "data" / "models"
ELEMENTS = {1: "float32", 2: "uint8", 7: "int64", 8: "string", 10: "float16"}


class Info(NamedTuple):
    name: str
    dtype: str
    shape: tuple | None


def info(name="x", shape=(1, 3, "H", "W"), dtype="float32"):
    return Info(name, dtype, shape)


def read_infos(values):
    def axis(dim):
        return dim.dim_value if dim.HasField("dim_value") else (dim.dim_param or None)

    return [
        Info(
            value.name,
            ELEMENTS[value.type.tensor_type.elem_type],
            tuple(axis(dim) for dim in value.type.tensor_type.shape.dim),
        )
        for value in values
    ]


def model(name):
    need("onnx", find_spec("onnx") is not None)
    import onnx

    graph = onnx.load(MODELS / f"{name}.onnx", load_external_data=False).graph
    return read_infos(graph.input), read_infos(graph.output)


# Reading the input


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


@pytest.mark.parametrize(
    ("name", "pictures", "data"),
    [
        ("any_identity", ["y"], []),
        ("any_two_sizes_out", ["full", "small"], []),
        ("any_strings", ["y"], ["same"]),
        ("any_scalar", [], ["y"]),
        ("any_shrink_by_border", ["y"], []),
        ("any_upscale_2", ["y"], []),
        ("any_unnamed_axes", ["y"], []),
        ("any_rank_3", ["y"], []),
        ("21_matte", ["y"], []),
        ("04_points", [], ["points", "scores", "mean"]),
    ],
)
def test_models_say_what_comes_out(name, pictures, data):
    inputs, outputs = model(name)
    preprocess = fl.Preprocess.from_model(inputs)
    found = split_outputs(outputs, preprocess)
    assert tuple([tensor.name for tensor in kind] for kind in found) == (pictures, data)
    if not pictures:
        with pytest.raises(fl.ShapeError, match=r"npz.*output="):
            fl.Postprocess.from_model(outputs, preprocess)
        return
    postprocess = fl.Postprocess.from_model(outputs, preprocess)
    assert postprocess.output == pictures[0]
    assert all(repr(other) in postprocess.describe() for other in [*pictures, *data])


@pytest.mark.parametrize(("shape", "layout"), [(("H", "W"), "HW"), ((3, "H", "W"), "CHW"), (("n", 4), None)])
def test_what_is_a_picture_of_a_network_without_batches(shape, layout):
    preprocess = fl.Preprocess.from_model([info(shape=(3, "H", "W"))])
    assert [t.shape for t in split_outputs([info("y", shape)], preprocess)[0]] == ([shape] if layout else [])
    if layout:
        assert fl.Postprocess.from_model([info("y", shape)], preprocess).layout == layout


@pytest.mark.parametrize(
    ("shape", "layout"),
    [
        ((1, 1, 518, 518), "NCHW"),
        ((1, 518, 518), "NHW"),
        (("batch", "height", "width"), "NHW"),
        ((1, 3, 1036, 1036), "NCHW"),
        ((1, 84, 8400), None),
        ((1, 300, 6), None),
        ((1, 3, 1, 1), None),
        ((1, 1000), None),
        ((1, 3, 80, 80, 85), None),
        (None, None),
    ],
)
def test_what_is_a_picture_of_a_fixed_network(shape, layout):
    preprocess = fl.Preprocess.from_model([info(shape=(1, 3, 518, 518))])
    pictures, _ = split_outputs([info("y", shape)], preprocess)
    assert bool(pictures) == (layout is not None)
    if layout:
        assert fl.Postprocess.from_model([info("y", shape)], preprocess).layout == layout


def test_an_outputs_numbers_are_the_inputs_as_far_as_they_can_be():
    minus_one = fl.Preprocess.from_model([info()], mean=0.5, std=0.5)
    assert fl.Postprocess.from_model([info("y")], minus_one).mean == 0.5
    statistics = fl.Preprocess.from_model([info()], mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4))
    assert fl.Postprocess.from_model([info("y")], statistics).mean == (0.4, 0.5, 0.6)
    assert fl.Postprocess.from_model([info("y", (1, 1, "H", "W"))], statistics).mean == 0.0
    assert fl.Postprocess.from_model([info("y", dtype="uint8")], statistics).scale == 1
    uint8 = fl.Preprocess.from_model([info(dtype="uint8")])
    assert fl.Postprocess.from_model([info("y")], uint8).scale == 1 / 255
    bgr = fl.Preprocess.from_model([info()], color="bgr")
    assert fl.Postprocess.from_model([info("y", (1, 4, "H", "W"))], bgr).color == "bgra"


@pytest.mark.parametrize(
    ("outputs", "options", "words"),
    [
        ([info("y")], {"output": "gone"}, ["'gone'", "'y'"]),
        ([info("y", dtype="int64")], {"output": "y"}, ["int64", "Cast"]),
        ([info("y", (1, 2, "H", "W"))], {"output": "y"}, ["layout="]),
        ([info("y")], {"color": "rgba"}, ["'rgba'", "'rgb' or 'bgr'"]),
        ([info("y")], {"layout": "HW"}, ["'HW'"]),
        ([info("y")], {"std": 0.0}, ["std="]),
    ],
)
def test_output_options_that_do_not_fit(outputs, options, words):
    with pytest.raises(fl.ShapeError) as caught:
        fl.Postprocess.from_model(outputs, fl.Preprocess(), **options)
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_outputs_that_are_no_picture_when_they_come():
    geometry = fl.Preprocess().plan(8, 6).geometry
    with pytest.raises(fl.ShapeError, match="5 channels"):
        fl.Postprocess().plan(geometry, (1, 5, 6, 8))
    with pytest.raises(fl.ShapeError, match="empty"):
        fl.Postprocess().plan(geometry, (1, 3, 0, 8))
    with pytest.raises(fl.ShapeError, match="4 axes"):
        fl.Postprocess().plan(geometry, (3, 6, 8))
    with pytest.raises(fl.ShapeError, match="color="):
        fl.Postprocess(color="rgb").plan(geometry, (1, 1, 6, 8))


# Geometry


@pytest.mark.parametrize(
    ("source", "box", "mode", "scaled", "inside", "tensor"),
    [
        ((1280, 720), (None, None), "letterbox", (1280, 720), (0, 0, 1280, 720), (1280, 720)),
        ((1280, 720), (640, 640), "letterbox", (640, 360), (0, 140, 640, 360), (640, 640)),
        ((720, 1280), (640, 640), "letterbox", (360, 640), (140, 0, 360, 640), (640, 640)),
        ((1280, 720), (640, 640), "stretch", (640, 640), (0, 0, 640, 640), (640, 640)),
        ((1280, 720), (640, 640), "crop", (1138, 640), (0, 0, 640, 640), (640, 640)),
        ((101, 67), (64, 64), "letterbox", (64, 42), (0, 11, 64, 42), (64, 64)),
        ((100, 67), (64, 64), "letterbox", (64, 43), (0, 10, 64, 43), (64, 64)),
        ((1, 1000), (64, 64), "letterbox", (1, 64), (31, 0, 1, 64), (64, 64)),
        ((1, 100_000), (64, 64), "letterbox", (1, 64), (31, 0, 1, 64), (64, 64)),
        ((1280, 720), (640, None), "letterbox", (640, 360), (0, 0, 640, 360), (640, 360)),
        ((1280, 720), (None, 360), "crop", (640, 360), (0, 0, 640, 360), (640, 360)),
        ((1280, 720), (640, None), "stretch", (640, 720), (0, 0, 640, 720), (640, 720)),
    ],
)
def test_fit(source, box, mode, scaled, inside, tensor):
    geometry = fit(Size(*source), box, mode)
    assert (geometry.scaled, geometry.inside, geometry.tensor) == (scaled, inside, tensor)


def test_a_crop_takes_the_middle():
    assert fit(Size(1280, 720), (640, 640), "crop").part == Rect(249, 0, 640, 640)


def test_a_letterbox_keeps_the_shape_that_is_seen():
    wide = fit(Size(180, 144), (320, 320), pixel_aspect=Fraction(64, 45))
    assert wide.scaled == (320, 180)  # 16:9
    assert window(wide, Size(320, 320)).size == (180, 144)


def test_multiples_are_filled_up_at_the_right_and_bottom():
    geometry = fit(Size(180, 145), (None, None), multiple_of=16)
    assert (geometry.tensor, geometry.inside) == ((192, 160), (0, 0, 180, 145))
    assert fit(Size(180, 145), (100, None), multiple_of=32).tensor == (128, 128)


@pytest.mark.parametrize(
    ("source", "box", "multiple", "output", "part", "size"),
    [
        ((180, 144), None, 1, (180, 144), (0, 0, 180, 144), (180, 144)),
        ((180, 144), None, 1, (360, 288), (0, 0, 360, 288), (360, 288)),
        ((180, 144), None, 1, (22, 18), (0, 0, 22, 18), (22, 18)),
        ((180, 144), None, 1, (176, 140), (0, 0, 176, 140), (176, 140)),
        ((180, 144), None, 16, (192, 144), (0, 0, 180, 144), (180, 144)),
        ((180, 144), None, 16, (384, 288), (0, 0, 360, 288), (360, 288)),
        ((180, 144), None, 16, (188, 140), (0, 0, 178, 140), (178, 140)),
        ((180, 144), None, 1, (340, 268), (0, 0, 340, 268), (340, 268)),
        ((1280, 720), (640, 640), 1, (640, 640), (0, 140, 640, 360), (1280, 720)),
        ((1280, 720), (640, 640), 1, (1280, 1280), (0, 280, 1280, 720), (2560, 1440)),
        ((1280, 720), (640, 640), 1, (80, 80), (0, 18, 80, 45), (160, 90)),
        ((1280, 720), (640, 640), 1, (636, 636), (0, 138, 636, 360), (1272, 720)),
        ((1280, 720), (640, 640), 1, (1, 1), (0, 0, 1, 1), (2, 2)),
        ((256, 256), None, 1, (252, 252), (0, 0, 252, 252), (252, 252)),
        ((256, 256), None, 1, (192, 192), (0, 0, 192, 192), (192, 192)),
    ],
)
def test_window(source, box, multiple, output, part, size):
    found = window(fit(Size(*source), box or (None, None), multiple_of=multiple), Size(*output))
    assert (found.part, found.size) == (part, size)


sides = st.integers(1, 3000)


@given(
    sides,
    sides,
    st.none() | sides,
    st.none() | sides,
    st.sampled_from(["letterbox", "stretch", "crop"]),
    st.integers(1, 64),
    st.integers(1, 4),
)
def test_every_fit_lies_inside_and_comes_back(width, height, box_width, box_height, mode, multiple, factor):
    geometry = fit(Size(width, height), (box_width, box_height), mode, multiple_of=multiple)
    x, y, inner_width, inner_height = geometry.inside
    assert min(x, y) >= 0
    assert min(inner_width, inner_height) >= 1
    assert x + inner_width <= geometry.tensor.width
    assert y + inner_height <= geometry.tensor.height
    part = geometry.part
    assert min(part[:2]) >= 0
    assert part.x + part.width <= geometry.scaled.width
    assert part.y + part.height <= geometry.scaled.height
    assert geometry.tensor.width % multiple == 0
    assert geometry.tensor.height % multiple == 0
    found = window(geometry, Size(*(side * factor for side in geometry.tensor)))
    assert found.part == tuple(side * factor for side in geometry.inside)
    if mode != "crop" or (box_width, box_height) == (None, None):
        assert found.size == (width * factor, height * factor)


@given(sides, sides, sides, sides)
def test_any_output_has_a_window_inside_it(width, height, out_width, out_height):
    geometry = fit(Size(width, height), (640, 480))
    found = window(geometry, Size(out_width, out_height))
    assert min(found.part[:2]) >= 0
    assert min(found.part[2:]) >= 1
    assert found.part.x + found.part.width <= out_width
    assert found.part.y + found.part.height <= out_height
    assert min(found.size) >= 1


# Both together


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
