from __future__ import annotations

import json
import os
import shutil

import av
import numpy as np
import pytest

from framelane.video import VideoReader, probe
from marks import index_of


def indices(path):
    return [index_of(frame.image) for frame in VideoReader(path)]


def sound_seconds(path):
    with av.open(str(path)) as container:
        samples = sum(frame.samples for frame in container.decode(audio=0))
        return samples / container.streams.audio[0].sample_rate


def test_a_video_comes_out_with_its_sound(run, tmp_path):
    code, out, err = run("any_identity", "00_base.mp4", tmp_path / "out.mp4")
    assert code == 0
    assert indices(tmp_path / "out.mp4") == list(range(50))
    assert sound_seconds(tmp_path / "out.mp4") == pytest.approx(2, abs=0.05)
    assert os.listdir(tmp_path) == ["out.mp4"]
    assert "50 frames in" in out
    assert "bottleneck: " in out
    assert "ran on: cpu" in out
    for word in ("reader", "any_identity.onnx", "writer", "busy"):
        assert word in out
    assert "x: float32 (N, 3, H, W)" in err
    assert "160x96, h264" in err
    assert "Runs on cpu (picked)." in err


def test_json_is_one_object_and_all_else_goes_to_stderr(run_json, tmp_path):
    report, err = run_json("any_upscale_2", "00_base.mp4", tmp_path / "out.mp4")
    assert report["frames"] == 50
    assert report["fps"] == pytest.approx(50 / report["seconds"])
    assert report["stages"][0]["name"] == "reader"
    assert {"busy", "waiting_input", "waiting_output", "frames", "workers", "dropped"} <= set(report["stages"][0])
    assert report["bottleneck"] in [stage["name"] for stage in report["stages"]]
    assert "any_upscale_2.onnx" in report["placement"]
    assert report["device"] == "cpu"
    assert report["output"]["size"] == [320, 192]
    assert report["input"]["width"] == 160
    assert report["notes"] == []
    assert report["exit_code"] == 0
    assert report["preprocess"]["color"] == "rgb"
    assert "Model " in err


def test_quiet_is_silent(run, tmp_path):
    assert run("any_identity", "00_base.mp4", tmp_path / "out.mp4", "--quiet") == (0, "", "")


@pytest.mark.parametrize(
    ("model", "size"), [("any_upscale_2", (320, 192)), ("any_shrink_by_border", (156, 92)), ("any_grey", (160, 96))]
)
def test_pictures_of_any_size_become_video(run, tmp_path, model, size):
    assert run(model, "00_base.mp4", tmp_path / "out.mp4", "--frames", 5)[0] == 0
    info = probe(tmp_path / "out.mp4")
    assert (info.width, info.height) == size
    assert indices(tmp_path / "out.mp4") == list(range(5))


def test_start_and_end_and_frames(run, tmp_path):
    assert run("any_identity", "31_one_keyframe.mp4", tmp_path / "a.mp4", "--start", "1.3", "--frames", 25)[0] == 0
    assert indices(tmp_path / "a.mp4") == list(range(33, 58))
    assert run("any_identity", "31_one_keyframe.mp4", tmp_path / "b.mp4", "--start", "33f", "--end", "36f")[0] == 0
    assert indices(tmp_path / "b.mp4") == [33, 34, 35]


def test_batches_and_streams(run, tmp_path):
    assert run("any_identity", "00_base.mp4", tmp_path / "out.mp4", "--batch", 4, "--streams", 2)[0] == 0
    assert indices(tmp_path / "out.mp4") == list(range(50))


