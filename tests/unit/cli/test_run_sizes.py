"""Networks with a size of their own."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from framelane.video import VideoReader, probe


def network(path, shape, scale=1):
    """A network that repeats each pixel, for frames of one size."""
    scales = helper.make_tensor("s", TensorProto.FLOAT, [4], [1, 1, scale, scale])
    node = helper.make_node("Resize", ["x", "", "s"], ["y"], mode="nearest")
    larger = [*shape[:2], *(side * scale for side in shape[2:])]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", shape), ("y", larger))]
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], [scales])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def display_width(info):
    return info.width * info.pixel_aspect


def first(path):
    return next(iter(VideoReader(path))).image.astype(int)


@pytest.mark.parametrize("source", ["00_base.mp4", "22_wide_pixels.mp4", "14_rot90.mp4"])
@pytest.mark.parametrize("resize", ["letterbox", "stretch"])
def test_the_picture_comes_back_in_its_own_size_and_shape(run_json, tmp_path, clips, source, resize):
    model = network(tmp_path / "m.onnx", [1, 3, 128, 128])
    out = tmp_path / "out.mp4"
    report, err = run_json(model, source, out, "--resize", resize, "--frames", 2)
    before, after = probe(clips / source), probe(out)
    assert (after.width, after.height) == (before.width, before.height)
    assert after.pixel_aspect == before.pixel_aspect
    assert f"{resize}" in err
    assert np.abs(first(out) - first(clips / source)).mean() < 4
    assert [stage["kind"] for stage in report["stages"]].count("infer") == 1


def test_an_enlarged_picture_keeps_the_scale(run_json, tmp_path, clips):
    model = network(tmp_path / "m.onnx", [1, 3, 48, 80], scale=2)
    run_json(model, "22_wide_pixels.mp4", tmp_path / "out.mp4", "--frames", 2)
    before, after = probe(clips / "22_wide_pixels.mp4"), probe(tmp_path / "out.mp4")
    assert (after.width, after.height) == (2 * before.width, 2 * before.height)
    assert after.pixel_aspect == before.pixel_aspect


def test_of_a_crop_the_middle_comes_back(run_json, tmp_path, clips):
    model = network(tmp_path / "m.onnx", [1, 3, 64, 64])
    run_json(model, "22_wide_pixels.mp4", tmp_path / "out.mp4", "--resize", "crop", "--frames", 2)
    info = probe(tmp_path / "out.mp4")
    assert info.height == 144
    assert display_width(info) == pytest.approx(144, abs=1)


def test_the_size_can_be_an_option(run_json, tmp_path, clips):
    report, err = run_json("any_identity", "00_base.mp4", tmp_path / "out.mp4", "--size", "80x80", "--frames", 2)
    assert "160x96 letterboxed to 80x80" in err
    assert report["output"]["size"] == [160, 96]
    assert report["preprocess"]["size"] == [80, 80]
    run_json("any_identity", "00_base.mp4", tmp_path / "out.npz", "--size", "80x80", "--frames", 2)
    with np.load(tmp_path / "out.npz") as out:
        assert out["y"].shape == (2, 1, 3, 80, 80)


def test_colour_order_and_numbers_are_options(run_json, tmp_path):
    def pixels(*options):
        run_json("any_identity", "00_base.mp4", tmp_path / "out.npz", "-y", "--frames", 1, *options)
        with np.load(tmp_path / "out.npz") as out:
            return out["y"][0, 0]

    plain = pixels()
    assert np.array_equal(pixels("--color", "bgr"), plain[::-1])
    assert pixels("--scale", "1") == pytest.approx(plain * 255, abs=1e-3)
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    expected = (plain - mean[:, None, None]) / std[:, None, None]
    assert pixels("--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225") == pytest.approx(expected, abs=1e-4)
    run_json("any_identity", "00_base.mp4", tmp_path / "a.mp4", "--frames", 1)
    run_json("any_identity", "00_base.mp4", tmp_path / "b.mp4", "--frames", 1, "--color", "bgr", "--scale", "1")
    assert np.abs(first(tmp_path / "a.mp4") - first(tmp_path / "b.mp4")).max() <= 2
