"""Postprocess: what a model's outputs say of how pictures get out."""

from __future__ import annotations

import pytest

import framelane as fl
from framelane._output_picture import split_outputs
from model_infos import info, model


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
