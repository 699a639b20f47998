from __future__ import annotations

import json

import numpy as np
import onnx
import pytest

import software_gpu
from clips import clip
from framelane.cli import main
from networks import model_path, split


@pytest.fixture(autouse=True)
def _software_gpu():
    software_gpu.need_software_gpu()


@pytest.fixture
def network(tmp_path):
    path = tmp_path / "split.onnx"
    onnx.save(split(), path)
    return str(path)


def test_a_misplaced_node_is_exit_status_1(network, capsys):
    assert main(["placement", network, "--device", "webgpu"]) == 1
    out, err = capsys.readouterr()
    assert "MISPLACED: node 'middle' (Hardmax) moves 24.6 kB" in out
    assert "--allow-cpu middle, or --fallback cpu" in err


def test_json(network, capsys):
    assert main(["placement", network, "--device", "webgpu", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {node["name"]: node["kind"] for node in found["nodes"]} == {
        "before": "on device",
        "middle": "misplaced",
        "after": "on device",
    }
    assert found["error"]["exit_code"] == 1


@pytest.mark.parametrize("option", [("--allow-cpu", "Hardmax"), ("--fallback", "cpu")])
def test_what_is_allowed_is_exit_status_0(network, capsys, option):
    assert main(["placement", network, "--device", "webgpu", *option]) == 0
    assert "(allowed)" in capsys.readouterr().out


def test_auto_picks_no_emulated_gpu(network, capsys):
    assert main(["placement", network, "--device", "auto"]) == 0
    assert capsys.readouterr().out.startswith("cpu ")


def test_a_network_that_cannot_be_loaded(capsys):
    assert main(["placement", str(model_path("06_ir_99")), "--device", "webgpu"]) == 3
    assert "IR version 99" in capsys.readouterr().err


def run_over_video(tmp_path, device):
    out = tmp_path / f"{device}.npz"
    model, video = str(model_path("any_shrink_by_border")), str(clip("00_base.mp4"))
    assert main(["run", model, video, str(out), "--device", device, "--no-progress"]) == 0
    with np.load(out) as arrays:
        return {name: arrays[name] for name in arrays.files}


def test_a_video_gives_the_same_as_on_the_cpu(tmp_path, capsys):
    """To 1e-5 in numbers from 0 to 1."""
    got, expected = run_over_video(tmp_path, "webgpu"), run_over_video(tmp_path, "cpu")
    assert "Runs on webgpu." in capsys.readouterr().err
    assert got.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(got[name], array, rtol=1e-5, atol=1e-5)


def test_a_run_says_what_fell_back(tmp_path, capsys):
    model, video = str(model_path("any_identity")), str(clip("00_base.mp4"))
    command = ["run", model, video, "null:", "--device", "cuda:7", "--fallback", "cpu", "--json", "--no-progress"]
    assert main(command) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert found["device"] == "cpu"
    assert any("'cuda:7'" in note for note in found["notes"])
    assert "warning: device 'cuda:7'" in err