def test_nothing_is_written_to_null(run_json, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    report, _ = run_json("any_identity", "00_base.mp4", "null:")
    assert report["frames"] == 50
    assert os.listdir(tmp_path) == []


def test_pictures_in_and_out(run, tmp_path, clips):
    assert run("any_identity", "29_natural", f"{tmp_path}/out/", "--rate", 10)[0] == 0
    assert len(os.listdir(tmp_path / "out")) == len(os.listdir(clips / "29_natural"))


def test_records_have_one_line_a_frame(run_json, tmp_path):
    report, _ = run_json("04_points", "04_sometimes.mp4", tmp_path / "out.jsonl")
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert report["frames"] == len(records) == 30
    assert [record["frame"] for record in records] == list(range(30))
    assert [record["timestamp"] for record in records] == pytest.approx(np.arange(30) / 25)
    rows = [len(record["points"]) for record in records]
    assert rows[:10] == rows[20:] == [0] * 10
    assert all(rows[10:20])
    assert rows == [len(record["scores"]) for record in records]


def test_records_in_one_file_are_exact(run_json, tmp_path):
    run_json("04_points", "04_sometimes.mp4", tmp_path / "out.npz")
    run_json("04_points", "04_sometimes.mp4", tmp_path / "out.jsonl")
    records = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    with np.load(tmp_path / "out.npz") as out:
        for name in ("points", "scores"):
            offsets = out[f"{name}.offsets"]
            rows = [out[name][offsets[i] : offsets[i + 1]].tolist() for i in range(30)]
            assert rows == [record[name] for record in records]
        assert out["points"].shape[1] == 4
        assert out["mean"].tolist() == [record["mean"] for record in records]


def test_values_that_json_lacks_are_null_and_said(run, run_json, tmp_path):
    report, _ = run_json("04_largest", "04_sometimes.mp4", tmp_path / "out.jsonl")
    best = [json.loads(line)["best"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert best[:10] == best[20:] == [None] * 10
    assert None not in best[10:20]
    assert "20 values were NaN or infinite, written as null" in " ".join(report["notes"])
    run_json("04_largest", "04_sometimes.mp4", tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz") as out:
        assert np.isneginf(out["best"]).sum() == 20
    out = run("04_largest", "04_sometimes.mp4", tmp_path / "again.jsonl")[1]
    assert "20 values were NaN" in " ".join(out.split())


def test_a_whole_picture_can_be_recorded(run_json, tmp_path):
    run_json("any_identity", "00_base.mp4", tmp_path / "out.npz", "--frames", 3)
    with np.load(tmp_path / "out.npz") as out:
        assert out["y"].shape == (3, 1, 3, 96, 160)
        assert out["y"].dtype == np.float32
        assert out["y"].max() <= 1


def test_one_output_of_several(run_json, tmp_path):
    run_json("04_points", "04_sometimes.mp4", tmp_path / "out.npz", "--output", "mean", "--output", "scores")
    with np.load(tmp_path / "out.npz") as out:
        assert set(out) == {"frame", "timestamp", "mean", "scores", "scores.offsets"}
    run_json("any_two_sizes_out", "00_base.mp4", tmp_path / "small.mp4", "--output", "small", "--frames", 2)
    assert probe(tmp_path / "small.mp4").width == 20
    run_json("any_two_sizes_out", "00_base.mp4", tmp_path / "full.mp4", "--frames", 2)
    assert probe(tmp_path / "full.mp4").width == 160


def test_other_inputs_get_their_values_by_option(run_json, tmp_path):
    def brightness(value):
        out = tmp_path / f"{value.replace('/', '_')}.npz"
        run_json("any_two_inputs", "00_base.mp4", out, "--set", f"strength={value}", "--frames", 2)
        return np.load(out)["y"].mean()

    assert brightness("0.5") == pytest.approx(brightness("1") / 2, rel=1e-5)
    np.save(tmp_path / "s.npy", np.array([0.25]))
    assert brightness(str(tmp_path / "s.npy")) == pytest.approx(brightness("1/4"), rel=1e-5)


def test_another_picture_gets_one_value_everywhere(run_json, tmp_path):
    options = ("--input", "now", "--set", "before=1", "--frames", 2)
    run_json("any_two_pictures", "00_base.mp4", tmp_path / "out.npz", *options)
    with np.load(tmp_path / "out.npz") as out:
        assert out["y"].shape == (2, 1, 3, 96, 160)
        assert out["y"].min() >= 0.5 - 1e-6


@pytest.mark.parametrize("model", ["any_rank_3", "any_unnamed_axes", "any_scalar", "any_grey"])
@pytest.mark.parametrize("suffix", [".npz", ".jsonl"])
def test_networks_of_many_kinds(run_json, tmp_path, model, suffix):
    report, _ = run_json(model, "00_base.mp4", tmp_path / f"out{suffix}", "--frames", 2)
    assert report["frames"] == 2


def test_notes_are_said_before_the_first_frame_and_in_the_table(run, run_json, tmp_path):
    code, out, err = run("any_identity", "18_odd_444.mp4", tmp_path / "a.mp4")
    assert code == 0
    assert "161x97 is odd" in err
    assert "161x97 is odd" in " ".join(out.split())
    report, _ = run_json("any_identity", "18_odd_444.mp4", tmp_path / "b.mp4")
    assert sum("161x97 is odd" in note for note in report["notes"]) == 1


def test_interlaced_pictures_name_the_option(run, run_json, tmp_path):
    _, _, err = run("any_identity", "22_top_first.mpg", tmp_path / "a.mp4")
    assert "--deinterlace makes whole pictures" in err
    report, _ = run_json("any_identity", "22_top_first.mpg", tmp_path / "b.mp4", "--deinterlace")
    assert "--deinterlace" not in " ".join(report["notes"])


def test_a_file_that_ends_early(run, tmp_path):
    code, out, _ = run("any_identity", "24_cut_at_60_percent.mp4", tmp_path / "out.mp4")
    assert code == 6
    assert "ends early: 33 of 50" in " ".join(out.split())
    assert indices(tmp_path / "out.mp4") == list(range(33))
    code, out, _ = run("any_identity", "24_cut_at_60_percent.mp4", tmp_path / "again.mp4", "--json")
    report = json.loads(out)
    assert (code, report["exit_code"], report["ends_early"]) == (6, 6, [33, 50])


def test_names_that_begin_with_a_dash(tmp_path, models, clips, monkeypatch, capsys):
    from framelane.cli import main

    monkeypatch.chdir(tmp_path)
    shutil.copy(models / "any_identity.onnx", "-model.onnx")
    shutil.copy(clips / "00_base.mp4", "-in.mp4")
    assert main(["run", "--frames", "2", "--", "-model.onnx", "-in.mp4", "-out.mp4"]) == 0
    assert indices("-out.mp4") == [0, 1]
    assert main(["run", "-model.onnx", "-in.mp4", "-o.mp4"]) == 2
    assert "written as ./-name" in capsys.readouterr().err
