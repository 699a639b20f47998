from __future__ import annotations

import json
import os
import shutil

import onnx
import pytest
from onnx import TensorProto, helper

from networks import doubler

DAMAGED = ("24_cut_before_codec", "24_cut_in_first_frame", "24_cut_in_table", "24_empty", "24_no_index", "24_text")


@pytest.fixture(autouse=True)
def nothing_is_left(tmp_path):
    """No file at OUT, and none beside it, after an error."""
    yield
    assert [name for name in os.listdir(tmp_path) if name.startswith((".", "out"))] == []


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("suffix", [".mp4", ".npz"])
def test_damaged_files(refused, tmp_path, name, suffix):
    text = refused("any_identity", f"{name}.mp4", tmp_path / f"out{suffix}", code=4)
    assert f"{name}.mp4" in text


@pytest.mark.parametrize("name", ["26_sound_only.m4a", "26_no_frames.mkv", "no_such_file.mp4"])
def test_files_without_a_picture(refused, tmp_path, name):
    assert name in refused("any_identity", name, tmp_path / "out.mp4", code=4)


@pytest.mark.parametrize("name", ["05_missing", "06_custom_operator", "06_ir_99", "06_opset_99", "no_such_model"])
def test_models_that_cannot_be_loaded(refused, tmp_path, name):
    assert f"{name}.onnx" in refused(name, "00_base.mp4", tmp_path / "out.mp4", code=3)


def test_strings_are_refused_by_name(refused, tmp_path):
    assert "'label'" in refused("any_strings", "00_base.mp4", tmp_path / "out.mp4", code=3)


def test_a_missing_input_names_the_option(refused, tmp_path):
    text = refused("any_two_inputs", "00_base.mp4", tmp_path / "out.mp4", code=3)
    assert "strength: float32 (1,)" in text
    assert "--set strength=0.5" in text


def test_two_pictures_name_the_option(refused, tmp_path):
    text = refused("any_two_pictures", "00_base.mp4", tmp_path / "out.mp4", code=3)
    assert "'now'" in text
    assert "'before'" in text
    assert "--input" in text
    text = refused("any_two_pictures", "00_base.mp4", tmp_path / "out.mp4", "--input", "now", code=3)
    assert "--set before=" in text


@pytest.mark.parametrize("model", ["04_points", "04_largest", "any_scalar"])
def test_numbers_are_no_video(refused, tmp_path, model):
    text = refused(model, "04_sometimes.mp4", tmp_path / "out.mp4", code=3)
    assert ".npz" in text
    assert ".jsonl" in text


@pytest.mark.parametrize(
    ("options", "code", "text"),
    [
        (("--input", "z"), 3, "'z'"),
        (("--output", "z"), 3, "'z'"),
        (("--output", "y", "--output", "z"), 2, "one --output"),
        (("--color", "gray"), 3, "--color gray"),
        (("--layout", "ABC"), 3, "--layout ABC"),
        (("--set", "z=1"), 2, "--set z"),
        (("--device", "cuda:0"), 7, "cuda:0"),
        (("--device", "gpu"), 7, "gpu"),
        (("--codec", "nonsense"), 5, "nonsense"),
        (("--start", "100"), 4, "100"),
        (("--rate", "1e9"), 2, "--rate"),
        (("--mean", "1,2"), 3, "--mean"),
    ],
)
def test_options_that_do_not_fit(refused, tmp_path, options, code, text):
    assert text in refused("any_identity", "00_base.mp4", tmp_path / "out.mp4", *options, code=code)


def test_an_unknown_output_of_records(refused, tmp_path):
    text = refused("04_points", "00_base.mp4", tmp_path / "out.npz", "--output", "boxes", code=2)
    assert "points, scores, mean" in text


@pytest.mark.parametrize("value", ["1,2", "dark", "missing.npy"])
def test_values_that_do_not_suit_their_input(refused, tmp_path, value):
    out = tmp_path / "out.mp4"
    text = refused("any_two_inputs", "00_base.mp4", out, "--set", f"strength={value}", code=2)
    assert f"--set strength={value} does not suit strength: float32 (1,)" in text


def test_a_suffix_that_is_no_video(refused, tmp_path):
    assert ".xyz" in refused("any_identity", "00_base.mp4", tmp_path / "out.xyz", code=5)


def test_a_video_without_alpha(refused, tmp_path):
    text = refused("21_matte", "00_base.mp4", tmp_path / "out.mp4", code=5)
    assert ".mov" in text


def test_a_file_that_exists_is_kept(refused, run, tmp_path):
    there = tmp_path / "there.mp4"
    there.write_bytes(b"precious")
    assert "--overwrite" in refused("any_identity", "00_base.mp4", there, code=5)
    assert there.read_bytes() == b"precious"
    assert run("any_identity", "00_base.mp4", there, "-y", "--frames", 2)[0] == 0
    assert there.stat().st_size > 1000


@pytest.mark.parametrize("how", ["itself", "symbolic link", "hard link"])
def test_the_input_is_never_destroyed(refused, tmp_path, clips, how):
    source = tmp_path / "in.mp4"
    shutil.copy(clips / "00_base.mp4", source)
    before = source.read_bytes()
    target = tmp_path / "other.mp4"
    match how:
        case "itself":
            target = source
        case "symbolic link":
            target.symlink_to(source)
        case "hard link":
            os.link(source, target)
    assert "same file as IN" in refused("any_identity", source, target, "--overwrite", code=5)
    assert source.read_bytes() == before


def test_the_frame_size_does_not_suit_the_network(refused, tmp_path):
    text = refused("07_windows_of_16", "22_wide_pixels.mp4", tmp_path / "out.mp4", code=3)
    assert "SpaceToDepth" in text
    assert "180x144" in text
    assert "176x144 and 192x144 work" in text
    assert "--multiple-of 16" in text
    text = refused("07_windows_of_16", "22_wide_pixels.mp4", tmp_path / "out.mp4", "--size", "100x50", code=3)
    assert "does not take frames of 100x50" in text
    assert "give --size 96x48 or --size 112x64" in text
    text = refused("07_windows_of_16", "22_wide_pixels.mp4", tmp_path / "out.mp4", "--multiple-of", 10, code=3)
    assert "does not take frames of 180x150" in text
    assert "--multiple-of 16" in text


def test_json_has_the_error(run, tmp_path):
    code, out, err = run("any_identity", "24_text.mp4", tmp_path / "out.mp4", "--json", "--quiet")
    error = json.loads(out)["error"]
    assert error["exit_code"] == code == 4
    assert "24_text.mp4" in error["text"]
    assert err.startswith("framelane: error: ")


def test_a_network_that_fails_on_any_size_says_so_itself(refused, tmp_path):
    scales = helper.make_tensor("axes", TensorProto.INT64, [4], [1, 3, 7, 7])
    node = helper.make_node("Reshape", ["x", "axes"], ["y"])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", 3, "H", "W"]) for name in ("x", "y")]
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], [scales])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "m.onnx")
    text = refused(tmp_path / "m.onnx", "00_base.mp4", tmp_path / "out.mp4", code=1)
    assert "m.onnx" in text
    assert "Reshape" in text


def test_batches_need_a_batch_axis(refused, tmp_path):
    onnx.save(doubler(("C", "H", "W")), tmp_path / "chw.onnx")
    text = refused(tmp_path / "chw.onnx", "00_base.mp4", tmp_path / "out.mp4", "--batch", 2, code=3)
    assert "--batch 2 needs a model whose first axis is free and counts frames" in text
    assert "Use --batch 1" in text
