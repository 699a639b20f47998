"""The command as a process: signals, a terminal, another folder."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from itertools import pairwise

import onnx
import pytest
from onnx import TensorProto, helper

from framelane.video import VideoReader


def slow_network(path, layers=40):
    """A network whose frames take some hundredths of a second."""
    weights = helper.make_tensor("w", TensorProto.FLOAT, [16, 16, 3, 3], [0.01] * 2304)
    widen = helper.make_tensor("a", TensorProto.FLOAT, [16, 3, 1, 1], [0.1] * 48)
    narrow = helper.make_tensor("b", TensorProto.FLOAT, [3, 16, 1, 1], [0.1] * 48)
    names = ["x0", *(f"x{i}" for i in range(1, layers + 1))]
    nodes = [helper.make_node("Conv", ["x", "a"], ["x0"])]
    nodes += [helper.make_node("Conv", [one, "w"], [other], pads=[1, 1, 1, 1]) for one, other in pairwise(names)]
    nodes.append(helper.make_node("Conv", [names[-1], "b"], ["y"]))
    shape = ["N", 3, "H", "W"]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [weights, widen, narrow])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def command(model, source, out, *options):
    return [sys.executable, "-m", "framelane", "run", str(model), str(source), str(out), *options]


@pytest.mark.timing
@pytest.mark.parametrize(
    ("number", "status", "suffix"),
    [
        (signal.SIGINT, 130, ".mp4"),
        (signal.SIGINT, 130, ".jsonl"),
        (signal.SIGINT, 130, ".npz"),
        (signal.SIGTERM, 143, ".mp4"),
    ],
)
def test_a_signal_ends_the_run_and_keeps_what_is_whole(tmp_path, clips, number, status, suffix):
    model = slow_network(tmp_path / "slow.onnx", layers=400)
    shutil.copy(clips / "31_one_keyframe.mp4", tmp_path / "in.mp4")
    out = tmp_path / f"out{suffix}"
    with subprocess.Popen(command(model, tmp_path / "in.mp4", out), stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr:
            if line.startswith("Runs on"):
                break
        time.sleep(0.5)
        process.send_signal(number)
        started = time.monotonic()
        _, err = process.communicate(timeout=30)
    assert process.returncode == status, err
    assert time.monotonic() - started < 5
    assert "Traceback" not in err
    last = err.splitlines()[-1]
    assert last.startswith("framelane: error: ")
    assert not out.exists()
    kept = re.search(r"kept .*out\.partial\S* \((\d+) frames?\)", last)
    left = sorted(set(os.listdir(tmp_path)) - {"slow.onnx", "in.mp4"})
    assert left == ([f"out.partial{suffix}"] if kept else [])
    if kept and suffix == ".mp4":
        assert len(list(VideoReader(tmp_path / "out.partial.mp4"))) == int(kept[1])


def run_in_terminal(arguments, folder, width=100):
    """Run a process with a terminal for stdout and stderr; return its exit status and what it wrote."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "NO_COLOR", "CI")}
    environment["TERM"] = "xterm-256color"
    process = subprocess.Popen(arguments, stdout=slave, stderr=slave, cwd=folder, env=environment)
    os.close(slave)
    written = b""
    with contextlib.suppress(OSError):  # Linux says so when the other end is closed
        while block := os.read(master, 65536):
            written += block
    os.close(master)
    return process.wait(timeout=60), written.decode()


def test_a_terminal_shows_a_bar_with_frames_rate_time_and_rings(tmp_path, clips):
    model = slow_network(tmp_path / "slow.onnx", layers=80)  # long enough for a rate to show, on a fast machine too
    out = tmp_path / "out.mp4"
    status, text = run_in_terminal(command(model, clips / "00_base.mp4", out), tmp_path)
    assert status == 0
    assert re.search(r"\d+/50 frames", text)
    assert re.search(r"\d+\.\d fps", text)
    assert re.search(r"0:\d\d left", text)
    assert re.search(r"rings \d/\d \d/\d", text)
    assert "50 frames in" in text
    _, text = run_in_terminal(command(model, clips / "26_no_length.webm", out, "-y"), tmp_path)
    assert re.search(r"\d+ frames", text)
    assert " left" not in text
    _, text = run_in_terminal(command(model, clips / "00_base.mp4", out, "-y", "--no-progress"), tmp_path)
    assert "fps" not in text
    assert "50 frames in" in text


def test_the_demo_runs_in_a_folder_of_its_own(tmp_path):
    demo = [sys.executable, "-m", "framelane", "demo", "--quiet"]
    # ONNX Runtime itself writes about a GPU in software, which the tests offer.
    env = {key: text for key, text in os.environ.items() if key != "ORT_WEBGPU_EP_ALLOW_SOFTWARE_ADAPTER"}
    done = subprocess.run(demo, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=110)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert os.listdir(tmp_path) == ["framelane-demo.mp4"]
