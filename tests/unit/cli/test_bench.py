from __future__ import annotations

import json

import numpy as np
import pytest

from framelane.cli import main
from framelane.cli.bench import _duration, _largest_difference


def bench(capfd, model, *options):
    code = main(["bench", str(model), "--seconds", "0.02", *options])
    return code, *capfd.readouterr()


def test_all_ways_are_timed_and_agree(capfd, models):
    code, out, err = bench(capfd, models / "01_weighted.onnx", "--size", "32x16", "--batch", "2", "--json")
    assert code == 0
    facts = json.loads(out)
    assert [call["name"] for call in facts["calls"]] == [
        "onnxruntime run",
        "onnxruntime run_with_iobinding",
        "framelane Session.run",
        "framelane BoundRun",
    ]
    assert all(0 < call["best_seconds"] <= call["median_seconds"] for call in facts["calls"])
    assert facts["calls"][0]["ratio"] == 1
    assert facts["inputs"] == {"x": {"dtype": "float32", "shape": [2, 3, 16, 32]}}
    assert facts["largest_difference"] == 0
    assert "timing x [2, 3, 16, 32]" in err


def test_the_table(capfd, models):
    code, out, _ = bench(capfd, models / "any_identity.onnx", "--size", "32x16", "--threads", "1")
    assert code == 0
    assert "1 threads" not in out
    assert "framelane BoundRun" in out
    assert "ratio" in out


def test_shapes_can_be_given(capfd, models):
    code, out, _ = bench(capfd, models / "any_two_inputs.onnx", "--shape", "frame=1x3x8x9", "--json")
    assert code == 0
    assert json.loads(out)["inputs"]["frame"]["shape"] == [1, 3, 8, 9]


def test_a_guess_that_fails_names_the_option(capfd, models):
    code, out, err = bench(capfd, models / "07_windows_of_16.onnx", "--size", "17x17")
    assert code == 3
    assert out == ""
    assert "--shape NAME=" in err


@pytest.mark.parametrize("name", ["any_strings", "06_ir_99", "no_such"])
def test_models_that_cannot_be_loaded(capfd, models, name):
    code, out, err = bench(capfd, models / f"{name}.onnx")
    assert code == 3
    assert out == ""
    assert f"{name}.onnx" in err


def test_differences_are_found():
    a = [np.array([1.0, np.nan, np.inf])]
    assert _largest_difference([a, a]) == 0
    assert _largest_difference([a, [np.array([1.5, np.nan, np.inf])]]) == 0.5
    assert _largest_difference([a, [np.zeros((2, 2))]]) == float("inf")
    assert _largest_difference([[np.array([], np.float32)]] * 2) == 0
    assert _largest_difference([a, [np.array([1.0, 0.0, np.inf])]]) == float("inf")


@pytest.mark.parametrize(
    ("seconds", "text"), [(1.5, "1.5 s"), (0.0123, "12.3 ms"), (4.2e-6, "4.2 us"), (3.4e-7, "340 ns")]
)
def test_durations_are_short(seconds, text):
    assert _duration(seconds) == text
